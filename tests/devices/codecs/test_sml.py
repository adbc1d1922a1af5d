"""SML: what a meter sends at its optical head, judged by pysml; a file with a wrong bit is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.codec import CodecSettings
from devices.codecs.crc16 import kermit, x25
from devices.codecs.framing import BadFrame
from devices.codecs.framings.escaped import EscapedFiles
from devices.codecs.simulated_meters import packed
from devices.codecs.sml import Sml
from devices.serial.simulated_line import SimulatedLine
from devices.serial.simulated_meters import SmlMeter

sml = pytest.importorskip("sml", reason="another reader of SML is not installed: make .venv/test brings it, where the package index has it")


def composed(number: int) -> bytes:
    with SimulatedLine() as line:
        return SmlMeter(line).compose(number)[0]


def codec() -> Sml:
    return Sml(CodecSettings())


def element(content: bytes) -> bytes:
    return bytes([len(content) + 1]) + content


def file_with(*entries: bytes) -> bytes:
    """A file with one GetList.Response, which has these values."""
    response = b"\x77\x01" + element(b"\x0a\x01ZZZ\x00\x00\x00\x00\x01") + b"\x01\x01" + bytes([0x70 | len(entries)]) + b"".join(entries)
    head = b"\x76" + element(b"\x01") + b"\x62\x00\x62\x00\x72\x63\x07\x01" + response + b"\x01\x01"
    return packed(head + b"\x63" + x25(head).to_bytes(2, "little") + b"\0")


def entry(name: str, unit: int, scaler: int, value: bytes) -> bytes:
    """One value; `value` with its type and size."""
    return (
        b"\x77"
        + element(bytes.fromhex(name))
        + b"\x01\x01\x62"
        + bytes([unit])
        + b"\x52"
        + scaler.to_bytes(1, signed=True)
        + value
        + b"\x01"
    )


def judged(frame: bytes) -> dict[str, object]:
    """The values that pysml finds."""
    end, messages = sml.SmlBase.parse_frame(frame)
    assert end == len(frame)
    (values,) = [one["messageBody"]["valList"] for one in messages if "valList" in one["messageBody"]]
    return {one["objName"]: one.get("value") for one in values}


@pytest.mark.parametrize("number", [0, 6, 90, 200, 1000])
def test_the_judge_agrees(number: int):
    """Of a simulated meter: counters in kWh, the power with its sign, and its number."""
    theirs = judged(composed(number))
    assert codec().decode(composed(number)) == {
        "meter_id": theirs["1-0:96.1.0*255"],
        "energy_import_kwh": pytest.approx(float(str(theirs["1-0:1.8.0*255"])) / 1000),
        "energy_export_kwh": pytest.approx(float(str(theirs["1-0:2.8.0*255"])) / 1000),
        "power_w": theirs["1-0:16.7.0*255"],
    }


VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda value: b"\x55" + value.to_bytes(4, signed=True)),
    st.integers(0, 2**64 - 1).map(lambda value: b"\x69" + value.to_bytes(8)),
    st.integers(-(2**39), 2**39 - 1).map(lambda value: b"\x56" + value.to_bytes(5, signed=True)),
    st.integers(-128, 127).map(lambda value: b"\x52" + value.to_bytes(1, signed=True)),
    st.just(b"\x55\x1b\x1b\x1b\x1b"),
    st.just(b"\x69" + b"\x1b" * 8),
)


@given(VALUES, st.integers(-4, 3))
def test_any_number_of_any_size(value: bytes, scaler: int):
    """Whole numbers of each size, with any scaler, as the judge reads them; one made of escapes too."""
    frame = file_with(entry("0100240700ff", 27, scaler, value), entry("01000e0700ff", 44, -1, b"\x63\x01\xf4"))
    theirs = judged(frame)
    assert codec().decode(frame) == {"power_l1_w": pytest.approx(theirs["1-0:36.7.0*255"], rel=1e-15), "frequency_hz": 50.0}


@given(st.lists(st.sampled_from([b"\x1b", b"\x1b" * 3, b"\x1b" * 4, b"\x1b" * 7, b"\x1a", b"\x01\x01\x01\x01", b"x", b"\0"]), max_size=30))
def test_escapes_come_back(pieces: list[bytes]):
    """Whatever a file holds, its end and its begin are those that its sender meant."""
    framing, frame = EscapedFiles(max_bytes=600), packed(b"".join(pieces))
    assert framing.feed(b"\x1b\x01" + frame + b"noise" + frame[:9] + frame, 0.0) == [frame, frame]
    assert framing.bad_frames == 1


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_wrong_bit(at: int, bit: int):
    """A file with a wrong bit is none, wherever it is."""
    frame = bytearray(composed(3))
    frame[at % len(frame)] ^= 1 << bit
    with pytest.raises(BadFrame):
        codec().decode(bytes(frame))


def test_the_checksum_of_holley():
    """Some meters write another one than the standard's."""
    frame = composed(4)
    assert codec().decode(frame[:-2] + kermit(frame[:-2]).to_bytes(2, "little"))["power_w"] == codec().decode(frame)["power_w"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x76\x01\x01", "an element says that it is longer than the file"),
        (b"\x7f" * 30, "more than 12 lists are in each other"),
        (b"\xff" * 30, "an element says its size in more than 4 bytes"),
        (b"\x31\x01", "there is no element of type 3"),
        (b"\x72\x01\x01", "it holds a thing that is no message"),
        (b"\x76\x01\x01\x01\x72\x63\x07\x01\x71\x01\x01\x01", "its list of values has another shape than one"),
    ],
)
def test_what_is_no_file(content: bytes, said: str):
    """A checksum that is right does not make a file of anything."""
    with pytest.raises(BadFrame) as raised:
        codec().decode(packed(content))
    assert said in str(raised.value)


def test_what_nobody_knows_is_left_out():
    """Objects of a maker, texts and units without a name here cost nothing of the rest."""
    frame = file_with(
        entry("8181c78203ff", 255, 0, element(b"ZZZ")),
        entry("0100010800ff", 99, 0, b"\x62\x07"),
        entry("0100020800ff", 30, 0, element(b"text")),
        entry("0100100700ff", 27, 0, b"\x62\x07"),
    )
    assert codec().decode(frame) == {"power_w": 7}
