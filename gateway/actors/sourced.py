"""Event sourcing: an actor whose state is what its events add up to.

    class Deposited(Event):
        cents: int

    class Account(EventSourced[AccountState]):
        events = (Deposited, Withdrawn)
        snapshot_every = 100

        def fold(self, state: AccountState, event: Event) -> AccountState:
            match event:
                case Deposited(): return state.changed(cents=state.cents + event.cents)
                case Withdrawn(): return state.changed(cents=state.cents - event.cents)
            return state

        @verb
        def deposit(self, amount: Amount, stage: Stage[AccountState]) -> None:
            stage.record(Deposited(cents=amount.cents))
            stage.reply(stage.state)

A recorded event is folded into `stage.state` at once, and committed with everything else that the turn did. The state itself is
stored at the beginning of a life, with each change of the timers, and every `snapshot_every` events; it is loaded by folding the
events behind it. So `fold` is pure, takes every event ever recorded, and refuses none: what may not happen is refused by the verb.

A `machine` works too, where `fold` sets its field: `stage.enter` would set the state by hand.

Events are versioned as states are, by VERSION and `upcast`. A state (a snapshot) of an older VERSION is not taken up: all events are
folded anew, for they are the truth. Events live as long as their actor: `stop` deletes them with its state.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from gateway.actors.actor import Actor
from gateway.actors.errors import BadDefinition, StateTooNew
from gateway.actors.models import Event, State
from gateway.actors.payloads import prove, read_stored
from gateway.actors.stage import Stage

S = TypeVar("S", bound=State)


class SourcedStage(Stage[S]):
    """The stage of an event-sourced actor's turn: the state changes by `record` only."""

    events: list[Event]

    @property
    def state(self) -> S:
        """The state with every event of this turn folded in."""
        return self._folded

    @state.setter
    def state(self, state: S) -> None:
        if hasattr(self, "_folded"):
            raise BadDefinition(f"cannot set the state of {self.me}: it is what its events add up to; record an event instead")
        self._folded = state
        self.events = []

    def record(self, event: Event) -> None:
        """Append an event to this turn, and fold the event into the state at once."""
        actor = self.actor
        if type(event) not in actor.events:
            names = ", ".join(one.__name__ for one in actor.events) or "none"
            what = f"cannot record {type(event).__name__} in {self.me}"
            raise BadDefinition(f"{what}: {type(actor).__name__}.events has {names}; add it there")
        if event.LOOSE:
            prove(event, where=f"event {type(event).__name__} of {self.me}")
        self._folded = actor.folded(self._folded, event, self.me)
        self.events.append(event)
        self.rare = True


class EventSourced(Actor[S]):
    """An event-sourced actor's class: subclass it with a state model, name its events, and say how each event changes the state."""

    events: ClassVar[tuple[type[Event], ...]] = ()
    """The events it records, by the names of their classes. One that was ever recorded stays here."""
    readers: ClassVar[tuple[str, ...]] = ()
    """Kinds of read models that come with it: they are there whenever it is, and miss nothing."""
    snapshot_every: ClassVar[int] = 100
    """After so many events the state is stored too, so that loading it stays quick."""
    event_models: ClassVar[dict[str, type[Event]]] = {}
    stage_model: ClassVar[type[Stage[Any]]] = SourcedStage

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.event_models = event_models(cls, cls.events)
        if cls.snapshot_every < 1:
            raise BadDefinition(f"cannot use {cls.__name__} as an actor: snapshot_every is {cls.snapshot_every}; it must be 1 or more")

    def fold(self, state: S, event: Event) -> S:
        """The state after an event. Pure: called when it is recorded, and again when the actor is loaded."""
        raise NotImplementedError(f"cannot fold {type(event).__name__}: {type(self).__name__} has no fold; write one")

    def folded(self, state: S, event: Event, me: str) -> S:
        """Fold an event into a state, as `fold` does; raises BadDefinition where that gives no state of this actor."""
        found = self.fold(state, event)
        if type(found) is not self.state_model:
            model, name = type(found).__name__, type(event).__name__
            raise BadDefinition(f"cannot fold {name} into {me}: fold gave a {model}, no {self.state_model.__name__}; return the new state")
        return found

    def read_event(self, kind: str, version: int, body: bytes, *, n: int) -> Event:
        """Read a stored event, and take it up to today's version.

        Raises StateTooNew where this program does not know it, DoesNotFit where it does not fit.
        """
        model = self.event_models.get(kind)
        if model is None:
            raise StateTooNew(f"its event {n} is a {kind!r}, which this program does not know; install the newer program again")
        return read_stored(model, version, body, what=f"its event {n}, a {kind!r},")


def event_models(cls: type, events: Sequence[type[Event]]) -> dict[str, type[Event]]:
    """The classes of the events, by their names. Raises BadDefinition where one is no Event, or two have one name."""
    models: dict[str, type[Event]] = {}
    for model in events:
        if not (isinstance(model, type) and issubclass(model, Event)):
            raise BadDefinition(f"cannot use {cls.__name__} as an actor: {model!r} in its events is no Event model")
        if model.__name__ in models:
            raise BadDefinition(f"cannot use {cls.__name__} as an actor: two of its events are called {model.__name__}; rename one")
        models[model.__name__] = model
    return models
