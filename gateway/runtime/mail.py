"""Mail: a message on its way through the runtime, and its form on disk.

On disk: one header line of fields apart by a unit separator, then the payload as JSON. Ids and verbs cannot hold a separator.
Form "2" has the route as one more field, as JSON, which has none either; form "3" behind that which timer it is from; form "4"
behind that the deadline of a message that expires; form "5" behind that until when its host-bound actor may act on it.
"""

from collections.abc import Callable
from sys import intern
from typing import NamedTuple

from gateway.actors.errors import ANYTHING, DoesNotFit, GatewayError, Refused
from gateway.actors.itinerary import Route
from gateway.actors.messages import Deadline, Message
from gateway.actors.models import Payload
from gateway.actors.receipts import Receipt
from gateway.actors.verbs import Verb
from gateway.runtime.threads import in_runtime
from gateway.runtime.versions import apart, fact_of, read_waiting, with_version

_SEPARATOR = "\x1f"
_FIELDS = {"1": 7, "2": 8, "3": 9, "4": 10, "5": 11}
"""How many fields the header of each form has."""
_FIELDS_AT_MOST = 11
_PLAIN = "1"
_PLAIN_FIELDS = 1 + _FIELDS[_PLAIN]
PLAIN_HEAD = f"{_PLAIN}{_SEPARATOR}".encode()
"""What is stored of a message that is on no route, from no timer and has no deadline begins so."""

_new = tuple.__new__
"""Makes a message of all its fields in their order: twice as fast as calling its class."""


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

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the message's commit, as `Receipt.wait` does. Raises Refused in a callback, which runs on the thread that is to make the
        commit."""
        if not self.resolved and in_runtime():
            raise Refused(f"cannot wait for the commit of {self.message.verb} to {self.message.to} in a callback; have on_commit tell you")
        return super().wait(timeout_s)


class PlainArrival(NamedTuple):
    """A message from the outside that has no id there, and of whose commit nobody wants to be told: it needs no receipt."""

    message: Message
    size: int

    @property
    def callback(self) -> None:
        """Nobody."""


class Due(NamedTuple):
    """Which timer of its actor a message came from."""

    due_ms: int
    """When it was due, on the gateway's clock."""
    name: str


class Mail:
    """One message in a mailbox in memory."""

    __slots__ = ("act_by", "attempt", "message", "seq", "size", "stored", "timer")

    def __init__(self, message: Message, seq: int, *, attempt: int = 0, stored: bool = False, timer: Due | None = None) -> None:
        self.message = message
        self.seq = seq
        self.attempt = attempt
        """How many attempts at it have begun and not ended well."""
        self.stored = stored
        """Whether the store has it, or a commit under way will bring it there."""
        self.size = 0
        """How many bytes it has there; 0 while it is not stored."""
        self.timer = timer
        """The timer it is from; None for most."""
        self.act_by: Deadline | None = None
        """Until when its host-bound actor may act on it; None: whenever."""


def is_telemetry(payload: Payload) -> bool:
    """Whether a payload says that it only tells how things stand; one whose own code raises does not."""
    try:
        return bool(payload.is_telemetry)
    except ANYTHING:  # a payload's own code may raise anything: it neither waits nor gives way
        return False


def may_give_way(message: Message) -> bool:
    """Whether it is telemetry that nobody waits for the end of."""
    return is_telemetry(message.payload) and not message.reply_to and message.route is None


def encode(message: Message, timer: Due | None = None, act_by: Deadline | None = None) -> bytes:
    """A message as bytes for the store."""
    id, to, verb, payload, sender, reply_to, trace, expires_ms, route, until = message
    if payload.VERSION != 1:
        verb = with_version(verb, payload)
    plain = route is None and timer is None and until is None and act_by is None
    form, more = ("1", "") if plain else _more(route, timer, until, act_by)
    header = f"{form}\x1f{id}\x1f{to}\x1f{verb}\x1f{sender}\x1f{reply_to}\x1f{trace}\x1f{expires_ms}{more}\n"
    return header.encode() + payload.__pydantic_serializer__.to_json(payload)


