"""Requests: what one message becomes on the wire."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import JsonValue

from devices.webhook.bodies import FACTS, BodyTemplate
from gateway.actors import GatewayError, Message
from gateway.actors.ids import key_of as key_of_id
from gateway.actors.vocabulary import Notify, Post

_PATH = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:@!$&'()*+,;=%/?-"
_IN_A_HEADER = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")


class BadPost(GatewayError, ValueError):
    """Raised where a message cannot be posted, now or later: mend what sent it."""


class PostRequest(NamedTuple):
    """One POST, without what is the same for each."""

    id: str
    """The message's id, as the header Idempotency-Key: the same each time it is posted."""
    path: str
    """Follows the path of the webhook's url."""
    content_type: str
    body: bytes
    facts: Mapping[str, JsonValue] = {}
    """What the message says, for the headers."""
    template: BodyTemplate | None = None
    """What writes the body anew for each request, since the token stands in it; then `body` is not posted."""


class Writer:
    """Makes the requests of one webhook. Pure."""

    def __init__(self, template: BodyTemplate | None, facts: Mapping[str, JsonValue]) -> None:
        """`template` is the settings' body; `facts` what stands for a fact that a message has not."""
        self._template = template
        self._facts = facts

    def of_post(self, message: Message, post: Post) -> PostRequest:
        """Make the request of a `post`: its `fields` fill the template, its `body` goes as it is. Raises BadPost."""
        said = {name: value for name, value in post.fields.items() if name in FACTS}
        facts = self._facts_of(message, post.fields, said)
        if self._template is None or post.body:
            return of_post(message, post)._replace(facts=facts)
        return self._filled(self._template, message, _checked(post.path), facts)

    def of_notify(self, message: Message, notify: Notify) -> PostRequest:
        """Make the request of a `notify`. Raises BadPost."""
        facts = self._facts_of(message, notify.fields, notify.model_dump(mode="json"))
        if self._template is None:
            return of_notify(message, notify)._replace(facts=facts)
        return self._filled(self._template, message, "", facts)

    def _facts_of(self, message: Message, fields: Mapping[str, JsonValue], said: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        own = {"name": key_of_id(message.sender) if message.sender else "", "sender": message.sender, "id": message.id}
        blank: dict[str, JsonValue] = dict.fromkeys(FACTS, "")
        wanted = {name: fields.get(name, default) for name, default in self._facts.items()}
        named = {"name": fields["name"]} if "name" in fields else {}
        return {**blank, "fields": dict(fields), "recipients": [], **said, **own, **named, **wanted}

    def _filled(self, template: BodyTemplate, message: Message, path: str, facts: dict[str, JsonValue]) -> PostRequest:
        try:
            body = template.written(facts)
        except ValueError as error:
            raise BadPost(f"cannot post it: {error}; mend its fields") from None
        later = template if template.needs_token else None
        return PostRequest(key_of(message), path, template.content_type, body, facts, later)


def of_post(message: Message, post: Post) -> PostRequest:
    """Make the request of a `post`. Raises BadPost."""
    if post.body and post.fields:
        raise BadPost("cannot post it: it has a body and fields; send one of them")
    body = _json(post.fields) if post.fields or not post.body else post.body.encode()
    return PostRequest(key_of(message), _checked(post.path), post.content_type, body)


def of_notify(message: Message, notify: Notify) -> PostRequest:
    """Make the request of a `notify`: its fields as JSON, and who sent it."""
    said = {name: value for name, value in notify.model_dump(mode="json", exclude_defaults=True).items() if name != "subject"}
    body = {"subject": notify.subject, "text": "", **said, "sender": message.sender, "id": message.id}
    return PostRequest(key_of(message), "", "application/json", _json(body))


def key_of(message: Message) -> str:
    """A message's id as a header can hold it: what is not ASCII as %XX."""
    return quote(message.id, safe=_IN_A_HEADER)


def _checked(path: str) -> str:
    """Return a path that stays below the webhook's own; raise BadPost for others."""
    wrong = next((letter for letter in path if letter not in _PATH), "")
    if wrong:
        raise BadPost(f"cannot post to the path {path[:100]!r}: {wrong!r} has no place in a URL; write it as %XX")
    before = path.partition("?")[0].lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/")
    if ".." in before.split("/"):
        raise BadPost(f"cannot post to the path {path[:100]!r}: it leaves the webhook's own; leave .. out")
    return path


def _json(found: Any) -> bytes:
    try:
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except ValueError as error:  # an infinity, or text that is no Unicode
        raise BadPost(f"cannot post it: {error}; mend its fields") from None
