"""Payloads and states: what comes in is read strictly, and a change is a checked copy."""

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from gateway.actors import NOTHING, BadPayload, Message, Nothing, Payload, Reply, State
from gateway.actors.payloads import read_payload
from gateway.actors.vocabulary import Fix, Pressed, Publish, Pulse, Quality, Report, Switch
from tests.patterns import grows


class Colour(enum.Enum):
    RED = "red"


class Inner(Payload):
    on: bool = False


class Order(Payload):
    colour: Colour = Colour.RED
    inner: Inner = Inner()
    inners: list[Inner] = []
    by_name: dict[str, Inner] = {}
    pair: tuple[int, str] = (0, "")
    raw: bytes = b""
    text: str = ""
    size: float = 0.0
    number: int = 0
    anything: Any = None


def refusal(model: type[Payload], found: Any) -> str:
    with pytest.raises(BadPayload) as caught:
        read_payload(model, found, where="order to shop/one")
    text = str(caught.value)
    assert text.startswith("cannot read the payload of order to shop/one: ")
    return text.removeprefix("cannot read the payload of order to shop/one: ")


ONE_FAULT = [
    (Switch, {"on": "yes"}, "on: expected true or false"),
    (Switch, {"on": 1}, "on: expected true or false"),
    (Switch, {}, "on: missing"),
    (Switch, {"on": True, "of": 1}, "of: no such field; did you mean 'on'?"),
    (Pressed, {"count": "3"}, "count: expected a whole number"),
    (Pressed, {"count": 3.0}, "count: expected a whole number"),
    (Pressed, {"count": True}, "count: expected a whole number"),
    (Pressed, {"count": 0}, "count: expected 1 or more"),
    (Pulse, {"seconds": "0.5"}, "seconds: expected a number"),
    (Pulse, {"seconds": None}, "seconds: expected a number"),
    (Publish, {"topic": 7}, "topic: expected text"),
    (Order, {"colour": "blue"}, "colour: expected 'red'"),
    (Order, {"inner": {"on": 1}}, "inner.on: expected true or false"),
    (Order, {"inners": [{}, {"off": 1}]}, "inners.1.off: no such field"),
]


@pytest.mark.parametrize(("model", "fields", "fault"), ONE_FAULT)
def test_strict(model: type[Payload], fields: dict[str, Any], fault: str) -> None:
    """JSON text, JSON bytes and a dict of the same values are refused alike, and the error names the field."""
    assert refusal(model, fields) == refusal(model, json.dumps(fields)) == refusal(model, json.dumps(fields).encode()) == fault


def test_every_fault_at_once() -> None:
    """All faults of a payload are named in one line."""
    fault = refusal(Fix, {"latitude_deg": 91, "longitude_deg": "east", "hight": 3})
    assert fault == (
        "latitude_deg: expected 90 or less; longitude_deg: expected a number; "
        "hight: no such field; "
        "there is accuracy_m, altitude_m, at_ms, hdop, heading_deg, latitude_deg, longitude_deg, satellites, speed_mps"
    )


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (b"[1]", "payload: expected an object"),
        ([1], "payload: expected an object"),
        (7, "payload: expected an object"),
        (b"null", "payload: expected an object"),
        (b'{"on":true} x', "payload: no JSON at line 1, column 13: something follows behind it"),
        (b'{"on":', "payload: no JSON at line 1, column 6: it ends before its value"),
        (b"\xff\xfe", "payload: no JSON at line 1, column 1: there is no value; text stands in double quotes"),
        ('{"on":"\ud800"}', "payload: expected text, and this holds half a character (a lone surrogate)"),
        (b'{"on":"\\ud800"}', "payload: no JSON at line 1, column 14: unexpected end of hex escape"),
        ({"on": object()}, "Unable to serialize unknown type: <class 'object'>"),
    ],
)
def test_what_is_no_json(found: Any, fault: str) -> None:
    """Broken JSON, bombs and things that are no JSON are refused with what is wrong with them, and nothing else is raised."""
    assert refusal(Switch, found) == fault


