"""Turns: runs one ordinary actor turn by turn, with no daemon and no store, on a clock that the test turns.

    turns = Turns(Trip(TripSettings()), me="trip/van")
    turns.tell("position", {"latitude_deg": 52.5, "longitude_deg": 13.4})
    turns.advance(30)                                   # the signal is lost
    assert turns.state.phase is Phase.LOST

After each turn what it staged goes through JSON and back, as it would through the store: what storage does not keep as it
was fails here. Mail is kept for the test to look at; nobody receives it, not even the actor itself.
"""

import json
import random
from collections.abc import Mapping
from itertools import count
from typing import Any, Generic, TypeVar

from gateway.actors import REPLY, Actor, BadDefinition, Event, EventSourced, Message, Payload, Reply, State, UnknownTarget
from gateway.actors.collection import Collection
from gateway.actors.copies import COPIED, WATCHED, CopyCame, Ended
from gateway.actors.gather import GATHER
from gateway.actors.gatherer import Gather
from gateway.actors.ids import check_id, kind_of
from gateway.actors.itinerary import Route
from gateway.actors.models import Model
from gateway.actors.payloads import read_payload, read_stored
from gateway.actors.stage import Timer
from gateway.actors.stamps import Stamp
from gateway.actors.supervision import CHILD_FAILED, Decision, Fault, Verdict
from gateway.actors.ties import NO_TIES
from gateway.actors.turn import Outcome, kept_anyway, run_turn
from gateway.actors.verbs import Mode, Verb
from gateway.actors.vocabulary import Hold, Notify, Post, Publish, Pulse, SetValue, SetValues, Switch, Write
from gateway.business.history import ValueHistory
from gateway.business.toggle import Toggle
from gateway.business.trip import Path, Trip, Trips
from gateway.business.twin import Twin
from gateway.testing.answers import Said, answered, last_gather
from gateway.testing.shape import check_shape

S = TypeVar("S", bound=State)
M = TypeVar("M", bound=Model)

Brought = Payload | dict[str, Any] | bytes | str | None
"""What may be told: a model, a dict of JSON values, JSON, or nothing."""

BEGIN_MS = 1_750_000_000_000
"""Wall time at which every `Turns` begins, milliseconds since 1970."""


