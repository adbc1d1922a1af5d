"""Messages: immutable, addressed to one actor, carrying a typed payload."""

from typing import Any, NamedTuple

from gateway.actors.callers import By
from gateway.actors.errors import BadPayload
from gateway.actors.itinerary import Route
from gateway.actors.models import Payload

START = "Builtin.Start"
REPLY = "reply"


class Deadline(NamedTuple):
    """Until when a message may be acted on, on a clock that does not jump."""

    clock_ms: int
    """On the gateway's clock, milliseconds; 0: only the wall clock can say, see `open`."""
    said_ms: int = 0
    """The gateway's clock when that was reckoned, where the wall clock could not be trusted then; else 0."""
    open: bool = False
    """Whether `Message.expires_ms` holds too, which the outside said while the wall clock could not be trusted: until it can, nobody
    can say whether the message has expired, and it waits."""


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
    """Wall time, milliseconds since 1970, after which it must not be acted on; 0: never. For people: it is `until` that is heeded."""
    route: Route | None = None
    """The stops it still has ahead of it; None when it is on no route."""
    until: Deadline | None = None
    """The same as a deadline, which the runtime sets when it takes the message in; None for most, which do not expire."""

    def until_for(self, expires_ms: int) -> Deadline | None:
        """The deadline for a message that is sent on with the same expiry as this one; None where the runtime must work it out."""
        return self.until if expires_ms == self.expires_ms else None

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

    SENT_BY = By.ACTORS
    of: str
    """Id of the message that is answered."""
    ok: bool = True
    reason: str = ""
    """Why not, where `ok` is false; else empty, unless the answer is one of nobody: see `unwritten.py`."""
    body: Any = None
    """The answer's fields, as JSON values."""


def check_expiry(expires_ms: Any) -> int:
    """Return `expires_ms` when it is a wall time (milliseconds since 1970) or 0 for never. Raises BadPayload where it is none."""
    if type(expires_ms) is not int or not 0 <= expires_ms <= _LAST_MS:
        raise BadPayload(f"cannot send what expires at {repr(expires_ms)[:40]}: give whole milliseconds since 1970, or 0 for never")
    return expires_ms


def check_expires_s(expires_s: Any) -> None:
    """Raise BadPayload where `expires_s` is no number of seconds, or so large that it has no date."""
    if expires_s is not None and not (isinstance(expires_s, (int, float)) and abs(expires_s) <= _LAST_MS // 1000):
        raise BadPayload(f"cannot send what expires in {repr(expires_s)[:40]} s: give a number of seconds")


_LAST_MS = 253_402_214_400_000
"""The last day of the year 9999."""
