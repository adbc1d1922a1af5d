"""Payloads and stored models as bytes: read strictly when they come in, step by step when they are of an older version.

What is taken can be read back: JSON from outside is read by the model itself, and what code made is written and read once where
its model is loose.
"""

import json
import re
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from gateway.actors.changing import share_names
from gateway.actors.errors import ANYTHING, BadPayload, StateTooNew
from gateway.actors.models import Model, Payload, Versioned
from gateway.actors.words import described, said
from gateway.key_twice import KeyTwice, object_once

P = TypeVar("P", bound=Payload)
V = TypeVar("V", bound=Versioned)

LONGEST_S = 3_155_760_000.0
"""The longest that anything may be put off: a century."""

DEEPEST = 64
"""How deep a payload may be nested."""
DEEPEST_KEPT = 2 * DEEPEST
"""How deep what is stored may be nested: a state, or mail that carries what others said. Reading stops at 200."""
UPCASTS: list[tuple[str, int]] = []
"""The upcasts that run now, each with the version that it takes up: any thread may look, should one not end."""
_SHOWN = 100
"""How many characters of a value from outside are repeated in an error."""
_TEXTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""JSON's texts. It never tries again: not where quotes are escaped, and not where the last text is open."""


def read_payload(model: type[P], found: Any, *, where: str) -> P:
    """Make a payload of `model` from what came in: a model as it is, JSON bytes or text, a dict, or None for no fields.

    The reading is strict, and the same for JSON and for a dict of JSON values: no numbers from text, no unknown fields, no key
    twice. Raises BadPayload that names each field.
    """
    if type(found) is model:
        if model.LOOSE:
            prove(found, where=f"the payload of {where}")
        return found
    try:
        if isinstance(found, (bytes, bytearray, str)):
            refuse_depth(found)
            payload = model.model_validate_json(found or b"{}", strict=True)
            _refuse_twins(found, payload)
            return payload
        json_bytes = _as_json(found)
        refuse_depth(json_bytes)
        return model.model_validate_json(json_bytes, strict=True)
    except ValidationError as error:
        raise BadPayload(f"cannot read the payload of {where}: {said(error, model.model_fields)}") from None
    except (PydanticSerializationError, KeyTwice, TooDeep) as error:
        raise BadPayload(f"cannot read the payload of {where}: {error}") from None
    except ANYTHING as error:  # a user's model may raise anything: one payload is bad, and no more
        raise BadPayload(f"cannot read the payload of {where}: {model.__name__} raised {described(error)}") from None


def prove(model: Model, *, where: str) -> None:
    """Raise BadPayload unless a loose model, written as JSON, comes back as it was: something else would be loaded after a restart."""
    try:
        text = model.to_json()
        refuse_depth(text, DEEPEST_KEPT)
        from_json(text, allow_inf_nan=False)
        _refuse_other(model, type(model).__pydantic_validator__.validate_json(text))
    except ValidationError as error:
        raise BadPayload(f"cannot keep {where}: read back from JSON it does not fit: {said(error)}") from None
    except ANYTHING as error:  # its own validators and serializers may raise anything
        raise BadPayload(f"cannot keep {where}: {error}") from None


def _refuse_other(model: Model, back: Any) -> None:
    """Raise ValueError where a model has become another one: bytes, tuples, sets and keys that are no text do not come back from JSON."""
    if back == model:
        return
    fields = {name: (value, back.__dict__[name]) for name, value in model.__dict__.items()}
    name, (was, became) = next(((name, pair) for name, pair in fields.items() if pair[0] != pair[1]), ("it", (model, back)))
    shown = f"{repr(was)[:_SHOWN]} comes back from JSON as {repr(became)[:_SHOWN]}"
    raise ValueError(f"{name}: {shown}; name its type in the model, or keep texts, numbers, lists, and dicts whose keys are texts")


def read_stored(model: type[V], version: int, found: bytes | str, *, what: str) -> V:
    """Read what was stored as `version` of `model`, taken up to today's step by step.

    Raises StateTooNew where it is newer than this program, DoesNotFit where it, or what its upcast makes of it, does not fit.
    """
    known = model.VERSION
    if version > known:
        raise StateTooNew(f"{what} has version {version}, this program knows {known}; install the newer program again")
    if version < known:
        found = _taken_up(model, version, found, what)
    try:
        return share_names(model.__pydantic_validator__.validate_json(found))  # type: ignore[no-any-return]  # its own method is a call more
    except ValidationError as error:
        from gateway.actors.misfit import misfit  # noqa: PLC0415  # most gateways never need it

        raise misfit(model, version, found, error, what=what) from None
    except ANYTHING as error:  # a user's model may raise anything: one thing cannot be read, and no more
        from gateway.actors.misfit import not_read  # noqa: PLC0415  # as above

        raise not_read(model, version, error, what=what) from error


def _taken_up(model: type[Versioned], version: int, found: bytes | str, what: str) -> str:
    """The stored fields as today's version has them, as JSON. Raises DoesNotFit."""
    number = version - 1
    try:
        fields = json.loads(found)
        for number in range(version, model.VERSION):
            UPCASTS.append(running := (model.__name__, number))
            try:
                fields = model.upcast(number, fields)
            finally:
                UPCASTS.remove(running)  # not the last: another thread's may have begun meanwhile
        return json.dumps(fields)
    except ANYTHING as error:
        from gateway.actors.misfit import no_json, not_taken_up  # noqa: PLC0415  # as above

        if number < version:
            raise no_json(what, error) from None
        raise not_taken_up(model, version, number, error, what=what) from error


class TooDeep(ValueError):
    """A JSON value is nested too deep."""


def refuse_depth(text: bytes | bytearray | str, deepest: int = DEEPEST) -> None:
    """Raise TooDeep where it is nested so deep that what wraps it, in a state or in mail, might be too deep to be read back."""
    opened = text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")
    if opened <= deepest:
        return
    octets = text.encode(errors="replace") if isinstance(text, str) else text
    depth = 0
    for octet in _TEXTS.sub(b"", octets):
        depth += (octet in b"{[") - (octet in b"}]")
        if depth > deepest:
            raise TooDeep(f"it is nested deeper than {deepest} levels")


def _as_json(found: Any) -> bytes:
    """The JSON of what code made, so that a dict is read as strictly as JSON from outside, with its enums and nested models."""
    if found is None:
        return b"{}"
    if isinstance(found, Payload):
        return found.to_json()
    return to_json(found, bytes_mode="base64", inf_nan_mode="constants")


def _refuse_twins(text: bytes | bytearray | str, payload: Payload) -> None:
    """Raise KeyTwice where an object of a JSON text has one key twice; pydantic would keep the last.

    Each key needs a colon: as many colons as distinct keys found means that none was twice, and saves a second parse.
    """
    colons = text.count(":") if isinstance(text, str) else text.count(b":")
    if colons <= len(payload.__pydantic_fields_set__):
        return
    fields = payload.__dict__
    distinct = sum(1 + (len(value) if type(value := fields[name]) is dict else 0) for name in payload.__pydantic_fields_set__)
    if colons > distinct:
        json.loads(text, object_pairs_hook=object_once)
