"""Machines: which verbs an actor answers in which phase, and what each move between phases brings with it.

    class Phase(enum.Enum):
        OPEN = "open"           # an outer phase: an order is open while it waits for its money or is being packed
        UNPAID = "unpaid"
        PACKING = "packing"
        ON_HOLD = "on hold"
        SENT = "sent"
        LAPSED = "lapsed"

    class OrderState(State):
        phase: Phase = Phase.UNPAID
        left: Phase | None = None

    class Order(Actor[OrderState]):
        machine = Machine(
            initial=Phase.OPEN,
            parents={Phase.UNPAID: Phase.OPEN, Phase.PACKING: Phase.OPEN},
            history={Phase.OPEN: "left"},                       # a field of the state that remembers where in OPEN it was
            exit={Phase.OPEN: "say_closed"},                    # a method (self, stage), or a function of (actor, stage)
            after={Phase.UNPAID: After(1800, "lapse")},         # a durable timer, set on entry and dropped on exit
            final={Phase.SENT, Phase.LAPSED},
        )

        @verb(begins=True)
        def place(self, stage): ...                             # the order begins here: its half hour runs

        @verb(when={Phase.UNPAID}, to={Phase.PACKING})
        def pay(self, stage): stage.enter(Phase.PACKING)

        @verb(when={Phase.PACKING}, to={Phase.SENT}, unless=Else.DEFER)
        def send(self, stage): stage.enter(Phase.SENT)          # waits until the order is paid

        @verb(when={Phase.OPEN}, to={Phase.ON_HOLD})            # answered in every phase inside
        def hold(self, stage): stage.enter(Phase.ON_HOLD)

        @verb(when={Phase.ON_HOLD}, to={History(Phase.OPEN)})
        def resume(self, stage): stage.enter(History(Phase.OPEN))

        @verb(when={Phase.UNPAID}, to={Phase.LAPSED})
        def lapse(self, stage): stage.enter(Phase.LAPSED)

        def say_closed(self, stage): stage.tell("mqtt/main", "publish", Publish(topic=f"orders/{stage.key}/closed"))

The rules of a move (`stage.enter`):
- It exits from the inside out, sets the field, and enters from the outside in. A phase that both ends share is neither left nor
  entered; but entering the phase one is in, or one around it, leaves that phase and enters it again, and its time begins anew.
- While exits run the state still has the old phase, while entries run the new one. Neither may enter a phase itself.
- The first turn of a life runs the entries of the initial phase, before its verb.
- A delayed move is an ordinary verb of the actor's own. Where that says nothing of `unless` it is ignored in other phases: it
  may have been on its way when its phase was left.
- A verb without `when` is answered in every phase. One with `to` may enter those phases only, and what is inside of them.

An event-sourced actor has the guards and no moves: its phase is what its events add up to, and `fold` changes it.

Source: W3C SCXML (2015) for the order of exits and entries, for history (deep) and for delays; parallel states are left out.
"""

import enum
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from gateway.actors.errors import BadDefinition
from gateway.actors.phases import History, Phases, name_of, word_of
from gateway.actors.picture import Arrow, draw, outermost
from gateway.actors.staging import Staging
from gateway.actors.verbs import Else, Verb

Hook = str | Callable[[Any, Any], None]
"""What runs on entry or exit: the name of a method (self, stage), or a function of (actor, stage)."""


class After(NamedTuple):
    """A delayed move: the actor is sent `verb` so many seconds after a phase was entered, unless the phase was left before.

    The seconds may come from the kind's settings: `After(lambda settings: settings.lost_after_s, "signal_lost")`.
    """

    seconds: float | Callable[[Any], float]
    verb: str

    def seconds_of(self, settings: Any) -> float:
        """The delay of this move in seconds, with an actor's settings."""
        return self.seconds(settings) if callable(self.seconds) else self.seconds


