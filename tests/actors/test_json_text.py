"""A field of JSON text takes what is no text, and holds its JSON."""

import pytest
from pydantic import ValidationError

from gateway.actors import Payload
from gateway.actors.payloads import read_payload
from gateway.actors.vocabulary import Publish


class Level(Payload):
    """A model to publish."""

    litres: float
    name: str = "Öl"


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("as it is", "as it is"),
        ("", ""),
        ({"a": 1, "b": [1, 2, {"c": None}]}, '{"a":1,"b":[1,2,{"c":null}]}'),
        ([1, "x"], '[1,"x"]'),
        ((), "[]"),
        (21.5, "21.5"),
        (True, "true"),
        (Level(litres=3), '{"litres":3.0,"name":"Öl"}'),
        ({"text": "NaN and Infinity"}, '{"text":"NaN and Infinity"}'),
    ],
)
def test_it_holds_the_json_of_what_it_was_given(given: object, held: str) -> None:
    """And is stored and read back as text."""
    publish = Publish(topic="t", body=given)  # type: ignore[arg-type]  # some are no JSON values for mypy
    assert publish.__dict__["body"] == held
    assert Publish.model_validate_json(publish.to_json()) == publish
    assert not Publish.LOOSE, "what is plain text need not be proved in each turn"


@pytest.mark.parametrize("given", [None, object(), {"a": float("nan")}, [float("-inf")], {"a": "\ud800"}, {"a": object()}, b"\xff"])
def test_what_no_json_can_hold_fails_where_it_is_made(given: object) -> None:
    """Not later, when nobody knows any more who gave it."""
    with pytest.raises(ValidationError):
        Publish(topic="t", body=given)  # type: ignore[arg-type]


def test_one_who_writes_from_outside_may_give_values_too() -> None:
    """As on the command line: `gateway tell mqtt/main publish topic=t body={"on":true}`."""
    assert read_payload(Publish, '{"topic": "t", "body": {"on": true}}', where="").__dict__["body"] == '{"on":true}'
    assert read_payload(Publish, {"topic": "t", "body": 42}, where="").__dict__["body"] == "42"
