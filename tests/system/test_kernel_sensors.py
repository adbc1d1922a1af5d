"""Sensors that the kernel's own drivers read, in a machine: chips on I2C by hwmon and iio, and thermometers on 1-Wire; and a USB serial
adapter that `gateway ports --watch` sees come and go.

The buses are in memory (i2c-stub, guest/w1_sim.c and guest/spi_sim.c); the drivers, sysfs, udev and the service are the real ones.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.broker_inside import HEARD, heard
from tests.system.conftest import JOURNAL, running_machine
from tests.system.i2c_stub import add, fill_bme280, heat, make_bus, put_voltage, take_off
from tests.system.lab.machine import Machine

pytestmark = pytest.mark.vm

BOILER, TANK = "28-0316a27995a0", "28-0316a27995a1"
ONE_WIRE = "/sys/module/w1_sim/parameters"
INPUTS = "/sys/module/spi_sim/parameters/steps"
SOIL = "620,0,0,0,0,0,0,1023"
"""What stands at the inputs of an MCP3008 that measures against 3.3 V."""
FILE = f"""
[gateway]
name = "lab"
[mqtt.main]
host = "localhost"
prefix = "gateway"
[sensor.attic]
driver = "bme280"
address = "0x76"
to = "twin/attic"
[sensor.board]
driver = "lm75"
address = "0x48"
to = "twin/board"
every_s = 1.0
[sensor.adc]
driver = "ads1115"
to = "twin/adc"
[sensor.soil]
driver = "mcp3008"
to = "twin/garden"
every_s = 1.0
unmapped = "ignore"
values = {{ moisture_pct = {{ from = "voltage0_v", scale = -50, offset = 140, valid = [0, 100] }}, battery_v = {{ from = "voltage7_v" }} }}
[sensor.boiler]
id = "{BOILER}"
to = "twin/boiler"
every_s = 2.0
[sensor.tank]
id = "{TANK}"
to = "twin/tank"
every_s = 2.0
[actors.twin]
silent_after_s = 0.0
"""


@pytest.fixture(scope="module")
def machine(installed: Path, machine_lab: None) -> Iterator[Machine]:
    """A machine with chips on I2C and two thermometers on 1-Wire, and a gateway that reads them."""
    with running_machine(installed, "one machine with sensors", FILE, _wire) as machine:
        yield machine


def _wire(machine: Machine) -> None:
    make_bus(machine)
    heat(machine, "0x48", 21.5)
    put_voltage(machine, "0x49", 1234)
    fill_bme280(machine, "0x76")
    for driver, address in (("lm75", "0x48"), ("ads1015", "0x49"), ("bme280", "0x76")):
        add(machine, driver, address)
    machine.sh("modprobe -a mcp320x spi_sim")
    machine.sh(f"echo {SOIL} > {INPUTS}")
    machine.sh("modprobe wire timeout=1 && modprobe -a w1_therm w1_sim")
    machine.until("ls /sys/bus/w1/devices", TANK)


def until_twin(machine: Machine, twin: str, wanted: str) -> dict[str, float]:
    """Wait until a twin has published a text; the values that it published last."""
    machine.until(f"grep '^gateway/twin/{twin} ' {HEARD} | tail -n 1", wanted, limit_s=240)
    return {name: value["value"] for name, value in heard(machine, f"gateway/twin/{twin}")[-1]["values"].items()}


def test_a_chip_by_hwmon(machine: Machine) -> None:
    """What an LM75 measures is its twin's, and so is what it measures next."""
    assert until_twin(machine, "board", "temperature_c") == {"temperature_c": 21.5}
    heat(machine, "0x48", -7.5)
    until_twin(machine, "board", '"value":-7.5')


def test_chips_by_iio(machine: Machine) -> None:
    """A BME280 has what its maker's example says of these registers; an ADS1015 what its scale makes of its steps."""
    attic = until_twin(machine, "attic", "temperature_c")
    assert (attic["temperature_c"], round(attic["pressure_hpa"], 2)) == (25.08, 1006.53)
    humidity_rh = float(machine.sh("cat /sys/bus/i2c/devices/0-0076/iio*/in_humidityrelative_input")) / 1000
    assert attic["humidity_rh"] == round(humidity_rh, 6)
    assert 20 < humidity_rh < 80
    adc = until_twin(machine, "adc", "voltage0_v")
    assert {adc[f"voltage{number}_v"] for number in range(4)} == {1.234}


