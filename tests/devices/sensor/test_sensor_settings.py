"""What a section of a sensor may say, what its values are before the first came, and the simulator of the same section."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.sensor.sensor import Sensor
from devices.sensor.settings import SensorSettings
from devices.sensor.simulator import SimulatedSensor
from gateway.actors import Health
from gateway.config import ConfigProblems, read
from gateway.testing import Bench
from tests.devices.sensor.conftest import Begin
from tests.devices.sensor.tree import WEATHER, Tree

ID = "28-0316a2795bff"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "no sensor is named; write id or driver (gateway ports lists what there is), or simulate = true"),
        ({"id": ID, "driver": "bme280"}, "'id' is for a thermometer on 1-Wire, 'driver' for any other sensor; take one of them out"),
        ({"id": ID, "address": "0x76"}, "'address' goes with 'driver'; a thermometer on 1-Wire has its id alone"),
        ({"id": "28.FF641E83"}, "'28.FF641E83' is no 1-Wire id; write one such as \"28-0316a2795bff\" (gateway ports lists them)"),
        ({"id": "01-0316a2795bff"}, "'01-0316a2795bff' is no thermometer: those of 1-Wire begin with 10, 22, 28, 3b, 42; mend the id"),
        ({"driver": "lm75", "address": "76"}, 'cannot tell where \'76\' is; write "0x76" for an address on I2C, or "1-0076"'),
        ({"driver": "lm75", "address": "0x80"}, '\'0x80\' is no address on I2C; write one from "0x03" to "0x77"'),
        ({"driver": "lm75", "address": "0xhh"}, '\'0xhh\' is no address on I2C; write one from "0x03" to "0x77"'),
    ],
)
def test_what_cannot_be_a_sensor_is_told(said: dict[str, Any], why: str) -> None:
    """With what to write."""
    with pytest.raises(ValidationError) as caught:
        SensorSettings.model_validate(said)
    assert why in str(caught.value)


def test_an_address_may_be_a_number() -> None:
    """TOML has 0x76 as one; and an id may be in capitals."""
    assert SensorSettings.model_validate({"driver": "BME280", "address": 0x76}).address == "0x76"
    assert SensorSettings.model_validate({"id": ID.upper()}).id == ID


def test_two_sections_of_one_thermometer_are_a_mistake(tmp_path: Path) -> None:
    """Copied, and the id left as it was."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[sensor.a]\nid = "{ID}"\n[sensor.b]\nid = "{ID}"\n')
    with pytest.raises(ConfigProblems, match=r"already owned by sensor.a \(line 2\)"):
        read(path)


def test_a_sensor_that_is_not_there_does_not_keep_the_gateway_from_starting(tree: Tree, tmp_path: Path) -> None:
    """The check says it, with what to do, at the key that names it."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[sensor.a]\ndriver = "bme280"\naddress = "0x76"\nsysfs = "{tree.root}"\n')
    (problem,) = read(path, outside=True).outside
    assert (problem.key_path, problem.position and problem.position.line) == ("sensor.a.address", 3)
    assert problem.text.startswith(
        "cannot find bme280 at 0x76: the kernel has no such sensor; add dtparam=i2c_arm=on and dtoverlay=i2c-sensor"
    )
    tree.iio(0, "bme280", "1-0076", WEATHER)
    assert not read(path, outside=True).outside


def test_its_values_are_known_before_the_first_comes() -> None:
    """With unit and class, by the chip, or by the table."""
    settings = SensorSettings.model_validate(
        {"driver": "bme280", "to": "twin/a", "values": {"outside_c": {"from": "temperature_c", "deadband": 0.1}}}
    )
    ((to, points),) = settings.points("sensor/a")
    said = {point.name: (point.unit, point.device_class, point.state_class, point.deadband) for point in points}
    assert to == "twin/a"
    assert said == {
        "outside_c": ("°C", "temperature", "measurement", 0.1),
        "humidity_rh": ("%", "humidity", "measurement", 0.0),
        "pressure_hpa": ("hPa", "atmospheric_pressure", "measurement", 0.0),
    }


@pytest.mark.parametrize("named", [{"id": ID}, {"driver": "bme280"}, {"driver": "mcp3008"}, {"driver": "no_such_chip"}])
def test_the_simulator_stands_in_for_the_same_section(named: dict[str, str], begin: Begin) -> None:
    """It says what a chip of that name says, and touches nothing."""
    bench, actor = begin(**named, simulate=True, sysfs="/nowhere")
    bench.until(lambda: bench.sent)
    ((_, points),) = actor.settings.points("sensor/a")
    names = {point.name for point in points}
    assert names in (set(), set(bench.sent[0].payload.values))
    assert bench.health == [(Health.OK, "simulated, read every 10 s")]


def test_the_simulator_misbehaves_as_it_is_told(begin: Begin) -> None:
    """Now and then a reading has a wrong checksum, or comes from a sensor that has just got its power."""
    bench, _ = begin(id=ID, simulate={"bad_every": 3, "power_on_every": 4})
    bench.until(lambda: bench.sent)
    said = [bench.tell("measure").wait() for _ in range(6)]
    faults = [text.removeprefix("cannot read it: ")[:24] for text in said]
    assert faults == ["done", "its checksum is wrong (b", "85 °C is what it says af", "done", "its checksum is wrong (b", "done"]
    assert bench.counters["read_faults"] == 3


def test_the_simulator_is_pulled_out_and_comes_back(
    begin: Begin, now_s: list[float], after: Callable[[float, Bench, Sensor], None]
) -> None:
    """As a real one: missing, and found again without a restart."""
    bench, actor = begin(driver="bme280", simulate={"gone_every_s": 30, "gone_s": 5})
    bench.until(lambda: bench.sent)
    for _ in range(3):
        after(10, bench, actor)
    bench.until(lambda: bench.why_away)
    assert bench.health[-1][0] is Health.MISSING
    now_s[0] += 6
    bench.wake()
    bench.until(lambda: not bench.why_away)
    bench.until(lambda: len(bench.sent) == 4)


def test_a_simulated_reading_may_take_its_time() -> None:
    """As one of 1-Wire does."""
    slept: list[float] = []
    settings = SensorSettings.model_validate({"id": ID, "simulate": {"takes_s": 0.75}})
    assert 15 < SimulatedSensor(settings, clock=lambda: 0.0, pause=slept.append).read()["temperature_c"] < 25
    assert slept == [0.75]
