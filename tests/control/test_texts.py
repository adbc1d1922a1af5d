"""What a person types for the values of a payload, read by the model of the verb."""

import enum
import json
from pathlib import PurePath
from typing import Any, Literal

import pytest
from pydantic import Field, JsonValue

from gateway.actors import BadPayload, Payload
from gateway.actors.vocabulary import Notify, Report, Switch
from gateway.cli.talk import read_words
from gateway.control.texts import read_typed


class Mode(enum.Enum):
    ONE = "1"
    TWO = "2"


class Inner(Payload):
    text: str
    count: int = 0


class Form(Payload):
    """A field of each sort."""

    text: str = ""
    maybe: str | None = None
    either: int | str = 0
    flag_or_text: bool | str = False
    names: list[str] = []
    pairs: tuple[tuple[str, int], ...] = ()
    table: dict[str, str] = {}
    inner: Inner = Inner(text="")
    inners: list[Inner] = []
    one_of: Inner | list[str] | None = None
    mode: Mode = Mode.ONE
    choice: Literal["5", "6"] = "5"
    where: PurePath = PurePath()
    short: str = Field(default="", max_length=3)
    any_value: JsonValue = None
    flag: bool = False
    number: float = 0.0
    whole: int = Field(default=0, le=10)


def typed(model: type[Payload], *words: str) -> dict[str, Any]:
    """The fields that words come to, less those that have their default."""
    read = read_words(words)
    payload = read_typed(model, json.loads(json.dumps(read["payload"], allow_nan=False)), read.get("texts", {}), where="v to k/x")
    found: dict[str, Any] = json.loads(payload.model_dump_json(exclude_unset=True))
    return found


@pytest.mark.parametrize(
    ("word", "field"),
    [
        ("text=42", "42"),
        ("text=1e5", "1e5"),
        ("text=-5", "-5"),
        ("text=true", "true"),
        ("text=null", "null"),
        ("text=NaN", "NaN"),
        ("text=1e999", "1e999"),
        ("text= 007 ", " 007 "),
        ("text=12345678901234567890123", "12345678901234567890123"),
        ("text=[1, 2]", "[1, 2]"),
        ('text={"a":1}', '{"a":1}'),
        ('text="42"', "42"),
        ("text=", ""),
        ("maybe=42", "42"),
        ("maybe=null", None),
        ("either=42", 42),
        ("either=true", "true"),
        ("flag_or_text=true", True),
        ("flag_or_text=1", "1"),
        ('names=[1, 2.50, true, null, "x"]', ["1", "2.50", "true", "null", "x"]),
        ('pairs=[[1, 2], ["a", 3]]', [["1", 2], ["a", 3]]),
        ('table={"a": 1, "b": "2"}', {"a": "1", "b": "2"}),
        ("table.a=1.0", {"a": "1.0"}),
        ("inner.text=1", {"text": "1"}),
        ('inner={"text": 1.50, "count": 2}', {"text": "1.50", "count": 2}),
        ('inners=[{"text": 1}, {"text": null}]', [{"text": "1"}, {"text": "null"}]),
        ("one_of=[7]", ["7"]),
        ('one_of={"text": 7}', {"text": "7"}),
        ("mode=2", "2"),
        ("choice=6", "6"),
        ("where=5", "5"),
        ("any_value=42", 42),
    ],
)
def test_a_verb_that_wants_a_text_takes_what_was_typed(word: str, field: Any) -> None:
    """Whatever else it looks like; what fits as it is stays what it is."""
    assert typed(Form, word) == {word.partition("=")[0].partition(".")[0]: field}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["flag=ON"], "flag: expected true or false, saw ON; write flag=true"),
        (["flag=off"], "flag: expected true or false, saw off; write flag=false"),
        (["flag=1"], "flag: expected true or false, saw 1; write flag=true"),
        (["flag=maybe"], "flag: expected true or false, saw maybe; write flag=true or flag=false"),
        (["number=21,5"], "number: expected a number, saw 21,5; write number=21.5"),
        (['number="7"'], 'number: expected a number, saw "7"; write number=7'),
        (["number=500ms"], "number: expected a number, saw 500ms; write number=500"),
        (["number=NaN"], "number: expected a number, saw NaN; write number=1.5"),
        (["whole=4.0e0x"], "whole: expected a whole number, saw 4.0e0x; write whole=1"),
        (["whole=2.5"], "whole: expected a whole number, saw 2.5; write whole=2"),
        (["whole=99"], "whole: 99 is too large; write 10 or less"),
        (["names=ann"], """names: expected a list, saw ann; write names='["ann"]'"""),
        (["names=[[1]]"], """names.0: expected text, saw a list; write "[1]\""""),
        (["inner=5"], """inner: expected a table, saw 5; write inner='{"NAME": VALUE}'"""),
        (["inner.count=x", "inner.text=5"], "inner.count: expected a whole number, saw x; write inner.count=1"),
        (["inner.count=1"], "inner.text: missing; add inner.text=VALUE"),
        (["txet=1"], "txet: no such field; did you mean 'text'?"),
        (["inner.txet=1", "inner.text=1"], "inner.txet: no such field; did you mean 'text'?"),
        (["short=12345"], 'short: "12345" is too long; write 3 or fewer characters'),
        (["choice=7"], "choice: 7 is not one of the choices; write '5' or '6'"),
        (["flag=ON", "text=5", "whole=x"], "flag: expected true or false, saw ON; write flag=true; whole: expected"),
        (['{"text": 42}'], 'text: expected text, saw 42; write "42"'),
        (['{"flag": "ON"}'], 'flag: expected true or false, saw "ON"; write true'),
        (['{"inner": {"text": 1}}'], 'inner.text: expected text, saw 1; write "1"'),
    ],
)
def test_what_cannot_be_taken_is_said_with_what_to_write(words: list[str], error: str) -> None:
    """By its name, as it was typed. JSON is meant as it stands."""
    with pytest.raises(BadPayload) as caught:
        typed(Form, *words)
    assert str(caught.value).startswith(f"cannot read the payload of v to k/x: {error}")


def test_the_vocabulary_is_read_so_too() -> None:
    """Where a value of a device may be of any sort, it stays what it is."""
    assert typed(Notify, "subject=x", "text=42") == {"subject": "x", "text": "42"}
    assert typed(Report, "values.t=42", "values.s=on", "units.t=1") == {"values": {"t": 42, "s": "on"}, "units": {"t": "1"}}
    assert typed(Switch, "on=true") == {"on": True}


def test_many_wrong_values_are_named_in_one_line_and_in_time() -> None:
    """The first few, and how many more; each value is looked at a few times, and not once for each other one."""
    many = ",".join(["1"] * 30_000)
    assert len(typed(Form, f"names=[{many}]")["names"]) == 30_000
    assert len(typed(Form, f"one_of=[{many}]")["one_of"]) == 30_000
    with pytest.raises(BadPayload) as caught:
        typed(Form, f"names=[{many.replace('1', '[]')}]")
    assert str(caught.value).endswith("; and 29992 more")
    assert len(str(caught.value)) < 1000
    with pytest.raises(BadPayload, match=r'names\.0: expected text, saw 1; write "1"'):
        typed(Form, f"names=[{many},{many}]")  # nobody types so much: it is meant as it stands
