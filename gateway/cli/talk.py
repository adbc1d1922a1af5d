"""`gateway tell` and `gateway ask`: one message, from words."""

import json
import math
from collections.abc import Sequence
from typing import Any

from gateway.console.client import Client
from gateway.console.exits import BAD_INPUT, FINE, NO, Failed
from gateway.console.output import pretty, say, say_json
from gateway.console.streams import read_input
from gateway.key_twice import KeyTwice, object_once

_MARGIN_S = 5.0
_LEAST, _MOST, _DIGITS = -(2**63), 2**63 - 1, 20
"""What whole numbers there are, and of how many characters at most."""


def tell(client: Client, to: str, verb: str, words: Sequence[str], *, timeout_s: float, id: str, as_json: bool) -> int:
    """Send a message; done when the message is on disk."""
    _check_to(to, verb, words)
    request = {"do": "tell", "to": to, "verb": verb, **read_words(words), "timeout_s": timeout_s, "id": id}
    answer = client.ask(request, patience_s=timeout_s + _MARGIN_S)
    if as_json:
        say_json({"id": answer["id"], "duplicate": answer["duplicate"]})
    else:
        say("known already: it was told under this id before" if answer["duplicate"] else "told: it is on disk")
    return FINE


def ask(client: Client, to: str, verb: str, words: Sequence[str], *, timeout_s: float, field: str, as_json: bool) -> int:
    """Send a message, and print the reply, or one `field` of it. Raises Failed behind it where it comes of an actor nobody ever wrote
    to."""
    _check_to(to, verb, words)
    request = {"do": "ask", "to": to, "verb": verb, **read_words(words), "timeout_s": timeout_s}
    answer = client.ask(request, patience_s=timeout_s + _MARGIN_S)
    body = _field(answer["body"], field) if field else answer["body"]
    if as_json:
        say_json(body)
    elif field and isinstance(body, str):
        say(body.removesuffix("\n"))
    else:
        say("done" if body is None else pretty(body, indent=0))
    if "note" in answer:
        from gateway.cli.nearest import unwritten  # noqa: PLC0415  # only where nobody was there

        raise unwritten(client, to, answer["note"])
    return FINE


def _check_to(to: str, verb: str, words: Sequence[str]) -> None:
    """Raise Failed for an id of one word; what was typed behind that may be its key."""
    if "/" not in to:
        is_split = words and "=" not in words[0] and words[0] != "-" and not words[0].lstrip().startswith("{")
        raise Failed(f"cannot send to {to!r}: ids are written kind/key, as {f'{to}/{verb}' if is_split else 'gpio/lamp'}", BAD_INPUT)


def _field(body: Any, path: str) -> Any:
    """One field of a reply; dots go deeper, numbers into a list. Raises Failed where there is none."""
    found = body
    for name in path.split("."):
        inner = dict(enumerate(found)) if isinstance(found, list) else found if isinstance(found, dict) else {}
        key = int(name) if isinstance(found, list) and name.isdecimal() else name
        if key not in inner:
            raise Failed(f"cannot show {path!r} of the reply: there is {', '.join(map(str, inner)) or 'no field in it'}", NO)
        found = inner[key]
    return found


def read_words(words: Sequence[str]) -> dict[str, Any]:
    """Read a payload from one JSON object, from `-` (standard input), or from name=value words; dots in a name go deeper.

    For a request: the `payload`, and beside that of words their `texts`, for the verb may want a text where 42 was typed.
    """
    if len(words) == 1 and (words[0] == "-" or words[0].lstrip().startswith("{")):
        return {"payload": _object(read_input() if words[0] == "-" else words[0])}
    payload: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for word in words:
        name, found, text = word.partition("=")
        if not found or not name:
            raise Failed(f"cannot read {word!r}: write name=value, or one JSON object in quotes", BAD_INPUT)
        _put(payload, name.split("."), _value(text), word)
        texts[name] = text
    return {"payload": payload, "texts": texts}


def _put(payload: dict[str, Any], path: list[str], value: Any, word: str) -> None:
    for name in path[:-1]:
        payload = payload.setdefault(name, {})
        if not isinstance(payload, dict):
            raise Failed(f"cannot read {word!r}: {name} has a value already", BAD_INPUT)
    if path[-1] in payload:
        raise Failed(f"cannot read {word!r}: {path[-1]} stands twice", BAD_INPUT)
    payload[path[-1]] = value


def _value(text: str) -> Any:
    """A word as JSON where it is JSON (true, 12, "12"), else as text: as are NaN and 1e999, which no request can hold."""
    try:
        return _read(text)
    except (ValueError, RecursionError):
        return text


def _object(text: str) -> dict[str, Any]:
    try:
        found = _read(text)
    except (ValueError, RecursionError) as error:
        raise Failed(f"cannot read the payload: no JSON ({error}); write one object in single quotes, or name=value", BAD_INPUT) from None
    if not isinstance(found, dict):
        raise Failed("cannot read the payload: it is no JSON object; write {...} or name=value", BAD_INPUT)
    return found


def _read(text: str) -> Any:
    """JSON as strictly as a request's. Raises ValueError for what is none, and Failed where a key stands twice."""
    try:
        return json.loads(text, object_pairs_hook=object_once, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except KeyTwice as error:
        raise Failed(f"cannot read the payload: the key {error.key!r} stands twice in one object; take one out", BAD_INPUT) from None


def _whole(text: str) -> int:
    """A whole number, of 64 bits as everywhere. Raises ValueError."""
    if len(text) > _DIGITS or not _LEAST <= int(text) <= _MOST:
        raise ValueError(f"{text[:_DIGITS]}… is beyond 64 bits" if len(text) > _DIGITS else f"{text} is beyond 64 bits")
    return int(text)


def _finite(text: str) -> float:
    """A number. Raises ValueError for what is none, as NaN, and for one that is too large."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:_DIGITS]} is no number that a request can hold")
    return number
