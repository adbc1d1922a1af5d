"""Bodies as the server wants them: the template of a webhook, filled with what a message says.

[webhook.discord]
body = {content = "{name}: {text}"}

A table becomes JSON, or a form; a text that is JSON is taken as the table that it is, so that no quote and no line end of a value breaks
it. A text that is a field and nothing else becomes the value itself: a number stays a number, a table a table.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import JsonValue

from devices.urls import TOKEN
from gateway.actors.templates import FIELD, as_text, check_fields, filled, filled_tree, texts_of

FACTS = ("subject", "text", "name", "sender", "id", "user", "group", "recipients", "fields")
"""What every message has; `name` is the key of the sender: `freezer` of `alarm/freezer`."""

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
_TEXT_TYPE = "text/plain; charset=utf-8"
_SECRETS = ("token", "password", "secret", "api_key", "apikey", "authorization")
_HEADER_AT_MOST = 1000

Body = str | dict[str, JsonValue]


class BodyTemplate:
    """The body of a webhook's posts, as the settings write it."""

    def __init__(self, body: Body, content_type: str) -> None:
        """Raises ValueError where the body cannot be of that type."""
        self.content_type = content_type or _usual_type(body)
        self._tree: Any = body
        if isinstance(body, str) and _is_json(self.content_type):
            self._tree = _read(body)
        elif isinstance(body, dict) and not _is_json(self.content_type) and self.content_type != FORM_TYPE:
            raise ValueError(f"a table is written as {JSON_TYPE} or {FORM_TYPE}, not as {content_type}; write one of these, or a text")

    @property
    def needs_token(self) -> bool:
        """Whether the content of token_file stands in it."""
        return any(TOKEN in text for text in texts_of(self._tree))

    def check(self, known: tuple[str, ...]) -> None:
        """Raise ValueError where a field stands for nothing, or a secret stands in it."""
        for text in texts_of(self._tree):
            check_fields(text, known, what="a body")
        _refuse_secrets(self._tree)

    def written(self, facts: Mapping[str, JsonValue]) -> bytes:
        """The bytes of the body. Raises ValueError where a fact cannot be written."""
        made = filled_tree(self._tree, facts)
        if self.content_type == FORM_TYPE and isinstance(made, dict):
            return urlencode({name: as_text(value) for name, value in made.items()}).encode()
        if _is_json(self.content_type):
            return json.dumps(made, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        return as_text(made).encode()


def filled_header(text: str, facts: Mapping[str, JsonValue]) -> str:
    """A header's value with its facts: on one line, as UTF-8, and not longer than servers take."""
    made = filled(text, facts)
    plain = "".join(letter if letter.isprintable() else " " for letter in made[:_HEADER_AT_MOST]).strip()
    return plain.encode(errors="replace").decode("latin-1")  # http.client writes latin-1: so UTF-8 goes out


def _usual_type(body: Body) -> str:
    if isinstance(body, dict) or (body.lstrip()[:1] in ("{", "[") and not FIELD.match(body.lstrip())):
        return JSON_TYPE
    return _TEXT_TYPE


def _is_json(content_type: str) -> bool:
    plain = content_type.partition(";")[0].strip().lower()
    return plain == JSON_TYPE or plain.endswith("+json")


def _read(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        advice = 'write each {field} between quotes (one that is alone there becomes the value itself), or body = {text = "{text}"}'
        raise ValueError(f"it is no JSON ({error}); {advice}") from None


def _refuse_secrets(tree: Any, name: str = "") -> None:
    if isinstance(tree, dict):
        for inner_name, inner in tree.items():
            _refuse_secrets(inner, inner_name)
    elif isinstance(tree, list):
        for inner in tree:
            _refuse_secrets(inner, name)
    elif isinstance(tree, str) and name.lower() in _SECRETS and not FIELD.search(tree):
        raise ValueError(f'a secret does not belong in this file; write {name} = "{TOKEN}", and token_file')
