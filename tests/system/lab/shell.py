"""Running commands in a container or a machine, and waiting for what they say."""

import abc
import time
from pathlib import Path
from typing import NamedTuple

CLEAN = ("env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
_LOOK_S = 0.1


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Shell(abc.ABC):
    """A place where commands run as root."""

    @abc.abstractmethod
    def run(self, command: str, stdin: bytes, limit_s: float) -> Done:
        """Run it, at most so long; raises TimeoutError."""

    def try_sh(self, command: str, *, stdin: bytes = b"", limit_s: float = 120) -> Done:
        """Run a command, however it ends."""
        return self.run(command, stdin, limit_s)

    def sh(self, command: str, *, stdin: bytes = b"", limit_s: float = 120) -> str:
        """Run a command that must succeed; its output."""
        done = self.run(command, stdin, limit_s)
        assert done.code == 0, f"{command!r} ended with {done.code}: {done.out[-3000:]}{done.err[-3000:]}"
        return done.out

    def put(self, content: bytes | str | Path, path: str, *, mode: str = "644") -> None:
        """Write a file there."""
        body = content.read_bytes() if isinstance(content, Path) else content.encode() if isinstance(content, str) else content
        self.sh(f"cat > {path} && chmod {mode} {path}", stdin=body)

    def until(self, command: str, wanted: str, *, limit_s: float = 120) -> str:
        """Wait until the output of a command holds `wanted`; the output."""
        deadline = time.monotonic() + limit_s
        while wanted not in (done := self.try_sh(command)).out:
            assert time.monotonic() < deadline, (
                f"{command!r} never said {wanted!r} within {limit_s} s; it said {done.out[-3000:]}{done.err[-500:]}"
            )
            self.try_sh(f"sleep {_LOOK_S}")
        return done.out
