"""Read models: actors that are told each committed event of others, and answer questions that no single one of those can.

    class Totals(ReadModel[TotalsState]):
        follows = (Account,)

        @on(Deposited)
        def deposited(self, event: Deposited, stage: ReadStage[TotalsState]) -> None:
            stage.state = stage.state.changed(cents=stage.state.cents + event.cents)     # by whom: stage.recorded.actor

It is one actor, `totals/all`. What it follows comes as mail, in the commit of the events. Its state knows the last event it holds,
so an event that comes twice is harmless, and one that is missing (it was not installed then, its mailbox was full) is noticed and
read from the journal. `rebuild` begins anew from the journal, behind any number.

A handler that tells others tells them again in a rebuild: look at `stage.state.catching_up`.

A read model that cannot take an event is paused at it, and says its number: whatever comes behind it would be wrong without it. Mend the
handler and `gateway resume totals/all`, or `rebuild` it behind that number.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import to_json

from gateway.actors.actor import Actor
from gateway.actors.callers import By
from gateway.actors.errors import ANYTHING, BadDefinition, GatewayError
from gateway.actors.ids import kind_of
from gateway.actors.messages import Reply
from gateway.actors.models import Event, Model, Payload, State
from gateway.actors.payloads import read_payload, read_stored
from gateway.actors.sourced import EventSourced, event_models
from gateway.actors.stage import Stage
from gateway.actors.supervision import Decision, Fault
from gateway.actors.verbs import verb
from gateway.actors.words import described

JOURNAL = "journal/local"
FOLLOW = "follow"
"""The verb under which events are told."""

LAST_N = 2**63 - 1
"""No event has a higher number."""
_PAGE = 200
_AGAIN_S = 60.0

F = TypeVar("F", bound=Callable[..., None])


class NotTaken(GatewayError, RuntimeError):
    """A read model cannot take an event."""


class Recorded(Model):
    """An event as it was committed."""

    n: int
    """Its place among the events of all actors: unique, rising."""
    actor: str
    at_ms: int
    """Wall time of the turn that recorded it, milliseconds since 1970."""
    synced: bool = True
    """Whether that time can be trusted; told only where it cannot."""
    kind: str
    version: int
    body: dict[str, Any]

    @model_serializer(mode="wrap")
    def _without_the_usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        if self.synced:
            del fields["synced"]
        return fields


class Told(Payload):
    """Payload of the verb `follow` of a read model: an event that was committed just now."""

    SENT_BY = By.ACTORS
    event: Recorded
    before: int
    """Number of the last event before it that concerned this read model."""


class ReadEvents(Payload):
    """Verb `read` of `journal/local`: a page of committed events, in order."""

    actor: str = ""
    """Only events of this actor; empty: of all."""
    prefix: str = ""
    """Only events of actors whose ids begin so."""
    kinds: tuple[str, ...] = ()
    """Only events of these kinds."""
    after: int = Field(default=0, ge=0, le=LAST_N)
    limit: int = Field(default=100, ge=1, le=500)
    told: int = 0
    """Given back as it is."""


class EventsPage(Payload):
    """The answer to `read`."""

    events: tuple[Recorded, ...] = ()
    after: int = 0
    told: int = 0
    upto: int = 0
    """Every event up to this number that was asked for has been given."""
    more: bool = False


class Rebuild(Payload):
    """Verb `rebuild` of a read model: forget everything, and begin with the event behind number `after`."""

    after: int = Field(default=0, ge=0, le=LAST_N)


class ReadState(State):
    """What every read model remembers; derive its state from this."""

    last: int = 0
    """Number of the last event it holds."""
    told: int = 0
    """Number of the last event it was told of while it caught up."""
    catching_up: bool = False
    """Whether it reads from the journal what it missed."""


S = TypeVar("S", bound=ReadState)


class ReadStage(Stage[S]):
    """The stage of a read model's turn; in a handler of an event, `recorded` says whose it was, and when."""

    recorded: Recorded


def on(event: type[Event]) -> Callable[[F], F]:
    """Mark a method as the handler of an event: `def deposited(self, event, stage)`."""

    def mark(method: F) -> F:
        method.__follows__ = event  # type: ignore[attr-defined]  # the mark is an attribute of the function
        return method

    return mark


