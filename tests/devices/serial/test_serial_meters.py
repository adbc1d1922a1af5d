"""The recipes for meters, each with a simulated one that the same section makes, and what becomes of telegrams with a wrong bit."""

import logging
import tomllib
from typing import Any

import pytest

from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from devices.serial.simulated_meters import DsmrMeter, SmlMeter
from gateway.actors import Health
from gateway.actors.points import seen_point
from gateway.testing import Bench
from tests.devices.serial.conftest import Open
from tests.guide import block_with

SECTIONS: dict[str, dict[str, Any]] = tomllib.loads(block_with("[serial.p1]"))["serial"]
CLASSES = {
    "p1": {
        "energy_import_t1_kwh": ("kWh", "energy", "total_increasing"),
        "power_import_w": ("W", "power", "measurement"),
        "voltage_l1_v": ("V", "voltage", "measurement"),
        "failures_count": ("", "", "total_increasing"),
        "gas_m3": ("m³", "gas", "total_increasing"),
    },
    "head": {"energy_import_kwh": ("kWh", "energy", "total_increasing"), "power_w": ("W", "power", "measurement")},
    "charger": {
        "battery_v": ("V", "voltage", "measurement"),
        "panel_w": ("W", "power", "measurement"),
        "yield_today_kwh": ("kWh", "energy", "total_increasing"),
    },
}
"""Some values of each recipe, with what their names say: unit, class, and how they go on."""


def simulated(key: str, **simulate: Any) -> SerialPort:
    """The port of a recipe, simulated."""
    section = {name: value for name, value in SECTIONS[key].items() if name != "port"}
    return SerialPort(key, SerialSettings.model_validate({**section, "simulate": {"interval_s": 0.01, **simulate}}))


@pytest.mark.parametrize("key", SECTIONS)
def test_a_recipe(key: str):
    """What the page says is enough: its values are reported under names that say unit and class."""
    with Bench(simulated(key)) as bench:
        bench.until(lambda: len(bench.sent) >= 5)
        assert bench.counters["bad_lines"] == 0
    assert {(sent.to, sent.verb) for sent in bench.sent} == {(SECTIONS[key]["to"], "report")}
    values = {name: value for sent in bench.sent for name, value in sent.payload.values.items()}
    points = {name: seen_point(name, values[name]) for name in CLASSES[key]}
    assert {name: (point.unit, point.device_class, point.state_class) for name, point in points.items()} == CLASSES[key]


@pytest.mark.parametrize("key", SECTIONS)
def test_wrong_bits(key: str, caplog: pytest.LogCaptureFixture):
    """A telegram with a wrong bit costs itself, and the log one line."""
    with caplog.at_level(logging.WARNING), Bench(simulated(key, wrong_every=3)) as bench:
        bench.until(lambda: bench.counters["bad_lines"] >= 5 and len(bench.sent) >= 10)
        assert bench.counters["checksum"] == bench.counters["bad_lines"]
    assert len([record for record in caplog.records if "wrong checksum" in record.getMessage()]) == 1


@pytest.mark.parametrize(("codec", "device"), [("dsmr", DsmrMeter), ("sml", SmlMeter)])
def test_opened_in_the_midst(codec: str, device: type, line: SimulatedLine, open_port: Open):
    """The rest of a telegram is none, and the first whole one is read."""
    meter = device(line)
    said = meter.compose(1)[0] + meter.line_end
    bench = open_port(codec=codec, skip_first=None)
    line.send(said[100:] + said)
    bench.until(lambda: bench.sent)
    assert bench.counters["bad_lines"] == 0
    assert bench.health[-1][0] is Health.OK
