"""Codecs: what a frame says, by name; what cannot be read costs its own frame; and nothing else is raised, whatever the bytes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.codecs.codec import CannotEncode, Codec
from devices.codecs.framing import BadFrame
from devices.codecs.installed import codec_class, codec_names
from devices.codecs.nmea import write_sentence

NEEDED: dict[str, dict[str, Any]] = {"regex": {"pattern": "(?P<v>[0-9]+)"}, "csv": {"columns": ["a", "", "b"]}}


def codec(name: str, /, **options: Any) -> Codec:
    kind = codec_class(name)
    return kind(kind.settings_model.model_validate({**NEEDED.get(name, {}), **options}, strict=True))


def said(name: str, frame: str | bytes, /, **options: Any) -> dict[str, Any]:
    return codec(name, **options).decode(frame if isinstance(frame, bytes) else frame.encode())


def fault(name: str, frame: str | bytes, /, **options: Any) -> str:
    with pytest.raises(BadFrame) as raised:
        said(name, frame, **options)
    return raised.value.fault


def wrong(name: str, /, **options: Any) -> str:
    kind = codec_class(name)
    with pytest.raises(ValidationError) as raised:
        kind.settings_model.model_validate(options)
    return raised.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_what_is_in_the_box():
    """Each is found by its name, and only those whose parts are never taken for the whole are read from the first byte on."""
    assert codec_names() == ["bytes", "csv", "dsmr", "json", "keyvalue", "nmea", "number", "onoff", "regex", "sml", "text"]
    assert [name for name in codec_names() if codec_class(name).checked] == ["dsmr", "json", "nmea", "sml"]
    assert {name: codec_class(name).verb for name in codec_names() if codec_class(name).verb != "report"} == {
        "nmea": "position",
        "text": "line",
    }


@pytest.mark.parametrize("name", codec_names())
@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(
        st.one_of(st.binary(max_size=80), st.text(max_size=40).map(str.encode), st.text('0a=:,;+-. "{}', max_size=60).map(str.encode))
    )
)
def test_whatever_the_bytes(name: str, frames: list[bytes]):
    """A codec raises BadFrame and nothing else, and what it reads are fields by name."""
    one = codec(name)
    for frame in frames:
        read, faults = [], []
        try:
            read = [*one.read(frame), *one.idle()]
        except BadFrame as error:
            faults.append(error)
        assert all(error.fault.isidentifier() and str(error).startswith("cannot read ") for error in faults)
        assert all(isinstance(fields, dict) and all(isinstance(key, str) for key in fields) for fields in read)


@given(
    frame=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.one_of(st.integers(-9, 9), st.text('{}:",\\a', max_size=6)),
            lambda inner: st.dictionaries(st.text('{}a"', max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
        min_size=1,
        max_size=4,
    ),
    draw=st.data(),
)
def test_the_rest_of_a_json_object_is_none(frame: dict[str, Any], draw: st.DataObject):
    """So a line of JSON needs no checksum to be read from the first byte on."""
    whole = codec("json").encode(frame)
    assert fault("json", whole[draw.draw(st.integers(1, len(whole))) :])


SCALARS = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), st.sampled_from(["on", "a b", "x;y", 'q"q'])
)


@given(a=SCALARS, b=SCALARS, comma=st.booleans())
def test_csv_comes_back(a: Any, b: Any, comma: bool):
    """What is written as a line of CSV is read as the same."""
    one = codec("csv", delimiter=";", decimal_comma=comma)
    assert one.decode(one.encode({"a": a, "b": b})) == {"a": a, "b": b}


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,8}", fullmatch=True),
        st.one_of(st.integers(-99, 99), st.just(21.5), st.just("on")),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_pairs_come_back(fields: dict[str, Any], comma: bool):
    """What is written as pairs is read as the same."""
    one = codec("keyvalue", decimal_comma=comma)
    assert one.decode(one.encode(fields)) == fields


@given(st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9)), st.booleans())
def test_a_number_comes_back(number: float, comma: bool):
    """With its label and its unit, and with a comma for a point."""
    one = codec("number", label="W:", unit="kg", decimal_comma=comma)
    assert one.decode(one.encode({"value": number})) == {"value": number}


@given(st.binary(min_size=1, max_size=64), st.sampled_from(["hex", "base64"]))
def test_bytes_come_back(frame: bytes, encoding: str):
    """Any bytes are a text, and that text is the bytes."""
    one = codec("bytes", encoding=encoding)
    assert one.encode(one.decode(frame)) == frame


def test_other_frames_come_back():
    """JSON, words and texts too."""
    for name, fields in [
        ("json", {"t": 20.5, "in": {"a": [1, None]}}),
        ("onoff", {"on": True}),
        ("onoff", {"on": False}),
        ("text", {"text": "é"}),
    ]:
        assert codec(name).decode(codec(name).encode(fields)) == fields


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("json", {"a": float("nan")}, "cannot write JSON: "),
        ("csv", {"a": 1, "c": 2}, "cannot write a CSV line: there is no column 'c'; name it in the file"),
        ("csv", {"a": [1]}, "cannot write a CSV line: '[1]' is no single value"),
        ("csv", {"a": "x\ny"}, "cannot write a CSV line: a value has more than one line"),
        ("keyvalue", {"a": "b c"}, "cannot write the pair 'a': its name or its value has a sign that would part it"),
        ("keyvalue", {"1a": 1}, "cannot write the pair '1a': its name or its value has a sign that would part it"),
        ("number", {"value": True}, "cannot write a number: the field 'value' is none"),
        ("onoff", {"on": 1}, "cannot write on or off: the field 'on' is neither true nor false"),
        ("text", {}, "cannot write a text: the field 'text' is none"),
        ("bytes", {"bytes": "zz"}, "cannot write bytes: the field 'bytes' is no hex: "),
        ("regex", {"v": 1}, "cannot write 'v': Regex only reads"),
        ("nmea", {"latitude_deg": 1.0}, "cannot write 'latitude_deg': NmeaFixes only reads"),
    ],
)
def test_what_cannot_be_written(name: str, fields: dict[str, Any], message: str):
    """It is said why."""
    with pytest.raises(CannotEncode) as raised:
        codec(name).encode(fields)
    assert str(raised.value).startswith(message)


def test_csv():
    """Cells are numbers where they read as such, texts, or nothing; a cell without a name is left out."""
    assert said("csv", "1.50, x ,-3") == {"a": 1.5, "b": -3}
    assert said("csv", "nan,x,") == {"a": None, "b": None}
    assert said("csv", "1,2,3,") == {"a": 1, "b": 3}
    assert said("csv", '"a, ""b""",2,"3"') == {"a": 'a, "b"', "b": 3}
    assert said("csv", "1,5;x;+2,25", delimiter=";", decimal_comma=True) == {"a": 1.5, "b": 2.25}
    assert said("csv", "1e3\tx\t12abc", delimiter="\t") == {"a": 1000.0, "b": "12abc"}
    assert [fault("csv", frame) for frame in ("1,2", "1,2,3,4", '"open,2,3', b"\xff,1,2")] == ["columns", "columns", "not_csv", "not_text"]


