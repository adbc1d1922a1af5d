"""A simulated serial line on a pseudo-terminal: a path to open, which can be pulled out and put back."""

import contextlib
import math
import os
import select
import threading
import time
import tty
from pathlib import Path
from typing import Self

from devices.codecs.framing import LineFramer

BACKLOG_BYTES = 4096
"""What a device may have unsent before it drops a line, as a UART without flow control does."""


class SimulatedLine:
    """The far end of a simulated serial line. `path` is what the gateway opens; with `link` it stays the same when the line is put back.

    Any thread may pull it out while another speaks.
    """

    def __init__(self, link: str | Path = "") -> None:
        self.path = ""
        self._link = Path(link) if link else None
        self._master = self._slave = -1
        self._out = b""
        self._framer = LineFramer(max_bytes=65536, max_gap_s=math.inf)
        self._lock = threading.RLock()
        self.plug()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.unplug()

    @property
    def plugged(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """Put the line in, under a new number and its old link."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        device = os.ttyname(self._slave)
        self.path = str(self._link or device)
        if self._link is not None:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(device)

    def unplug(self) -> None:
        """Pull the line out: whoever has it open is hung up. Nothing happens when it is out."""
        with self._lock:
            if not self.plugged:
                return
            if self._link is not None:
                self._link.unlink(missing_ok=True)
            for descriptor in (self._master, self._slave):
                os.close(descriptor)
            self._master = self._slave = -1
            self._out = b""
            self._framer.clear()

    def send(self, content: bytes) -> bool:
        """Send `content` without waiting; False when it was dropped, since nobody has listened for long or the line is out."""
        with self._lock:
            if not self.plugged or len(self._out) > BACKLOG_BYTES:
                return False
            self._out += content
            self._push()
            return True

    def send_all(self, content: bytes, *, timeout_s: float = 10.0) -> None:
        """Send all of `content`, as fast as it is read. Raises TimeoutError when it is not."""
        self._out += content
        until_s = time.monotonic() + timeout_s
        while self._out:
            select.select([], [self._master], [], 0.1)
            self._push()
            if time.monotonic() > until_s:
                raise TimeoutError(f"cannot write to {self.path}: {len(self._out)} bytes were not read within {timeout_s:g} s")

    def hear(self, timeout_s: float = 0.0) -> bytes:
        """The bytes that the gateway wrote, after at most `timeout_s` seconds."""
        self._push()
        with contextlib.suppress(OSError, ValueError):  # it may be pulled out at any moment: then nothing is heard
            if select.select([self._master], [], [], timeout_s)[0]:
                with self._lock:
                    return os.read(self._master, 65536)
        return b""

    def hear_lines(self, timeout_s: float = 0.0) -> list[bytes]:
        """The lines that the gateway wrote, after at most `timeout_s` seconds for the first bytes."""
        chunk = self.hear(timeout_s)
        return self._framer.feed(chunk, 0.0) if chunk else []

    def _push(self) -> None:
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._out and self.plugged:
                self._out = self._out[os.write(self._master, self._out) :]
