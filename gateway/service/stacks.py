"""Stacks: where each thread stood when a watchdog's abort, or a fault below Python, ended the process.

Python's own fault handler writes them to a file beside the control socket: in memory, since the disk may be what hangs. The next life
reads their heads. Without a service manager the handler writes to the terminal.

The handler of a signal reads the stacks of threads that go on meanwhile, and may itself crash on one that ends just then. Therefore, what
the watchdog's abort is for is written before it, as soon as a standstill is seen, while no other thread can move; the abort then adds its
own thread alone. Where a thread never gives way to the one that looks, nothing moves, and the handler may read them all.

Source: docs.python.org/3/library/faulthandler.html.
"""

import faulthandler
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

log = logging.getLogger(__name__)

_READ_AT_MOST = 200_000
_THREADS_SHOWN = 40
_FRAMES_SHOWN = 3
_CRASHED = "Fatal Python error: "
_FRAME = re.compile(r'  File "([^"\n]*)", line ([0-9]+) in (\S+)')
_PACKAGES = ("gateway/", "devices/")
_INSTALLED_IN = f"{Path(__file__).parents[2]}/"


class Stacks:
    """The file of one gateway. It is kept open for the whole life: the handler can open nothing any more."""

    def __init__(self, folder: Path, store: Path, environ: Mapping[str, str]) -> None:
        """Read what the last life has left in `folder`, and have the fault handler write there from now on, under a service manager."""
        self.path = folder / f"{store.name}.stacks"
        text = _text_of(self.path)
        self.earlier: tuple[str, ...] = tuple(heads(text))
        """A line for each thread of the last life: what it was in, innermost first; empty where it did not end so, nor in a standstill."""
        self.crashed = _CRASHED in text
        """Whether the fault handler was called at the end of the last life."""
        self._file: TextIO | None = None
        if "NOTIFY_SOCKET" in environ:
            self._take_over()

    def _take_over(self) -> None:
        try:
            self._file = self.path.open("w", encoding="utf-8")
        except OSError as error:
            log.warning("cannot write %s: %s; where threads stand at an abort is written to the log alone", self.path, error.strerror)
            return
        faulthandler.enable(self._file)

    def write(self) -> None:
        """Write where each thread stands now, in a standstill; a signal's handler then adds its own thread. One thread at a time."""
        if self._file is not None:
            faulthandler.dump_traceback(self._file)
            faulthandler.enable(self._file, all_threads=False)

    def forget(self) -> None:
        """The standstill is over: what was written of it is no longer where they stand."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            faulthandler.enable(self._file)

    def close(self) -> None:
        """Have the fault handler write to the terminal again, and remove the file: this life ends by itself."""
        if self._file is not None:
            faulthandler.enable()
            self._file.close()
            self.path.unlink(missing_ok=True)


def heads(text: str) -> Iterator[str]:
    """What the fault handler wrote, a line for each thread: the innermost calls, and the outermost one of ours, which says whose it is."""
    blocks = re.split(r"^(?:Current thread|Thread|Stack) [^\n]*\n", text, flags=re.MULTILINE)
    for block in blocks[1 : _THREADS_SHOWN + 1]:
        frames = [(_short(path), line, name) for path, line, name in _FRAME.findall(block)]
        if frames:
            ours = [frame for frame in frames if frame[0].startswith(_PACKAGES)]
            shown = frames[:_FRAMES_SHOWN] + [frame for frame in ours[-1:] if frame not in frames[:_FRAMES_SHOWN]]
            yield " < ".join(f"{name} ({path}:{line})" for path, line, name in shown)


def _short(path: str) -> str:
    """A path below the folder that the gateway is installed in; of others the name of the file."""
    return path.removeprefix(_INSTALLED_IN) if path.startswith(_INSTALLED_IN) else path.rpartition("/")[2]


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_READ_AT_MOST)
    except OSError:
        return ""