def test_csv_with_a_header_line():
    """Where no columns are named, a line of names says them, and another one says them anew."""
    one = codec("csv", columns=[])
    with pytest.raises(BadFrame) as raised:
        one.decode(b"1,2")
    assert (raised.value.fault, str(raised.value)) == (
        "no_columns",
        "cannot read a CSV line: no header line has come yet; name the columns in the file",
    )
    assert list(one.read(b"time,temp")) == []
    assert one.decode(b"5,20.5") == {"time": 5, "temp": 20.5}
    assert list(one.read(b"temp,hum")) == []
    assert one.decode(b"20.5,40") == {"temp": 20.5, "hum": 40}


def test_csv_lines_of_words_that_are_no_header():
    """Sensors that failed, an empty cell beside a word, the units below the names, a device that says nothing but words: none of them names
    the columns anew."""
    one = codec("csv", columns=[])
    assert [one.decode(line) for line in (b"t,h", b"21.5,40", b"nan,--", b",ERR", b"22,41", b"t,h", b"23,42")] == [
        *({}, {"t": 21.5, "h": 40}, {"t": None, "h": None}, {"t": None, "h": "ERR"}, {"t": 22, "h": 41}, {}, {"t": 23, "h": 42}),
    ]
    two = codec("csv", columns=[])
    assert [two.decode(line) for line in (b"t,h", "°C,%".encode(), b"21,40")][2] == {"t": 21, "h": 40}
    three = codec("csv", columns=[])
    assert [three.decode(line) for line in (b"state,mode", b"ON,AUTO", b"OFF,AUTO")] == [
        *({}, {"state": "ON", "mode": "AUTO"}, {"state": "OFF", "mode": "AUTO"}),
    ]


