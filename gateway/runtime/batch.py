"""A batch: the turns that are committed together, and what is released after the commit."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from gateway.actors.following import NewState
from gateway.actors.messages import Message, Reply
from gateway.actors.receipts import is_prompt
from gateway.actors.words import printable
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.mail import Arrival
from gateway.store.store import Changes

log = logging.getLogger(__name__)

LAZY_S = 0.25
"""How long a change may wait for company when losing it only repeats a delivery: what sinks have done."""


class Turned(NamedTuple):
    """One turn, as those who watch turns are told of it."""

    message: Message
    outcome: str
    """Empty when it went well, else why not."""
    batch: int


class Changed(Protocol):
    """An actor whose state, timers or ties changed in a batch."""

    @property
    def id(self) -> str: ...

    @property
    def wake_ms(self) -> int | None:
        """When the actor's first timer is due, on the gateway's clock."""

    def seal(self, changes: Changes) -> None:
        """Put the actor's state, or the actor's end, into the commit."""


class Batch:
    """The turns of one commit, and what they leave. Filled and sealed on the engine's thread, committed and released on the
    committer's or, alone, on the engine's."""

    __slots__ = (
        "answering",
        "arrivals",
        "arrived",
        "arrived_bytes",
        "changes",
        "dirty",
        "ended",
        "given",
        "gone",
        "last_seq",
        "lazy_since_s",
        "number",
        "read_before",
        "removed",
        "replies",
        "states",
        "turned",
        "turns",
        "urgent",
    )

    def __init__(self, number: int, read_before: int = 0) -> None:
        """`read_before`: how many bytes had been read from the store when it began."""
        self.number = number
        self.read_before = read_before
        self.changes = Changes()
        self.dirty: dict[str, Changed] = {}
        """Actors whose state or timers changed."""
        self.ended: list[str] = []
        """Actors that were ended."""
        self.gone: dict[str, list[int]] = {}
        """For each mailbox, the places of the messages that were handled and are to be deleted."""
        self.arrivals: list[Arrival] = []
        """Messages from the outside that are consumed or stored by this batch, where they have receipts: these resolve with it."""
        self.arrived = 0
        """How many messages from the outside it has, with receipts and without."""
        self.arrived_bytes = 0
        """About how many bytes these have."""
        self.given: list[tuple[Callable[[list[HandedOut]], None], list[HandedOut]]] = []
        """Deliveries to hand to host-bound actors after the commit."""
        self.removed: list[str] = []
        """Stored actors that it removes without their having been in memory."""
        self.replies: list[tuple[Callable[[Reply], None], Reply]] = []
        self.answering: Reply | None = None
        """The answer that is being given."""
        self.turns = 0
        self.last_seq = 0
        """Every message up to this place, if it still waits, is on disk after this commit."""
        self.states: list[NewState] = []
        """What it has made of actors, where somebody follows them."""
        self.turned: list[Turned] = []
        self.urgent = False
        """Somebody waits for this commit."""
        self.lazy_since_s = 0.0
        """Monotonic second of the first change that can wait; 0 when there is none."""

    def drop(self, box: str, seq: int) -> None:
        """Delete one message of a mailbox."""
        gone = self.gone.get(box)
        if gone is None:
            self.gone[box] = [seq]
        else:
            gone.append(seq)

    def drop_all(self, box: str, seqs: Iterable[int]) -> None:
        """Delete messages of a mailbox."""
        self.gone.setdefault(box, []).extend(seqs)

    def note(self, key: str, text: str) -> None:
        """Have the store keep a note with this batch. What is no Unicode in it is escaped: a log text may be anything."""
        self.changes.notes[key] = printable(text)

    def wants_commit(self, now_s: float) -> bool:
        """Whether this batch is to be committed as soon as the committer is free."""
        return self.urgent or (self.lazy_since_s > 0 and now_s >= self.lazy_since_s + LAZY_S)

    def release(self) -> None:
        """Release this batch after its commit: hand out deliveries, resolve receipts, answer asks. On the thread that made it."""
        for give, deliveries in self.given:
            give(deliveries)
        for arrival in self.arrivals:
            try:
                arrival.resolve()
            except BaseException:  # a callback is the source's own code: its fault, sys.exit() too, must not stop the others
                log.exception("the acknowledgement of %s from %s failed", arrival.message.id, arrival.source)
        for answer, reply in self.replies:
            self.answering = reply
            try:
                answer(reply)
            except BaseException:
                log.exception("the answer to %s was not taken well", reply.of)

    @property
    def is_prompt(self) -> bool:
        """Whether nothing that its release calls can block."""
        return not self.replies and all(is_prompt(arrival.callback) for arrival in self.arrivals)

    @property
    def callback_at(self) -> str:
        """Whose callback a release that goes on stands in, in words; empty where it is none. Any thread."""
        if self.answering is not None:
            return f"the on_reply of the ask {self.answering.of}"
        last = next((arrival for arrival in reversed(self.arrivals) if arrival.resolved), None)
        what = f"{last.message.verb} to {last.message.to}" if last is not None and last.callback is not None else ""
        return f"the on_commit that {last.source} gave for {what}" if last is not None and what else ""

    def __repr__(self) -> str:
        return f"<Batch {self.number}: {self.turns} turns, {self.arrived} arrivals>"


Observer = Callable[[list[Turned]], Any]
