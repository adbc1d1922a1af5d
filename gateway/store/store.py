"""The store: durable state behind one interface, and what one commit holds.

`commit` is called on the committer's thread, or on the engine's where nothing else waits; every read on the engine's. A store
serves both threads at once. What `commit` was given is on disk when it returns (within the loss window it was opened with, unless it
says `sync`), all of it or, when it raises, none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple, Protocol


class StateRow(NamedTuple):
    """The row of one actor: its state as JSON of `version`, its timers as text, and when the first of them may be due."""

    id: str
    version: int
    state: bytes
    timers: bytes | None
    wake_ms: int | None
    """Milliseconds on the gateway's clock at which to look at its timers; never later than the first one is due."""
    ties: bytes | None = None
    """What the runtime remembers of it beside its state, as JSON; None for most."""


class MailRow(NamedTuple):
    """The row of one message that waits in a mailbox."""

    box: str
    seq: int
    """Its place in the order of all mail: unique, rising."""
    attempt: int
    """How many attempts at it have begun."""
    message: bytes


class SeenRow(NamedTuple):
    """The row of an id that the outside gave a message, kept so that a repeat is known."""

    source: str
    n: int
    """Rising within a source."""
    id: str


class DeadRow(NamedTuple):
    """The row of a dead letter: a message nobody could take, with the reason."""

    n: int
    at_ms: int
    """When that was, as one number: see `Stamp.packed`."""
    box: str
    reason: str
    attempt: int
    message: bytes


class EventRow(NamedTuple):
    """The row of one event of an event-sourced actor."""

    n: int
    """Its place among the events of all actors: unique, rising, never used again."""
    actor: str
    at_ms: int
    """When it was recorded, as one number: see `Stamp.packed`."""
    kind: str
    version: int
    body: bytes
    """Its fields, as JSON of `version`."""


class PostRow(NamedTuple):
    """The row of a message on its way to an actor that another host serves. One of the three says whose it is."""

    to_grp: int | None
    """The group of its receiver, for an actor that is served by whoever has the group."""
    to_member: int | None
    """The life of an engine, for the answer to somebody who asked there."""
    to_host: str | None
    """The name of a host, for what belongs to its own devices."""
    message: bytes
    telemetry: bool = False
    """Whether it may give way to newer ones where its receiver takes less than comes."""


class SeqSpan(NamedTuple):
    """A span of one mailbox to delete: from the place `first` to `last`, both included."""

    box: str
    first: int
    last: int


class Tried(NamedTuple):
    """A span of one mailbox whose attempts are counted: from `first` to `last`, both included, `by` more, or fewer."""

    box: str
    first: int
    last: int
    by: int


_FEW = 8
"""Of so many rows of mail each is looked at for what an attempt at it is counted in."""


@dataclass(slots=True)
class Changes:
    """Everything one commit holds. Rows are applied in the order of the fields."""

    states: list[StateRow] = field(default_factory=list)
    """Actors whose stored wake time stays as it is; new ones take the row's."""
    woken: list[StateRow] = field(default_factory=list)
    """Actors whose wake time changed."""
    gone: list[str] = field(default_factory=list)
    """Actors that ended."""
    mail: list[MailRow] = field(default_factory=list)
    """New mail, and mail whose attempt count changed."""
    tried: list[Tried] = field(default_factory=list)
    """Attempts that are counted, of new mail too. What is not there, or goes with this commit, is passed over."""
    mail_gone: list[SeqSpan] = field(default_factory=list)
    seen: list[SeenRow] = field(default_factory=list)
    seen_gone: list[tuple[str, int]] = field(default_factory=list)
    """(source, n): forget what this source said up to and including n."""
    events_gone: list[str] = field(default_factory=list)
    """Actors all of whose events go: those on disk, and not those of this commit."""
    events: list[EventRow] = field(default_factory=list)
    folded: list[tuple[int, str]] = field(default_factory=list)
    """(n, actor): the actor's state holds its events up to n. One that is gone, or never was, is passed over."""
    dead: list[DeadRow] = field(default_factory=list)
    dead_gone: list[int] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    post: list[PostRow] = field(default_factory=list)
    """Messages for other hosts. Only a store that several hosts share is given some; and so with"""
    post_gone: list[int] = field(default_factory=list)
    """the messages from other hosts that are mail of this one with this commit."""
    sync: bool = False
    """Whether it must outlive a power cut, whatever the loss window: by it something is done that must not be done twice."""

    def count_attempts(self, box: str, places: Sequence[int], by: int, *, together: bool) -> None:
        """Count the attempts at the mail of these places up or down: in the rows that this commit brings, where it brings few, for each
        statement that a commit needs is a good part of what a message costs that comes alone. `together`: nothing else of this mailbox
        lies between them."""
        if not (places and self._count_in_rows(box, places, by)):
            spans = [(places[0], places[-1])] if together and places else [(place, place) for place in places]
            self.tried += [Tried(box, first, last, by) for first, last in spans]

    def _count_in_rows(self, box: str, places: Sequence[int], by: int) -> bool:
        """Count attempts in the rows that bring the mail; return whether they are all here: else none is counted."""
        mail = self.mail
        if len(mail) > _FEW:
            return False
        rows = {row.seq: at for at, row in enumerate(mail) if row.box == box}
        if any(place not in rows for place in places):
            return False
        for place in places:
            row = mail[rows[place]]
            mail[rows[place]] = row._replace(attempt=row.attempt + by)
        return True

    def size_bytes(self) -> int:
        """About how many bytes it brings into the store."""
        rows = chain[Iterable[object]](self.states, self.woken, self.mail, self.seen, self.events, self.dead, self.notes.items())
        return sum(len(part) for row in rows for part in row if isinstance(part, bytes | str))