def _more(route: Route | None, timer: Due | None, until: Deadline | None, act_by: Deadline | None) -> tuple[str, str]:
    """The parts of a header that most messages do not have, up to the last one that this message has."""
    routed = "" if route is None else route.to_json().decode()
    due = "" if timer is None else f"{timer.due_ms} {timer.name}"
    more = [routed, due, _as_text(until), _as_text(act_by)]
    while not more[-1]:
        more.pop()
    return str(1 + len(more)), "".join(f"{_SEPARATOR}{one}" for one in more)


def _as_text(deadline: Deadline | None) -> str:
    return "" if deadline is None else f"{deadline.clock_ms} {deadline.said_ms} {deadline.open:d}"


class Unreadable(GatewayError, ValueError):
    """Raised for stored mail that this program cannot read."""


def read_header(blob: bytes) -> tuple[list[str], bytes]:
    """The header's fields (id, to, verb, sender, reply_to, trace, expires_ms, route, timer, until, act_by) and the payload's JSON.

    What it does not have is empty.
    """
    header, _, payload = blob.partition(b"\n")
    form, *fields = header.decode().split(_SEPARATOR)
    if _FIELDS.get(form) != len(fields):
        raise Unreadable(f"cannot read stored mail: its form is {form!r}, this program knows 1 to 5; install the newer program again")
    return [*fields, *[""] * (_FIELDS_AT_MOST - len(fields))], payload


def receiver_of(blob: bytes) -> str:
    """Whom a stored message is for, in whatever form it is; empty where that cannot be read."""
    fields = blob.partition(b"\n")[0].split(_SEPARATOR.encode(), 3)
    return fields[2].decode(errors="replace") if len(fields) > 3 else ""


def due_of(blob: bytes) -> Due | None:
    """The timer that a stored message came from."""
    if blob[:1] in b"12":
        return None
    due_ms, _, name = _field(blob, 9).partition(" ")
    return Due(int(due_ms), name) if due_ms else None


def act_by_of(blob: bytes) -> Deadline | None:
    """Until when a host-bound actor may act on a stored message; None: at any time."""
    said = _field(blob, 11) if blob.startswith(b"5") else ""
    return _deadline(said) if said else None


def _field(blob: bytes, n: int) -> str:
    return blob.partition(b"\n")[0].decode().split(_SEPARATOR)[n]


def decode(blob: bytes, find_verb: Callable[[str, str], Verb]) -> Message:
    """Read a message from the store. Raises Unreadable, or UnknownTarget where nobody answers its verb any more."""
    header, _, json = blob.partition(b"\n")
    fields = header.decode().split(_SEPARATOR)
    routed = said = ""
    if len(fields) == _PLAIN_FIELDS and fields[0] == _PLAIN:  # as most messages, of which a burst brings many back
        _, id, to, verb, sender, reply_to, trace, expires_ms = fields
        to, verb, sender = intern(to), intern(verb), intern(sender)  # one text for all that come from there, as where they were sent
    else:
        (id, to, verb, sender, reply_to, trace, expires_ms, routed, _, said, _), json = read_header(blob)
    version = 1
    if "@" in verb:
        verb, version = apart(verb)
    try:
        payload = read_waiting(find_verb(to, verb), version, json)
        route = Route.model_validate_json(routed) if routed else None
    except DoesNotFit as error:
        raise Unreadable(f"cannot read stored mail {id} for {to}: {error}; then `gateway dead-letters retry` it") from None
    except ValueError as error:
        raise Unreadable(f"cannot read stored mail {id} for {to}: {fact_of(error)}") from None
    return _new(Message, (id, to, verb, payload, sender, reply_to, trace, int(expires_ms), route, _deadline(said) if said else None))


def _deadline(said: str) -> Deadline:
    clock_ms, said_ms, open = map(int, said.split(" "))
    return Deadline(clock_ms, said_ms, open=bool(open))
