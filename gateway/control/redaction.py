"""Payloads as they are shown to whoever looks on: what a field's name says is secret is left out, before anything is made text of it."""

import json
from typing import Any

SECRETS = ("token", "password", "passwd", "passphrase", "secret", "api_key", "apikey", "authorization", "credential")
"""Names of fields hold a secret where one of these is in them: `token`, `access_token`, `wifi_password`."""
HIDDEN = "…"
_MOST = 65_536
"""Characters of a text that is read as JSON, to look into it."""


def redacted(found: Any) -> Any:
    """JSON values without what is secret in them. A text that is itself JSON, as a body that is published, is looked into too."""
    if isinstance(found, dict):
        return {name: HIDDEN if _is_secret(name) and value not in (None, "") else redacted(value) for name, value in found.items()}
    if isinstance(found, list):
        return [redacted(one) for one in found]
    return _text(found) if isinstance(found, str) and found[:1] in ("{", "[") and len(found) <= _MOST else found


def redacted_json(content: bytes) -> str:
    """JSON without what is secret in it, as it was but for that."""
    text = content.decode("utf-8", "replace")
    if not _may_hold_one(text):
        return text
    try:
        return json.dumps(redacted(json.loads(text)), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):  # nested beyond what can be read again
        return HIDDEN


def _text(found: str) -> str:
    if not _may_hold_one(found):
        return found
    try:
        inner = json.loads(found)
    except (ValueError, RecursionError):
        return found
    hidden = redacted(inner)
    return found if hidden == inner else json.dumps(hidden, separators=(",", ":"), ensure_ascii=False)


def _is_secret(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return any(word in plain for word in SECRETS)


def _may_hold_one(text: str) -> bool:
    """Whether a text has the name of a secret in it at all: most have none, and are passed on as they are."""
    plain = text.lower().replace("-", "_")
    return "\\" in plain or any(word in plain for word in SECRETS)