class Turns(Generic[S]):
    """Runs one life of one ordinary actor. `reachable` says whom it may write to, {kind: verbs}; by default what comes in the box."""

    def __init__(self, actor: Actor[S], me: str = "", *, reachable: Mapping[str, Mapping[str, Verb]] | None = None) -> None:
        kind: type[Actor[Any]] = type(actor)
        check_shape(kind)  # type: ignore[arg-type]  # a class is hashable; mypy takes the hash of its instances
        self.actor = actor
        self.me = check_id(me or f"{actor.kind}/one")
        self.world = TestWorld({**(in_the_box() if reachable is None else reachable), actor.kind: actor.verbs}, own=actor.kind)
        self.now_ms = BEGIN_MS
        """Wall time; set it to make it jump. Only `clock_ms` measures."""
        self.clock_ms = 1_000_000
        """The gateway's own clock, which `advance` turns."""
        self.time = self.world.time
        """Whether the wall clock can be trusted (`turns.time.synced`), and since when the gateway has listened without a break."""
        self.state: S = self._first_state()
        self.mail: list[Message] = []
        """Every message the turns staged, replies too, in order; clear it as you like."""
        self.timers: dict[str, Timer] = {}
        self.events: list[Event] = []
        """Every event that an event-sourced actor recorded in this life."""
        self.born = False
        """Whether it has a life: a state or a timer that a turn gave it."""
        self.ties = NO_TIES
        """What it is tied to: the copies it keeps (`turns.ties.copies`), and who keeps one of it."""
        self.orders: list[tuple[str, Decision]] = []
        """What it has ordered about its children, by their ids."""
        self.stopped = False
        """True when the last turn ended the actor. The next one begins a new life."""

    @property
    def replies(self) -> list[Reply]:
        """The answers among the mail."""
        return [message.payload for message in self.mail if isinstance(message.payload, Reply)]

    def mail_to(self, to: str) -> list[Any]:
        """The payloads sent to one actor."""
        return [message.payload for message in self.mail if message.to == to]

    def tell(
        self, verb: str, payload: Brought = None, *, sender: str = "", reply_to: str = "", id: str = "", route: Route | None = None
    ) -> Outcome:
        """Run one turn, keep what it left, and return that. A turn that raises leaves no trace, and its error comes out here."""
        row = self.world.find_verb(self.me, verb)
        read = _stored(read_payload(row.payload, payload, where=f"{verb} to {self.me}"))
        return self._run(Message(id or self.world.new_id(), self.me, verb, read, sender, reply_to, route=route), late_s=0.0)

    def take_up(self, version: int, fields: dict[str, Any]) -> S:
        """Begin with the state that a program of `version` stored, given as its fields: JSON values. Raises DoesNotFit."""
        if isinstance(self.actor, EventSourced):
            raise BadDefinition(f"cannot take up a state of {self.me}: it is what its events add up to; test `read_event` instead")
        model: type[S] = self.actor.state_model  # type: ignore[assignment]  # the model that S was subscripted with
        self.state = read_stored(model, version, json.dumps(fields), what="its state")
        self.born = True
        return self.state

    def copy_comes(self, name: str, values: dict[str, Any], *, ended: bool = False) -> Outcome:
        """Have a copy that the actor keeps come, for the first time or changed; `ended`: the other actor has ended."""
        came = CopyCame(name=name, values=values, at_ms=self.now_ms, ended=ended)
        return self._run(Message(self.world.new_id(), self.me, COPIED, came, self.ties.copies[name].of), late_s=0.0)

    def ends(self, actor: str) -> Outcome:
        """Have an actor end that this one watches: the verb that this one named gets its Ended."""
        kept = self.ties.copies[f"{WATCHED}{actor}"]
        came = CopyCame(name=f"{WATCHED}{actor}", values={}, at_ms=self.now_ms, ended=True)
        self._run(Message(self.world.new_id(), self.me, COPIED, came, actor), late_s=0.0)
        return self._run(Message(self.world.new_id(), self.me, kept.then, Ended(actor=actor), self.me), late_s=0.0)

    def answers_come(self, *said: Said, name: str = "") -> Outcome:
        """End the actor's last gather or ask (of that name): give the body that each asked actor answers, in the order of asking.

        `Reply(of="", ok=False, reason="no")` for one who refused, None for one who was silent until the deadline.
        """
        began = last_gather(self.mail, name)
        return self._run(answered(began, said, self.world.find_verb, self.world.new_id, self.now_ms), late_s=0.0)

    def child_fails(self, child: str, reason: str, *, verb: str = "work") -> Verdict:
        """Have the actor decide about a child whose message failed for good, and give what it decided."""
        fault = Fault(actor=child, verb=verb, reason=reason, attempts=1, message=self.world.new_id(), child=child)
        outcome = self._run(Message(self.world.new_id(), self.me, CHILD_FAILED, fault, child), late_s=0.0)
        if outcome.verdict is None:
            raise AssertionError(f"{self.me} decided nothing")
        return outcome.verdict[1]

    def ask(self, verb: str, payload: Brought = None) -> Reply:
        """Run one turn whose sender wants an answer, and return the answer. Raises AssertionError when the turn gave none, or several."""
        before = len(self.replies)
        self.tell(verb, payload, sender="test/asker", reply_to="test/asker")
        answers = self.replies[before:]
        if len(answers) != 1:
            raise AssertionError(f"{self.me} gave {len(answers)} replies to {verb}, not 1")
        return answers[0]

    def advance(self, seconds: float, *, asleep: bool = False) -> None:
        """Turn the clock on, and fire each timer that falls due, in order of its time.

        Timers fire in time; with `asleep` the gateway was off: all that fell due fire at the end, and know how late they are.
        """
        end_ms = self.clock_ms + round(seconds * 1000)
        if asleep:
            self._set_clock(end_ms)
            self.time.listening_since_ms = end_ms
        while due := self._next_timer(end_ms):
            self._fire(due)
        self._set_clock(end_ms)

    def _next_timer(self, end_ms: int) -> str:
        """Name of the timer that is due first, at `end_ms` at the latest; empty when there is none."""
        due = [(timer.due_ms, name) for name, timer in self.timers.items() if timer.due_ms <= end_ms]
        return min(due)[1] if due else ""

    def _fire(self, name: str) -> None:
        timer = self.timers[name]
        self._set_clock(max(self.clock_ms, timer.due_ms))
        message = Message(self.world.new_id(), self.me, timer.verb, timer.payload, self.me)
        self._run(message, late_s=(self.clock_ms - timer.due_ms) / 1000, fired=name)

    def _set_clock(self, clock_ms: int) -> None:
        self.now_ms += clock_ms - self.clock_ms
        self.clock_ms = clock_ms

    def _run(self, message: Message, *, late_s: float, fired: str = "") -> Outcome:
        """Run one turn, store what it left, and only then keep it."""
        try:
            outcome = run_turn(self.actor, self.state, message, self.world, self.now_ms, self.clock_ms, late_s, self.born, self.ties)
        except Exception:
            self.ties = kept_anyway(self.ties, message)
            raise
        state = _stored(outcome.state)
        events = self._folded_again(outcome)
        mail = [sent._replace(payload=_stored(sent.payload)) for sent in outcome.mail]
        timers = {name: timer and timer._replace(payload=_stored(timer.payload)) for name, timer in outcome.timers.items()}
        left = outcome.state is not self.state or bool(outcome.timers or outcome.events)
        self.born = not outcome.stopped and (outcome.born or left)
        self.mail += mail
        self.events = [] if outcome.stopped else [*self.events, *events]
        self.ties = NO_TIES if outcome.stopped else outcome.ties
        self.orders += [(order.child, order.decision) for order in outcome.orders]
        self.stopped = outcome.stopped
        self.state = self._first_state() if outcome.stopped else state  # type: ignore[assignment]  # the model that S was subscripted with
        self._set_timers({} if outcome.stopped else {**self.timers, **{fired: None}, **timers})
        return outcome

    def _folded_again(self, outcome: Outcome) -> list[Event]:
        """The events of a turn as the store gives them back. Raises AssertionError when they add up to another state."""
        events = [_stored(event) for event in outcome.events]
        actor, state = self.actor, self.state
        if isinstance(actor, EventSourced):
            for event in events:
                state = actor.folded(state, event, self.me)
            if state != outcome.state:
                raise AssertionError(f"cannot fold {self.me} again: it gives {state!r} for {outcome.state!r}; fold must be pure")
        return events

    def _set_timers(self, timers: Mapping[str, Timer | None]) -> None:
        self.timers = {name: timer for name, timer in timers.items() if timer is not None}

    def _first_state(self) -> S:
        first: S = self.actor.state_model()  # type: ignore[assignment]  # the model that S was subscripted with
        return first


