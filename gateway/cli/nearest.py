"""Who was meant: the stored actor whose key is nearest to one that nobody ever wrote to."""

from typing import Any

from gateway.console.client import Client
from gateway.console.exits import UNWRITTEN, Failed

_LOOKED_AT = 500
"""Ids that are compared, of those that begin as it does and of all of its kind: a gateway may have a million."""


def ask_of(client: Client, id: str, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request about one actor. Raises Failed, with who was probably meant where nobody ever wrote to that one."""
    try:
        return client.ask(request)
    except Failed as error:
        if error.code != UNWRITTEN:
            raise
        raise unwritten(client, id, str(error)) from None


def unwritten(client: Client, id: str, text: str) -> Failed:
    """The error for an actor that nobody ever wrote to, with the actor that was probably meant."""
    kind, _, key = id.rpartition("/")
    near = _nearest(client, f"{kind}/", key)
    return Failed(f"{text}; did you mean '{kind}/{near}'?" if near else text, UNWRITTEN)


def _nearest(client: Client, prefix: str, key: str) -> str:
    """The stored key behind `prefix` that is nearest to `key`; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # only where somebody mistyped

    try:
        pages = [client.ask({"do": "list", "prefix": prefix + begin, "limit": _LOOKED_AT})["ids"] for begin in (key[:1], "")]
    except Failed:  # it was only a hint
        return ""
    keys = {id.removeprefix(prefix) for page in pages for id in page}
    return next(iter(get_close_matches(key, sorted(one for one in keys if "/" not in one and one != key), n=1)), "")
