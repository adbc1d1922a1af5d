"""A simulated port with any codec and framing: what its device says is read like a real one's, on a pty."""

from typing import Any

import pytest

from devices.codecs.installed import codec_names
from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from gateway.actors import Health
from gateway.testing import Bench

TABLES: dict[str, dict[str, Any]] = {"regex": {"name": "regex", "pattern": r"T=(?P<t_c>[-+0-9.]+);(?P<state>ON|OFF)"}}
"""Codecs that need an option."""


def simulated(**settings: Any) -> SerialPort:
    """A port with a simulated device that speaks a hundred times a second."""
    return SerialPort("sim", SerialSettings.model_validate({"to": "twin/sim", "simulate": {"interval_s": 0.01}, **settings}))


@pytest.mark.parametrize("codec", codec_names())
def test_every_codec_has_a_simulated_device(codec: str):
    """`simulate = true` is enough for each codec in the box: lines come, and none is bad."""
    with Bench(simulated(codec=TABLES.get(codec, codec))) as bench:
        bench.until(lambda: len(bench.sent) >= 5)
        assert bench.counters["bad_lines"] == 0
        assert bench.health[-1][0] is Health.OK


@pytest.mark.parametrize("framing", ["cr", "stx_etx", "slip", {"name": "fixed", "bytes": 12}, {"name": "length", "size_bytes": 1}])
@pytest.mark.parametrize("codec", ["number", "keyvalue"])
def test_the_framing_is_the_one_of_the_file(codec: str, framing: Any):
    """The device frames what it says as the file has it."""
    if codec == "keyvalue" and isinstance(framing, dict) and framing["name"] == "fixed":
        framing = {**framing, "bytes": 64}
    with Bench(simulated(codec=codec, framing=framing)) as bench:
        bench.until(lambda: len(bench.sent) >= 5)
        assert bench.counters["bad_lines"] == 0


@pytest.mark.parametrize("codec", ["keyvalue", "csv", "json"])
def test_the_values_of_the_table_are_said(codec: str):
    """The values that the port's table names come, from their fields, within their ranges."""
    values = {
        "outside_c": {"from": "T1", "valid": [-10, 10]},
        "door": {"from": "D", "on": "auf", "off": "zu"},
        **({"inside_c": {"from": "in.t", "valid": [15, 25]}} if codec == "json" else {}),
    }
    with Bench(simulated(codec=codec, values=values, unmapped="ignore", to="twin/{model}")) as bench:
        bench.until(lambda: len(bench.sent) >= 5)
        assert bench.counters["bad_values"] == 0
    assert {sent.to for sent in bench.sent} == {"twin/simulated"}
    for sent in bench.sent:
        assert set(sent.payload.values) == set(values)
        assert -10 <= sent.payload.values["outside_c"] <= 10


def test_a_codec_without_a_line_is_said():
    """Where no line can be made, the port says what to write, and looks again without harm."""
    with Bench(simulated(codec={"name": "regex", "pattern": r"(?<=abc)(?P<t>\d+)"})) as bench:
        bench.until(lambda: bench.health)
        assert bench.health[-1][0] is Health.FAULTY
        assert "set simulated in its table" in bench.health[-1][1]
