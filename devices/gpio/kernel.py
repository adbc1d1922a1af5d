"""Two questions that the kernel answers directly and lgpio does not: a chip's label, and the level of an output nobody claims.

lgpio can read a level only after it has made the line an input, which would switch a relay that was left on.
Source: Linux, include/uapi/linux/gpio.h, GPIO_GET_CHIPINFO_IOCTL, GPIO_GET_LINEINFO_IOCTL, GPIO_GET_LINEHANDLE_IOCTL,
GPIOHANDLE_GET_LINE_VALUES_IOCTL (the first version of the interface, which lgpio uses too).
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GET_CHIP = 0x8044B401
GET_LINE = 0xC048B402
GET_HANDLE = 0xC16CB403
GET_VALUES = 0xC040B408

CHIP = struct.Struct("32s32sI")
LINE = struct.Struct("II32s32s")
HANDLE = struct.Struct("64II64s32sIi")
IS_OUTPUT = 1 << 1


def label_of(chip: Path) -> str:
    """Ask the kernel for the label of the chip at a path. Raises OSError."""
    answer = bytearray(CHIP.size)
    with _opened(chip) as descriptor:
        fcntl.ioctl(descriptor, GET_CHIP, answer)
    return _text(CHIP.unpack(answer)[1])


def holder_of(chip: Path, line: int) -> str:
    """The name under which some process has claimed a line. Raises OSError."""
    return _text(_line(chip, line)[3])


def driven_level(chip: Path, line: int) -> bool | None:
    """The level an unclaimed output is at; None when the line is an input. Leaves the line as it is. Raises OSError."""
    if not _line(chip, line)[1] & IS_OUTPUT:
        return None
    with _opened(chip) as descriptor, _as_is(descriptor, line) as handle:
        values = bytearray(64)
        fcntl.ioctl(handle, GET_VALUES, values)
        return bool(values[0])


def _line(chip: Path, line: int) -> tuple[int, int, bytes, bytes]:
    answer = bytearray(LINE.pack(line, 0, b"", b""))
    with _opened(chip) as descriptor:
        fcntl.ioctl(descriptor, GET_LINE, answer)
    offset, flags, name, holder = LINE.unpack(answer)
    return offset, flags, name, holder


@contextmanager
def _as_is(chip: int, line: int) -> Iterator[int]:
    """Claim a line with no direction, as a context: neither input nor output is asked for, so the kernel changes nothing."""
    asked = bytearray(HANDLE.pack(line, *[0] * 63, 0, b"", b"gateway", 1, -1))
    fcntl.ioctl(chip, GET_HANDLE, asked)
    handle: int = HANDLE.unpack(asked)[-1]
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _opened(chip: Path) -> Iterator[int]:
    descriptor = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _text(found: bytes) -> str:
    return found.split(b"\0")[0].decode("utf-8", "replace")
