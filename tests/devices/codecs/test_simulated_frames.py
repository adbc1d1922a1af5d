"""What a codec makes for a simulated device: frames that it reads itself, with the values that the file speaks of."""

import re
from typing import Any

import pytest

from devices.codecs.choice import Chosen, check_codec, codec_of, framing_of, framing_settings
from devices.codecs.codec import CannotEncode
from devices.codecs.fitting import line_for
from devices.codecs.simulated import nested, wanted_fields
from gateway.actors.points import ValueSettings

CODECS: list[tuple[Chosen, set[str]]] = [
    ("number", {"value"}),
    ({"name": "number", "value": "w_kg", "label": "W:", "unit": "kg", "decimal_comma": True}, {"w_kg"}),
    ("onoff", {"on"}),
    ({"name": "onoff", "value": "door", "on": ["auf"], "off": ["zu"]}, {"door"}),
    ("keyvalue", {"temperature_c", "humidity_pct"}),
    ({"name": "keyvalue", "assign": ":", "separators": ";", "decimal_comma": True}, {"temperature_c", "humidity_pct"}),
    ("csv", {"temperature_c", "humidity_pct"}),
    ({"name": "csv", "columns": ["", "t_c", "", "rh"], "delimiter": ";", "decimal_comma": True}, {"t_c", "rh"}),
    ({"name": "regex", "pattern": "Temp:(?P<t_c>[-0-9.]+)"}, {"t_c"}),
    ({"name": "regex", "pattern": r"(?P<n>\d+) items", "simulated": "{n} items"}, {"n"}),
    ("text", {"text"}),
    ("bytes", {"bytes"}),
    ({"name": "bytes", "encoding": "base64"}, {"bytes"}),
    ("json", {"temperature_c", "humidity_pct"}),
]
FRAMINGS: list[Chosen] = [
    "lf",
    "cr",
    "crlf",
    {"name": "delimiter", "ends": "0x00"},
    "stx_etx",
    {"name": "fixed", "bytes": 64},
    {"name": "fixed", "bytes": 64, "begins": "0xaa55"},
    "idle",
    {"name": "length"},
    {"name": "length", "size_bytes": 1, "order": "little", "begins": "0x55", "adds": -1},
    "slip",
    "cobs",
]


@pytest.mark.parametrize(("codec", "names"), CODECS)
def test_a_codec_reads_what_it_makes(codec: Chosen, names: set[str]):
    """The fields of the codec come back, and they change from number to number."""
    made, read = codec_of(codec), codec_of(codec)
    found = [fields for number in range(40) for frame in made.simulated(number, {}) for fields in read.read(frame)]
    assert len(found) == 40
    assert all(set(fields) == names for fields in found)
    assert len({repr(fields) for fields in found}) > 1


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_framing_finds_what_it_wraps(framing: Chosen):
    """Frames come back out of their framing, filled up where all are of one size: with zeros and escapes in them, and long ones too."""
    frames = [b"21.5", b"\xc0\xdb\xdc", b"a" * 40] if framing != "cobs" else [b"21.5", b"\0a\0", b"b" * 254, b"b" * 255 + b"\0c"]
    settings, framer = framing_settings(framing), framing_of(framing, max_bytes=4096, max_gap_s=1.0)
    found = []
    for second, frame in enumerate(frames):
        found += framer.feed(settings.wrapped(frame), float(second))
        found += framer.expire(second + 0.9)
    if isinstance(framing, dict) and framing["name"] == "fixed":
        found = [frame.removeprefix(b"\xaa\x55").rstrip() for frame in found]
    assert found == frames


def test_what_the_file_wants_is_said():
    """A device says the fields from which the file's values come: its words, numbers within the range, in the device's own scale."""
    values = {
        "temperature_c": ValueSettings.model_validate({"from": "T", "scale": 0.1, "valid": [10, 30]}),
        "door_open": ValueSettings.model_validate({"from": "D", "on": "auf", "off": "zu"}),
        "is_on": ValueSettings(type="boolean"),
        "mode": ValueSettings(type="text"),
    }
    wanted = wanted_fields(values, "twin/{device}")
    for number in range(200):
        said = wanted(number)
        assert set(said) == {"device", "T", "D", "is_on", "mode"}
        assert 100 <= said["T"] <= 300
        assert said["D"] in ("auf", "zu")
        assert isinstance(said["is_on"], bool)
    (frame,) = codec_of("keyvalue").simulated(3, wanted(3))
    assert set(codec_of("keyvalue").decode(frame)) == {"device", "T", "D", "is_on", "mode"}


def test_fields_with_dots_are_tables():
    """A path goes into tables; one that another field stands in the way of is left out."""
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3, "e.f": 4}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(?P<state>OPEN|SHUT),(?P<n>\d{3})(?:,(?P<hex>[a-f]+))?$",
        r"(?i)st,(?:gs|nt),\s*(?P<sign>[+-])\s*(?P<kg>\d+\.\d+)\s?kg",
        r"\A(?P<a>[^,]*),(?P<b>[^,;]+);\Z",
        r"(?P<t>-?\d{1,3}(?:\.\d)?) ?°C",
        r"\[(?P<level>\w+)\]\s{2,}(?P<value>\S+)",
        r"(?P<outer>x(?P<inner>\d)y){2}",
        r"a{3,}(?P<n>[0-9]+)\b",
    ],
)
def test_a_line_is_made_of_a_pattern(pattern: str):
    """Each named group of the line has a text."""
    compiled = re.compile(pattern)
    line = line_for(compiled, dict.fromkeys(compiled.groupindex, ("25.0", "25")))
    found = compiled.search(line)
    assert found is not None
    assert all(found[name] is not None for name in compiled.groupindex)


def test_a_line_that_cannot_be_made_is_said():
    """A pattern that looks around itself may need a line of the user's own."""
    codec: dict[str, Any] = {"name": "regex", "pattern": r"(?<=abc)(?P<t>\d+)"}
    check_codec(codec)
    with pytest.raises(CannotEncode, match="set simulated in its table"):
        codec_of(codec).simulated(0, {})
    assert codec_of({**codec, "simulated": "abc{t}5"}).simulated(0, {}) == (b"abc25.05",)


@pytest.mark.parametrize(
    ("simulated", "said"),
    [("Temp {t}", "simulated: the pattern does not fit 'Temp {t}'"), ("T={x}", "{x} stands for nothing here")],
)
def test_a_simulated_line_must_fit(simulated: str, said: str):
    """A line that the pattern does not fit is refused where the file is read."""
    with pytest.raises(ValueError, match=re.escape(said)):
        codec_of({"name": "regex", "pattern": "T=(?P<t>[0-9.]+)", "simulated": simulated})