def up_to(found: Iterable[tuple[str, StateRow | None]], at_most_bytes: int) -> dict[str, StateRow | None]:
    """What was found of actors, as `load_many` gives it: up to the one with which the states have so many bytes."""
    rows: dict[str, StateRow | None] = {}
    size = 0
    for actor, row in found:
        rows[actor] = row
        size += 0 if row is None else len(row.state)
        if size >= at_most_bytes:
            break
    return rows


@dataclass(frozen=True, slots=True)
class BoxSize:
    """How much waits in one mailbox, and the last place in it."""

    box: str
    count: int
    bytes: int
    last_seq: int


class EventReader(Protocol):
    """Reads committed events, on a thread of its own, whatever the store's other users do meanwhile."""

    def page(self, *, actor: str = "", prefix: str = "", kinds: Sequence[str] = (), after: int = 0, limit: int = 100) -> list[EventRow]:
        """Read the events behind number `after`, in order, at most `limit`: of one actor, of those whose ids begin with `prefix`, or of
        all; of some kinds, or of all."""

    def close(self) -> None:
        """Close the reader."""


class Store(Protocol):
    """Durable state. Errors are StoreFailed (or StoreFull), and say what medium said it."""

    @property
    def fault(self) -> str:
        """What a read waits for at the moment, as a medium that comes back may have it wait; empty while none does. Any thread."""

    def commit(self, changes: Changes) -> None:
        """Make all of `changes` durable at once. On one thread at a time, the committer's or the engine's."""

    def rest(self) -> None:
        """Do what the last commit left for the moment behind it, in which nobody waits any more: the next one does it at the latest. On the
        thread that commits."""

    def wants_tidying(self) -> bool:
        """Whether there is something to do that can wait until nobody waits for a commit. Asked after each."""

    def tidy(self) -> None:
        """Do what was left for a moment in which nothing is to be committed. On the thread that commits."""

    def load(self, actor: str) -> StateRow | None:
        """Read the last committed state of an actor."""

    def load_many(self, actors: Sequence[str], at_most_bytes: int) -> dict[str, StateRow | None]:
        """Read the last committed states of several actors, in their order; None for one without. It ends early, behind the one with which
        the states have `at_most_bytes`."""

    def actors(self, prefix: str, after: str, limit: int) -> list[str]:
        """The ids that begin with `prefix`, behind `after`, in order, at most `limit`."""

    def family(self, prefix: str, after: str, limit: int) -> list[tuple[str, bool]]:
        """The ids as `actors` gives them, each with whether that actor has ties."""

    def count_actors(self) -> int:
        """How many actors have a stored state (about, where counting would be slow)."""

    def wakes(self, after_ms: int, until_ms: int, limit: int) -> list[tuple[int, str]]:
        """The (wake_ms, actor) pairs with after_ms < wake_ms <= until_ms, in order, at most `limit`."""

    def boxes(self) -> list[BoxSize]:
        """The size of every mailbox with mail in it."""

    def mail(self, box: str, after_seq: int, limit: int) -> list[MailRow]:
        """Read the mail of a mailbox behind `after_seq`, in order, at most `limit`."""

    def seen(self) -> list[SeenRow]:
        """Every id kept for deduplication, in the order in which they came."""

    def dead(self, after: int, limit: int) -> list[DeadRow]:
        """Read the dead letters behind number `after`, in order, at most `limit`."""

    def dead_sizes(self) -> list[tuple[int, int]]:
        """The number of each dead letter, and how many bytes its message has, in order."""

    def folded(self, actor: str) -> int:
        """The number of the last event that the stored state of an actor holds; 0 where there is none."""

    def events(self, actor: str, after: int, limit: int) -> list[EventRow]:
        """Read the events of one actor behind number `after`, in order, at most `limit`."""

    def last_event(self, kinds: Sequence[str] = ()) -> int:
        """The highest number of a stored event (of some kinds, or of all); 0 where there is none."""

    def event_reader(self) -> EventReader:
        """Make a reader of events for another thread; close it before the store."""

    def notes(self) -> dict[str, str]:
        """The gateway's notes to itself: its clock, how it ended, faults to remember."""

    def relieve(self) -> bool:
        """Make room on a full medium, in steps: free the ballast, lift the limit. False when none is left. On the committer's thread."""

    def wants_sync(self) -> bool:
        """Whether unsynced commits are older than the loss window allows: the next commit syncs them."""

    def why_full(self) -> str:
        """Why it goes on upon its reserve, in words, where it is beyond its limit: an earlier life may have left it so. Else empty."""

    def spare(self) -> bool:
        """Whether, on a medium that is full, more than half is left of what it kept in reserve: commands may take of it."""

    def recovered(self) -> bool:
        """Whether a medium that was full has room again: the ballast exists, or could be allocated."""

    def size_bytes(self) -> int:
        """How many bytes the store takes on its medium."""

    def close(self) -> None:
        """Close the store. Nothing else may be called afterwards."""
