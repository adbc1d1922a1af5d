"""What is secret is left out of what a tail shows, by the names of fields, whatever the values look like."""

import json

import pytest

from gateway.control.redaction import redacted_json


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"token": "hunter2", "n": 1}, {"token": "…", "n": 1}),
        ({"token": 'a"hunter2', "n": 1}, {"token": "…", "n": 1}),
        ({"token": ["hunter2"], "password": {"x": "hunter2"}, "secret": 2}, {"token": "…", "password": "…", "secret": "…"}),
        (
            {"Wifi-Password": "hunter2", "access_token": "hunter2", "apiKey": "hunter2"},
            dict.fromkeys(("Wifi-Password", "access_token", "apiKey"), "…"),
        ),
        ({"deep": [{"api-key": "hunter2", "a": "b"}]}, {"deep": [{"api-key": "…", "a": "b"}]}),
        ({"body": '{"token": "hunter2", "a": 1}'}, {"body": '{"token":"…","a":1}'}),
        ({"body": '{"tok\\u0065n": "hunter2"}'}, {"body": '{"token":"…"}'}),
        ({"body": '{"token": '}, {"body": '{"token": '}),
        ({"token": "", "password": None}, {"token": "", "password": None}),
        ({"text": "the word token in a text, and a \\"}, {"text": "the word token in a text, and a \\"}),
        ({"größe": "ä", "x": 1.5}, {"größe": "ä", "x": 1.5}),
    ],
)
def test_a_secret_is_left_out_by_the_name_of_its_field(payload: object, shown: object) -> None:
    """Of any type, with quotes in it, deep within, and in a text that is JSON itself; the rest stays as it is."""
    said = redacted_json(json.dumps(payload).encode())
    assert json.loads(said) == shown
    assert "hunter2" not in said


def test_what_has_none_is_shown_byte_for_byte() -> None:
    """A payload without the name of a secret is not read at all."""
    assert redacted_json(b'{"units": 5,"x":1e3}') == '{"units": 5,"x":1e3}'
