"""A container with a systemd of its own, at native speed. Nothing in it is kept: its root is a layer over the lab's tree.

Not here: a kernel of its own (pins, USB), power cuts, and limits of memory where the host has the old kind of control groups.
"""

import contextlib
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tests.system.lab.places import LAB
from tests.system.lab.shell import CLEAN, Done, Shell

_numbers = itertools.count(1)
_BOOT_S = 180.0
_OFF_S = 60.0


class Container(Shell):
    """A booted container, without any network. `folder` of the host is read-only under /src; `binds` are HOST:GUEST paths.

    `tree` is its root, of those that `build` makes: Debian 12 unless something else is said.
    """

    def __init__(self, folder: Path | None = None, *, binds: Iterable[str] = (), tree: str = "root") -> None:
        shares = [f"--bind-ro={folder}:/src"] if folder else []
        self._words = [
            *("systemd-nspawn", "--quiet", "--boot", f"--directory={LAB / tree}", "--volatile=overlay", "--register=no", "--keep-unit"),
            *(f"--machine=lab{os.getpid()}n{next(_numbers)}", "--console=read-only", "--private-network"),
            *(f"--bind={bind}" for bind in binds),
            *shares,
        ]
        self._process: subprocess.Popen[bytes]
        self._leader = ""

    def __enter__(self) -> Self:
        self._console = tempfile.TemporaryFile()  # closed in __exit__
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=self._console,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
        deadline = time.monotonic() + _BOOT_S
        while not self._booted():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._console.seek(0)
                said = self._console.read().decode(errors="replace")[-2000:]
                self.__exit__()
                raise RuntimeError(f"the container did not boot: {said}")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None and self._leader:
            self.try_sh("systemctl poweroff --force", limit_s=_OFF_S)
        try:
            self._process.wait(_OFF_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._console.close()

    def run(self, command: str, stdin: bytes, limit_s: float) -> Done:
        try:
            done = subprocess.run(self.words(command), input=stdin, capture_output=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{command!r} was not done within {limit_s} s") from error
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def words(self, command: str) -> list[str]:
        """What to run on this host, so that the command runs in the container."""
        return ["nsenter", "--target", self._leader, "--all", *CLEAN, "sh", "-c", command]

    def _booted(self) -> bool:
        """Whether one of nspawn's children is a systemd that has come up."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            candidates = children.read_text().split()
        except OSError:
            return False
        for self._leader in candidates:
            if self.try_sh("systemctl is-system-running --wait", limit_s=_BOOT_S).out.strip() in {"running", "degraded"}:
                return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.02)
        return False
