"""The stage: everything one turn does. What is not on the stage did not happen.

A turn that raises leaves no trace: its stage is dropped whole. Nothing on a stage is seen by anybody, the actor itself
at its next turn excepted, before the commit.

    @verb
    def deliver(self, delivery: Delivery, stage: Stage[Shelf]) -> None:
        stage.state = stage.state.changed(parcels=stage.state.parcels + delivery.parcels)     # the state: changed as a copy
        stage.tell("mqtt/main", "publish", Publish(topic=f"depot/{stage.key}", body="…"))      # a message
        stage.after(3600.0, "close_up")                                                       # a timer: durable, by name
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.actors.callers import OUTSIDE, check_caller
from gateway.actors.copies import UNWATCH, WATCH, WATCHED, Ended, Unwatch, Watch
from gateway.actors.errors import BadDefinition, BadId, BadPayload, UnknownTarget
from gateway.actors.gather import Enough, Request, begin
from gateway.actors.ids import check_id, kind_of, parent_of
from gateway.actors.itinerary import Route
from gateway.actors.messages import REPLY, Message, Reply, check_expiry
from gateway.actors.models import NOTHING, Event, Nothing, Payload, State
from gateway.actors.payloads import LONGEST_S, read_payload
from gateway.actors.phases import History
from gateway.actors.routing import Routing
from gateway.actors.staging import World
from gateway.actors.stamps import Timed
from gateway.actors.supervision import ChildOrder, Decision, Fault, Verdict
from gateway.actors.ties import NO_TIES, Copied, Order, Ties

S = TypeVar("S", bound=State)

_new = tuple.__new__
"""Makes a message of all its fields in their order: twice as fast as calling its class."""


class Timer(NamedTuple):
    """A named, durable timer of one actor: at `due_ms` on the gateway's clock it sends the actor `verb`, once."""

    due_ms: int
    verb: str
    payload: Payload
    set_ms: int = 0
    """The gateway's clock when it was set, where the wall clock could not be trusted then; else 0. The runtime sets it."""