class TestTime:
    """What a stage may know of time beside its turn's readings; set it as you like."""

    __test__ = False  # pytest collects by name

    def __init__(self) -> None:
        self.synced = True
        """Whether the wall clock can be trusted."""
        self.listening_since_ms = 0
        """Since when, on the gateway's clock, the gateway has listened without a break."""
        self.ahead_ms: int | None = None
        """The wall time minus the gateway's clock, as it should have been before it was trusted; None while nobody can say."""

    def mended(self, stamp: Stamp) -> Stamp:
        """The stamp with the true wall time, where the test has said it."""
        if stamp.synced or self.ahead_ms is None:
            return stamp
        return Stamp(stamp.clock_ms + self.ahead_ms, stamp.clock_ms)

    def moved(self, clock_ms: int, set_ms: int) -> int:
        """The time as it is: a test's clock is not moved."""
        del set_ms
        return clock_ms

    def unpacked(self, packed: int) -> Stamp:
        """The stamp that a packed number stands for; while nobody vouches for the wall clock, its wall time is its time on the gateway's
        clock."""
        return Stamp(packed, 0) if packed >= 0 else self.mended(Stamp(-packed, -packed, synced=False))


class TestWorld:
    """What a stage asks of the runtime: ids that count, randomness that repeats, and who may be written to."""

    __test__ = False  # pytest collects by name

    def __init__(self, reachable: Mapping[str, Mapping[str, Verb]], *, own: str = "") -> None:
        self._reachable = {GATHER: Gather.verbs, **reachable}
        self._own = own
        self.living: set[str] = set()
        """The ids of children that have a life, for `stage.children`: `turns.world.living = {"house/a/room/1"}`."""
        self._numbers = count(1)
        self._random = random.Random(1)
        self.time = TestTime()

    def find_verb(self, to: str, verb: str) -> Verb:
        """The row of `verb` at an actor. A reply can go to anybody, but to the actor's own kind only where that answers `reply`."""
        kind = kind_of(check_id(to))
        if verb == REPLY and kind != self._own:
            return row(REPLY, Reply)
        if kind not in self._reachable:
            raise UnknownTarget(f"cannot send {verb} to {to}: no kind {kind!r} here; name it in Turns(reachable=...)")
        if verb not in self._reachable[kind]:
            raise UnknownTarget(f"cannot send {verb} to {to}: {kind} answers {', '.join(sorted(self._reachable[kind])) or 'nothing'}")
        return self._reachable[kind][verb]

    def knows(self, id: str) -> bool:
        """Whether the test knows an actor's kind, so that orders about the actor can be given."""
        return kind_of(id) in self._reachable

    def children(self, id: str, after: str, limit: int) -> list[str]:
        """The children that the test says there are."""
        return [child for child in sorted(self.living) if child > after and child.startswith(f"{id}/")][:limit]

    def new_id(self) -> str:
        """The next id: `t000001`, `t000002`."""
        return f"t{next(self._numbers):06}"

    def random(self) -> float:
        """The next random number, the same ones in each test."""
        return self._random.random()