class ReadModel(Actor[S]):
    """A read model's class: subclass it with a state derived from ReadState, say whom it follows, and mark the handler of each event."""

    follows: ClassVar[tuple[type[EventSourced[Any]], ...]] = ()
    key: ClassVar[str] = "all"
    """There is one of it: `kind/all`."""
    journal: ClassVar[str] = JOURNAL
    event_models: ClassVar[dict[str, type[Event]]] = {}
    stage_model: ClassVar[type[Stage[Any]]] = ReadStage
    _handlers: ClassVar[dict[str, Callable[..., None]]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        found = [getattr(cls, name) for name in dir(cls) if hasattr(getattr(cls, name, None), "__follows__")]
        cls.event_models = event_models(cls, [method.__follows__ for method in found])
        cls._handlers = {method.__follows__.__name__: method for method in found}
        if not issubclass(cls.state_model, ReadState):
            raise BadDefinition(f"cannot use {cls.__name__} as a read model: derive {cls.state_model.__name__} from ReadState")
        for name, model in cls.event_models.items():
            if not any(model in one.events for one in cls.follows):
                raise BadDefinition(f"cannot use {cls.__name__} as a read model: nobody in its `follows` records {name}")

    @property
    def whole(self) -> str:
        """The id of the one actor of this kind."""
        return f"{self.kind}/{self.key}"

    def is_there(self, id: str) -> bool:
        """A read model exists without anybody writing to it: it follows events by itself."""
        return id == self.whole

    def failed(self, fault: Fault, state: S) -> Decision:
        """Wait at what could not be taken: nothing behind it can be."""
        del fault, state
        return Decision.PAUSE

    @verb
    def follow(self, told: Told, stage: ReadStage[S]) -> None:
        """Take an event that was committed just now."""
        state = stage.state
        if told.event.n <= state.last:
            return
        if state.catching_up or told.before > state.last:
            stage.state = state.changed(told=told.event.n)  # the journal has it when it is asked
            if not state.catching_up:
                self._ask(stage)
            return
        self._take(told.event, stage)

    @verb
    def rebuild(self, begin: Rebuild, stage: ReadStage[S]) -> None:
        """Forget everything, and read what was committed behind a number from the journal."""
        told = max(stage.state.told, stage.state.last)
        fresh: Any = self.state_model()
        stage.state = fresh.changed(last=begin.after, told=told)
        self._ask(stage)
        stage.reply()

    @verb(by=By.ITSELF)
    def catch_up(self, stage: ReadStage[S]) -> None:
        """Ask the journal again, when its answer did not come (the read model's own timer)."""
        if stage.state.catching_up:
            self._ask(stage)

    @verb
    def reply(self, reply: Reply, stage: ReadStage[S]) -> None:
        """Take a page from the journal."""
        if not (stage.state.catching_up and reply.ok):
            return
        page = read_payload(EventsPage, reply.body, where=f"a page for {stage.me}")
        if page.after != stage.state.last:
            return  # the answer to an earlier question, asked twice
        for event in page.events:
            if event.kind in self._handlers and any(kind_of(event.actor) == one.kind for one in self.follows):
                self._take(event, stage)
        self._turn_page(page, stage)

    def _turn_page(self, page: EventsPage, stage: ReadStage[S]) -> None:
        upto = page.upto if page.more else max(page.upto, page.told)  # what it was told of and is not there has been deleted
        stage.state = stage.state.changed(last=max(stage.state.last, upto))
        if page.more or stage.state.told > stage.state.last:
            self._ask(stage)
        else:
            stage.state = stage.state.changed(catching_up=False, told=0)
            stage.cancel("catch_up")

    def _ask(self, stage: ReadStage[S]) -> None:
        stage.state = stage.state.changed(catching_up=True)
        wanted = ReadEvents(kinds=tuple(sorted(self._handlers)), after=stage.state.last, limit=_PAGE, told=stage.state.told)
        stage.tell(self.journal, "read", wanted, reply_to=stage.me)
        stage.after(_AGAIN_S, "catch_up")

    def _take(self, event: Recorded, stage: ReadStage[S]) -> None:
        stage.recorded = event
        model = self.event_models[event.kind]
        try:
            read = read_stored(model, event.version, to_json(event.body), what=f"event {event.n}")
            self._handlers[event.kind](self, read, stage)
        except ANYTHING as error:  # a handler is the read model's own code: it may raise anything
            raise NotTaken(f"cannot take event {event.n}, {event.kind} of {event.actor}: {described(error)}") from error
        stage.state = stage.state.changed(last=event.n)
