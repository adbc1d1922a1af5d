"""A gateway that takes a question and does not answer: what each command says of it, and when."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.console.client import Client
from gateway.console.exits import INTERNAL_FAULT, NOT_NOW, UNKNOWN, Failed
from gateway.testing.clock import PATIENCE_S
from tests.cli.test_without_a_daemon import CONFIG
from tests.daemons import ROOT, DaemonProcess

LOOKS: list[dict[str, Any]] = [
    {"do": "show"},
    {"do": "explain", "id": "twin/a"},
    {"do": "letters"},
    {"do": "letter", "letter": 1},
    {"do": "export", "id": "twin/a"},
    {"do": "forget", "id": "twin/a"},
    {"do": "hosts"},
    {"do": "list", "prefix": "twin/"},
]
DEEDS: list[dict[str, Any]] = [
    {"do": "tell", "to": "twin/a", "verb": "report"},
    {"do": "retry", "letter": 1},
    {"do": "resume", "id": "twin/a"},
    {"do": "forget", "id": "twin/a", "sure": True},
    {"do": "reload"},
    {"do": "nobody-knows-what"},
]


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket that somebody listens at."""
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(tmp_path / "s"))
        found.listen()
        yield found


def _answered(listener: socket.socket, answer: bytes | None, request: dict[str, Any], **more: Any) -> Failed:
    """What is said of a request that is answered so, and then hung up on; None: not at all."""

    def answer_it() -> None:
        asked, _ = listener.accept()
        with asked:
            asked.recv(65536)
            asked.sendall(answer or b"")

    if answer is not None:
        threading.Thread(target=answer_it, daemon=True).start()
    with Client(listener.getsockname()) as client, pytest.raises(Failed) as failed:
        client.ask(request, **more)
    return failed.value


@pytest.mark.parametrize(
    "answer", [None, b"", b'{"ok": true, "show": {', b'{"ok": false, "fault": "closing", "error": "it closes; unknown"}\n']
)
@pytest.mark.parametrize("request_", LOOKS, ids=lambda one: one["do"])
def test_a_look_has_no_outcome(listener: socket.socket, request_: dict[str, Any], answer: bytes | None) -> None:
    """Without an answer, or with half of one: nothing was to be done by it, and it may be repeated."""
    failed = _answered(listener, answer, request_, patience_s=0.2)
    assert "unknown" not in str(failed)
    assert str(failed).endswith("; ask again in a minute, and where it stays so see its log (journalctl -u gateway)")
    assert failed.code == NOT_NOW


@pytest.mark.parametrize("answer", [None, b"", b'{"ok": true'])
@pytest.mark.parametrize("request_", DEEDS, ids=lambda one: one["do"])
def test_the_outcome_of_a_deed_is_unknown(listener: socket.socket, request_: dict[str, Any], answer: bytes | None) -> None:
    """Without an answer, or with half of one, it may be done all the same; so may what this program knows nothing of."""
    failed = _answered(listener, answer, request_, patience_s=0.2)
    assert str(failed).endswith("; the outcome is unknown: look before you repeat it")
    assert failed.code == UNKNOWN


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n", b"[]\n", b"\xff\xfe\n"])
def test_what_is_no_gateway_is_called_so(listener: socket.socket, answer: bytes) -> None:
    """Something else listens there, as another program whose socket was named."""
    failed = _answered(listener, answer, {"do": "show"})
    assert str(failed).startswith(f"what answers at {listener.getsockname()} is no gateway: b'")
    assert failed.code == INTERNAL_FAULT


def test_an_answer_of_another_version_is_called_so(listener: socket.socket) -> None:
    """After an update, before the restart: what it leaves out is no fault of the command."""

    def answer() -> None:
        asked, _ = listener.accept()
        with asked:
            asked.recv(65536)
            asked.sendall(b'{"ok": true, "text": "reloaded", "taken": []}\n')

    threading.Thread(target=answer, daemon=True).start()
    found = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "reload", "--json", "--socket", listener.getsockname()],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said = "the gateway that runs is of another version than this command: its answer has no 'not_up'"
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"gateway: {said}; restart it, or use the command that belongs to it\n"


def test_what_commands_say_of_a_gateway_that_is_stopped(tmp_path: Path) -> None:
    """A look says that it may be asked again, a deed that its outcome is unknown, and both what is with the process; a reload says at once
    what it waits for, and is done once that goes on."""
    with DaemonProcess(tmp_path, CONFIG) as daemon:
        daemon.until_listening()
        daemon.signal(signal.SIGSTOP)
        words = [["show"], ["show", "twin/a"], ["dead-letters"], ["events"], ["tell", "toggle/a", "set", "on=true"], ["reload"]]
        running = [_started(daemon, *each) for each in words]
        reload = running.pop()
        assert reload.stderr is not None
        assert reload.stderr.readline() == (
            f"gateway: no answer of the gateway at {daemon.socket} yet: its process {daemon.pid} is stopped; let it go on with "
            f"kill -CONT {daemon.pid}; it is waited for, for up to 122 s\n"
        )
        said = [(one.communicate(timeout=PATIENCE_S)[1], one.returncode) for one in running]
        silent = f"gateway: the gateway at {daemon.socket} does not answer within 15 s"
        why = f"its process {daemon.pid} is stopped; let it go on with kill -CONT {daemon.pid}"
        assert said[:-1] == [(f"{silent}: {why}\n", NOT_NOW)] * 4
        assert said[-1] == (f"{silent}; the outcome is unknown: {why}, and look before you repeat it\n", UNKNOWN)
        daemon.signal(signal.SIGCONT)
        assert reload.communicate(timeout=PATIENCE_S)[1] == ""
        assert reload.returncode == 0
        assert json.loads(daemon.gateway("show", "--json").stdout)["healthy"]


def _started(daemon: DaemonProcess, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", *words, "--config", str(daemon.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
