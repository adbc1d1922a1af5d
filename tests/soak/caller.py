"""A client of a daemon's control socket that says what nobody would."""

import json
import random
import socket
import time
from pathlib import Path

from tests.daemons import DaemonProcess
from tests.soak.mutants import mutated
from tests.soak.targets import SHOWN, Tried

REQUESTS = [
    b'{"do": "show"}',
    b'{"do": "show", "id": "twin/a"}',
    b'{"do": "health"}',
    b'{"do": "tell", "to": "twin/a", "verb": "report", "payload": {"values": {"n": 1}}, "timeout_s": 1, "id": "x"}',
    b'{"do": "ask", "to": "twin/a", "verb": "read", "payload": {}, "timeout_s": 1}',
    b'{"do": "explain", "id": "twin/a"}',
    b'{"do": "dead"}',
]
ANSWER_S = 2.0
"""What is not answered by then was a question that takes its time, or none."""
A_CLIENT = 50
"""Requests of one client before the next comes, and looks whether the daemon is well."""


def call(seconds: float, rng: random.Random, folder: Path) -> Tried:
    """Talk to a daemon for so long; what is looked for is that it does not answer well any more, or has logged a fault of its own."""
    count, faults = 0, list[str]()
    with DaemonProcess(folder) as daemon:
        daemon.until_listening()
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s and not faults:
            said = [mutated(REQUESTS, rng).replace(b"\n", b" ") for _ in range(A_CLIENT)]
            count += _talk(daemon.socket, said)
            if fault := _fault(daemon):
                faults.append(f"control socket: {fault}, after {[line[:SHOWN] for line in said]!r}")
        if not faults and (code := daemon.stop()):
            faults.append(f"control socket: the daemon ended with {code}")
    return Tried(count, faults)


def _talk(path: Path, lines: list[bytes]) -> int:
    """Say lines until one is not answered in time, or the daemon has had enough; how many were said."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(ANSWER_S)
        try:
            peer.connect(str(path))
            answers = peer.makefile("rb")
            for number, line in enumerate(lines, 1):
                peer.sendall(line + b"\n")
                if not answers.readline():
                    return number
        except (TimeoutError, ConnectionError):
            return 1
    return len(lines)


def _fault(daemon: DaemonProcess) -> str:
    try:
        well = daemon.code is None and daemon.ask(do="show")["ok"]
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        return f"asked how it is: {error!r}; it said {daemon.said()[-1000:]}"
    if not well or "Traceback" in daemon.said():
        return f"it said {daemon.said()[-2000:]}"
    return ""