def in_the_box() -> dict[str, Mapping[str, Verb]]:
    """The actors that an actor may write to by default: the business kinds, `collection/*`, and every kind of device."""
    kinds: dict[str, Mapping[str, Verb]] = {kind.kind: kind.verbs for kind in (Twin, ValueHistory, Trip, Path, Trips, Toggle)}
    return {
        **kinds,
        "collection": Collection.verbs,
        "mqtt": {"publish": row("publish", Publish)},
        "gpio": {"switch": row("switch", Switch), "pulse": row("pulse", Pulse)},
        "serial": {"write": row("write", Write), "write_once": row("write_once", Write)},
        "modbus": {"write": row("write", SetValue), "write_together": row("write_together", SetValues)},
        "clock": {"hold": row("hold", Hold)},
        "webhook": {"post": row("post", Post), "notify": row("notify", Notify)},
    }


def row(name: str, payload: type[Payload]) -> Verb:
    """A row of a verb table for an actor that the test only writes to."""
    return Verb(name, payload, _nobody, Mode.AT_LEAST_ONCE)


def _nobody(actor: Any, payload: Any, stage: Any) -> None:
    raise NotImplementedError("nobody receives mail here; look at Turns.mail")


def _stored(model: M) -> M:
    """A model as the store gives it back. Raises AssertionError when that is another than went in."""
    kept = type(model).model_validate_json(model.to_json(), strict=True)
    if kept != model:
        raise AssertionError(f"cannot keep {model!r}: storage gives back {kept!r}; use types that JSON knows")
    return kept