class Stage(Routing, Timed, Generic[S]):
    """All effects of one turn: the verb puts state, messages and timers on it. Valid inside that turn, on the engine's thread only."""

    world: World
    # What few turns do stands on the class until one does it: a stage is made for each turn.
    rare = False
    """Whether this turn did more than change its state, set timers and send mail."""
    events: Sequence[Event] = ()
    """What an event-sourced actor has recorded in this turn."""
    orders: Sequence[ChildOrder] = ()
    """What is to become of children."""
    verdict: tuple[Fault, Verdict] | None = None
    """What a parent has decided about a child's fault."""
    stopped = False
    moving = False
    """Whether a move between phases is under way."""

    # Positional, for one is made per turn.
    def __init__(  # noqa: PLR0917
        self,
        world: World,
        me: str,
        state: S,
        message: Message,
        now_ms: int,
        clock_ms: int,
        late_s: float = 0.0,
        actor: Any = None,
        born: bool = True,
        ties: Ties = NO_TIES,
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
        self.actor = actor
        """The object that serves this kind."""
        self.born = born
        """Whether the actor had a life before this turn: a state that somebody gave it."""
        self.ties = ties
        """What the runtime remembers of it beside its state."""
        self.mail: list[Message] = []
        self.timers: dict[str, Timer | None] = {}

    def tie(self, ties: Ties) -> None:
        """Change the actor's ties: what the runtime remembers of the actor beside its state."""
        self.ties = ties
        self.rare = True

    def begin(self) -> None:
        """Have the actor be alive after this turn, even where nothing else changes."""
        self.born = self.rare = True

    @property
    def key(self) -> str:
        """The key of the actor: the last segment of its id."""
        me = self.me
        return me[me.rfind("/") + 1 :]

    def tell(self, to: str, verb: str, payload: Payload | dict[str, Any] | None = None, *, reply_to: str = "", expires_ms: int = 0) -> None:
        """Send `verb` to the actor `to`. Raises UnknownTarget, BadId or BadPayload here and now, not later.

        `reply_to` is checked too: who cannot take a reply must not make the turn of the one that answers fail.
        """
        row = self.world.find_verb(to, verb)
        if row.by is not OUTSIDE:
            check_caller(row.by, self.me, to, verb)
        model = row.payload
        if reply_to:
            self.world.find_verb(reply_to, REPLY)
        if type(payload) is not model or payload.LOOSE:  # a model's class takes more than twice as long to say it
            payload = NOTHING if payload is None and model is Nothing else read_payload(model, payload, where=f"{verb} to {to}")
        if expires_ms:
            check_expiry(expires_ms)
        message = self.message
        trace, until = message.trace or message.id, self.message.until_for(expires_ms) if expires_ms else None
        self.mail.append(_new(Message, (self.world.new_id(), to, verb, payload, self.me, reply_to, trace, expires_ms, None, until)))

    def send_builtin(self, to: str, verb: str, payload: Payload) -> None:
        """Send one of the runtime's own verbs, which are on no actor's table."""
        self.mail.append(Message(self.world.new_id(), to, verb, payload, self.me, "", self.message.trace or self.message.id))

    def reply(self, body: Payload | State | dict[str, Any] | None = None) -> None:
        """Answer the message of this turn. Does nothing when nobody asked."""
        if self.message.reply_to:
            fields = {"of": self.message.asked, "body": body}
            self._answer(read_payload(Reply, fields, where=f"{REPLY} to {self.message.reply_to}"))

    def refuse(self, reason: str) -> None:
        """Answer the message of this turn with a no and its reason. Does nothing when nobody asked.

        On a route it goes no further, and the error stop is told; where there is none, and nobody asked, the turn is dropped
        and the message becomes a dead letter.
        """
        if self.message.route is not None and not self.routed:
            self._fail_route(reason)
        if self.message.reply_to:
            self._answer(Reply(of=self.message.asked, ok=False, reason=reason))

    def record(self, event: Event) -> None:
        """Append an event to this turn, and fold the event into the state at once. Only in an event-sourced actor: see `sourced.py`."""
        raise BadDefinition(f"cannot record {type(event).__name__} in {self.me}: it is not event-sourced; derive it from EventSourced")

    # --- asking

    def gather(
        self,
        requests: Iterable[Request],
        *,
        then: str,
        within_s: float,
        name: str = "",
        route: Route | None = None,
        enough: Enough | int = Enough.ALL,
        each: str = "",
    ) -> str:
        """Ask many actors: the verb `then` gets one Gathered when enough have answered, or in `within_s` seconds; see `gather.py`.

        `enough`: ALL, the FIRST good answer, a QUORUM (more than half) of good ones, or so many. The verb `each` gets an Answer for
        each one that comes. Returns the id of the child that waits. Who is not there has answered, with a no; raises BadPayload, BadId
        or BadDefinition.
        """
        return begin(self, requests, then, within_s, name, route, enough=enough, each=each)

    def ask(
        self,
        to: str,
        verb: str,
        payload: Payload | dict[str, Any] | None = None,
        *,
        then: str,
        within_s: float,
        name: str = "",
        route: Route | None = None,
    ) -> str:
        """Ask one actor: the verb `then` gets its Answer, or one that says "timed out" in `within_s` seconds; otherwise as `gather`."""
        return begin(self, [Request(to, verb, payload)], then, within_s, name, route, single=True)

    # --- copies

    def keep_copy(self, name: str, of: str) -> None:
        """Keep a copy of the actor `of`, of the fields that the class declares under `name`, in place of a copy of another actor."""
        copy = self.actor.copies.get(name)
        if copy is None:
            raise BadDefinition(f"cannot keep a copy {name!r}: {type(self.actor).__name__}.copies declares {sorted(self.actor.copies)}")
        if kind_of(check_id(of)) != copy.kind:
            raise BadId(f"cannot keep a copy {name!r} of {of}: it is declared as one of a {copy.kind}")
        if name in self.ties.copies and self.ties.copies[name].of != of:
            self.drop_copy(name)
        self.tie(self.ties.changed(copies={**self.ties.copies, name: self.ties.copies.get(name) or Copied(of=of)}))
        self.send_builtin(of, WATCH, Watch(name=name, fields=copy.fields, order=copy.order))

    def drop_copy(self, name: str) -> None:
        """Drop the copy `name`; nothing happens when there is none."""
        copies = dict(self.ties.copies)
        kept = copies.pop(name, None)
        if kept is not None:
            self.tie(self.ties.changed(copies=copies))
            self.send_builtin(kept.of, UNWATCH, Unwatch(name=name))

    def copy(self, name: str) -> Copied | None:
        """The copy `name` as it was before this turn; None when this actor does not keep it."""
        return self.ties.copies.get(name)

    # --- watching

    def watch(self, actor: str, then: str) -> None:
        """Watch another actor: this one is sent `then` with an Ended when the other ends; at once where it has no life. See `copies.py`.

        Raises BadId, UnknownTarget, or BadDefinition where `then` takes no Ended.
        """
        if not self.world.knows(check_id(actor)):
            raise UnknownTarget(f"cannot watch {actor}: no kind {kind_of(actor)!r} of ordinary actors is registered")
        if self.world.find_verb(self.me, then).payload is not Ended:
            raise BadDefinition(f"cannot watch {actor}: the verb {then!r} of {self.me} takes no Ended; have it take one")
        name = f"{WATCHED}{actor}"
        self.tie(self.ties.changed(copies={**self.ties.copies, name: Copied(of=actor, then=then)}))
        self.send_builtin(actor, WATCH, Watch(name=name, fields=(), order=Order.AFTER))

    def unwatch(self, actor: str) -> None:
        """Watch another actor no more; nothing happens when it was not watched."""
        self.drop_copy(f"{WATCHED}{actor}")

    # --- children

    @property
    def parent(self) -> str:
        """The id of this actor's parent; empty for one at the top."""
        return parent_of(self.me)

    def child(self, kind: str, key: str) -> str:
        """The id of a child; it exists when somebody writes to it, and is there again whenever somebody does. Raises BadId."""
        return check_id(f"{self.me}/{kind}/{key}")

    def children(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """The ids of this actor's children that have a life, as they were before this turn, in order; the next `limit` behind `after`."""
        return self.world.children(self.me, after, limit)

    def stop_child(self, child: str) -> None:
        """End a child; the child's own children end before it. Raises BadId when it is none of this actor's."""
        self._order(child, Decision.STOP)

    def reset_child(self, child: str) -> None:
        """Have a child begin anew: the child's state and timers go, its children and its mail stay."""
        self._order(child, Decision.RESET)

    def pause_child(self, child: str) -> None:
        """Have a child handle no message until it is resumed."""
        self._order(child, Decision.PAUSE)

    def resume_child(self, child: str) -> None:
        """Have a paused child go on, with the message that it was paused at."""
        self._order(child, Decision.RESUME)

    def _order(self, child: str, decision: Decision) -> None:
        if parent_of(check_id(child)) != self.me:
            raise BadId(f"cannot {decision.value} {child}: it is no child of {self.me}")
        if not self.world.knows(child):
            raise UnknownTarget(f"cannot {decision.value} {child}: no kind {kind_of(child)!r} is registered")
        self.orders = [*self.orders, ChildOrder(len(self.mail), child, decision)]
        self.rare = True

    # --- phases

    def enter(self, phase: enum.Enum | History[Any]) -> None:
        """Move this actor to another phase of its machine, or back into one by `History(phase)`; see `machine.py`.

        Raises BadDefinition where the row of the verb does not lead there.
        """
        if self.actor.machine is None:
            raise BadDefinition(f"cannot enter {phase} in a turn of {self.me}: its class has no machine; set `machine`")
        self.actor.machine.enter(self, phase)

    # --- time and ends

    def after(self, delay_s: float, verb: str, payload: Payload | dict[str, Any] | None = None, *, name: str = "") -> None:
        """Send this actor `verb` in `delay_s` seconds; a timer of the same name (default: the verb's) is replaced."""
        if not delay_s <= LONGEST_S:
            raise BadPayload(f"cannot set timer {name or verb!r} of {self.me} in {delay_s:g} s: a century ({LONGEST_S:g} s) is the longest")
        if not (name or verb).isprintable():
            raise BadId(f"cannot set timer {name!r} of {self.me}: a name is one line of printable text")
        model = self.world.find_verb(self.me, verb).payload
        if type(payload) is not model or model.LOOSE:
            payload = NOTHING if payload is None and model is Nothing else read_payload(model, payload, where=f"timer {verb} of {self.me}")
        self.timers[name or verb] = Timer(self.clock_ms + max(0, round(delay_s * 1000)), verb, payload)

    def cancel(self, name: str) -> None:
        """Drop the timer `name`; nothing happens when there is none."""
        self.timers[name] = None

    def stop(self) -> None:
        """End this actor after this turn: its state and its timers are deleted. A later message begins a new life."""
        self.stopped = self.rare = True

    def new_key(self) -> str:
        """A key for a new actor: unique for life, sortable in the order of making."""
        return self.world.new_id()

    def random(self) -> float:
        """A random number in [0, 1): the only randomness a turn may use."""
        return self.world.random()

    def _answer(self, reply: Reply) -> None:
        """Send a reply whose body was read before, and needs no proof."""
        message = self.message
        self.world.find_verb(message.reply_to, REPLY)
        self.mail.append(Message(self.world.new_id(), message.reply_to, REPLY, reply, self.me, "", message.trace or message.id))