class _Plan(NamedTuple):
    """What a machine does at one move between phases."""

    exits: tuple[Hook, ...]
    cancels: tuple[str, ...]
    memories: tuple[str, ...]
    leaf: enum.Enum
    entered: tuple[enum.Enum, ...]


class Machine:
    """The machine of one actor class: its phases, and what happens at each move between them. It holds no actor's state: that is in `field`
    of the state, always a phase with none inside."""

    def __init__(
        self,
        *,
        initial: enum.Enum,
        field: str = "phase",
        unless: Else = Else.REFUSE,
        parents: Mapping[Any, Any] | None = None,
        first: Mapping[Any, Any] | None = None,
        entry: Mapping[Any, Hook] | None = None,
        exit: Mapping[Any, Hook] | None = None,
        after: Mapping[Any, After] | None = None,
        history: Mapping[Any, str] | None = None,
        final: Collection[Any] = (),
    ) -> None:
        """`parents` {inner: outer} nests, `first` {outer: inner} says where entering an outer phase goes on (else to its first).

        `history` {outer: field} names the state's fields that remember where one was. `final` are the phases nobody leaves.
        """
        self.phases: Phases[enum.Enum] = Phases(type(initial), parents=parents, first=first)
        self.initial = self.phases.leaf(initial)
        self.field = field
        self.phase_of: Callable[[Any], enum.Enum] = attrgetter(field)
        """The phase that a state is in."""
        self.unless = unless
        self.entry = dict(entry or {})
        self.exit = dict(exit or {})
        self.after = dict(after or {})
        self.history = dict(history or {})
        self.final = frozenset(final)
        for where, named in (("entry", entry), ("exit", exit), ("after", after), ("history", history), ("final", final)):
            for phase in named or ():
                self.phases.check(phase, where)
        self.has_beginning = any(phase in self.entry or phase in self.after for phase in self.phases.path(self.initial))
        """Whether the first turn of a life has something to do, before its verb."""
        self._plans: dict[tuple[int, int], _Plan] = {}

    # --- what guards ask

    def within(self, when: Collection[Any]) -> tuple[enum.Enum, ...]:
        """The innermost phases that `when` stands for. A tuple: it compares by identity, an enum's hash takes twice as long."""
        found = {leaf: None for phase in when for leaf in self.phases.inside(phase)}
        return tuple(found)

    def otherwise(self, row: Verb) -> Else:
        """What becomes of a verb in the phases that have no row for it."""
        if row.unless is None and any(row.name == after.verb for after in self.after.values()):
            return Else.IGNORE
        return row.unless or self.unless

    # --- moves

    def begin(self, stage: Staging) -> None:
        """Put the actor into its initial phase, in the first turn of a life."""
        stage.state = stage.state.changed()  # another object: a life that has begun is kept, even where nothing else changes it
        self._enter(stage, self.phases.path(self.initial))

    def enter(self, stage: Staging, target: enum.Enum | History[Any]) -> None:
        """Move the actor of a stage to another phase; see `Stage.enter`. Raises BadDefinition where the verb's row does not lead there, or
        in a move."""
        if stage.moving:
            raise BadDefinition(f"cannot enter {_said(target)} in an entry or exit of {stage.me}: a move is under way; decide in the verb")
        self._check_target(stage, target)
        old = self.phase_of(stage.state)
        plan = self._plan(old, self._resolve(stage.state, target))
        stage.moving = True
        for hook in plan.exits:
            _run(hook, stage)
        for name in plan.cancels:
            stage.cancel(name)
        if plan.leaf is not old or plan.memories:
            stage.state = stage.state.changed(**{self.field: plan.leaf}, **dict.fromkeys(plan.memories, old))
        self._enter(stage, plan.entered)

    def _enter(self, stage: Staging, phases: tuple[enum.Enum, ...]) -> None:
        stage.moving = True
        for phase in phases:
            if phase in self.entry:
                _run(self.entry[phase], stage)
            after = self.after.get(phase)
            if after is not None:
                stage.after(after.seconds_of(stage.actor.settings), after.verb, name=timer_of(phase))
        stage.moving = False

    def _plan(self, old: enum.Enum, target: enum.Enum) -> "_Plan":
        """What is done at a move from one phase to another, worked out once and kept. By ids, for there is one object of each phase, and an
        enum's own hash is Python."""
        pair = id(old), id(target)
        plan = self._plans.get(pair)
        if plan is None:
            left, entered, leaf = self.phases.crossing(old, target)
            plan = self._plans[pair] = _Plan(
                exits=tuple(self.exit[phase] for phase in left if phase in self.exit),
                cancels=tuple(timer_of(phase) for phase in left if phase in self.after),
                memories=tuple(self.history[phase] for phase in left if phase in self.history),
                leaf=leaf,
                entered=tuple(phase for phase in entered if phase in self.entry or phase in self.after),
            )
        return plan

    def _resolve(self, state: Any, target: enum.Enum | History[Any]) -> enum.Enum:
        if not isinstance(target, History):
            self.phases.check(target, "stage.enter")
            return target
        if target.phase not in self.history:
            raise BadDefinition(
                f"cannot go back into {name_of(target.phase)}: nothing remembers where it was; add history={{…}} to Machine"
            )
        found: enum.Enum | None = getattr(state, self.history[target.phase])
        return target.phase if found is None else found

    def _check_target(self, stage: Staging, target: enum.Enum | History[Any]) -> None:
        """Raise BadDefinition where a verb goes to a phase that its row does not name: the picture of the machine relies on the row."""
        row = stage.actor.verbs.get(stage.message.verb)
        if row is None or not row.to or target in row.to:
            return
        outer = target.phase if isinstance(target, History) else target
        if not any(phase in row.to for phase in self.phases.path(outer)):
            led = ", ".join(sorted(_said(one) for one in row.to))
            raise BadDefinition(f"cannot enter {_said(target)} in {row.name} of {stage.me}: its row leads to {led}; add it to `to`")

    # --- the picture

    def mermaid(self, actor_class: Any, *, now: enum.Enum | None = None) -> str:
        """The machine of a class as a Mermaid state diagram, with the phase `now` marked.

        A verb that says where it leads is an arrow; one that only says when it is answered stands in its phases.
        """
        edges: list[Arrow] = []
        notes: dict[enum.Enum, str] = {}
        for row in actor_class.verbs.values():
            leaves = self.within(row.when) if row.when else tuple(leaf for leaf in self.phases.leaves if leaf not in self.final)
            if row.to:
                edges += [edge for start in outermost(self.phases, leaves) for edge in self._arrows(row, start)]
            elif row.when:
                for leaf in leaves:
                    notes[leaf] = f"{notes[leaf]}, {row.name}" if leaf in notes else f"answers {row.name}"
        return draw(self.phases, self.initial, edges, final=self.final, notes=notes, now=now)

    def _arrows(self, row: Verb, start: enum.Enum) -> list[Arrow]:
        label = row.name
        for seconds in [after.seconds for after in self.after.values() if after.verb == row.name][:1]:
            label += " (after a while)" if callable(seconds) else f" (after {seconds:g} s)"
        ends = sorted(row.to, key=_said)
        return [Arrow(start, end.phase, f"{label}, back") if isinstance(end, History) else Arrow(start, end, label) for end in ends]


def timer_of(phase: enum.Enum) -> str:
    """The name of the timer of a phase's delayed move; no timer of the actor's own may begin with it."""
    return f"phase:{word_of(phase)}"


def _run(hook: Hook, stage: Staging) -> None:
    if isinstance(hook, str):
        getattr(stage.actor, hook)(stage)
    else:
        hook(stage.actor, stage)


def _said(target: Any) -> str:
    return f"History({name_of(target.phase)})" if isinstance(target, History) else name_of(target)
