"""Discovery: the sensors that the kernel has, for `gateway ports`, each with the section of the file that names it."""

from pathlib import Path

from devices.sensor.channels import channels_in
from devices.sensor.chips import number_in
from devices.sensor.sysfs import SYSFS, KernelDevice, devices_in
from devices.thing import Thing, apart, block_of, key_of


def find_things(*, sysfs: Path = SYSFS) -> list[Thing]:
    """Every sensor that the kernel has; no two sections have one name."""
    devices = devices_in(sysfs)
    keys = apart((_key(device) for device in devices), (key_of(number_in(one.address) or one.address, one.bus) for one in devices))
    drivers = [device.driver for device in devices]
    return [_thing(device, key, alone=drivers.count(device.driver) == 1) for device, key in zip(devices, keys, strict=True)]


def _key(device: KernelDevice) -> str:
    return f"thermometer_{device.address[-4:]}" if device.way == "w1" else key_of(device.driver, "sensor")


def _thing(device: KernelDevice, key: str, *, alone: bool) -> Thing:
    if device.way == "w1":
        named, measures = [f'id = "{device.address}"'], ["temperature_c"]
    else:
        named = [f'driver = "{device.driver}"']
        named += [] if alone and not number_in(device.address) else [f'address = "{device.address}"']
        measures = [channel.name for channel in channels_in([entry.name for entry in device.folder.iterdir()])]
    block = block_of("sensor", key, *named, f'to = "twin/{key}"')
    more = {"driver": device.driver, "address": device.address, "bus": device.bus, "way": device.way, "values": measures}
    place = device.address if device.way == "w1" else f"{device.way} {device.address} {device.driver}"
    return Thing("sensor", place, f"{device.driver} on {device.bus}", block, (f"it measures {', '.join(measures)}",), more)
