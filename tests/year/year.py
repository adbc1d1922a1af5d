"""A year of one gateway: what its devices say, what its broker takes, its restarts, and what it takes of the machine, month by month.

The clock is turned by a step, and whoever has something to say then says it: a meter at each step; four thermometers, a van and a device
that numbers what it says each half an hour; a burst of fifty each day. An account is opened and closed each day, and one goes on.
Each month the gateway is stopped and started; each quarter it is killed, and its Pi boots without knowing the time.
"""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from gateway.actors import Actor, Decision, Delivery, Event, EventSourced, Fault, HostBound, Inbound, Payload, Stage, State, verb
from gateway.actors.messages import Message
from gateway.actors.vocabulary import Publish, Report
from gateway.business.history import Archive
from gateway.business.history.archive import ArchiveSettings
from gateway.business.trip import Trip, TripSettings
from gateway.business.twin import Twin, TwinSettings
from gateway.runtime import ids as life
from gateway.runtime.mail import encode
from gateway.runtime.settings import EngineSettings
from gateway.service.memory import resident_bytes
from gateway.store.record import Record, read_record
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Changes, DeadRow, EventRow, MailRow, SeenRow
from gateway.testing import ManualClock, Rig
from gateway.testing.clock import PATIENCE_S
from gateway.testing.rig import OUTSIDE

FAR = 2**40
"""Where every counter begins: the gateway has run for some ten thousand years."""
DAY_S = 86_400
MONTH_DAYS = 30
BURST = 50
_SELDOM_S = 1800
_THERMOMETERS = 4
_PAGE = 500
_LOOK_S = 21_600
_WINDOW_S = 60.0
"""What a power cut takes is not what is looked at here: the disk is waited for so seldom."""


class Month(NamedTuple):
    """What a gateway takes of the machine at the end of a month."""

    month: int
    turns: int
    store_bytes: int
    resident_bytes: int
    history_bytes: int
    events: int
    """The number of rows in the journal of events."""
    seen: int
    """How many ids of messages are remembered."""
    mail: int
    """How many messages wait."""


class Paid(Event):
    """Money came."""

    cents: int


class Payment(Payload):
    """Cents."""

    cents: int


class Purse(State):
    """What is in it."""

    cents: int = 0


class Till(EventSourced[Purse]):
    """Keeps its events as long as it lives."""

    events = (Paid,)
    snapshot_every: ClassVar[int] = 50

    def fold(self, state: Purse, event: Event) -> Purse:
        return state.changed(cents=state.cents + event.cents) if isinstance(event, Paid) else state

    @verb
    def pay(self, payment: Payment, stage: Stage[Purse]) -> None:
        """Take money."""
        stage.record(Paid(cents=payment.cents))

    @verb
    def close(self, stage: Stage[Purse]) -> None:
        """End, with all that was kept of it."""
        stage.stop()


class LettersState(State):
    """How many."""

    count: int = 0


class Letters(Actor[LettersState]):
    """Counts what comes, and has a timer that counts too."""

    attempts = 1

    @verb
    def take(self, stage: Stage[LettersState]) -> None:
        """One more; once a day later another."""
        stage.state = LettersState(count=stage.state.count + 1)
        stage.after(DAY_S / 2, "late", name="late")

    @verb
    def late(self, stage: Stage[LettersState]) -> None:
        """One more."""
        stage.state = LettersState(count=stage.state.count + 1)

    @verb
    def fail(self, stage: Stage[LettersState]) -> None:
        """Raise, each time."""
        raise ValueError("as it was told")

    def failed(self, fault: Fault, state: LettersState) -> Decision:
        return Decision.SKIP


class Broker(HostBound):
    """Takes what is published."""

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None:
        """At least once."""


def plant(path: Path) -> None:
    """Make a store whose counters have come far: starts, commits, places in mailboxes, events, dead letters, ids of messages.

    A message for a kind that is no more goes on waiting: where no mail waits, its places begin anew.
    """
    SqliteStore(path).close()
    Record(path, FAR, frames=0, page_bytes=4096).close(clean=True)
    store = SqliteStore(path)
    waits = Message("far-1", "letters/far", "take", Letters.verbs["take"].payload(), OUTSIDE)
    store.commit(
        Changes(
            notes={life.NOTE: str(FAR)},
            mail=[MailRow("letters/far", FAR, 0, encode(waits)), MailRow("gone/far", FAR + 1, 0, encode(waits._replace(to="gone/far")))],
            seen=[SeenRow(OUTSIDE, FAR, "known")],
            events=[EventRow(FAR, "till/old", 0, "paid", 1, Paid(cents=5).to_json())],
            dead=[DeadRow(FAR, 0, "letters/far", "it was long ago", 1, encode(waits))],
        )
    )
    store.close()


