"""A sensor of the kernel: found by what it is, read on its grid, lost and found again; what is no value is none."""

import logging
from collections.abc import Callable

import pytest

from devices.sensor.bus import bus_at
from devices.sensor.sensor import Sensor
from devices.sensor.simulator import memory_of
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.sensor.conftest import Begin
from tests.devices.sensor.tree import CLIMATE, WEATHER, Tree

After = Callable[[float, Bench, Sensor], None]
ID, OTHER, THIRD = "28-0316a2795bff", "28-0316a2795c00", "28-0316a2795c01"


def last(bench: Bench) -> dict[str, float]:
    """What was reported last."""
    values: dict[str, float] = bench.sent[-1].payload.values
    return values


def test_a_chip_of_iio_is_found_by_driver_and_address(tree: Tree, begin: Begin) -> None:
    """Of two of one driver, the one that is meant."""
    tree.iio(0, "bme280", "1-0077", {"in_temp_input": "1000"})
    tree.iio(1, "bme280", "1-0076", WEATHER)
    bench, _ = begin(driver="bme280", address="0x76")
    bench.until(lambda: bench.sent)
    assert (bench.sent[0].to, bench.sent[0].verb) == ("twin/attic", "report")
    assert last(bench) == {"temperature_c": 21.37, "pressure_hpa": 1013.25, "humidity_rh": 44.23}
    assert bench.health == [(Health.OK, "bme280 at 1-0076, by iio, read every 10 s")]


def test_a_chip_of_hwmon_is_found_by_driver_and_address(tree: Tree, begin: Begin) -> None:
    """By the bus and the address in one word, too, and whatever is no channel is left."""
    tree.hwmon(3, "sht4x", "1-0044", CLIMATE)
    bench, _ = begin(driver="SHT45", address="1-0044")
    bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": 21.37, "humidity_rh": 44.23}


def test_the_number_that_the_kernel_counts_up_says_nothing(tree: Tree, begin: Begin, after: After) -> None:
    """Pulled out and plugged in again, what was hwmon0 is hwmon7, and another chip is hwmon0: the right one is read."""
    folder = tree.hwmon(0, "lm75", "1-0048", {"temp1_input": "20000"})
    bench, actor = begin(driver="lm75", address="0x48")
    bench.until(lambda: bench.sent)
    tree.pull(folder)
    after(10, bench, actor)
    bench.until(lambda: bench.why_away)
    assert bench.health[-1] == (Health.MISSING, "cannot read lm75 at 1-0048: it is not there any more; plug it in")
    tree.hwmon(0, "lm75", "1-0049", {"temp1_input": "99000"})
    tree.pull(tree.root / "devices/platform/bus/1-0048")
    tree.hwmon(7, "lm75", "1-0048", {"temp1_input": "20500"})
    after(2, bench, actor)
    bench.until(lambda: len(bench.sent) == 2)
    assert last(bench) == {"temperature_c": 20.5}


def test_a_thermometer_is_found_by_its_id(tree: Tree, begin: Begin) -> None:
    """Below zero too."""
    tree.thermometer(OTHER, 85.0)
    tree.thermometer(ID, -10.125)
    bench, _ = begin(id=ID)
    bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": -10.125}
    assert bench.health == [(Health.OK, f"{ID}, by w1, read every 10 s")]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (memory_of(336, bad=True), "its checksum is wrong"),
        (memory_of(336).replace("YES", "NO"), "its checksum is wrong"),
        (memory_of(336)[:1] + "f" + memory_of(336)[2:], "its checksum is wrong"),
        (memory_of(85 * 16, power_on=True), "85 °C is what it says after power-on"),
        (f"{'00 ' * 9}: crc=00 YES\n{'00 ' * 9}t=0\n", "nothing but zeros"),
        ("", "does not answer"),
        (memory_of(336).splitlines()[0], "no temperature"),
        ("\0" * 4096, "does not answer"),
    ],
)
def test_what_is_no_value_is_none(said: str, why: str, tree: Tree, begin: Begin, after: After) -> None:
    """It is counted, and whoever asks hears why; the next good one goes on."""
    path = tree.thermometer(ID)
    bench, actor = begin(id=ID)
    bench.until(lambda: bench.sent)
    path.write_text(said)
    assert why in bench.tell("measure").wait()
    assert bench.counters["read_faults"] == 1
    tree.measures(path, 22.0)
    after(10, bench, actor)
    bench.until(lambda: len(bench.sent) == 2)
    assert last(bench) == {"temperature_c": 22.0}


def test_eighty_five_degrees_that_were_measured_are_a_value(tree: Tree, begin: Begin) -> None:
    """Only what a thermometer says before its first conversion is none."""
    tree.thermometer(ID, 85.0)
    bench, _ = begin(id=ID)
    bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": 85.0}


