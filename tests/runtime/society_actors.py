"""The actors of a small society: parents and children that defer, fail, are paused, watch each other and pass walks on.

Whatever an actor handles it publishes, so the books outlive its state.
"""

import enum
from collections import Counter

from gateway.actors import (
    Actor,
    Copy,
    Decision,
    Delivery,
    Else,
    Ended,
    Fault,
    HostBound,
    Order,
    Payload,
    RouteFailed,
    Stage,
    State,
    Verdict,
    verb,
)
from gateway.actors.machine import Machine

SINK = "sink/a"
NODES = ("hub/a", "hub/a/hub/b", "hub/a/hub/b/leaf/c", "hub/a/leaf/d", "hub/e")


class Job(Payload):
    """Something to do, once. Its tag is unique."""

    tag: int
    verb: str = "do"
    to: str = ""
    fails: int = 0
    """How often its turn raises before it goes well."""
    verdict: str = "skip"
    """What is decided where it fails for good: by the actor, then by those above it, apart by `>`."""
    value: int = 0
    target: str = ""
    """Whom an order, or a copy, is about."""
    stops: tuple[str, ...] = ()
    then: tuple["Job", ...] = ()
    """What is told to others in the same turn."""


class Done(Payload):
    """What an actor did: a tag, and at which stop of a route."""

    tag: int
    stop: int
    node: str
    verb: str


class Gate(enum.Enum):
    """Whether `later` is answered."""

    SHUT = "shut"
    OPEN = "open"


class NodeState(State):
    """What a node remembers; its books are elsewhere."""

    phase: Gate = Gate.SHUT
    value: int = 0
    came: int = 0
    faults: int = 0


class Leaf(Actor[NodeState]):
    """Does as it is told."""

    kind = "leaf"
    attempts = 2
    machine = Machine(initial=Gate.SHUT)
    copies = {order.value: Copy("hub", "value", order=order) for order in Order}  # as the class declares it

    def __init__(self) -> None:
        super().__init__()
        self.raised: Counter[tuple[int, str]] = Counter()

    @verb
    def do(self, job: Job, stage: Stage[NodeState]) -> None:
        """Do it, and tell others."""
        self._act(job, stage)

    @verb(when={Gate.OPEN}, unless=Else.DEFER)
    def later(self, job: Job, stage: Stage[NodeState]) -> None:
        """The same, when the gate is open."""
        self._act(job, stage)

    @verb(when=Gate, to={Gate.OPEN})
    def open(self, job: Job, stage: Stage[NodeState]) -> None:
        """Open the gate."""
        stage.enter(Gate.OPEN)
        self._act(job, stage)

    @verb(when=Gate, to={Gate.SHUT})
    def shut(self, job: Job, stage: Stage[NodeState]) -> None:
        """Shut the gate."""
        stage.enter(Gate.SHUT)
        self._act(job, stage)

    @verb
    def set(self, job: Job, stage: Stage[NodeState]) -> None:
        """Change what others may keep a copy of."""
        stage.state = stage.state.changed(value=job.value)
        self._act(job, stage)

    @verb
    def keep(self, job: Job, stage: Stage[NodeState]) -> None:
        """Keep a copy, in one of the orders."""
        stage.keep_copy(tuple(Order)[job.value % 3].value, job.target)
        self._act(job, stage)

    @verb
    def drop(self, job: Job, stage: Stage[NodeState]) -> None:
        """Keep it no more."""
        stage.drop_copy(tuple(Order)[job.value % 3].value)
        self._act(job, stage)

    @verb
    def watch(self, job: Job, stage: Stage[NodeState]) -> None:
        """Have word of another's end."""
        stage.watch(job.target, then="has_ended")
        self._act(job, stage)

    @verb
    def has_ended(self, who: Ended, stage: Stage[NodeState]) -> None:
        """Another has ended."""
        stage.state = stage.state.changed(came=stage.state.came + 1)

    @verb
    def end(self, job: Job, stage: Stage[NodeState]) -> None:
        """Stop."""
        self._act(job, stage)
        stage.stop()

    @verb
    def order(self, job: Job, stage: Stage[NodeState]) -> None:
        """Order something about a child, where it is one."""
        if job.target.rpartition("/")[0].rpartition("/")[0] == stage.me:
            getattr(stage, ("stop_child", "reset_child", "pause_child", "resume_child")[job.value % 4])(job.target)
        self._act(job, stage)

    @verb
    def walk(self, job: Job, stage: Stage[NodeState]) -> None:
        """One stop of a walk: where it is at `value`, it fails."""
        at = len(stage.message.route.history) if stage.message.route else 0
        self._act(job.changed(fails=job.fails if at == job.value else 0, then=()), stage, at)

    @verb
    def set_out(self, job: Job, stage: Stage[NodeState]) -> None:
        """Begin a walk."""
        route = stage.route([(to, "walk") for to in job.stops], error=(NODES[0], "went_wrong"))
        stage.send_along(route, job)
        self._act(job, stage, 100)

    @verb
    def went_wrong(self, failure: RouteFailed, stage: Stage[NodeState]) -> None:
        """Keep book of a walk that failed."""
        stage.tell(SINK, "done", Done(tag=failure.payload["tag"], stop=-1, node=stage.me, verb="walk"))

    def copied(self, name: str, stage: Stage[NodeState]) -> None:
        """Notice it."""
        stage.state = stage.state.changed(came=stage.state.came + 1)

    def failed(self, fault: Fault, state: NodeState) -> Decision:
        """As the job said."""
        return _decision(fault, 0).decision

    def _act(self, job: Job, stage: Stage[NodeState], stop: int = 0) -> None:
        for other in job.then:
            stage.tell(other.to, other.verb, other)
        stage.tell(SINK, "done", Done(tag=job.tag, stop=stop, node=stage.me, verb=job.verb))
        place = (job.tag, f"{stage.me} {stop}")
        if self.raised[place] < job.fails:
            self.raised[place] += 1
            raise RuntimeError(job.verdict)


class Hub(Leaf):
    """Decides about its children as the job said."""

    kind = "hub"

    def child_failed(self, fault: Fault, stage: Stage[NodeState]) -> Decision | Verdict:
        """By how far the actor is below."""
        stage.state = stage.state.changed(faults=stage.state.faults + 1)
        return _decision(fault, (fault.actor.count("/") - stage.me.count("/")) // 2)


def _decision(fault: Fault, place: int) -> Verdict:
    words = fault.reason.removeprefix("RuntimeError: ").split(">")
    word, _, whom = (words[place] if place < len(words) else "skip").partition(" ")
    return Verdict(Decision(word), all_children=whom == "all")


class Sink(HostBound):
    """Never runs: the test takes its deliveries in its own hands."""

    window = 5

    @verb
    def done(self, done: Done, delivery: Delivery) -> None:
        """Somebody did something."""
