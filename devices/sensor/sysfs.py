"""Sysfs: which sensors the kernel has, and which of them is meant. By driver and address, or by 1-Wire id; never by a number that the
kernel counts up (hwmon3, iio:device0), which is another after the next boot.

Source: Linux, Documentation/admin-guide/sysfs-rules.rst; Documentation/w1/w1-generic.rst.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from devices.link import Faulty, Missing
from devices.sensor.channels import channels_in
from devices.sensor.chips import CONFIG_TXT, FAMILIES, chip_of, kernel_names, number_in, overlay_of
from devices.sensor.one_wire import ID

SYSFS = Path("/sys")
BOOT = Path(CONFIG_TXT)
_ON_I2C = re.compile(r"([0-9]{1,3})-[0-9a-f]{4}")
_ON_SPI = re.compile(r"(spi[0-9]{1,3})\.[0-9]{1,3}")
_SHOWN = 8


class KernelDevice(NamedTuple):
    """One sensor that the kernel has."""

    way: str
    """How the kernel shows it: w1, hwmon or iio."""
    driver: str
    """The kernel's name for it; of a thermometer on 1-Wire that of its family."""
    address: str
    """Its name on its bus: 1-0076, spi0.0; of a thermometer on 1-Wire its id."""
    bus: str
    folder: Path
    names: frozenset[str]
    """All names that it goes by."""

    def __str__(self) -> str:
        return self.address if self.way == "w1" else f"{self.driver} at {self.address}"


def devices_in(sysfs: Path = SYSFS) -> list[KernelDevice]:
    """Every sensor that the kernel has."""
    return sorted([*_of_one_wire(sysfs), *_of_hwmon(sysfs), *_of_iio(sysfs)], key=lambda one: (one.way, one.bus, one.address))


def find_one_wire(id: str, *, sysfs: Path = SYSFS, boot: Path = BOOT) -> KernelDevice:
    """The thermometer with a 1-Wire id. Raises Missing."""
    there = list(_of_one_wire(sysfs))
    for device in there:
        if device.address == id:
            return device
    listed = ", ".join(device.address for device in there[:_SHOWN])
    seen = f"there is {listed}" if there else "the kernel has no thermometer on 1-Wire"
    advice = "look at its wires, or mend its id" if there else _advice(overlay_of(""), boot)
    raise Missing(f"cannot find the thermometer {id}: {seen}; {advice}")


def find_chip(driver: str, address: str = "", *, sysfs: Path = SYSFS, boot: Path = BOOT) -> KernelDevice:
    """The sensor of a driver at an address. Without one it is the only one of that driver. Raises Missing or Faulty."""
    there = devices_in(sysfs)
    known = kernel_names(driver)
    named = [device for device in there if known & device.names]
    found = [device for device in named if is_at(device, address)]
    what = f"{driver} at {address}" if address else driver
    if len(found) > 1:
        choices = ", ".join(f'"{device.address}"' for device in found[:_SHOWN])
        raise Faulty(f"cannot choose {what}: {len(found)} of them are there; write which one, address = {choices}")
    if found:
        return found[0]
    if named:
        raise Missing(f"cannot find {what}: there is {', '.join(map(str, named[:_SHOWN]))}; mend its address, or its wires")
    others = [device for device in there if device.way != "w1"]
    seen = f"there is {', '.join(map(str, others[:_SHOWN]))}" if others else "the kernel has no such sensor"
    raise Missing(f"cannot find {what}: {seen}; {_advice(overlay_of(driver, address), boot, known=bool(chip_of(driver).values))}")


def is_at(device: KernelDevice, address: str) -> bool:
    """Whether a sensor is at the address that the file gives: 0x76, or all of its name on the bus, as 1-0076 and spi0.0."""
    if not address or device.address == address.lower():
        return True
    return address.startswith("0x") and number_in(address) == number_in(device.address)


def overlays_in(boot: Path = BOOT) -> list[str]:
    """The lines of config.txt that make the kernel know of something, without spaces; none where the file cannot be read."""
    try:
        text = boot.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    lines = ("".join(line.split("#")[0].split()) for line in text.splitlines())
    return [line for line in lines if line.startswith(("dtoverlay=", "dtparam="))]


def _advice(overlay: str, boot: Path, *, known: bool = True) -> str:
    """What to do about a sensor that the kernel does not know of."""
    if not overlay:
        return "see what gateway ports lists" if known else "mend driver (gateway ports lists what there is)"
    *_, name = overlay.partition("=")
    begin = ",".join(name.split(",")[: 2 if name.startswith("i2c-sensor,") else 1])
    if any(_is_of(line, begin) for line in overlays_in(boot)):
        return f"{boot} has it already ({begin}): look at its wires and its address, and at what dmesg says of it"
    enabling = {"i2c": "dtparam=i2c_arm=on", "ads": "dtparam=i2c_arm=on", "mcp": "dtparam=spi=on"}.get(begin[:3], "")
    first = f"{enabling} and " if enabling and enabling not in overlays_in(boot) else ""
    return f"add {first}{overlay} to {boot}, and reboot"


def _is_of(line: str, begin: str) -> bool:
    """Whether a line of config.txt loads what another begins with."""
    loaded = line.partition("=")[2]
    return loaded == begin or loaded.startswith(f"{begin},")


# --- what the kernel has


def _of_one_wire(sysfs: Path) -> Iterator[KernelDevice]:
    for link in _entries(sysfs / "bus/w1/devices"):
        family = link.name.partition("-")[0]
        if ID.fullmatch(link.name) and family in FAMILIES:
            folder = link.resolve()
            yield KernelDevice("w1", FAMILIES[family], link.name, folder.parent.name, folder, frozenset((FAMILIES[family],)))


def _of_hwmon(sysfs: Path) -> Iterator[KernelDevice]:
    for link in _entries(sysfs / "class/hwmon"):
        folder = link.resolve()
        owner = (folder / "device").resolve()
        if ID.fullmatch(owner.name):  # a thermometer on 1-Wire, which is one already
            continue
        yield from _device("hwmon", folder, owner if (folder / "device").exists() else folder)


def _of_iio(sysfs: Path) -> Iterator[KernelDevice]:
    for link in _entries(sysfs / "bus/iio/devices"):
        folder = link.resolve()
        if link.name.startswith("iio:device"):
            yield from _device("iio", folder, folder.parent)


def _device(way: str, folder: Path, owner: Path) -> Iterator[KernelDevice]:
    """The sensor in a folder; none where it measures nothing that is known here."""
    files = [entry.name for entry in _entries(folder)]
    if not channels_in(files):
        return
    name = _read(folder / "name").partition("@")[0].lower()
    driver = (owner / "driver").resolve().name.lower() if (owner / "driver").exists() else ""
    named = name or driver or owner.name
    yield KernelDevice(way, named, owner.name, bus_of(owner.name), folder, frozenset(filter(None, (named, driver))))


def bus_of(address: str) -> str:
    """The bus that an address is on; what has none is its own."""
    if on_i2c := _ON_I2C.fullmatch(address):
        return f"i2c-{on_i2c[1]}"
    on_spi = _ON_SPI.fullmatch(address)
    return on_spi[1] if on_spi else address


def _entries(folder: Path) -> Sequence[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # this kernel has none of them
        return ()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