def test_a_chip_on_spi(machine: Machine) -> None:
    """README's probe in the soil at an MCP3008: a share of 3.3 V becomes a share of water. Let go by its driver it is missing."""
    garden = until_twin(machine, "garden", "moisture_pct")
    assert (round(garden["moisture_pct"], 3), round(garden["battery_v"], 4)) == (round(140 - 50 * 620 * 3.3 / 1024, 3), 3.2968)
    driver = "/sys/bus/spi/drivers/mcp320x"
    machine.sh(f"echo spi0.0 > {driver}/unbind")
    machine.until(JOURNAL, "sensor/soil is missing: cannot read mcp3008 at spi0.0: it is not there any more; plug it in")
    machine.sh(f"echo 800,0,0,0,0,0,0,0 > {INPUTS} && echo spi0.0 > {driver}/bind")
    assert until_twin(machine, "garden", '"value":11.09') == {"moisture_pct": pytest.approx(11.09375), "battery_v": 0}


def test_a_chip_that_comes_back_under_another_number(machine: Machine) -> None:
    """Taken off it is missing; it is found by driver and address again, though the kernel counts it anew, beside another of its kind."""
    number = "basename /sys/bus/i2c/devices/0-0048/hwmon/hwmon*"
    before = machine.sh(number)
    take_off(machine, "0x48")
    machine.until(JOURNAL, "sensor/board is missing: cannot read lm75 at 0-0048: it is not there any more; plug it in")
    heat(machine, "0x4a", 99.0)
    add(machine, "lm75", "0x4a")
    heat(machine, "0x48", 33.0)
    add(machine, "lm75", "0x48")
    assert until_twin(machine, "board", '"value":33') == {"temperature_c": 33.0}
    assert machine.sh(number) != before
    assert not [body for body in heard(machine, "gateway/twin/board") if body["values"]["temperature_c"]["value"] == 99.0]


def test_thermometers_are_converted_all_at_once(machine: Machine) -> None:
    """By the kernel's own bulk read, which the service may ask for."""
    assert until_twin(machine, "boiler", "temperature_c") == {"temperature_c": 21.0}
    assert until_twin(machine, "tank", "temperature_c") == {"temperature_c": 22.0}
    machine.sh(f"echo 400,-160 > {ONE_WIRE}/temperatures")
    assert until_twin(machine, "boiler", '"value":25') == {"temperature_c": 25.0}
    assert until_twin(machine, "tank", '"value":-10') == {"temperature_c": -10.0}
    assert "are converted one by one" not in machine.sh(JOURNAL)
    shown = "".join(machine.sh(f"gateway show sensor/{name} --json") for name in ("boiler", "tank"))
    assert any(int(count) for count in re.findall(r'"conversions": *([0-9]+)', shown)), shown


def test_a_thermometer_with_a_broken_checksum_says_nothing(machine: Machine) -> None:
    """The kernel tries for some seconds; the twin keeps what it had, and the neighbour on the bus is read on."""
    machine.sh(f"echo 1 > {ONE_WIRE}/broken")
    machine.until(JOURNAL, "sensor/boiler: cannot read it: it does not answer, or its checksum is wrong", limit_s=240)
    machine.sh(f"echo 0,800 > {ONE_WIRE}/temperatures")
    until_twin(machine, "tank", '"value":50')
    assert heard(machine, "gateway/twin/boiler")[-1]["values"]["temperature_c"]["value"] == 25.0
    machine.sh(f"echo 0 > {ONE_WIRE}/broken")
    until_twin(machine, "boiler", '"value":0')


def test_a_thermometer_is_pulled_out_and_plugged_in(machine: Machine) -> None:
    """It is missing once the kernel has seen that it is, and is read when it is back."""
    machine.sh(f"echo 2 > {ONE_WIRE}/absent")
    machine.until(JOURNAL, "sensor/tank is missing", limit_s=240)
    machine.sh(f"echo 0,480 > {ONE_WIRE}/temperatures && echo 0 > {ONE_WIRE}/absent")
    until_twin(machine, "tank", '"value":30')


def test_ports_lists_them_with_what_to_paste(machine: Machine) -> None:
    """Each by what stays the same: driver and address, or the id."""
    shown = machine.sh("gateway ports")
    for line in (
        'driver = "bme280"',
        'address = "0-0076"',
        'driver = "ads1015"',
        'address = "0-0048"',
        f'id = "{BOILER}"',
        f'id = "{TANK}"',
    ):
        assert line in shown


def test_an_adapter_is_named_as_it_is_plugged_in(machine: Machine) -> None:
    """`gateway ports --watch` says what to paste for a USB serial adapter when it comes, and says it when it goes."""
    watched = "cat /root/watched"
    machine.sh("systemd-run --quiet --unit=watching sh -c 'exec gateway ports --watch > /root/watched 2>&1'")
    machine.until(watched, "plug something in", limit_s=240)
    by_id = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_NEWONE-if00-port0"
    with machine.plug_adapter("NEWONE"):
        machine.until(watched, f'port = "{by_id}"', limit_s=240)
        assert "[serial." in machine.sh(watched)
    machine.unplug_adapter()
    machine.until(watched, "/dev/ttyUSB0 is gone", limit_s=240)
    machine.sh("systemctl stop watching")