class Year:
    """One gateway, through a year. On the test's thread."""

    def __init__(self, path: Path, *, step_s: int, history_mb: float) -> None:
        plant(path)
        self.path = path
        self.step_s = step_s
        self.reported = self.paid = self.days = 0
        self._found: dict[str, int] = {}
        self.clock = ManualClock(clock_ms=FAR * 1000)
        actors: list[Actor[Any]] = [
            Twin(TwinSettings(silent_after_s=3 * max(step_s, _SELDOM_S))),
            Trip(TripSettings(lost_after_s=3.0 * _SELDOM_S)),
            Archive(ArchiveSettings(history_mb=history_mb)),
            Till(),
            Letters(),
        ]
        self.store = self._opened()
        self.rig = Rig(actors, {"mqtt/main": Broker}, store=self.store, clock=self.clock, settings=EngineSettings(ids_kept=1000))

    def run(self, days: int, said: Callable[[Month], None] = lambda month: None) -> list[Month]:
        """Live so many days, and return how each month ended."""
        self.rig.start()
        months: list[Month] = []
        try:
            for day in range(1, days + 1):
                self._day()
                if day % MONTH_DAYS == 0:
                    months.append(self._month(day // MONTH_DAYS))
                    said(months[-1])
                    self._again(killed=day % (3 * MONTH_DAYS) == 0)
            self._look()
        finally:
            if self.rig.hosted:
                self.rig.stop()
            self.store.close()
        return months

    def found(self) -> dict[str, int]:
        """What was there at the end, and what should have been."""
        return dict(self._found)

    def _look(self) -> None:
        rig, engine = self.rig, self.rig.engine
        rig.settle()
        self._found = {
            "reported": self.reported,
            "counted": rig.state("twin/meter").count,
            "paid_cents": self.paid + 2 * self.days,
            "cents": rig.state("till/far").cents,
            "letters": rig.state("letters/far").count,
            "days": self.days,
            "missing": self.store.missing,
            "life": engine.life,
            "last_seq": rig.look(lambda: engine.room.last_seq),
            "last_event": rig.look(self.store.last_event),
            "last_dead": rig.look(lambda: max(row.n for row in self.store.dead(0, 1000))),
            "clock_ms": self.clock.clock_ms(),
            "commits": read_record(self.path).total if read_record(self.path) else 0,
        }

    def _opened(self) -> SqliteStore:
        return SqliteStore(self.path, loss_window_s=_WINDOW_S, max_mb=64)

    def _again(self, *, killed: bool) -> None:
        self._bring([Inbound("letters/far", "fail")])
        self.rig.settle()
        if killed:
            self.rig.crash()
            self.clock.reboot(off_s=600)
        elif not self.rig.stop():
            raise AssertionError("the gateway did not end in time")
        self.store.close()
        self.rig.store = self.store = self._opened()
        self.rig.start()
        if killed:
            self.clock.sync(600)

    def _day(self) -> None:
        self.days += 1
        for second in range(0, DAY_S, self.step_s):
            self.clock.advance(self.step_s)
            seldom = self._seldom(second) if second % _SELDOM_S < self.step_s else ()
            self._bring([self._reading("meter", 1000 + second % 977 / 10), *seldom])
            if second % _LOOK_S == 0:
                self.rig.settle()  # after a kill turns run one by one, and the day must not run away from them
        self._bring([self._reading("burst", n) for n in range(BURST)])
        self._bring(
            [
                Inbound(f"till/{self.days}", "pay", Payment(cents=1)),
                Inbound(f"till/{self.days}", "close"),
                Inbound("till/far", "pay", Payment(cents=2)),
                Inbound("letters/far", "take"),
            ]
        )

    def _seldom(self, second: int) -> Iterator[Inbound]:
        for n in range(_THERMOMETERS):
            yield self._reading(f"room-{n}", 15 + (second // 60 + n) % 100 / 10)
        yield Inbound("trip/van", "position", {"latitude_deg": 48 + second / DAY_S, "longitude_deg": 11.5})
        said = Inbound("till/far", "pay", Payment(cents=1), id=f"{self.days}-{second}")
        self.paid += 1
        yield from (said, said)  # it says it twice, as who did not hear an acknowledgement

    def _reading(self, name: str, value: float) -> Inbound:
        self.reported += name == "meter"
        return Inbound(f"twin/{name}", "report", Report(values={"value": value, "on": value > 20}))

    def _bring(self, messages: list[Inbound]) -> None:
        """Bring messages in, and wait until the last is committed."""
        *rest, last = messages
        refused = self.rig.hosted[OUTSIDE].send_all(rest) if rest else []
        receipt = self.rig.send(last.to, last.verb, last.payload, id=last.id)
        if refused or not receipt.wait(PATIENCE_S):
            raise AssertionError(f"{last.verb} to {last.to} was not committed: {refused} {self.rig.faults}")

    def _month(self, number: int) -> Month:
        self.rig.until(self._is_drained)
        gc.collect()
        rig, store = self.rig, self.store
        rows = rig.look(lambda: (sum(self._events(id) for id in ("till/far", f"till/{self.days}")), len(store.seen())))
        size = rig.state("archive/all").size
        return Month(number, rig.engine.turns.total, store.size_bytes(), resident_bytes(), size, *rows, self._waiting())

    def _events(self, id: str) -> int:
        """How many events of an actor there are, read a page at a time: all together would take the memory that is measured."""
        count = after = 0
        while page := self.store.events(id, after, _PAGE):
            count, after = count + len(page), page[-1].n
        return count

    def _is_drained(self) -> bool:
        """Whether the broker has taken all; time has to pass, as what it has done is committed along with something else."""
        self.rig.advance(1)
        return self._waiting() == 0

    def _waiting(self) -> int:
        return int(self.rig.look(lambda: sum(box.count for box in self.store.boxes() if box.box != "gone/far")))
