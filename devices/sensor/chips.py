"""Chips: the sensors that people have, by the names that people call them: what the kernel calls each, what it measures, and the line
of config.txt that makes the kernel know of it. One that is not here is found and read all the same, by the name that the kernel has for it.

Source: raspberrypi/linux, arch/arm/boot/dts/overlays/README; Linux, Documentation/hwmon and drivers/iio.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

CONFIG_TXT = "/boot/firmware/config.txt"
"""Where Raspberry Pi OS has it since Bookworm."""


class Chip(NamedTuple):
    """One kind of sensor."""

    kernel: tuple[str, ...]
    """The names that the kernel has for it."""
    values: Mapping[str, float]
    """What it measures, each with what is usual indoors; the end of a name says the unit."""
    overlay: str = ""
    """The line of config.txt; {address} stands for its address, where it may have several."""
    address: str = ""
    """Its address as it comes."""


_CLIMATE = {"temperature_c": 21.0, "humidity_rh": 45.0}
_WEATHER = {"temperature_c": 21.0, "humidity_rh": 45.0, "pressure_hpa": 1013.0}
_ELECTRIC = {"voltage0_v": 0.02, "voltage1_v": 12.0, "current_a": 0.4, "power_w": 4.8}
_FOUR = {f"voltage{number}_v": 1.6 for number in range(4)}
_EIGHT = {f"voltage{number}_v": 1.6 for number in range(8)}
_SENSOR = "dtoverlay=i2c-sensor,"


def _of_i2c(name: str, values: Mapping[str, float], address: str, *kernel: str) -> Chip:
    return Chip((*kernel, name), values, f"{_SENSOR}{name},addr={{address}}", address)


_SHT3X = Chip(("sht3x", "sts3x"), _CLIMATE, f"{_SENSOR}sht3x,addr={{address}}", "0x44")
_SHT4X = Chip(("sht4x",), _CLIMATE, f"{_SENSOR}sht4x", "0x44")
_DHT = Chip(("dht11",), _CLIMATE, "dtoverlay=dht11,gpiopin=4")
_INA = Chip(("ina219", "ina220", "ina226", "ina230", "ina231"), _ELECTRIC)
_ADS = Chip(("ads1015", "ads1115"), _FOUR, "dtoverlay=ads1115,addr={address},cha_enable,chb_enable,chc_enable,chd_enable", "0x48")

CHIPS: dict[str, Chip] = {
    "bme280": _of_i2c("bme280", _WEATHER, "0x76"),
    "bmp280": _of_i2c("bmp280", {"temperature_c": 21.0, "pressure_hpa": 1013.0}, "0x76"),
    **dict.fromkeys(("sht30", "sht31", "sht35", "sht3x"), _SHT3X),
    **dict.fromkeys(("sht40", "sht41", "sht45", "sht4x"), _SHT4X),
    "aht10": Chip(("aht10",), _CLIMATE, f"{_SENSOR}aht10", "0x38"),
    "aht20": Chip(("aht20", "aht10"), _CLIMATE, f"{_SENSOR}aht20", "0x38"),
    **dict.fromkeys(("dht11", "dht22", "am2302"), _DHT),
    "bh1750": _of_i2c("bh1750", {"illuminance_lx": 300.0}, "0x23"),
    "lm75": _of_i2c("lm75", {"temperature_c": 21.0}, "0x48"),
    **{name: _INA._replace(kernel=(name, "ina2xx")) for name in ("ina219", "ina220", "ina226", "ina230", "ina231")},
    "mcp3008": Chip(("mcp3008", "mcp320x"), _EIGHT, "dtoverlay=mcp3008,spi0-0-present"),
    "mcp3004": Chip(("mcp3004", "mcp320x"), _FOUR, "dtoverlay=mcp3008,spi0-0-present"),
    **dict.fromkeys(("ads1015", "ads1115"), _ADS),
    "cpu_thermal": Chip(("cpu_thermal", "coretemp", "k10temp"), {"temperature_c": 48.0}),
}
"""By what people call them. The temperature of the CPU has no overlay: it is there on every Pi."""

FAMILIES = {"10": "ds18s20", "22": "ds1822", "28": "ds18b20", "3b": "ds1825", "42": "ds28ea00"}
"""The thermometers of 1-Wire, by the family at the begin of an id."""
THERMOMETER = Chip(tuple(FAMILIES.values()), {"temperature_c": 21.0}, "dtoverlay=w1-gpio")
"""A thermometer on 1-Wire; its data line is GPIO 4, unless the line of config.txt says otherwise."""


def kernel_names(name: str) -> frozenset[str]:
    """What the kernel may call a chip that people call so; in lower case."""
    chip = CHIPS.get(name.lower())
    return frozenset((name.lower(), *(chip.kernel if chip else ())))


def chip_of(name: str, address: str = "") -> Chip:
    """The chip of a name; of one that is not known, nothing but the name. A 1-Wire id is a thermometer."""
    if not name:
        return THERMOMETER
    return CHIPS.get(name.lower(), Chip((name.lower(),), {}, "", address))


def overlay_of(name: str, address: str = "") -> str:
    """The line of config.txt by which the kernel knows of a chip at an address; "" where there is none."""
    chip = chip_of(name)
    return chip.overlay.format(address=number_in(address) or chip.address)


def number_in(address: str) -> str:
    """The number of an address on I2C, as `0x76`; "" where it is no such address."""
    said = _ON_I2C.fullmatch(address)
    return f"0x{(said[1] or said[2]).lower().zfill(2)}" if said else ""


_ON_I2C = re.compile(r"0x0{0,2}([0-9a-fA-F]{1,2})|[0-9]{1,3}-00([0-9a-fA-F]{2})")
