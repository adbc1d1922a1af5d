"""The body of a webhook is a template: what the file writes, filled with what a message says."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.webhook.settings import WebhookSettings
from devices.webhook.simulator import Receiver
from tests.devices.webhook.conftest import Hook


@pytest.mark.parametrize("text", ["plain", 'a "quoted" word', "two\nlines", "back\\slash", "{text} {token} {", "\u2028 \x00 é"])
@pytest.mark.parametrize("body", [{"content": "{name}: {text}"}, '{"content": "{name}: {text}"}'])
def test_no_value_breaks_the_json(receiver: Receiver, hook: Hook, body: Any, text: str) -> None:
    """Whether the body is a table or a text that is JSON; and what is filled in is not read again."""
    with hook(receiver.url, body=body) as bench:
        assert bench.tell("notify", {"text": text, "fields": {"name": "freezer"}}).wait() == "done"
    assert json.loads(receiver.posts[0].body) == {"content": f"freezer: {text}"}
    assert receiver.posts[0].headers["Content-Type"] == "application/json"


def test_a_field_alone_is_the_value_itself(receiver: Receiver, hook: Hook) -> None:
    """A number stays a number, a table a table; within a text a table is its JSON, and truth is true."""
    body = {"t": "{t_c}", "all": "{fields}", "in": ["{t_c} {on} {fields}", 7, {"deep": "{on}"}], "none": "{group}"}
    with hook(receiver.url, body=body, facts={"t_c": 0.0, "on": False, "gone": "-"}) as bench:
        assert bench.tell("notify", {"fields": {"t_c": -3.5, "on": True}}).wait() == "done"
    fields = {"t_c": -3.5, "on": True}
    text = '-3.5 true {"t_c":-3.5,"on":true}'
    assert json.loads(receiver.posts[0].body) == {"t": -3.5, "all": fields, "in": [text, 7, {"deep": True}], "none": ""}


def test_a_fact_that_a_message_has_not_is_what_the_file_says(receiver: Receiver, hook: Hook) -> None:
    """A post's own fields fill the template as a notice's do; its body goes as it is."""
    with hook(receiver.url, body="{subject}/{text}/{room}", facts={"room": "somewhere"}, in_flight=1) as bench:
        assert bench.tell("post", {"fields": {"text": "hi", "subject": "A"}}).wait() == "done"
        assert bench.tell("post", {"fields": {"room": "cellar"}}).wait() == "done"
        assert bench.tell("post", {"body": "{text}", "content_type": "text/x"}).wait() == "done"
    assert [(posted.body, posted.headers["Content-Type"]) for posted in receiver.posts] == [
        (b"A/hi/somewhere", "text/plain; charset=utf-8"),
        (b"//cellar", "text/plain; charset=utf-8"),
        (b"{text}", "text/x"),
    ]


def test_a_table_can_be_a_form(receiver: Receiver, hook: Hook) -> None:
    """As services for text messages want it."""
    with hook(receiver.url, body={"to": 49, "msg": "{text}"}, content_type="application/x-www-form-urlencoded") as bench:
        assert bench.tell("notify", {"text": "a&b=ü"}).wait() == "done"
    assert receiver.posts[0].body == b"to=49&msg=a%26b%3D%C3%BC"


def test_a_header_is_one_line_whatever_stands_in_it(receiver: Receiver, hook: Hook) -> None:
    """Line ends in a value begin no header of their own; a value without a template of a body fills it, too."""
    with hook(receiver.url, headers={"X-Title": "{subject}"}) as bench:
        assert bench.tell("notify", {"subject": "a\r\nX-Evil: 1"}).wait() == "done"
        assert bench.tell("notify", {"subject": "x" * 1024}).wait() == "done"
    first, second = receiver.posts
    assert (first.headers["X-Title"], first.headers.get("X-Evil")) == ("a  X-Evil: 1", None)
    assert second.headers["X-Title"] == "x" * 1000


def test_the_token_in_a_body_is_read_for_each_connection_and_goes_nowhere_else(receiver: Receiver, hook: Hook, tmp_path: Path) -> None:
    """It stands in its place only, and no Authorization goes beside it."""
    (tmp_path / "token").write_text("s3cret")
    with hook(receiver.url, token_file=str(tmp_path / "token"), body={"token": "{token}", "m": "{text}"}) as bench:
        assert bench.tell("notify", {"text": "{token}"}).wait() == "done"
    assert json.loads(receiver.posts[0].body) == {"token": "s3cret", "m": "{token}"}
    assert "Authorization" not in receiver.posts[0].headers


_USE = (
    "use {subject} or {text} or {name} or {sender} or {id} or {user} or {group} or {recipients} or {fields} or {token}; "
    "one of the message's own, name in 'facts'"
)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"body": {"a": ["{txt}"]}}, f"body: cannot use '{{txt}}' as a body: {{txt}} stands for nothing here; {_USE}"),
        ({"body": "{txt}"}, f"body: cannot use '{{txt}}' as a body: {{txt}} stands for nothing here; {_USE}"),
        ({"headers": {"X": "{txt}"}}, f"headers.X: cannot use '{{txt}}' as a header: {{txt}} stands for nothing here; {_USE}"),
        ({"body": {"a": "{token}"}}, "{token} stands for the content of a file; add token_file"),
        ({"body": {"token": "abc"}}, 'body: a secret does not belong in this file; write token = "{token}", and token_file'),
        ({"content_type": "text/x"}, "content_type: it is that of 'body'; write a body, or leave it out"),
        (
            {"body": {"a": "b"}, "content_type": "text/x"},
            "body: a table is written as application/json or application/x-www-form-urlencoded, not as text/x; "
            "write one of these, or a text",
        ),
        (
            {"body": '{"a": {text}}'},
            "body: it is no JSON (Expecting property name enclosed in double quotes: line 1 column 8 (char 7)); "
            'write each {field} between quotes (one that is alone there becomes the value itself), or body = {text = "{text}"}',
        ),
        ({"facts": {"token": "x"}}, "'token' cannot be the name of a fact; use letters, digits and _, and not token"),
        ({"facts": {"a b": "x"}}, "'a b' cannot be the name of a fact; use letters, digits and _, and not token"),
    ],
)
def test_a_wrong_body_is_refused_where_it_stands(fields: dict[str, Any], said: str) -> None:
    """A field that stands for nothing is named, with those that there are."""
    with pytest.raises(ValidationError) as raised:
        WebhookSettings.model_validate({"url": "https://a/", **fields})
    assert [error["msg"] for error in raised.value.errors()] == [f"Value error, {said}"]
