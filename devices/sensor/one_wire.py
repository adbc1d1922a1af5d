"""1-Wire thermometers: what the kernel says of one → degrees; and the bus, which converts all of its thermometers at once.

A DS18B20 takes 750 ms for one temperature, and the kernel asks one after the other. Where several sensors of the file are on one bus, all
of them are told to convert at once (`therm_bulk_read`), and each then reads what it has: ten take a second, not eight.
Source: Linux, Documentation/w1/slaves/w1_therm.rst, and drivers/w1/slaves/w1_therm.c; DS18B20 data sheet, "Memory".
"""

import errno
import functools
import os
import re
import threading
import time
from pathlib import Path

from devices.sensor.bus import Bus
from devices.sensor.channels import NoValue, number_of

ID = re.compile(r"[0-9a-f]{2}-[0-9a-f]{12}")
FRESH_S = 3.0
"""A conversion that is older is not read any more: the sensors are converted again."""
CONVERSION_S = 3.0
"""So long a conversion of all may take at most: thermometers that are slow take 0.75 s, copies of them a second and more."""
_ROW = re.compile(r"((?:[0-9a-f]{2} ){8}[0-9a-f]{2}) : crc=([0-9a-f]{2}) (YES|NO)")
_READING = re.compile(r"(?:[0-9a-f]{2} ){9}t=(-?[0-9]{1,7})")
_POWER_ON_C, _NO_POWER_C = 85.0, 127.9375
_POWER_ON_BYTE = 0x0C
"""Byte 6 of what a DS18B20 has in its memory until its first conversion."""
_BULK = "therm_bulk_read"


def temperature_of(text: str) -> float:
    """The degrees Celsius that a thermometer's `w1_slave` says. Raises NoValue where its bytes are broken, and where it has just got its
    power and has measured nothing yet (85 °C)."""
    lines = text.splitlines()
    row = _ROW.fullmatch(lines[0]) if lines else None  # Linux 6.1 tries a wrong checksum ten times, then says nothing
    if row is None:
        raise NoValue(
            "it does not answer, or its checksum is wrong; look at its wires, and at the resistor between data and 3.3 V (4.7 kΩ)"
        )
    memory = bytes.fromhex(row[1])
    if row[3] == "NO" or crc8(memory):
        raise NoValue(f"its checksum is wrong (bytes {row[1]}); is the wire too long, or the resistor (4.7 kΩ) missing?")
    if not any(memory):
        raise NoValue("it says nothing but zeros: the data line is short-circuited to ground")
    said = _READING.fullmatch(lines[1]) if lines[1:] else None
    if said is None:
        raise NoValue("the kernel says no temperature")
    temperature_c = number_of(said[1], "w1_slave") / 1000
    if memory[6] == _POWER_ON_BYTE and temperature_c in (_POWER_ON_C, _NO_POWER_C):
        raise NoValue(f"{temperature_c:g} °C is what it says after power-on, before it has measured; is its power steady?")
    return temperature_c


def crc8(row: bytes) -> int:
    """The checksum of 1-Wire (x⁸ + x⁵ + x⁴ + 1) over bytes; 0 where its last one is the right checksum of those before."""
    crc = 0
    for byte in row:
        for bit in range(8):
            odd = (crc ^ (byte >> bit)) & 1
            crc = (crc >> 1) ^ (0x8C if odd else 0)
    return crc


class OneWireBus(Bus):
    """One 1-Wire bus, with those of its thermometers that are read. `prepare` is called while it is the caller's turn; any thread may say
    `join` and `leave`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._readers: dict[str, int] = {}
        """How many sensors of the file read each thermometer."""
        self._unread: set[str] = set()
        """Thermometers that hold a conversion that was not read yet."""
        self._converted_s = 0.0
        self.conversions = 0
        """How often all were converted at once."""
        self.why_single = ""
        """Why they cannot be converted all at once; empty where they can, or nobody has tried."""

    def join(self, id: str) -> None:
        """Take note that a thermometer is read from now on."""
        self._readers[id] = self._readers.get(id, 0) + 1
        self.why_single = ""  # whoever mended it gets another try

    def leave(self, id: str) -> None:
        """Take note that a sensor of the file reads a thermometer no more."""
        left = self._readers.pop(id, 1) - 1
        if left:
            self._readers[id] = left

    def prepare(self, id: str, *, now_s: float) -> None:
        """Convert all thermometers, unless there is only one, or this one holds a fresh conversion. `now_s`: monotonic seconds."""
        fresh = id in self._unread and now_s - self._converted_s < FRESH_S
        if not fresh and (len(self._readers) > 1 or id in self._unread) and not self.why_single:
            self._convert(now_s)
        self._unread.discard(id)

    def _convert(self, now_s: float) -> None:
        """Have the kernel convert all at once; block until it has."""
        try:
            self._write()
            self._wait()
        except OSError as error:
            self.why_single = f"{error.strerror or type(error).__name__} ({self._folder / _BULK})"
            self._unread.clear()
            return
        self._converted_s = now_s
        self._unread = set(self._readers)
        self.conversions += 1

    def _write(self) -> None:
        descriptor = os.open(self._folder / _BULK, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b"trigger\n")
        finally:
            os.close(descriptor)

    def _wait(self) -> None:
        """Block until no thermometer converts any more (-1: some still do). The kernel's write itself mostly blocks as long as it takes."""
        deadline_s = time.monotonic() + CONVERSION_S
        while (self._folder / _BULK).read_text().strip() == "-1":
            if time.monotonic() >= deadline_s:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            time.sleep(0.02)


_making = threading.Lock()


def one_wire_at(folder: Path) -> OneWireBus:
    """The 1-Wire bus in a folder of sysfs: one object for all sensors of this process."""
    with _making:
        return _bus(folder)


@functools.cache
def _bus(folder: Path) -> OneWireBus:
    return OneWireBus(folder)