def test_wrong_csv():
    """What can never work is refused."""
    assert wrong("csv", columns=["a", "a"]) == "columns: 'a' comes twice; give each column a name of its own"
    assert wrong("csv", columns=["", ""]) == 'columns: no cell has a name; name those that are values, and leave the others ""'
    assert wrong("csv", decimal_comma=True).startswith("delimiter: a comma cannot both part the cells and the decimals; ")
    assert wrong("csv", delimiter='"') == "delimiter: '\"' cannot part cells; write the sign that stands between them"


def test_keyvalue():
    """Pairs are found with any of the usual signs, and what is no pair between them is left out."""
    assert said("keyvalue", "T=21.5 H=40") == {"T": 21.5, "H": 40}
    assert said("keyvalue", "temp:21.5;hum:40;") == {"temp": 21.5, "hum": 40}
    assert said("keyvalue", "12:30:05 Power = 12 W, Volts= 230 , I=") == {"Power": 12, "Volts": 230, "I": None}
    assert said("keyvalue", "at=12:30 state:open|mode=a=b") == {"at": "12:30", "state": "open", "mode": "a=b"}
    assert said("keyvalue", "T=21,5 H=40", decimal_comma=True) == {"T": 21.5, "H": 40}
    assert said("keyvalue", "T= 12:30") == {"T": "12:30"}
    assert said("keyvalue", "T>21#H>3", assign=">", separators="#") == {"T": 21, "H": 3}
    assert [fault("keyvalue", frame) for frame in ("booting ...", "", "a=1 a=2")] == ["not_keyvalue", "not_keyvalue", "twice"]
    assert wrong("keyvalue", assign="= ") == "assign: ' ' cannot part a name from its value and pairs from each other; leave it out of one"


def test_a_comma_that_may_be_a_decimal_one():
    """A number is not cut at it: whoever knows says in the file what the comma is."""
    with pytest.raises(BadFrame) as raised:
        said("keyvalue", "T=21,5 H=40")
    assert (raised.value.fault, str(raised.value)) == (
        "comma",
        "cannot read pairs: '21,5' may be one number: set decimal_comma = true, or separators without the comma",
    )
    assert said("keyvalue", "T=21,5 H=40", separators=" ") == {"T": "21,5", "H": 40}
    assert said("keyvalue", "T=21,5 H=40", separators=" ,") == {"T": 21, "H": 40}
    assert said("keyvalue", "T:21.5,40 H:40,x=1,y=2,z=1,2,3") == {"T": 21.5, "H": 40, "x": 1, "y": 2, "z": 1}


@pytest.mark.parametrize("word", ["", "nan", "-Infinity", "ovf", "N/A", "--", "undefined"])
def test_what_a_device_writes_for_no_value(word: str):
    """The value is missing, and no text in the place of a number."""
    assert said("csv", f"{word},x,2") == {"a": None, "b": 2}
    assert said("keyvalue", f"T={word} H=40") == {"T": None, "H": 40}


def test_number():
    """The only number of a text, the one behind the label, or the one with the unit."""
    assert said("number", " 21.5\r") == {"value": 21.5}
    assert said("number", "ST,GS,+  12.34kg") == {"value": 12.34}
    assert said("number", "-.5", value="t") == {"t": -0.5}
    assert said("number", "Gewicht: 12,50 kg", decimal_comma=True) == {"value": 12.5}
    assert said("number", "T1: 20 T2: 21.5 T3: 22", label="T2:") == {"value": 21.5}
    assert said("number", "20 C 40 % 7 ppm", unit="%") == {"value": 40}
    assert said("number", "3.0e2") == {"value": 300.0}
    assert (
        said("number", "nan") == said("number", "T: -inf C", label="T", unit="C") == said("number", "null\r", unit="C") == {"value": None}
    )
    faults = {
        "1 2": "numbers",
        "nano": "no_number",
        "T: nan": "no_number",
        "v1.2.3": "no_number",
        "1.2.3": "no_number",
        "abc12": "no_number",
        "": "no_number",
    }
    assert {frame: fault("number", frame) for frame in faults} == faults
    assert fault("number", "20 kgs", unit="kg") == "no_number"
    assert fault("number", "20", label="T:") == "no_number"


