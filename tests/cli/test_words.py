"""What the command line makes of words, and of numbers."""

from typing import Any

import pytest

from gateway.actors import words
from gateway.cli.main import plain_run
from gateway.cli.talk import read_words
from gateway.console import output
from gateway.console.exits import Failed
from gateway.console.output import duration, moment, number, pretty, size, table


@pytest.mark.parametrize(
    ("words", "payload"),
    [
        ([], {}),
        (["on=true"], {"on": True}),
        (["text=hello there", "n=12", 'quoted="12"'], {"text": "hello there", "n": 12, "quoted": "12"}),
        (["text=NaN", "n=1e999", "m=-Infinity"], {"text": "NaN", "n": "1e999", "m": "-Infinity"}),
        (["values.t=1.5", "values.u=x=y"], {"values": {"t": 1.5, "u": "x=y"}}),
        (['{"values": {"t": 1}}'], {"values": {"t": 1}}),
    ],
)
def test_words_become_a_payload(words: list[str], payload: dict[str, Any]) -> None:
    """name=value words, dots for what is nested, JSON where it is JSON that a request can hold; or one whole object."""
    assert read_words(words)["payload"] == payload


def test_what_was_typed_goes_along() -> None:
    """By the name of its word: the verb may want it as a text."""
    assert read_words(["text=42", "values.t= 1e5", "a=x=y"])["texts"] == {"text": "42", "values.t": " 1e5", "a": "x=y"}
    assert "texts" not in read_words(['{"text": 42}'])


def test_a_number_that_is_none_stays_a_text() -> None:
    """The verb says what it wants in its place; one that takes a text has it."""
    assert read_words(["a=99999999999999999999999", "s=1e400", "n=-9223372036854775808"])["payload"] == {
        "a": "99999999999999999999999",
        "s": "1e400",
        "n": -(2**63),
    }


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["on"], "cannot read 'on': write name=value, or one JSON object in quotes"),
        (["a=1", "a=2"], "cannot read 'a=2': a stands twice"),
        (['{"on": true, "on": false}'], "cannot read the payload: the key 'on' stands twice in one object; take one out"),
        (['a={"b": 1, "c": {"b": 2, "b": 3}}'], "cannot read the payload: the key 'b' stands twice in one object; take one out"),
        (["a=1", "a.b=2"], "cannot read 'a.b=2': a has a value already"),
        (["{nope}"], "no JSON"),
        (['{"n": 9223372036854775808}'], "no JSON (9223372036854775808 is beyond 64 bits)"),
        (['{"n": 1e400}'], "no JSON (1e400 is no number that a request can hold)"),
        (['{"n": NaN}'], "no JSON (NaN is no number that a request can hold)"),
    ],
)
def test_words_that_are_no_payload_are_refused(words: list[str], error: str) -> None:
    """One line that says what to write."""
    with pytest.raises(Failed) as caught:
        read_words(words)
    assert error in str(caught.value)
    assert caught.value.code == 65


def test_a_plain_run_needs_no_parser() -> None:
    """So that the daemon's memory holds no argparse; everything else is left to it."""
    assert plain_run(["run", "--config", "a.toml"]) == "a.toml"
    assert plain_run(["run", "--config=a.toml"]) == "a.toml"
    assert plain_run(["run", "--help"]) is None
    assert plain_run(["show"]) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (4, "4 s"), (60, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (86400, "1 d"), (700_000, "8 d 2 h")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    """Two units at most."""
    assert duration(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (43_000_000, "43.0 MB"), (2.5e13, "25.0 TB")])
def test_sizes_read_well(count: float, text: str) -> None:
    """Three digits and a unit, about."""
    assert size(count) == text


def test_tables_are_aligned() -> None:
    """Columns as wide as their widest; no blanks at the end."""
    assert table([["a", "long", ""], ["bcd", "x", "end"]]) == "  a    long\n  bcd  x     end"
    assert number(1234567) == "1 234 567"


def test_states_are_shown_a_field_to_a_line() -> None:
    """What is nested stands further in."""
    assert pretty({"on": True, "values": {"t": {"value": 1}}}) == "  on      true\n  values\n    t  value 1"
    assert pretty({"flow": {"value": 1.5, "at_ms": 1_795_886_492_877}}) == f"  flow  value 1.5, at_ms {moment(1_795_886_492_877)}"


def test_one_is_not_said_as_many() -> None:
    """By the one rule, which the commands have without the language."""
    for rule in (output.several, words.several):
        assert [rule(count, "dead letter") for count in (0, 1, 2)] == ["0 dead letters", "1 dead letter", "2 dead letters"]
        assert [rule(count, "actor is", "actors are") for count in (1, 3)] == ["1 actor is", "3 actors are"]
