"""A line: our own small port interface. pyserial opens and configures it, and nothing beyond this file knows of pyserial.

Reading and writing are one system call each, without blocking: pyserial's `readline` costs 280 µs a line, and its `read`
says "readiness but no data" for two different faults. Every method is called on the one thread that owns the line.

Source: pyserial 3.5, serial/serialposix.py; termios(3), tty_ioctl(2).
"""

import array
import contextlib
import errno
import fcntl
import os
import select
import termios
import time
from typing import ClassVar, Protocol

import serial  # type: ignore[import-untyped]  # pyserial has no types

from devices.link import Faulty
from devices.serial.settings import Rs485, SerialSettings
from gateway.actors.wire import Tap

LINE_FAULTS = (serial.SerialException, OSError, termios.error, TypeError, ValueError)
"""What pyserial and the system raise for a line that is gone: termios.error is no OSError, and a closed port raises TypeError."""

READ_BYTES = 65536
_PARITIES = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
    "mark": serial.PARITY_MARK,
    "space": serial.PARITY_SPACE,
}


class Unplugged(OSError):
    """Raised where the device behind the line has gone."""


class Listened(Protocol):
    """Whoever knows who listens to a wire, and whether it must be quiet."""

    quiet: bool
    """True once nothing more is to be taken in."""

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Those who hear all bytes."""


class OpenPort(Protocol):
    """An open serial line."""

    shared: ClassVar[bool]
    """Whether another process may take its bytes: an empty read says that one did."""

    def fileno(self) -> int:
        """The descriptor to wait for in a selector."""

    def read(self) -> bytes:
        """Read the bytes that are there, up to READ_BYTES; empty when somebody else has taken them. Raises Unplugged, or another of
        LINE_FAULTS."""

    def write(self, content: bytes) -> int:
        """Write bytes; return how many were taken, 0 when the line takes none now. Raises one of LINE_FAULTS."""

    def close(self, *, drain_s: float = 0.0) -> None:
        """Close the port, after at most `drain_s` seconds for what is still on its way out. Never raises."""


class TtyLine:
    """A terminal device opened by pyserial. Opening raises one of LINE_FAULTS."""

    shared: ClassVar[bool] = True

    def __init__(self, path: str, settings: SerialSettings, host: Listened) -> None:
        """`host` knows who listens to the wire."""
        self._host = host
        self._port = _Port(
            baudrate=settings.baud,
            parity=_PARITIES[settings.parity],
            bytesize=settings.bytesize,
            stopbits=settings.stopbits,
            rtscts=settings.flow == "rtscts",
            xonxoff=settings.flow == "xonxoff",
            exclusive=True if settings.exclusive else None,
            timeout=0,
            write_timeout=0,
        )
        self._port.port = path
        if settings.dtr is not None:
            self._port.dtr = settings.dtr
        if settings.rts is not None:
            self._port.rts = settings.rts
        self._port.open()
        if (two_wires := settings.two_wires) is not None:
            self._switch_two_wires(path, two_wires)
        self._fd: int = self._port.fileno()
        if settings.hupcl is not None:
            self._set_hupcl(up=settings.hupcl)

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        try:
            chunk = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return b""
        if not chunk and _hung_up(self._fd):
            raise Unplugged(errno.EIO, "the device hung up")
        for tap in self._host.taps:
            tap("in", chunk)
        return chunk

    def write(self, content: bytes) -> int:
        try:
            taken = os.write(self._fd, content)
        except BlockingIOError:
            return 0
        for tap in self._host.taps:
            tap("out", content[:taken])
        return taken

    def close(self, *, drain_s: float = 0.0) -> None:
        with contextlib.suppress(*LINE_FAULTS):
            self._drain(time.monotonic() + drain_s)
            # the kernel's close waits up to 30 s for bytes that a stuck peer does not take: drop them first
            termios.tcflush(self._fd, termios.TCOFLUSH)
        with contextlib.suppress(*LINE_FAULTS):
            self._port.close()

    def _drain(self, until_s: float) -> None:
        while self._waiting() and time.monotonic() < until_s:
            select.select([], [], [], 0.01)

    def _waiting(self) -> int:
        """How many bytes the kernel has that are not on the wire yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.TIOCOUTQ, count)
        return count[0]

    def _switch_two_wires(self, path: str, how: Rs485) -> None:
        """Have the driver switch the transceiver. Raises Faulty where it cannot."""
        import serial.rs485  # type: ignore[import-untyped]  # noqa: PLC0415  # few ports are two-wire

        try:
            self._port.rs485_mode = serial.rs485.RS485Settings(
                rts_level_for_tx=how.rts_on_send,
                rts_level_for_rx=not how.rts_on_send,
                loopback=how.hears_itself,
                delay_before_tx=how.delay_before_send_ms / 1000,
                delay_before_rx=how.delay_after_send_ms / 1000,
            )
        except LINE_FAULTS as error:
            self._port.close()
            raise Faulty(
                f"cannot open {path}: its driver cannot switch between sending and receiving ({error}); take rs485 out where the adapter "
                "switches by itself, as most USB adapters do"
            ) from error

    def _set_hupcl(self, *, up: bool) -> None:
        attributes = termios.tcgetattr(self._fd)
        attributes[2] = attributes[2] | termios.HUPCL if up else attributes[2] & ~termios.HUPCL
        termios.tcsetattr(self._fd, termios.TCSANOW, attributes)


class _Port(serial.Serial):  # type: ignore[misc]  # pyserial has no types
    """pyserial's port, which throws nothing away when it opens: what waits in the kernel was said, and a flush would cut a line in two."""

    def _reset_input_buffer(self) -> None:
        return


def _hung_up(fd: int) -> bool:
    """Whether a descriptor that is readable and gives nothing has lost its device, or its bytes to another reader."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
