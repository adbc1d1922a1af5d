"""Ordinary actors: business state that handles one message at a time.

One instance of the class serves every actor of its kind; it holds the kind's configuration and nothing else. What an
actor remembers is in its state, which the stage carries.
"""

import re
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

from gateway.actors.copies import Copy
from gateway.actors.errors import BadDefinition
from gateway.actors.guards import guarded
from gateway.actors.ids import is_key
from gateway.actors.models import State
from gateway.actors.payloads import LONGEST_S
from gateway.actors.points.points import NO_POINTS, Points
from gateway.actors.settings import Settings
from gateway.actors.soundness import check_machine
from gateway.actors.stage import Stage
from gateway.actors.supervision import Decision, Fault, Verdict
from gateway.actors.verbs import Verb, verbs_of

if TYPE_CHECKING:
    from gateway.actors.machine import Machine

S = TypeVar("S", bound=State)


class Actor(Generic[S]):
    """An ordinary actor's class: subclass it with a state model, and mark its verbs.

    class Counter(Actor[Count]):
        @verb
        def add(self, amount: Amount, stage: Stage[Count]) -> None:
            stage.state = stage.state.changed(total=stage.state.total + amount.units)
    """

    kind: ClassVar[str] = ""
    """The name of the kind in ids; the class's name in snake case unless set."""
    state_model: ClassVar[type[State]] = State
    settings_model: ClassVar[type[Settings]] = Settings
    """What the kind takes from its section `[actors.kind]` of the configuration."""
    verbs: ClassVar[dict[str, Verb]] = {}
    inner: ClassVar[bool] = False
    """Whether only actors write to it: what comes from outside, over MQTT or the command line, is refused."""
    attempts: ClassVar[int] = 4
    """How often a message is tried in all before it becomes a dead letter."""
    retry_s: ClassVar[float] = 0.5
    """Seconds before the first retry; doubled each time, up to a minute. Mail behind it waits, so order is kept."""
    machine: ClassVar["Machine | None"] = None
    """Its phases, where it has some: see `machine.py`."""
    copies: ClassVar[dict[str, Copy]] = {}
    """Which fields of which kind it keeps beside its state, by a name of its own: see `copies.py`."""
    brings: ClassVar[tuple[str, ...]] = ()
    """Kinds that it keeps for itself, by their names: the test kit has them wherever it has this one."""
    points: Points = NO_POINTS
    """What the configuration says of the values of actors; the host gives it to each kind. It holds for a turn as the settings do."""
    stage_model: ClassVar[type[Stage[Any]]] = Stage
    """What its turns are given; event-sourced actors have another: see `sourced.py`."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.kind = cls.__dict__.get("kind", "") or snake(cls.__name__)
        if not is_key(cls.kind):
            raise BadDefinition(f"cannot use {cls.__name__} as an actor: {cls.kind!r} cannot stand in an id; set `kind`")
        _check_attempts(cls)
        cls.state_model = _state_model(cls)
        cls.verbs = verbs_of(cls)
        check_machine(cls)
        cls.verbs = guarded(cls.verbs, cls.machine)

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = self.settings_model() if settings is None else settings

    @property
    def most(self) -> int:
        """How many actors of this kind there may be before strangers, who write from outside, can begin no more; 0: any number."""
        return 0

    def is_there(self, id: str) -> bool:
        """Say whether an actor of this kind exists although nobody has written to it. By default it is not."""
        del id
        return False

    def apart_s(self, verb: str, key: str) -> float:
        """Say how many seconds may lie between two messages of a verb that only tell how things stand, where fewer are to be written; 0:
        none of them may be left out. By default none may."""
        del verb, key
        return 0.0

    def failed(self, fault: Fault, state: S) -> Decision:
        """Decide what becomes of this actor when a message failed for good; `state` is as it was before that message. By default its parent
        does."""
        del fault, state
        return Decision.ESCALATE

    def child_failed(self, fault: Fault, stage: Stage[S]) -> Decision | Verdict:
        """Decide what becomes of a child that escalated its fault; called in a turn of its own. By default the message is skipped."""
        del fault, stage
        return Decision.SKIP

    def copied(self, name: str, stage: Stage[S]) -> None:
        """Called, in a turn of its own, when a copy that this actor keeps has come or has changed. By default nothing happens: the copy is
        there to look at."""


def _check_attempts(cls: type[Actor[Any]]) -> None:
    """Raise BadDefinition where `attempts` or `retry_s` cannot be used: they are read when a turn has failed, and must not fail then."""
    if type(cls.attempts) is not int or cls.attempts < 1:
        raise BadDefinition(
            f"cannot use {cls.__name__} as an actor: attempts is {cls.attempts!r}; say how often a message is tried, from 1"
        )
    if type(cls.retry_s) not in {int, float} or not 0 <= cls.retry_s <= LONGEST_S:
        raise BadDefinition(f"cannot use {cls.__name__} as an actor: retry_s is {cls.retry_s!r}; say the seconds before the first retry")


def snake(name: str) -> str:
    """Turn a class name into a kind: `BoilerRoom` → `boiler_room`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _state_model(cls: type[Actor[Any]]) -> type[State]:
    """The state model that a class was subscripted with; its parent class's model where it was not subscripted."""
    for base in getattr(cls, "__orig_bases__", ()):
        if isinstance(get_origin(base), type) and issubclass(get_origin(base), Actor):
            (model,) = get_args(base)
            if isinstance(model, TypeVar):
                return State
            if not (isinstance(model, type) and issubclass(model, State)):
                raise BadDefinition(f"cannot use {cls.__name__} as an actor: {model!r} is no State model")
            _check_defaults(cls, model)
            return model
    return cls.state_model


def _check_defaults(cls: type[Actor[Any]], model: type[State]) -> None:
    """Raise BadDefinition where a field of the state has no default: a new actor's first state has nobody to fill it in."""
    bare = [name for name, field in model.model_fields.items() if field.is_required()]
    if bare:
        raise BadDefinition(f"cannot use {cls.__name__} as an actor: {model.__name__} has no default for {', '.join(bare)}; give it one")
