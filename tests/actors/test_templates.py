"""Templates: one language of fields for the whole configuration, and one sentence where one stands for nothing."""

import time

import pytest

from gateway.actors.templates import check_fields, check_topic, fields_of, filled, filled_tree, filled_value, sample, texts_of


def test_a_word_or_a_number_in_braces_is_a_field_and_all_else_is_text() -> None:
    """So JSON can be written as it is."""
    text = '{"ack": "{id}", "n": {1}, "{a b}": {}} {id} {_x9} {9x}'
    assert fields_of(text) == ("id", "1", "_x9")
    assert filled(text, {"id": 7, "1": "one"}) == '{"ack": "7", "n": one, "{a b}": {}} 7 {_x9} {9x}'
    assert sample("twin/{model}-{id}/{a b}") == "twin/x-x/{a b}"


def test_what_is_filled_in_is_not_read_again() -> None:
    """A fact with braces in it, which a device may send, is that fact."""
    assert filled("{a}/{b}", {"a": "{b}", "b": "{a}"}) == "{b}/{a}"


def test_a_text_that_is_a_field_alone_becomes_the_fact_itself() -> None:
    """A number stays a number; within other text it becomes its digits, and without a fact the text stays."""
    facts = {"due_ms": 5, "late_s": 0.5}
    assert [filled_value(text, facts) for text in ("{due_ms}", "at {due_ms}", "{other}", "plain")] == [5, "at 5", "{other}", "plain"]


@pytest.mark.parametrize(
    ("text", "known", "needs", "said"),
    [
        (
            "ok {number}",
            ("id", "frame"),
            False,
            "cannot use 'ok {number}' as an answer: {number} stands for nothing here; use {id} or {frame}",
        ),
        ("a/{2}", ("1",), False, "cannot use 'a/{2}' as an answer: {2} stands for nothing here; use {1}"),
        ("a/{1}", (), False, "cannot use 'a/{1}' as an answer: {1} stands for nothing here; there are no fields here"),
        ("all", ("id",), True, "cannot use 'all' as an answer: it has no field, and all would be one; use {id}"),
    ],
)
def test_a_field_that_stands_for_nothing_is_refused(text: str, known: tuple[str, ...], needs: bool, said: str) -> None:
    """With those that stand for something."""
    with pytest.raises(ValueError) as caught:
        check_fields(text, known, what="an answer", needs=needs)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("topic", "seen"), [("a/#", "it has '#' in it"), ("a/+/b", "it has '+' in it"), ("a{", "it has '{' in it"), ("", "it is empty")]
)
def test_a_topic_has_no_wildcard_and_no_brace_but_of_a_field(topic: str, seen: str) -> None:
    """Nobody could publish under it."""
    with pytest.raises(ValueError) as caught:
        check_topic(topic, ("key",), before="{prefix}/")
    rule = "a topic has no + or #, and no brace but of a field; use {key}, and {prefix}/ before it"
    assert str(caught.value) == f"cannot use {topic!r} as a topic: {seen}; {rule}"
    assert check_topic("{prefix}/gpio/{key}", ("key",), before="{prefix}/") == "{prefix}/gpio/{key}"


def test_a_long_text_of_open_braces_takes_no_time() -> None:
    """It is read once."""
    began_s = time.process_time()
    assert fields_of("{a" * 500_000) == ()
    assert time.process_time() - began_s < 10


def test_every_text_of_a_json_value_is_filled() -> None:
    """At any depth; names of a table are no templates, and within a text no fact is written in Python's own way."""
    facts = {"on": True, "none": None, "rows": [1, {"a": "é"}]}
    tree = {"{on}": "{on}", "deep": [{"t": "{on}, {none}, {rows}"}, "{rows}", 7]}
    assert filled_tree(tree, facts) == {"{on}": True, "deep": [{"t": 'true, , [1,{"a":"é"}]'}, [1, {"a": "é"}], 7]}
    assert list(texts_of(tree)) == ["{on}", "{on}, {none}, {rows}", "{rows}"]
