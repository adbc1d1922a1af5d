"""Staging: what the parts of the language (routes, gathers, copies, machines, guards) use of a stage.

They are written before the stage, which brings them together: so they know it by what it does.
"""

from typing import Any, Protocol

from gateway.actors.messages import Message
from gateway.actors.models import Payload
from gateway.actors.stamps import Trust
from gateway.actors.ties import Ties
from gateway.actors.verbs import Verb


class World(Protocol):
    """What a stage asks of the runtime. Called on the engine's thread, inside a turn."""

    @property
    def time(self) -> Trust:
        """What the runtime knows of time, beside the turn's own readings of the clocks."""

    def find_verb(self, to: str, verb: str) -> Verb:
        """The row of a verb at the actor `to`; raises BadId or UnknownTarget."""

    def knows(self, id: str) -> bool:
        """Whether the kind of an ordinary actor is registered."""

    def children(self, id: str, after: str, limit: int) -> list[str]:
        """The ids of an actor's children that have a life, behind `after`, in order."""

    def new_id(self) -> str:
        """A new id: unique for life, sortable in the order of making."""

    def random(self) -> float:
        """A random number in [0, 1)."""


class Staging(Protocol):
    """A stage, as the other parts of the language use it. See `stage.py` for what each does."""

    world: World
    me: str
    state: Any
    message: Message
    mail: list[Message]
    now_ms: int
    actor: Any
    born: bool
    ties: Ties
    rare: bool
    moving: bool
    verdict: Any

    def tie(self, ties: Ties) -> None: ...
    def begin(self) -> None: ...
    def tell(self, to: str, verb: str, payload: Any = None, *, reply_to: str = "", expires_ms: int = 0) -> None: ...
    def send_builtin(self, to: str, verb: str, payload: Payload) -> None: ...
    def refuse(self, reason: str) -> None: ...
    def child(self, kind: str, key: str) -> str: ...
    def after(self, delay_s: float, verb: str, payload: Any = None, *, name: str = "") -> None: ...
    def cancel(self, name: str) -> None: ...
    def new_key(self) -> str: ...
