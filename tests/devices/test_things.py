"""What is plugged in is listed with a section of the file that can be pasted as it stands."""

from pathlib import Path

from devices.gpio.discovery import find_things as find_chips
from devices.sensor.discovery import find_things as find_sensors
from devices.serial.discovery import FoundPort, things_of
from devices.serial.holders import Holder
from devices.thing import Thing
from gateway.config import read
from tests.devices.sensor.tree import CLIMATE, WEATHER, Tree


def pasted(things: list[Thing], folder: Path) -> list[str]:
    """The devices of a file into which all sections were pasted, with their notes as comments."""
    path = folder / "gateway.toml"
    path.write_text("\n".join("\n".join((thing.block, *(f"# {note}" for note in thing.notes))) for thing in things))
    return [part.id for part in read(path).host_bound]


def port(device: str, description: str, *by_id: str, readable: bool = True, held_by: tuple[Holder, ...] = ()) -> FoundPort:
    """A port as discovery finds it."""
    return FoundPort(device, by_id, (), description, readable, held_by)


def test_serial_ports_have_sections_by_their_stable_names(tmp_path: Path) -> None:
    """Two of one maker have names of their own, and a receiver of positions is one."""
    things = things_of(
        [
            port("/dev/ttyACM0", "u-blox 7 - GPS/GNSS Receiver", "/dev/serial/by-id/usb-u-blox_7"),
            port("/dev/ttyUSB0", "FT232R USB UART", "/dev/serial/by-id/usb-FTDI_A1"),
            port("/dev/ttyUSB1", "FT232R USB UART", "/dev/serial/by-id/usb-FTDI_A2"),
            port("/dev/ttyAMA0", ""),
        ]
    )
    assert things[0].block == '[serial.gps]\nport = "/dev/serial/by-id/usb-u-blox_7"\ncodec = "nmea"\nto = "trip/gps"'
    assert things[0].notes == ('or port = "/dev/ttyACM0"',)
    assert pasted(things, tmp_path) == ["serial/gps", "serial/ft232r_ttyUSB0", "serial/ft232r_ttyUSB1", "serial/ttyAMA0"]


def test_who_holds_a_port_and_who_may_not_open_it_is_said() -> None:
    """As a comment behind its section."""
    (thing,) = things_of([port("/dev/ttyUSB0", "", readable=False, held_by=(Holder(7, "minicom"),))])
    assert thing.notes[0].startswith("this user may not open it; sudo usermod --append --groups dialout $USER")
    assert thing.notes[1].startswith("in use by ") and "minicom" in thing.notes[1]  # noqa: PT018


def test_the_chip_of_the_header_has_a_section_and_others_have_none(tmp_path: Path) -> None:
    """They are the board's own."""
    labels: dict[str, str | OSError] = {"gpiochip0": "pinctrl-bcm2711", "gpiochip1": "raspberrypi-exp-gpio"}
    for name in labels:
        (tmp_path / name).touch()
    things = find_chips(devices=tmp_path, label=lambda path: str(labels[path.name]))
    assert [bool(thing.block) for thing in things] == [True, False]
    assert things[0].about == "pinctrl-bcm2711, the 40-pin header"
    assert pasted(things, tmp_path) == ["gpio/button"]


def test_a_chip_that_may_not_be_opened_is_said(tmp_path: Path) -> None:
    """With the group that lacks."""

    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "gpiochip0").touch()
    (thing,) = find_chips(devices=tmp_path, label=refused)
    assert thing.notes == ("this user may not open it (Permission denied); sudo usermod --append --groups gpio $USER, then log in again",)


def test_sensors_have_sections_that_find_them(tmp_path: Path) -> None:
    """Pasted as they stand, each is found again."""
    tree = Tree(tmp_path / "sys")
    tree.thermometer("28-0316a2795bff")
    tree.hwmon(0, "cpu_thermal", "thermal_zone0", {"temp1_input": "48000"})
    tree.hwmon(1, "sht4x", "1-0044", CLIMATE)
    tree.iio(0, "bme280", "1-0076", WEATHER)
    tree.iio(1, "bme280", "1-0077", WEATHER)
    things = find_sensors(sysfs=tree.root)
    ids = ["sensor/sht4x", "sensor/cpu_thermal", "sensor/bme280_0x76", "sensor/bme280_0x77", "sensor/thermometer_5bff"]
    assert pasted(things, tmp_path) == ids
    assert things[2].block == '[sensor.bme280_0x76]\ndriver = "bme280"\naddress = "1-0076"\nto = "twin/bme280_0x76"'
    assert things[2].notes == ("it measures temperature_c, humidity_rh, pressure_hpa",) or "pressure_hpa" in things[2].notes[0]
    path = tmp_path / "gateway.toml"
    path.write_text("\n".join(f'{thing.block}\nsysfs = "{tree.root}"' for thing in things))
    assert not read(path, outside=True).outside
