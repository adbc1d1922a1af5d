"""Deliveries: mail in a host-bound actor's hands, until it says done or failed.

Two threads may want one delivery at once: the actor's, to begin it, and the engine's, to take it back. One of them gets it:

    HANDED   → BEGUN     the actor begins it; it is its to do
    HANDED, BEGUN → SETTLED   done or failed was said, and is on its way to the engine
    HANDED, BEGUN → REVOKED   the engine took it back: it must not be begun, and what is said of it is not heard

So a delivery has two tokens, its right to be begun and its right to be settled, and each move takes one away by deleting the attribute:
that is one step of the interpreter, which one thread does and no other. (A lock for it took as long as the rest of a delivery's way.)
"""

import enum
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from gateway.actors.errors import ANYTHING
from gateway.actors.messages import Deadline, Message, Reply
from gateway.actors.models import Payload
from gateway.actors.payloads import read_payload
from gateway.actors.words import in_a_line

_REASON_AT_MOST = 2000


class Stand(enum.Enum):
    """How far a delivery was when it was taken back: see above."""

    HANDED = "handed"
    BEGUN = "begun"
    SETTLED = "settled"
    """The delivery was settled, so it was not taken back."""


class Settle(Protocol):
    """How a settled delivery gets back to the engine. Any thread."""

    def __call__(self, delivery: "HandedOut", *, pressing: bool) -> None: ...


class HandedOut:
    """One message that was handed out to a host-bound actor. Settled once, from any thread; what is said later is ignored."""

    # What most deliveries leave as it is stands on the class: one is made a message.
    kept = False
    reason = ""
    """Why it failed; empty when it is done."""
    retry = True
    body: Any = None
    """The answer, as JSON values."""
    go_on: Callable[[], None]
    """Has its actor begin deliveries again, once the engine has settled this refusal; a delivery that was not refused has none."""

    # Positional, for one is made a message.
    def __init__(  # noqa: PLR0917
        self, message: Message, seq: int, attempt: int, box: str, post: Settle, pressing: bool, act_by: Deadline | None = None
    ) -> None:
        self.message = message
        self.seq = seq
        self.attempt = attempt
        self.box = box
        self.post = post
        self.pressing = pressing
        """Whether somebody waits for it to be settled."""
        self.act_by = act_by
        """Until when, on the gateway's clock, it may be begun; 0: whenever."""
        self._to_begin = self._to_settle = True

    # --- any thread

    def keep(self) -> None:
        self.kept = True

    def done(self, body: Payload | dict[str, Any] | None = None) -> None:
        if body is not None:
            try:
                body = _as_json_values(body)
            except ANYTHING as error:  # a body is made by the actor's own code: reading it may raise anything
                self.failed(f"it was done, but its answer cannot be sent: {in_a_line(error)}", retry=False)
                return
        try:
            del self._to_settle
        except AttributeError:  # it was settled before, or taken back
            return
        if body is not None:
            self.body = body
        self.post(self, pressing=self.pressing)

    def failed(self, reason: str, *, retry: bool = True) -> None:
        reason = str(reason)[:_REASON_AT_MOST] or "no reason was given"
        try:
            del self._to_settle
        except AttributeError:
            return
        self.reason = reason
        self.retry = retry
        self.post(self, pressing=True)

    def begin(self) -> bool:
        """Mark the delivery as begun; False where it was taken back or begun before, so that the caller must leave it."""
        try:
            del self._to_begin
        except AttributeError:
            return False
        return True

    # --- the engine's thread

    def revoke(self) -> Stand:
        """Take the delivery back, unless it is settled; return how far it was."""
        unbegun = self.begin()
        try:
            del self._to_settle
        except AttributeError:
            return Stand.SETTLED
        return Stand.HANDED if unbegun else Stand.BEGUN

    def revoke_unbegun(self) -> bool:
        """Take the delivery back, unless the actor has begun it; return whether it was taken back."""
        return self.begin() and self.revoke() is not Stand.SETTLED


def to_settle(deliveries: Iterable[Any]) -> list[HandedOut]:
    """Settle many deliveries as done; return those that it had to be said of, which are on their way to the engine then. Any thread."""
    settled = []
    for delivery in deliveries:
        try:
            del delivery._to_settle  # as `done` does, without a call and a place in line for each
        except AttributeError:  # it was settled before, or taken back
            continue
        settled.append(delivery)
    return settled


def _as_json_values(body: Payload | dict[str, Any]) -> Any:
    """An answer as whoever asked will see it, a copy of its own. Raises where it is no JSON."""
    values = body.model_dump(mode="json") if isinstance(body, Payload) else body
    return read_payload(Reply, {"of": "", "body": values}, where="an answer").body
