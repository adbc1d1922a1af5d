"""A process: one run of a program, in a process group of its own, with a pipe for what it prints and one for what it complains of.

It is spawned, never forked (lgpio does not bear a fork), with nothing of ours but three descriptors: its standard input is empty. The
gateway's threads block SIGTERM, SIGHUP and the like to fetch them one by one, and a child inherits that: it would be deaf to the signal
that is to end it. So they are unblocked for it.
Source: posix_spawn(3); pidfd_open(2); setpgid(2).
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path

CHUNK_BYTES = 65536
_NOT_FOR_IT = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY", "PYTHONPYCACHEPREFIX", "MALLOC_ARENA_MAX")
"""What is between systemd and the gateway alone."""
_LOOK_S = 0.05


class Process:
    """One run of a program. On the actor's own thread. Raises OSError where it cannot be made."""

    def __init__(self, path: str, words: Sequence[str]) -> None:
        """Start the program at `path`; `words` are its name and its arguments."""
        with contextlib.ExitStack() as undone, contextlib.ExitStack() as its_ends:
            self.out, out_end = os.pipe()
            undone.callback(os.close, self.out)
            its_ends.callback(os.close, out_end)
            self.err, err_end = os.pipe()
            undone.callback(os.close, self.err)
            its_ends.callback(os.close, err_end)
            self.pid = _spawn(path, words, out_end, err_end)
            undone.callback(self._kill)
            self.end = os.pidfd_open(self.pid)
            """A descriptor that is readable once the process has ended."""
            os.set_blocking(self.out, False)
            os.set_blocking(self.err, False)
            undone.pop_all()

    def stop(self, within_s: float) -> int:
        """End it, and all of its group, with SIGTERM, and after `within_s` seconds with SIGKILL; close its pipes; return its code.

        The code is that of its exit, or the negated number of the signal that ended it.
        """
        until_s = time.monotonic() + within_s
        self._signal(signal.SIGTERM)
        _wait_readable(self.end, within_s)
        if not _wait_readable(self.end, 0):
            self._signal(signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        while self._signal(0) and time.monotonic() < until_s and _lives(self.pid):  # what it has started itself
            time.sleep(_LOOK_S)
        self._signal(signal.SIGKILL)
        for descriptor in (self.out, self.err, self.end):
            os.close(descriptor)
        return code

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _signal(self, number: int) -> bool:
        """Send a signal to the whole group; return whether there is still somebody in it."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:  # one of it is another user's now
            return True
        return True


def read_chunk(descriptor: int) -> bytes | None:
    """What a pipe holds now; None where nothing came yet, empty where nobody writes any more."""
    try:
        return os.read(descriptor, CHUNK_BYTES)
    except BlockingIOError:
        return None


def ending(code: int) -> str:
    """How a process ended, as the end of a sentence."""
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _spawn(path: str, words: Sequence[str], out_end: int, err_end: int) -> int:
    _keep_ours()
    return os.posix_spawn(
        path,
        list(words),
        _environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out_end, 1),
            (os.POSIX_SPAWN_DUP2, err_end, 2),
        ],
        setpgroup=0,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    )


def _environment() -> dict[str, str]:
    """Our environment, less what is systemd's; and a Python program prints its lines at once, as others are told to by stdbuf."""
    return {"PYTHONUNBUFFERED": "1", **{name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}}


def _keep_ours() -> None:
    """See to it that no descriptor of ours is inherited, whichever library opened it: a child would hold a pin or a lock after we ended."""
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # it may be closed meanwhile
            if int(path.name) > 2:
                os.set_inheritable(int(path.name), False)


def _lives(group: int) -> bool:
    """Whether anybody of a process group runs. A dead one that its new parent has not fetched yet does not count."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_bytes().rpartition(b")")[2].split()[:3]
            if int(its_group) == group and state != b"Z":
                return True
    return False


def _wait_readable(descriptor: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
