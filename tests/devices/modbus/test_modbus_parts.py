"""Registers, ranges and settings: what is read by one request, and what is refused before anything is."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.modbus.bus import ModbusBus
from devices.modbus.frames import RtuFrames, TcpFrames, UnitAnswer, UnitRequest
from devices.modbus.ranges import ranges_of
from devices.modbus.reading import value_in
from devices.modbus.registers import FORMATS, value_of, words_of
from devices.modbus.settings import ModbusSettings, RegisterSettings
from devices.modbus.wire import CONNECT_S

READ = UnitRequest(7, "holding", 0, 2)


def spans(most: int, gap: int, *values: dict[str, Any]) -> list[tuple[str, int, int]]:
    settings = {str(at): RegisterSettings.model_validate(value) for at, value in enumerate(values)}
    return [(span.area, span.first, span.size) for span in ranges_of(settings, most=most, gap=gap)]


def test_neighbours_are_read_together():
    """Up to the limit; over a gap only where that is allowed; never two areas."""
    near = [{"register": 4, "type": "f32"}, {"register": 0, "type": "u32"}, {"register": 2}]
    assert spans(64, 0, *near) == [("holding", 0, 3), ("holding", 4, 2)]
    assert spans(64, 1, *near) == [("holding", 0, 6)]
    assert spans(4, 1, *near) == [("holding", 0, 3), ("holding", 4, 2)]
    assert spans(64, 0, {"register": 0}, {"register": 1, "area": "input"}) == [("holding", 0, 1), ("input", 1, 1)]
    assert spans(64, 0, {"register": 2, "bit": 0}, {"register": 2, "bit": 3}) == [("holding", 2, 1)]


@given(st.sampled_from(sorted(FORMATS)), st.sampled_from(["big", "little"]), st.integers(0, 30_000))
def test_numbers_come_back(type: Any, order: Any, number: int):
    """What is written into registers is read from them, in each type and word order."""
    assert value_of(words_of(number, type, order=order, length=0), type, order=order) == number


def test_what_a_device_cannot_tell():
    """A NaN is no value."""
    assert value_of([0x7FC0, 0], "f32", order="big") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"type": "i16", "ignore": [0x8000]}, [0x8000]),
        ({"type": "i16", "ignore": [-32768]}, [0x8000]),
        ({"type": "i16", "ignore": [65535]}, [0xFFFF]),
        ({"type": "i32", "ignore": [0x80000000], "words": "little"}, [0, 0x8000]),
        ({"type": "i64", "ignore": [0xFFFFFFFF_FFFFFFFF]}, [0xFFFF] * 4),
        ({"bit": 2, "ignore": [0xFFFF]}, [0xFFFF]),
        ({"type": "f64", "scale": 10.0, "precision": 1}, words_of(1.7e308, "f64", order="big", length=0)),
    ],
)
def test_what_stands_for_no_value(value: dict[str, Any], words: list[int]):
    """It is written as manuals have it, without a sign, or as the type reads it; a bit has none where its register is this. A number
    that is too large for a double is none either."""
    assert value_in(RegisterSettings.model_validate({"register": 0, **value}), words) is None


@given(st.binary(max_size=60))
def test_whatever_comes(received: bytes):
    """Noise is no answer to anything, and raises nothing."""
    for frames in (RtuFrames(), TcpFrames()):
        frames.packed(READ)
        assert frames.found(received, READ) is None
    crc_wrong = RtuFrames().packed(READ)[:-1] + b"\0"
    assert RtuFrames().found(received + crc_wrong, READ) is None


def test_an_answer_to_an_earlier_request():
    """By TCP it is told by its number, and passed over."""
    frames = TcpFrames()
    frames.packed(READ)
    late = b"\x00\x01\x00\x00\x00\x07\x07\x03\x04\x00\x01\x00\x02"
    assert frames.found(late, READ) == UnitAnswer(b"\x00\x01\x00\x02")
    frames.packed(READ)
    assert frames.found(late, READ) is None
    assert frames.found(late + b"\x00\x02" + late[2:], READ) == UnitAnswer(b"\x00\x01\x00\x02")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "port: a bus is at a serial port or at a host; write one of port and host"),
        ({"host": "a", "port": "/dev/a"}, "port: a bus is at a serial port or at a host; write one of port and host"),
        ({"host": "a"}, "units: there are none; write [modbus.NAME.units.METER] with unit, to, and a profile or values"),
        ({"host": "a", "units": {"m": {"unit": 1, "to": "twin/m"}}}, "values: there are 0, 1 to 64 are taken; name a profile, or the"),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "profile": "sdm12"}}},
            "there is no profile 'sdm12'; in the box are growatt_tlx, pzem004t, r4dcb08, sdm120, sdm630; a file of your own is named by",
        ),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "values": {"v": {"register": 65535, "type": "f32"}}}}},
            "register: its 2 registers would end behind 65535; mend it, or the type",
        ),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "values": {"v": {"register": 0, "bit": 1, "type": "i16"}}}}},
            "bit: is for one register of holding or input; take it out, or the type",
        ),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "values": {"v": {"register": 0, "type": "i16", "ignore": [65536]}}}}},
            "ignore: 65536 never stands in a register of type i16; mend it, or the type",
        ),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "values": {"v": {"register": 0, "ignore": [-1]}}}}},
            "ignore: -1 never stands in a register of type u16; mend it, or the type",
        ),
        (
            {"host": "a", "units": {"m": {"unit": 1, "to": "twin/m", "values": {"v": {"register": 0, "area": "coil", "ignore": [1]}}}}},
            "ignore: is for numbers, and for a bit of a register; take it out",
        ),
    ],
)
def test_what_is_refused(given: dict[str, Any], said: str):
    """It is said what to write."""
    with pytest.raises(ValidationError) as raised:
        ModbusSettings.model_validate(given)
    assert said in str(raised.value)


def test_a_profile_of_ones_own(tmp_path: Path):
    """A file by its path; what the section says counts more than the profile."""
    path = tmp_path / "mine.toml"
    path.write_text("every_s = 60\n[values]\nlevel_m = {register = 3}\nflow_lpm = {register = 4}\n")
    unit = {"unit": 1, "to": "twin/m", "profile": str(path), "values": {"level_m": {"register": 9, "scale": 0.01}}}
    told = ModbusSettings.model_validate({"host": "a", "units": {"m": unit}}).units["m"]
    assert (told.every_s, told.values["level_m"].at, told.values["flow_lpm"].at) == (60, 9, 4)
    path.write_text("values = [")
    with pytest.raises(ValidationError, match="cannot read the profile"):
        ModbusSettings.model_validate({"host": "a", "units": {"m": unit}})


def test_a_bus_of_slow_units_does_not_hang():
    """Nobody is told to restart the gateway while a request waits as long as the file allows: for an answer that is owed, for a connection,
    until it is sent, and for its own answer, after the silence before it."""
    most_s = {name: field.metadata[1].le for name, field in ModbusSettings.model_fields.items() if name in ("timeout_s", "spacing_s")}
    assert 3 * most_s["timeout_s"] + CONNECT_S + most_s["spacing_s"] < ModbusBus.step_s
