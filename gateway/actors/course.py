"""A course: the machine of one that lives on a thread of its own. What happens is a cause; the table says where it leads.

    TABLE = Table(
        initial=Phase.IDLE,
        moves={Phase.IDLE: {Cause.ASKED: Phase.BUSY}, Phase.BUSY: {Cause.DONE: Phase.IDLE, Cause.NO_ANSWER: Phase.IDLE}},
        delays={Phase.BUSY: Delay(10.0, Cause.NO_ANSWER)},
    )
    course = Course(TABLE, now_s=time.monotonic())
    course.take(Cause.ASKED, now_s=time.monotonic())        # course.phase is Phase.BUSY, because of course.cause
    while (cause := course.due(time.monotonic())) is not None:
        ...                                                 # its time is over: do what must be done, and take the cause

Phases nest as in `phases.py`: a cause that the inner phase has no row for is taken by the phase around it. The table is checked
when it is made: each phase is reached, and each but a final one is left. Use it in a host-bound actor; ordinary ones have
`machine.py`, whose stage keeps the phase on disk.
"""

import enum
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.actors.errors import BadDefinition
from gateway.actors.phases import Phases, name_of, word_of
from gateway.actors.picture import Arrow, draw

P = TypeVar("P", bound=enum.Enum)
C = TypeVar("C", bound=enum.Enum)


class Delay(NamedTuple, Generic[C]):
    """A delayed cause: `cause` is due so many seconds after a phase was entered, unless the phase was left before.

    The seconds may come from whoever owns the course: a function of what `Course(owner=...)` was given.
    """

    seconds: float | Callable[[Any], float]
    cause: C


class Table(Generic[P, C]):
    """The table of moves: what each cause does in each phase: `moves` {phase: {cause: phase}}. Immutable; one serves many courses.

    Raises BadDefinition where a phase is never reached, cannot be left, or is waited in for a cause that it does not take.
    """

    def __init__(
        self,
        *,
        initial: P,
        moves: Mapping[P, Mapping[C, P]],
        parents: Mapping[P, P] | None = None,
        delays: Mapping[P, Delay[C]] | None = None,
        final: Collection[P] = (),
    ) -> None:
        self.phases = Phases(type(initial), parents=parents)
        self.initial = self.phases.leaf(initial)
        self.moves = {phase: dict(rows) for phase, rows in moves.items()}
        self.delays = dict(delays or {})
        self.final = frozenset(final)
        self._check()

    def target(self, phase: P, cause: C) -> P | None:
        """The phase that `cause` leads to from `phase`; None where neither `phase` nor a phase around it has a row for the cause."""
        for one in reversed(self.phases.path(phase)):
            found = self.moves.get(one, {}).get(cause)
            if found is not None:
                return found
        return None

    def ways_out(self, leaf: P) -> dict[C, P]:
        """Each cause that leaves `leaf`, its own and those of the phases around it, and the leaf where that ends."""
        causes = [cause for one in reversed(self.phases.path(leaf)) for cause in self.moves.get(one, {})]
        ends = {cause: self.phases.leaf(target) for cause in causes if (target := self.target(leaf, cause)) is not None}
        return {cause: end for cause, end in ends.items() if end is not leaf}

    def mermaid(self, *, now: P | None = None) -> str:
        """The table as a Mermaid state diagram, with the phase `now` marked."""
        edges = [Arrow(start, end, self._label(start, cause)) for start, rows in self.moves.items() for cause, end in rows.items()]
        return draw(self.phases, self.initial, edges, final=self.final, now=now)

    def _label(self, phase: P, cause: C) -> str:
        delay = self.delays.get(phase)
        if delay is None or delay.cause is not cause:
            return word_of(cause)
        return f"{word_of(cause)} (after {'a while' if callable(delay.seconds) else f'{delay.seconds:g} s'})"

    def _check(self) -> None:
        for phase, rows in self.moves.items():
            self.phases.check(phase, "moves")
            for target in rows.values():
                self.phases.check(target, f"moves of {name_of(phase)}")
        for leaf in self.phases.leaves:
            if leaf not in self.final and not self.ways_out(leaf):
                raise BadDefinition(f"cannot use a table: nothing leads out of {name_of(leaf)}; add a row to moves, or list it in final")
        for leaf in set(self.phases.leaves) - self._reached():
            raise BadDefinition(f"cannot use a table: nothing leads to {name_of(leaf)}; add a row to moves, or drop the phase")
        for phase, delay in self.delays.items():
            if any(self.target(leaf, delay.cause) is None for leaf in self.phases.inside(phase)):
                raise BadDefinition(
                    f"cannot use a table: {name_of(phase)} waits for {name_of(delay.cause)}, and has no row for it; add one"
                )

    def _reached(self) -> set[P]:
        reached, ahead = {self.initial}, [self.initial]
        while ahead:
            for end in self.ways_out(ahead.pop()).values():
                if end not in reached:
                    reached.add(end)
                    ahead.append(end)
        return reached


class Course(Generic[P, C]):
    """One actor's way through a table of moves: the phase it is in, and since when. On one thread, but `phase` and `cause` may be read on
    any."""

    def __init__(self, table: Table[P, C], *, now_s: float, owner: Any = None) -> None:
        self.table = table
        self.phase = table.initial
        """Where it stands: a phase with none inside."""
        self.cause: C | None = None
        """What brought it there; None at first."""
        self._owner = owner
        self._since_s: dict[P, float] = {}
        self._due: dict[P, tuple[float, C]] = {}
        self._enter(table.phases.path(self.phase), now_s)

    def take(self, cause: C, *, now_s: float) -> None:
        """Move to the phase that `cause` leads to. Raises BadDefinition where the table has no row for the cause here."""
        target = self.table.target(self.phase, cause)
        if target is None:
            raise BadDefinition(f"cannot take {name_of(cause)} in {name_of(self.phase)}: the table has no row for it; add one")
        left, entered, leaf = self.table.phases.crossing(self.phase, target)
        for phase in left:
            del self._since_s[phase]
            self._due.pop(phase, None)
        self.phase, self.cause = leaf, cause
        self._enter(entered, now_s)

    def within(self, phase: P) -> bool:
        """Whether the current phase is `phase`, or inside of it."""
        return phase in self._since_s

    def since_s(self, phase: P) -> float | None:
        """When `phase` was entered (monotonic seconds), where the current phase is `phase` or inside of it."""
        return self._since_s.get(phase)

    def due(self, now_s: float) -> C | None:
        """The delayed cause whose time has come, the longest overdue first; None where there is none. It comes again until a move is
        made."""
        due_s, cause = min(self._due.values(), key=lambda one: one[0], default=(now_s + 1.0, None))
        return cause if due_s <= now_s else None

    def due_s(self) -> float | None:
        """When the next delayed cause is due (monotonic seconds); None where there is none."""
        return min((due_s for due_s, _ in self._due.values()), default=None)

    def _enter(self, phases: tuple[P, ...], now_s: float) -> None:
        for phase in phases:
            self._since_s[phase] = now_s
            delay = self.table.delays.get(phase)
            if delay is not None:
                seconds = delay.seconds(self._owner) if callable(delay.seconds) else delay.seconds
                self._due[phase] = (now_s + seconds, delay.cause)