def test_all_thermometers_of_a_bus_are_converted_at_once(tree: Tree, begin: Begin, after: After) -> None:
    """Three that are read at one time cost one conversion, and each reads its own."""
    for number, id in enumerate((ID, OTHER, THIRD)):
        tree.thermometer(id, 20.0 + number)
    held = [begin(name, id=id) for name, id in (("a", ID), ("b", OTHER), ("c", THIRD))]
    for bench, _ in held:
        bench.until(lambda bench=bench: bench.sent)
    before = sum(bench.counters["conversions"] for bench, _ in held)
    for bench, actor in held:
        bench.until(lambda actor=actor: actor.due_s == 110.0)
    after(10, *held[0])
    for bench, _ in held:
        bench.wake()
    for number, (bench, _) in enumerate(held):
        bench.until(lambda bench=bench: len(bench.sent) == 2)
        assert last(bench) == {"temperature_c": 20.0 + number}
    assert sum(bench.counters["conversions"] for bench, _ in held) == before + 1
    assert (tree.root / "devices/w1_bus_master1/therm_bulk_read").read_text() == "trigger\n"


def test_where_all_at_once_is_not_allowed_each_is_converted_by_itself(
    tree: Tree, begin: Begin, after: After, caplog: pytest.LogCaptureFixture
) -> None:
    """As with a kernel that has no such file, or does not let the service write it: it is said once, and read all the same."""
    tree.thermometer(ID), tree.thermometer(OTHER)
    (tree.root / "devices/w1_bus_master1/therm_bulk_read").unlink()
    with caplog.at_level(logging.WARNING):
        held = [begin(name, id=id) for name, id in (("a", ID), ("b", OTHER))]
        for bench, _ in held:
            bench.until(lambda bench=bench: bench.sent)
        for bench, actor in held:
            bench.until(lambda actor=actor: actor.due_s == 110.0)
        after(10, *held[0])
        held[1][0].wake()
        for bench, _ in held:
            bench.until(lambda bench=bench: len(bench.sent) == 2)
    assert sum(bench.counters["conversions"] for bench, _ in held) == 0
    assert caplog.text.count("are converted one by one, 0.75 s each: No such file or directory") == 1


def test_a_channel_that_cannot_be_read_is_left_out(tree: Tree, begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """The others are reported, and it is counted."""
    tree.iio(0, "bme280", "1-0076", {**WEATHER, "in_humidityrelative_input": "n/a"})
    with caplog.at_level(logging.WARNING):
        bench, _ = begin(driver="bme280")
        bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": 21.37, "pressure_hpa": 1013.25}
    assert bench.counters["channels_failed"] == 1
    assert "in_humidityrelative_input holds 'n/a', which is no number" in caplog.text


def test_one_that_answers_nothing_is_faulty_and_looked_for_again(tree: Tree, begin: Begin, after: After) -> None:
    """After three readings; as soon as it answers it is well."""
    folder = tree.iio(0, "dht11@4", "dht11@4", {"in_temp_input": "", "in_humidityrelative_input": ""})
    bench, actor = begin(driver="dht22")
    for number in (1, 2, 3):
        bench.until(lambda number=number: bench.counters["read_faults"] == number)
        after(10, bench, actor)
    bench.until(lambda: bench.health)  # not `why_away`: time has passed, and it may be open again
    assert bench.health[0][0] is Health.FAULTY
    (folder / "in_temp_input").write_text("19000")
    after(10, bench, actor)
    bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": 19.0}


def test_the_table_of_values_turns_volts_into_what_is_measured(tree: Tree, begin: Begin) -> None:
    """Of an ADC, one channel, scaled; with `unmapped` the others are no values."""
    tree.iio(0, "mcp3008", "spi0.0", {"in_voltage0_raw": "512", "in_voltage1_raw": "1", "in_voltage_scale": "3.222656250"})
    values = {"soil_pct": {"from": "voltage0_v", "scale": 100 / 3.3, "precision": 1, "class": "moisture"}}
    bench, _ = begin(driver="mcp3008", values=values, unmapped="ignore")
    bench.until(lambda: bench.sent)
    assert last(bench) == {"soil_pct": 50.0}


def test_a_value_outside_its_range_is_bad(tree: Tree, begin: Begin) -> None:
    """And goes with that quality, counted."""
    tree.hwmon(0, "lm75", "1-0048", {"temp1_input": "-127000"})
    bench, _ = begin(driver="lm75", values={"temperature_c": {"valid": [-40, 80]}})
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload.qualities["temperature_c"].value == "bad"
    assert bench.counters["bad_values"] == 1


def test_it_is_measured_when_somebody_asks(tree: Tree, begin: Begin) -> None:
    """Now, not at the next place of the grid."""
    path = tree.thermometer(ID)
    bench, _ = begin(id=ID)
    bench.until(lambda: bench.sent)
    tree.measures(path, 50.0)
    asked = bench.tell("measure")
    assert (asked.wait(), asked.body) == ("done", {"values": {"temperature_c": 50.0}})


def test_a_bus_that_is_busy_keeps_its_sensors_waiting_and_says_so(tree: Tree, begin: Begin) -> None:
    """One at a time is read on a bus; one that waits does not hang, and other buses go on."""
    tree.hwmon(0, "lm75", "1-0048", {"temp1_input": "20000"})
    tree.hwmon(1, "lm75", "2-0048", {"temp1_input": "30000"})
    other, _ = begin("quick", driver="lm75", address="2-0048")
    with bus_at(f"{tree.root}:i2c-1").turn(other):
        bench, _ = begin("slow", driver="lm75", address="1-0048")
        other.until(lambda: other.sent)
        bench.until(lambda: "wait for its turn on the bus" in bench.beats)
        assert not bench.sent
    bench.until(lambda: bench.sent)
    assert last(bench) == {"temperature_c": 20.0}
