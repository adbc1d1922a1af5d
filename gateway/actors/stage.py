"""The stage: everything one turn does. What is not on the stage did not happen.

A turn that raises leaves no trace: its stage is dropped whole. Nothing on a stage is seen by anybody, the actor itself
at its next turn excepted, before the commit.
"""

from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from gateway.actors.errors import BadId
from gateway.actors.ids import key_of
from gateway.actors.messages import NOTHING, REPLY, Message, Nothing, Payload, Reply, State, read_payload
from gateway.actors.verbs import Verb

S = TypeVar("S", bound=State)


class Timer(NamedTuple):
    """A named, durable timer of one actor: at `due_ms` on the gateway's clock it sends the actor `verb`, once."""

    due_ms: int
    verb: str
    payload: Payload


class World(Protocol):
    """What a stage asks of the runtime. Called on the engine's thread, inside a turn."""

    def find_verb(self, to: str, verb: str) -> Verb:
        """The verb's row at the actor `to`; raises BadId or UnknownTarget."""

    def new_id(self) -> str:
        """A new id: unique for life, sortable in the order of making."""

    def random(self) -> float:
        """A random number in [0, 1)."""


class Stage(Generic[S]):
    """The effects of one turn. Valid inside that turn, on the engine's thread only."""

    __slots__ = ("clock_ms", "late_s", "mail", "me", "message", "now_ms", "state", "stopped", "timers", "world")

    # Positional, for one is made per turn.
    def __init__(  # noqa: PLR0917
        self, world: World, me: str, state: S, message: Message, now_ms: int, clock_ms: int, late_s: float = 0.0
    ) -> None:
        self.world = world
        self.me = me
        """Id of the actor whose turn it is."""
        self.state = state
        """The actor's state; set it to change it."""
        self.message = message
        self.now_ms = now_ms
        """Wall time of this turn, milliseconds since 1970, for stamps. It may jump; measure nothing with it."""
        self.clock_ms = clock_ms
        """The gateway's own clock, milliseconds: it never jumps, and goes on across restarts."""
        self.late_s = late_s
        """For a timer's message: how many seconds after its due time it came."""
        self.mail: list[Message] = []
        self.timers: dict[str, Timer | None] = {}
        self.stopped = False

    @property
    def key(self) -> str:
        """The key of the actor: the last segment of its id."""
        return key_of(self.me)

    def tell(self, to: str, verb: str, payload: Payload | dict[str, Any] | None = None, *, reply_to: str = "", expires_ms: int = 0) -> None:
        """Send `verb` to the actor `to`. Raises UnknownTarget, BadId or BadPayload here and now, not later.

        `reply_to` is checked too: who cannot take a reply must not make the turn of the one that answers fail.
        """
        model = self.world.find_verb(to, verb).payload
        if reply_to:
            self.world.find_verb(reply_to, REPLY)
        if type(payload) is not model:
            payload = NOTHING if payload is None and model is Nothing else read_payload(model, payload, where=f"{verb} to {to}")
        message = self.message
        self.mail.append(Message(self.world.new_id(), to, verb, payload, self.me, reply_to, message.trace or message.id, expires_ms))

    def reply(self, body: Payload | State | dict[str, Any] | None = None) -> None:
        """Answer the message of this turn. Does nothing when nobody asked."""
        if self.message.reply_to:
            fields = {"of": self.message.id, "body": body}
            self._answer(read_payload(Reply, fields, where=f"{REPLY} to {self.message.reply_to}"))

    def refuse(self, reason: str) -> None:
        """Answer the message of this turn with a no and its reason. Does nothing when nobody asked."""
        if self.message.reply_to:
            self._answer(Reply(of=self.message.id, ok=False, reason=reason))

    def after(self, delay_s: float, verb: str, payload: Payload | dict[str, Any] | None = None, *, name: str = "") -> None:
        """Send this actor `verb` in `delay_s` seconds; a timer of the same name (default: the verb's) is replaced."""
        if "\n" in name:
            raise BadId(f"cannot set timer {name!r} of {self.me}: a name is one line")
        model = self.world.find_verb(self.me, verb).payload
        if type(payload) is not model:
            payload = NOTHING if payload is None and model is Nothing else read_payload(model, payload, where=f"timer {verb} of {self.me}")
        self.timers[name or verb] = Timer(self.clock_ms + max(0, round(delay_s * 1000)), verb, payload)

    def cancel(self, name: str) -> None:
        """Drop the timer `name`; nothing happens when there is none."""
        self.timers[name] = None

    def stop(self) -> None:
        """End this actor after this turn: its state and timers go. A later message begins a new life."""
        self.stopped = True

    def new_key(self) -> str:
        """A key for a new actor: unique for life, sortable in the order of making."""
        return self.world.new_id()

    def random(self) -> float:
        """A random number in [0, 1): the only randomness a turn may use."""
        return self.world.random()

    def _answer(self, reply: Reply) -> None:
        self.tell(self.message.reply_to, REPLY, reply)
