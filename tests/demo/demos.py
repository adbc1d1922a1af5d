"""Demos for tests: real ones, as processes, with what they leave in their folder and among the processes."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gateway.testing.clock import PATIENCE_S
from tests.brokers import find_program
from tests.daemons import ROOT


def start(folder: Path, *words: str, quiet: bool = True, stdout: int = subprocess.PIPE, **environ: str) -> "subprocess.Popen[str]":
    """A demo on a folder."""
    find_program("mosquitto")
    command = [sys.executable, "-m", "gateway.cli", "demo", "--folder", str(folder), *(["--quiet"] if quiet else []), *words]
    return subprocess.Popen(command, stdout=stdout, text=True, cwd=ROOT, process_group=0, env={**os.environ, **environ})


def processes(*marks: str) -> list[int]:
    """The processes that have one of these words in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if not set(marks).isdisjoint(words):
                found.append(int(entry.name))
    return found


def fixes(folder: Path) -> int:
    """How many different fixes have come out by now: a repeat is none, nor is a line that is half written."""
    ledger = folder / "ledger"
    lines = ledger.read_text().splitlines(keepends=True) if ledger.exists() else []
    return len({line for line in lines if line.endswith("\n")})


def account_of(demo: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for the end of a demo that was started with --json, and return its account."""
    out, _ = demo.communicate(timeout=PATIENCE_S)
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert demo.returncode == (1 if found["faults"] else 0), out
    return found


def account_of_the_next(folder: Path, *words: str) -> dict[str, Any]:
    """Run one more demo on a folder, for two seconds, and return its account: of all demos there."""
    return account_of(start(folder, "--json", "--seconds", "2", *words))


class Watched:
    """Processes that one can see end, though they are nobody's children any more."""

    def __init__(self, *pids: int) -> None:
        self._open = {pid: os.pidfd_open(pid) for pid in pids}

    def until_ended(self) -> None:
        """Block until all have."""
        deadline_s = time.monotonic() + PATIENCE_S
        try:
            for pid, descriptor in self._open.items():
                ended, _, _ = select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))
                assert ended, f"process {pid} lives on"
        finally:
            for pid, descriptor in self._open.items():
                if not select.select([descriptor], [], [], 0)[0]:
                    os.kill(pid, signal.SIGKILL)
                os.close(descriptor)