@pytest.mark.parametrize(
    ("bomb", "fault"),
    [
        (b"[" * 5000, "it is nested deeper than 64 levels"),
        (b'{"a":' * 5000, "it is nested deeper than 64 levels"),
        (b"9" * 5000, "payload: no JSON at line 1, column "),
    ],
)
def test_bombs(bomb: bytes, fault: str) -> None:
    """JSON that is too deep and numbers that are too long are refused before they cost anything."""
    assert refusal(Reply, b'{"of":"m1","body":' + bomb + b"}").startswith(fault)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_are_finite(number: str) -> None:
    """No number without a value gets in, by JSON or by dict."""
    assert refusal(Pulse, f'{{"seconds":{number}}}') == "seconds: expected a finite number"
    assert refusal(Pulse, {"seconds": float(number.replace("Infinity", "inf"))}) == "seconds: expected a finite number"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"values":{"a":1,"a":2}}', "a"),
        ('{"values":{"a":1},"values":{"b":1}}', "values"),
        ('{"values":{"a":"x:y","b":1,"b":2}}', "b"),
    ],
)
def test_no_key_twice(text: str, key: str) -> None:
    """An object with one key twice is refused: nobody can know which was meant."""
    assert refusal(Report, text) == refusal(Report, text.encode()) == f"{key}: the key stands twice in one object"


def test_a_deep_key_twice() -> None:
    """Keys are looked at in nested objects and lists too."""
    assert refusal(Order, b'{"inners":[{"on":true,"on":false}]}') == "on: the key stands twice in one object"
    assert refusal(Order, b'{"anything":{"x":[{"k":1,"k":1}]}}') == "k: the key stands twice in one object"


def test_a_key_twice_among_many_is_found_at_once() -> None:
    """Twice the keys take twice the time; and of a long one there is only the beginning in the error."""

    def refused(keys: int) -> None:
        text = "{" + "".join(f'"k{number}":1,' for number in range(keys)) + '"k":1,"k":1}'
        assert refusal(Order, f'{{"anything":{text}}}') == "k: the key stands twice in one object"

    assert not grows(refused, 1000)
    long = "k" * 100_000
    assert refusal(Order, f'{{"anything":{{"{long}":1,"{long}":1}}}}') == f"{'k' * 100}: the key stands twice in one object"


def test_many_faults_are_told_by_the_first_of_them() -> None:
    """An error goes into a log and over a wire: what came from outside does not decide how long it is."""
    text = "{" + ",".join(f'"{"k" * 1000}{number}":1' for number in range(500)) + "}"
    said = refusal(Report, text)
    assert said.count(";") == 9
    assert said.endswith("; and 493 more")
    assert len(said) < 1500


def test_colons_in_text_are_no_keys() -> None:
    """A text may hold colons and whole objects."""
    text = '{"topic":"a:b","body":"{\\"k\\":1,\\"k\\":2}"}'
    assert read_payload(Publish, text, where="").body == '{"k":1,"k":2}'


def test_lone_surrogates_fail_where_they_come_in() -> None:
    """Text that cannot be written as UTF-8 is refused at the model, so it never breaks a commit."""
    assert refusal(Report, {"values": {"a": "\ud800"}}).startswith("Error serializing to JSON: UnicodeEncodeError")
    wrongs: list[Any] = [{"values": {"a": "\ud800"}}, {"values": {"\ud800": 1}}, {"values": {"a": 1}, "units": {"a": "\ud800"}}]
    for wrong in wrongs:
        with pytest.raises(ValidationError, match="unable to parse raw data as a unicode string"):
            Report(**wrong)
    with pytest.raises(ValidationError, match="unable to parse raw data as a unicode string"):
        Reply(of="m1").changed(reason="\udfff")


def test_a_dict_of_json_values() -> None:
    """Enums, nested models, pairs and bytes are read from a dict as from the same JSON."""
    fields = {"colour": "red", "inner": {"on": True}, "inners": [{"on": False}], "by_name": {"x": {}}, "pair": [3, "c"], "raw": "_w=="}
    read = read_payload(Order, fields, where="")
    assert read == read_payload(Order, json.dumps(fields), where="")
    assert (read.colour, read.inner, read.pair, read.raw) == (Colour.RED, Inner(on=True), (3, "c"), b"\xff")


