"""Mail: a message on its way through the runtime, and its form on disk.

On disk: one header line of fields apart by a unit separator, then the payload as JSON. Ids and verbs cannot hold a separator.
Form "2" has the route as one more field, as JSON, which has none either; form "3" behind that which timer it is from; form "4"
behind that the deadline of a message that expires.
"""

from collections.abc import Callable
from typing import NamedTuple

from gateway.actors.errors import DoesNotFit, GatewayError
from gateway.actors.messages import Deadline, Message
from gateway.actors.receipts import Receipt
from gateway.actors.routes import Route
from gateway.actors.verbs import Verb
from gateway.runtime.versions import apart, fact_of, read_waiting, with_version

_SEPARATOR = "\x1f"
_FIELDS = {"1": 7, "2": 8, "3": 9, "4": 10}
"""How many fields the header of each form has."""


class Arrival(Receipt):
    """A message from the outside with its receipt, and what the outside said of it."""

    __slots__ = ("again", "message", "outside_id", "size", "source")

    def __init__(
        self, message: Message, callback: Callable[[Receipt], None] | None, *, source: str, outside_id: str, again: bool, size: int
    ) -> None:
        super().__init__(callback)
        self.message = message
        self.source = source
        """Whose numbering `outside_id` belongs to."""
        self.outside_id = outside_id
        self.again = again
        """Whether a message of an id that was seen is a repeat."""
        self.size = size


class Due(NamedTuple):
    """Which timer of its actor a message is from."""

    due_ms: int
    """When it was due, on the gateway's clock."""
    name: str


class Mail:
    """One message in a mailbox in memory."""

    __slots__ = ("attempt", "message", "seq", "size", "stored", "timer")

    def __init__(self, message: Message, seq: int, *, attempt: int = 0, stored: bool = False) -> None:
        self.message = message
        self.seq = seq
        self.attempt = attempt
        """How many attempts at it have begun and not ended well."""
        self.stored = stored
        """Whether the store has it, or a commit under way will bring it there."""
        self.size = 0
        """How many bytes it has there; 0 while it is not stored."""
        self.timer: Due | None = None
        """The timer it is from; None for most."""


def encode(message: Message, timer: Due | None = None) -> bytes:
    """A message as bytes for the store."""
    id, to, verb, payload, sender, reply_to, trace, expires_ms, route, until = message
    verb = with_version(verb, payload)
    form, routed = ("1", "") if route is None else ("2", f"\x1f{route.to_json().decode()}")
    if timer is not None or until is not None:
        form, routed = "3", f"{routed or _SEPARATOR}{_SEPARATOR}{f'{timer.due_ms} {timer.name}' if timer else ''}"
    if until is not None:
        form, routed = "4", f"{routed}{_SEPARATOR}{until.clock_ms} {until.said_ms} {until.open:d}"
    header = f"{form}\x1f{id}\x1f{to}\x1f{verb}\x1f{sender}\x1f{reply_to}\x1f{trace}\x1f{expires_ms}{routed}\n"
    return header.encode() + payload.__pydantic_serializer__.to_json(payload)


class Unreadable(GatewayError, ValueError):
    """Stored mail that this program cannot read."""


def read_header(blob: bytes) -> tuple[list[str], bytes]:
    """The header's fields (id, to, verb, sender, reply_to, trace, expires_ms, route, timer, until) and the payload's JSON.

    What it does not have is empty.
    """
    header, _, payload = blob.partition(b"\n")
    form, *fields = header.decode().split(_SEPARATOR)
    if _FIELDS.get(form) != len(fields):
        raise Unreadable(f"cannot read stored mail: its form is {form!r}, this program knows 1 to 4; install the newer program again")
    return [*fields, *[""] * (10 - len(fields))], payload


def due_of(blob: bytes) -> Due | None:
    """The timer that a stored message is from."""
    if not blob.startswith((b"3", b"4")):
        return None
    due_ms, _, name = blob.partition(b"\n")[0].decode().split(_SEPARATOR)[9].partition(" ")
    return Due(int(due_ms), name) if due_ms else None


def decode(blob: bytes, find_verb: Callable[[str, str], Verb]) -> Message:
    """A message from the store. Raises Unreadable, or UnknownTarget where nobody answers its verb any more."""
    (id, to, verb, sender, reply_to, trace, expires_ms, routed, _, said), json = read_header(blob)
    verb, version = apart(verb)
    try:
        payload = read_waiting(find_verb(to, verb), version, json)
        route = Route.model_validate_json(routed) if routed else None
    except DoesNotFit as error:
        raise Unreadable(f"cannot read stored mail {id} for {to}: {error}; then `gateway dead-letters retry` it") from None
    except ValueError as error:
        raise Unreadable(f"cannot read stored mail {id} for {to}: {fact_of(error)}") from None
    return Message(id, to, verb, payload, sender, reply_to, trace, int(expires_ms), route, _deadline(said))


def _deadline(said: str) -> Deadline | None:
    if not said:
        return None
    clock_ms, said_ms, open = map(int, said.split(" "))
    return Deadline(clock_ms, said_ms, open=bool(open))