@pytest.mark.parametrize(
    ("text", "options", "number"),
    [
        ("T-5.2", {}, -5.2),
        ("T-05.2C", {"unit": "C"}, -5.2),
        ("T-5.2 H+40", {"label": "T"}, -5.2),
        ("NET-0,05kg", {"decimal_comma": True}, -0.05),
        ("\u22125.2", {}, -5.2),
        ("\u20135,2 °C", {"decimal_comma": True}, -5.2),
        ("T: nan H: 40", {"label": "T"}, None),
        ("T= H=40", {"label": "T"}, None),
        ("T=;H=40", {"label": "T="}, None),
        ("T= C H=40 %", {"label": "T"}, None),
        ("T: H: 40", {"label": "T:"}, None),
        ("H=40 T=", {"label": "T"}, None),
        ("T=\tH=", {"label": "T"}, None),
        ("T: ist= 40", {"label": "T"}, 40),
        ("T == 40 H=5", {"label": "T"}, 40),
        ("T 40 H=5", {"label": "T"}, 40),
        ("Wohnzimmer \u2013 21.5 C", {"label": "Wohnzimmer"}, 21.5),
        ("10 \u2013 20 kg", {"unit": "kg"}, 20),
        ("T \u20135.2", {"label": "T"}, -5.2),
        ("SET=4 T=5", {"label": "T"}, 5),
        ("SET=4", {"label": "T"}, 4),
    ],
)
def test_a_number_is_the_one_that_was_meant(text: str, options: dict[str, Any], number: float | None):
    """A sign is not lost, whatever stands before it; nor is the next number taken for the one that the device cannot tell."""
    assert said("number", text, **options) == {"value": number}


@pytest.mark.parametrize("text", ["0x1f", "0b101", "1e5000", "1_000", "10-20"])
def test_a_part_of_a_number_is_none(text: str):
    """What is written in a way that is not read here is refused: its first digits would be another number."""
    assert fault("number", text) in ("no_number", "numbers")
    assert fault("number", text, decimal_comma=True) in ("no_number", "numbers")


def test_onoff():
    """Words of a table, whatever their letters."""
    assert [said("onoff", word)["on"] for word in ("ON", "off", " Open ", "closed", "1", "0", "TRUE", "false")] == [True, False] * 4
    assert said("onoff", "zu", value="door", on=["auf"], off=["zu"]) == {"door": False}
    assert fault("onoff", "ajar") == "not_onoff"
    assert wrong("onoff", on=["a", "B"], off=["b"]) == "off: 'b' says on as well; leave it in one of both lists"


def test_json_behind_a_prefix():
    """Where it is asked for, what a log puts before the object is left out, and its colours."""
    assert said("json", '[I] 12:00 {"t":20.5}', skip_prefix=True) == {"t": 20.5}
    assert fault("json", '[I] {"t":20.5}') == "not_json"
    assert fault("json", "[I] booted", skip_prefix=True) == "not_json"
    assert said("json", '\x1b[0;32mI (123) main: {"t":20.5}\x1b[0m', skip_prefix=True) == {"t": 20.5}


def test_nmea():
    """The sentences of one moment are one fix; a silence tells what waits for more."""
    one = codec("nmea")
    assert list(one.read(write_sentence("GPGLL,4807.038,N,01131.000,E,101500,A,A"))) == []
    (fix,) = one.idle()
    assert fix == {"latitude_deg": 48 + 7.038 / 60, "longitude_deg": 11 + 31 / 60, "at_ms": 0}
    assert fault("nmea", "$GPGLL,4807.038,N") == "checksum"
    assert said("nmea", "$GPGLL,4807.038,N", checksum_required=False) == {}