def test_a_dict_of_python_values() -> None:
    """Models, enums, tuples and bytes in a dict made by code are taken as they are."""
    fields: dict[str, Any] = {"colour": Colour.RED, "inner": Inner(on=True), "by_name": {"x": Inner()}, "pair": (3, "c"), "raw": b"\xff"}
    assert read_payload(Order, fields, where="") == Order(**fields)


def test_a_whole_number_is_a_number() -> None:
    """An integer is taken where a number is asked for, and a value keeps the type it came with."""
    assert read_payload(Pulse, b'{"seconds":2}', where="").seconds == 2.0
    values = read_payload(Report, {"values": {"a": 1, "b": 1.0, "c": True, "d": "1"}}, where="").values
    assert [type(value) for value in values.values()] == [int, float, bool, str]


def test_no_payload() -> None:
    """None, nothing at all and an empty object are a payload without fields."""
    nothing: list[Any] = [None, b"", "", {}, b"{}", NOTHING]
    for found in nothing:
        assert read_payload(Nothing, found, where="") == NOTHING
    assert read_payload(Pressed, None, where="") == Pressed(count=1)
    assert refusal(Nothing, {"x": 1}) == "x: no such field"


def test_models() -> None:
    """A model of the right class goes through as it is; another one must have the same fields."""
    switch = Switch(on=True)
    assert read_payload(Switch, switch, where="") is switch
    assert read_payload(Inner, switch, where="") == Inner(on=True)
    assert refusal(Nothing, switch) == "on: no such field"


def test_frozen() -> None:
    """A payload cannot be changed; a copy can, and it is checked."""
    switch = Switch(on=False)
    with pytest.raises(ValidationError, match="Instance is frozen"):
        switch.on = True
    assert switch.changed(on=True) == Switch(on=True)
    assert switch == Switch(on=False)
    with pytest.raises(ValidationError, match="Input should be greater than or equal to 1"):
        Pressed().changed(count=0)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Pressed().changed(counts=2)


def test_states_upcast_to_themselves_by_default() -> None:
    """A state without versions keeps its fields as they were stored."""
    assert State.upcast(1, {"a": 1}) == {"a": 1}


def test_messages_are_immutable() -> None:
    """A message cannot be changed after it was made."""
    message = Message("m1", "twin/x", "read", NOTHING)
    with pytest.raises(AttributeError):
        message.to = "twin/y"  # type: ignore[misc]


scalars = st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.dictionaries(st.text(), scalars, min_size=1, max_size=64), st.sampled_from(Quality), st.integers(0, 2**60))
def test_reports_survive_the_wire(values: dict[str, Any], quality: Quality, at_ms: int) -> None:
    """Whatever a device reports reads back the same, by JSON and by dict, with types kept."""
    report = Report(values=values, quality=quality, at_ms=at_ms)
    for found in (report.to_json(), report.to_json().decode(), report.model_dump(mode="json"), report.model_dump()):
        read = read_payload(Report, found, where="")
        assert read == report
        assert [type(value) for value in read.values.values()] == [type(value) for value in values.values()]


@given(st.recursive(st.none() | scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8) | st.binary())
def test_anything_is_read_or_refused(found: Any) -> None:
    """Whatever comes in, it is a payload or a BadPayload."""
    for model in (Order, Report, Publish, Reply):
        try:
            assert isinstance(read_payload(model, found, where="x"), model)
        except BadPayload:
            continue


class Bounded(Payload):
    text: str = Field(default="", max_length=3)


def test_bounds_of_a_field_stand() -> None:
    """A field's own limit is held, beside the limit on all texts."""
    assert refusal(Bounded, {"text": "four"}) == "text: expected 3 or fewer characters"


class Strange(Payload):
    """Its validator raises what pydantic does not take for a no."""

    size: str

    @field_validator("size")
    @classmethod
    def _known(cls, size: str) -> str:
        return {"S": "small"}[size]


@pytest.mark.parametrize("found", [b'{"size":"XL"}', '{"size":"XL"}', {"size": "XL"}])
def test_a_validator_that_raises_anything_refuses_its_payload_and_no_more(found: Any) -> None:
    """Its source goes on: one that is brought again at each connection would end the connection for ever."""
    with pytest.raises(BadPayload) as caught:
        read_payload(Strange, found, where="order to shop/one")
    assert str(caught.value) == "cannot read the payload of order to shop/one: Strange raised KeyError: 'XL'"
