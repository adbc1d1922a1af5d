"""Messages: immutable, addressed to one actor, carrying a typed payload.

A payload and a state are frozen models; they change by making a copy with `changed`, which validates it.
"""

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from gateway.actors.errors import BadPayload, StateTooNew

if TYPE_CHECKING:
    from gateway.actors.routes import Route


class Model(BaseModel):
    """A frozen model: unknown fields, infinities, NaN and text that is no Unicode (lone surrogates) are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # most gateways use a few of the models there are: each takes some 50 kB once it is built
        allow_inf_nan=False,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        str_max_length=16 * 1024 * 1024,  # also makes pydantic read each text, so that a lone surrogate fails here and not at the commit
    )

    def changed(self, **fields: Any) -> Self:
        """A validated copy with `fields` replaced (cheaper than model_copy, which does not validate)."""
        return self.__pydantic_validator__.validate_python({**self.__dict__, **fields})  # type: ignore[no-any-return]  # a Self

    def to_json(self) -> bytes:
        """This model as compact JSON."""
        return self.__pydantic_serializer__.to_json(self)


class Versioned(Model):
    """A model that is stored, and may change its shape: `VERSION` counts the changes.

    `upcast` takes the stored fields of version N to N + 1; it is called on load.
    """

    VERSION: ClassVar[int] = 1

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Take the stored `fields` of `version` to `version + 1`; the default keeps them as they are."""
        del version
        return fields


class Payload(Versioned):
    """What a verb takes: subclass it, one field per fact, units in the names. Mail and timers keep its version while they wait."""


class Nothing(Payload):
    """The payload of a verb that takes none."""


class State(Versioned):
    """What an actor remembers: every field has a default, the state of an actor nobody has written to yet."""


class Event(Versioned):
    """What happened to an event-sourced actor, in the past tense: `Deposited`, `Renamed`. It is kept for the actor's life."""


NOTHING = Nothing()


class Message(NamedTuple):
    """One message. Immutable; the same object goes from hand to hand."""

    id: str
    """Unique for life and sortable in the order of making, or the id that the outside gave it."""
    to: str
    verb: str
    payload: Payload
    sender: str = ""
    """Actor id of who sent it; empty when it came from the command line."""
    reply_to: str = ""
    """Actor id that wants the reply; empty when nobody does."""
    trace: str = ""
    """Id of the message from the outside that began it all."""
    expires_ms: int = 0
    """Wall time, milliseconds since 1970, after which it must not be acted on; 0: never."""
    route: "Route | None" = None
    """The stops it still has ahead of it; None when it is on no route."""

    @property
    def asked(self) -> str:
        """Id of the message that a reply to this one answers: the one that set out, where this one is on a route."""
        return self.id if self.route is None else self.route.of


class Start(Payload):
    """The first message of a host-bound actor (`Builtin.Start`)."""

    attempt: int = 1
    """1 at the start of the host; counts up at each restart of this actor."""


class Reply(Payload):
    """The answer to an ask, sent to the asker's `reply_to` under the verb `reply`."""

    of: str
    """Id of the message that is answered."""
    ok: bool = True
    reason: str = ""
    """Why not, where `ok` is false."""
    body: Any = None
    """The answer's fields, as JSON values."""


P = TypeVar("P", bound=Payload)
V = TypeVar("V", bound=Versioned)

LONGEST_S = 3_155_760_000.0
"""The longest that anything may be put off: a century."""

DEEPEST = 64
"""How deep a payload may be nested."""
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"')

START = "Builtin.Start"
REPLY = "reply"


def read_payload(model: type[P], found: Any, *, where: str) -> P:
    """Make a payload of `model` from what came in: a model as it is, JSON bytes or text, a dict, or None for no fields.

    The reading is strict, and the same for JSON and for a dict of JSON values: no numbers from text, no unknown fields, no key
    twice. Raises BadPayload that names each field.
    """
    if type(found) is model:
        return found
    try:
        if isinstance(found, (bytes, bytearray, str)):
            _refuse_depth(found)
            payload = model.model_validate_json(found or b"{}", strict=True)
            _refuse_twins(found, payload)
            return payload
        json_bytes = _as_json(found)
        _refuse_depth(json_bytes)
        return model.model_validate_json(json_bytes, strict=True)
    except ValidationError as error:
        raise BadPayload(f"cannot read the payload of {where}: {said(error)}") from None
    except (PydanticSerializationError, _KeyTwice, _TooDeep) as error:
        raise BadPayload(f"cannot read the payload of {where}: {error}") from None


def read_stored(model: type[V], version: int, found: bytes | str, *, what: str) -> V:
    """Read what was stored as `version` of `model`, taken up to today's step by step.

    Raises StateTooNew where it is newer than this program, ValueError where it does not fit.
    """
    if version == model.VERSION:
        return model.model_validate_json(found)
    if version > model.VERSION:
        raise StateTooNew(f"{what} has version {version}, this program knows {model.VERSION}; install the newer program again")
    fields = json.loads(found)
    for number in range(version, model.VERSION):
        fields = model.upcast(number, fields)
    return model.model_validate_json(json.dumps(fields))


class _KeyTwice(ValueError):
    """A JSON object has one key twice."""


class _TooDeep(ValueError):
    """A JSON value is nested too deep."""


def _refuse_depth(text: bytes | bytearray | str) -> None:
    """Raise _TooDeep where it is nested so deep that what wraps it, in a state or in mail, might be too deep to be read back."""
    opened = text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")
    if opened <= DEEPEST:
        return
    octets = text.encode(errors="replace") if isinstance(text, str) else text
    depth = 0
    for octet in _TEXTS.sub(b"", octets):
        depth += (octet in b"{[") - (octet in b"}]")
        if depth > DEEPEST:
            raise _TooDeep(f"it is nested deeper than {DEEPEST} levels")


def _as_json(found: Any) -> bytes:
    """The JSON of what code made. So a dict is read as strictly as the same JSON from outside, its enums and nested models too."""
    if found is None:
        return b"{}"
    if isinstance(found, Payload):
        return found.to_json()
    return to_json(found, bytes_mode="base64", inf_nan_mode="constants")


def _refuse_twins(text: bytes | bytearray | str, payload: Payload) -> None:
    """Raise _KeyTwice where an object has one key twice; pydantic would keep the last.

    Each key needs a colon: as many colons as distinct keys found means that none was twice, and saves a second parse.
    """
    colons = text.count(":") if isinstance(text, str) else text.count(b":")
    if colons <= len(payload.model_fields_set):
        return
    fields = payload.__dict__
    distinct = sum(1 + (len(value) if type(value := fields[name]) is dict else 0) for name in payload.model_fields_set)
    if colons > distinct:
        json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwice(f"{next(name for name in names if names.count(name) > 1)}: the key stands twice in one object")
    return found


def said(error: ValidationError) -> str:
    """One line that names each field and what is wrong with it."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'payload'}: {e['msg']}" for e in error.errors(include_url=False, include_input=False)
    )
