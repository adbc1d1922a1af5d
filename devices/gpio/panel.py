"""A panel: a directory through which another process sees a simulated output and works a simulated input.

For an output on GPIO 17, the file `gpio17` holds "on" or "off" and a newline (a dimmer at 40 %: "on 40"); it is replaced whole at each
change, and stays when the process ends, as the level of a real pin does.
For an input on GPIO 5, `gpio5.press` is a FIFO that takes lines: "press" or "press 0.2" (seconds), "on", "off". Open it
with O_WRONLY | O_NONBLOCK: that fails with ENXIO when no gateway is there, ENOENT when it has closed.

    echo press 0.2 > panel/gpio5.press; cat panel/gpio17
"""

import contextlib
import os
from pathlib import Path

from devices.gpio.errors import PinFault

READ_AT_MOST = 65536
"""All that a FIFO holds: less would cut lines in two."""


class Lamp:
    """The file that shows one output."""

    def __init__(self, directory: Path, pin: int) -> None:
        self._file = directory / f"gpio{pin}"
        _make(directory)

    def show(self, on_pct: float) -> None:
        """Replace the file by one with the share of the time that the output is on, in percent. Raises PinFault."""
        said = {0.0: "off", 100.0: "on"}.get(on_pct, f"on {on_pct:g}")
        fresh = self._file.with_suffix(".new")
        try:
            fresh.write_text(f"{said}\n", encoding="ascii")
            fresh.replace(self._file)
        except OSError as error:
            raise PinFault(f"cannot write the panel {self._file}: {error.strerror}; mend simulate.panel") from error

    def shown(self) -> bool | None:
        """The level at which an earlier process left the output; None where there was none."""
        try:
            return self._file.read_text(encoding="ascii").startswith("on")
        except (OSError, ValueError):
            return None


class Buttons:
    """The FIFO that works one input. `fileno` is readable while there are lines to take."""

    def __init__(self, directory: Path, pin: int) -> None:
        self._fifo = directory / f"gpio{pin}.press"
        _make(directory)
        try:
            if self._fifo.is_file():  # `echo press > …` made it, while no gateway was there
                self._fifo.unlink()
            if not self._fifo.is_fifo():
                os.mkfifo(self._fifo, 0o660)
            self._descriptor = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # RDWR: no end of file between writers
        except OSError as error:
            raise PinFault(f"cannot open the panel {self._fifo}: {error.strerror}; mend simulate.panel") from error

    def fileno(self) -> int:
        return self._descriptor

    def take(self) -> list[str]:
        """Take the lines that have come; a writer writes a whole line at once, so none is cut in halves."""
        try:
            found = os.read(self._descriptor, READ_AT_MOST)
        except BlockingIOError:
            return []
        return found.decode("ascii", "replace").splitlines()

    def close(self) -> None:
        os.close(self._descriptor)
        with contextlib.suppress(FileNotFoundError):
            self._fifo.unlink()


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PinFault(f"cannot make the panel {directory}: {error.strerror}; mend simulate.panel") from error
