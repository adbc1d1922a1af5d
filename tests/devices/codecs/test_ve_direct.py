"""VE.Direct: Victron's blocks as a profile of `keyvalue`; one whose bytes do not come to 0 is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.codecs.codec import CannotEncode
from devices.codecs.framing import BadFrame
from devices.codecs.framings.blocks import CHECKSUM, Blocks
from devices.codecs.keyvalue import KeyValue, KeyValueSettings


def codec() -> KeyValue:
    return KeyValue(KeyValueSettings(profile="ve_direct"))


def block(**pairs: object) -> bytes:
    body = "".join(f"\r\n{name}\t{value}" for name, value in pairs.items()).encode() + CHECKSUM
    return body + bytes([-sum(body) % 256])


def test_a_battery_monitor():
    """Its values in volts, amperes and percent; what it cannot tell is missing; what is not known keeps its name."""
    said = block(
        PID="0x203", V=12_800, VS="---", I=-1500, P=-19, CE=-2000, SOC=876, TTG=-1, Alarm="OFF", Relay="ON", BMV="712 Smart", H17=42, XY=5
    )
    assert codec().decode(said) == {
        **{"product": "0x203", "battery_v": 12.8, "starter_v": None, "battery_a": -1.5, "battery_w": -19, "consumed_ah": -2.0},
        **{"charge_pct": 87.6, "minutes_left": None, "alarm": False, "relay": True, "model": "712 Smart", "discharged_kwh": 0.42, "XY": 5},
    }


def test_states_in_words():
    """What the charger does is a word; a state of the future is its number."""
    assert codec().decode(block(CS=5, MPPT=2, ERR=0)) == {"state": "float", "tracker": "tracking", "error": 0}
    assert codec().decode(block(CS=99)) == {"state": "99"}


@given(st.lists(st.integers(0, 255), min_size=1, max_size=20))
def test_any_checksum_byte(values: list[int]):
    """The byte behind `Checksum` may be any, a line end or a tab too: the next block begins behind it."""
    framing = Blocks()
    blocks = [block(V=12_000, X="a" * (value % 40 + 1), Y=value) for value in values]
    assert framing.feed(b"".join(blocks), 0.0) == blocks
    assert [codec().decode(one)["Y"] for one in blocks] == values


def test_what_a_program_asks_between():
    """A HEX message, which an app on the other side makes it send, is no part of the sum."""
    said = block(V=12_000, I=5)
    assert codec().decode(said.replace(b"\r\nI", b":7190F000059\n\r\nI"))["battery_a"] == 0.005


@given(st.integers(0, 60), st.integers(0, 7))
def test_a_wrong_bit(at: int, bit: int):
    """A block with a wrong bit is none, wherever it is."""
    said = bytearray(block(V=12_000, I=5, CS=3))
    said[at % len(said)] ^= 1 << bit
    with pytest.raises(BadFrame):
        codec().decode(bytes(said))


def test_it_is_only_read():
    """Nothing is written to a charger in this form, and the profile says how its pairs are parted."""
    with pytest.raises(CannotEncode):
        codec().encode({"battery_v": 1})
    with pytest.raises(ValidationError, match="assign: is a part of the profile 've_direct'; take one of them out"):
        KeyValueSettings.model_validate({"profile": "ve_direct", "assign": "="})
