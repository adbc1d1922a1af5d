"""JSON lines: what is good comes through as it is, what is harmful is refused with a typed error."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.framing import BadFrame
from devices.codecs.json_lines import INT_MAX, INT_MIN, JsonLines, JsonSettings, read_fields

SCALARS = st.none() | st.booleans() | st.integers(INT_MIN, INT_MAX) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=6))
def test_round_trip(fields: dict):
    """Any object within the limits is read as it was written."""
    assert read_fields(json.dumps(fields).encode(), max_depth=64) == fields
    assert read_fields(json.dumps(fields, ensure_ascii=False).encode(), max_depth=64) == fields


@pytest.mark.parametrize(
    ("line", "fault", "said"),
    [
        (b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}", "too_deep", "cannot read a JSON line: nested more than 8 deep"),
        (b'{"a":1e999}', "number", "cannot read a JSON line: a number is too large for a double"),
        (b'{"a":[{"b":-1e999}]}', "number", "cannot read a JSON line: a number is too large for a double"),
        (b'{"a":9223372036854775808}', "number", "cannot read a JSON line: an integer has more than 64 bits"),
        (b'{"a":' + b"9" * 5000 + b"}", "not_json", "cannot read a JSON line: number out of range at line 1 column 4307"),
        (b'{"a":1,"a":2}', "twice", "cannot read a JSON line: the key 'a' comes twice"),
        (b'{"a":1, "\\u0061" :2}', "twice", "cannot read a JSON line: the key 'a' comes twice"),
        (b'{"x":{"a":1,"a":2}}', "twice", "cannot read a JSON line: the key 'a' comes twice"),
        (b"[1]", "not_json", "cannot read a JSON line: it holds an array, not an object"),
        (b"null", "not_json", "cannot read a JSON line: it holds null, not an object"),
        (b"x" * 70000, "too_long", "cannot read a JSON line: 70000 bytes, at most 65536 are taken"),
    ],
)
def test_refused(line: bytes, fault: str, said: str):
    """Depth bombs, numbers nobody can hold, keys that come twice and what is no object are refused, and named."""
    with pytest.raises(BadFrame) as caught:
        read_fields(line)
    assert (caught.value.fault, str(caught.value)) == (fault, said)


@pytest.mark.parametrize(
    "line", [b"", b"{", b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":"\\ud800"}', b'{"\\udc00":1}', b'{"a":1} {}', b'{"a":01}']
)
def test_not_json(line: bytes):
    """NaN, infinities, lone surrogates, cut lines and trailing text are no JSON."""
    with pytest.raises(BadFrame) as caught:
        read_fields(line)
    assert caught.value.fault == "not_json"


NO_NUMBERS = [b"nan", b"NaN", b"-nan", b"inf", b"-inf", b"Infinity", b"-Infinity", b"+INF", b"ovf", b"None", b"undefined"]


@pytest.mark.parametrize("word", NO_NUMBERS, ids=bytes.decode)
def test_a_bare_word_for_no_number_is_null_to_the_codec(word: bytes):
    """At any place of a value; one in a text is text, and the rest of the line is taken."""
    codec = JsonLines(JsonSettings())
    assert codec.decode(b'{"t":' + word + b',"h":40}') == {"t": None, "h": 40}
    assert codec.decode(b'{"t": ' + word + b' , "x": [' + word + b'], "s": "' + word + b'"}') == {
        "t": None,
        "x": [None],
        "s": word.decode(),
    }
    assert codec.mended
    assert codec.decode(b'{"s":"\\"' + word + b'"}') == {"s": '"' + word.decode()}
    assert not codec.mended


def test_true_and_false_of_python():
    """As a script writes them that puts its JSON together by hand; in a text they are text."""
    assert JsonLines(JsonSettings()).decode(b'{"on":True,"off":FALSE,"s":"True"}') == {"on": True, "off": False, "s": "True"}


@pytest.mark.parametrize("line", [b'{"t":nan', b"{nan:1}", b'{"t":nano}', b'{"t":1nan}', b'{"t":nan.5}', b'{"t":nan nan}', b'{"t":"nan}'])
def test_other_lines_with_it_stay_bad(line: bytes):
    """Where it stands for no value, or the line is cut."""
    with pytest.raises(BadFrame) as caught:
        JsonLines(JsonSettings()).decode(line)
    assert caught.value.fault == "not_json"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"a":"\xff"}', "byte 0xff at 6 is no UTF-8"),
        ('{"a":1}'.encode("utf-16"), "byte 0xff at 0 is no UTF-8"),
        (b'\xef\xbb\xbf{"a":1}', "it begins with a byte order mark"),
        (b'{"a":"\0"}', "it holds a NUL at 6"),
        (b'{"a":1}\0', "it holds a NUL at 7"),
    ],
)
def test_not_text(line: bytes, why: str):
    """Bad UTF-8, a byte order mark and a NUL are told apart from bad JSON, since they may be replaced; and said for what they are."""
    with pytest.raises(BadFrame) as caught:
        read_fields(line)
    assert (caught.value.fault, str(caught.value)) == ("not_text", f"cannot read a JSON line: {why}")


def test_brackets_in_strings():
    """Brackets inside of strings are no depth, and colons inside of strings are no keys."""
    assert read_fields(b'{"a":"[[[[[[[[[[{{{{\\"[[","b":"12:30:00"}') == {"a": '[[[[[[[[[[{{{{"[[', "b": "12:30:00"}


@given(st.binary(max_size=60))
def test_any_bytes(line: bytes):
    """Whatever the bytes are, there is an object or a BadFrame."""
    with contextlib.suppress(BadFrame):
        assert isinstance(read_fields(line), dict)
