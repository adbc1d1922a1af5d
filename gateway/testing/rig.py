"""A rig: the real engine with host-bound actors, on a store that outlives it and a clock that the test turns.

    with Rig([Trip(TripSettings())], {"mqtt/main": Recorder}) as rig:
        rig.tell("trip/van", "position", fix)          # returns when it is committed
        rig.advance(30)                                # timers fire, in their order
        rig.crash()                                    # nothing is said any more, as after a power cut
        rig.start()                                    # another engine on the same store
        assert rig.state("trip/van").phase is Phase.LOST

What a test does to the outside it does as the host-bound actor `outside/test`, which the rig brings along.
`by_hand` names host-bound actors that get no thread: the test takes their deliveries itself, with `rig.hosted[id].take()`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

from gateway.actors import Actor, EventSourced, HostBound, Payload, ReadModel, Receipt, Reply, Settings, State, Unanswered
from gateway.actors.readmodel import JOURNAL
from gateway.registry import installed
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.runtime.journal import Journal
from gateway.runtime.manual import rests, waits_ms
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Store
from gateway.testing.clock import PATIENCE_S, ManualClock

OUTSIDE = "outside/test"
"""Id of the host-bound actor as which the rig sends."""

T = TypeVar("T")

_HOP_S = 20.0


class Outside(HostBound):
    """A host-bound actor that stands for whoever writes to the gateway. It takes nothing."""


class Rig:
    """One gateway without its daemon, through as many lives as the test wants. On the test's thread."""

    def __init__(
        self,
        actors: Iterable[Actor[Any]],
        hosted: Mapping[str, type[HostBound]] | None = None,
        *,
        store: Store | None = None,
        clock: ManualClock | None = None,
        settings: EngineSettings | None = None,
        by_hand: Iterable[str] = (),
    ) -> None:
        self.actors = _with_theirs(actors)
        self.store: Store = store or MemoryStore()
        self.kinds: dict[str, type[HostBound]] = {OUTSIDE: Outside, **self._journal(), **(hosted or {})}
        self.clock = clock or ManualClock()
        self.settings = settings or EngineSettings()
        self.by_hand = {OUTSIDE, *by_hand}
        self.engine: Engine
        self.hosted: dict[str, Hosted] = {}
        """What stands for each host-bound actor of this life."""
        self.faults: list[BaseException] = []
        """What ended the engine of this life, where it could not go on."""

    def _journal(self) -> dict[str, type[HostBound]]:
        """Make the journal where an actor needs it, as the daemon does."""
        return {JOURNAL: journal_on(self.store)} if any(isinstance(actor, (EventSourced, ReadModel)) for actor in self.actors) else {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.hosted:
            self.crash()

    # --- lives

    def start(self) -> None:
        """Begin a life of the gateway on the store as it is."""
        self.faults = []
        kinds = list(self.kinds.items())
        self.engine = Engine(self.store, self.actors, kinds, settings=self.settings, clock=self.clock, fatal=self.faults.append)
        self.hosted = {id: Hosted(id, _maker(id, kind), kind, self.engine) for id, kind in kinds}
        self.engine.start(lambda id: self.hosted[id].give, absent=self.kinds.keys() - self.by_hand)
        for id, hosted in self.hosted.items():
            if id not in self.by_hand:
                hosted.start()

    def stop(self) -> bool:
        """End this life well: the host-bound actors close, then comes the last commit; return whether all was done in time."""
        closed = [hosted.close() for hosted in reversed(self.hosted.values())]
        for id in self.by_hand:
            self.engine.reclaim(id, for_good=True)
        stopped = self.engine.stop()
        self._dispose()
        return stopped and all(closed)

    def crash(self) -> None:
        """End this life as a power cut does: nothing more is committed or released, whatever is under way."""
        ended = self.engine.abandon()
        for hosted in self.hosted.values():
            ended = hosted.close() and ended
        self._dispose()
        if not ended:
            raise AssertionError("a thread of the engine, or of a host-bound actor, did not end")

    def restart(self) -> None:
        """Stop the gateway well, and begin another life."""
        if not self.stop():
            raise AssertionError("the engine, or a host-bound actor, did not stop in time")
        self.start()

    def _dispose(self) -> None:
        for hosted in self.hosted.values():
            hosted.dispose()
        self.hosted = {}

    # --- what a test does

    def send(self, to: str, verb: str, payload: Payload | dict[str, Any] | None = None, **options: Any) -> Receipt:
        """Bring a message in from the outside, and return its receipt at once. Options are those of `Host.send`."""
        return self.hosted[OUTSIDE].send(to, verb, payload, **options)

    def tell(self, to: str, verb: str, payload: Payload | dict[str, Any] | None = None, **options: Any) -> Receipt:
        """Send a message as `send` does, and wait for its commit."""
        receipt = self.send(to, verb, payload, **options)
        if not receipt.wait(PATIENCE_S):
            raise AssertionError(f"{verb} to {to} was not committed within {PATIENCE_S:g} s; the engine's faults: {self.faults}")
        return receipt

    def ask(self, to: str, verb: str, payload: Payload | dict[str, Any] | None = None, *, timeout_s: float = PATIENCE_S) -> Reply:
        """Send a message, and wait for its answer. Raises Unanswered."""
        answers: list[Reply] = []
        answered = threading.Event()

        def take(reply: Reply) -> None:
            answers.append(reply)
            answered.set()

        self.hosted[OUTSIDE].ask(to, verb, payload, on_reply=take)
        if not answered.wait(timeout_s):
            raise Unanswered(f"{to} did not answer {verb} within {timeout_s} s")
        return answers[0]

    def advance(self, seconds: float, *, at_once: bool = False) -> None:
        """Let time pass. Timers fire when they are due; `at_once`, as after a stand-by, they all come late."""
        end_ms = self.clock.clock_ms() + round(seconds * 1000)
        while (left_ms := end_ms - self.clock.clock_ms()) > 0:
            self.settle()
            self.clock.advance(left_ms / 1000 if at_once else self._hop_ms(left_ms) / 1000)
            self.engine.post(_nothing)
        self.settle()

    def _hop_ms(self, left_ms: int) -> int:
        """The time to the next timer, retry or backoff, so that each comes in its time."""
        hops = [left_ms, round(_HOP_S * 1000), *self.look(lambda: waits_ms(self.engine))]
        return min(hop for hop in hops if hop > 0)

    def settle(self) -> None:
        """Block until the engine has nothing left to run or to commit; what still waits then, waits for the clock or for a host-bound
        actor."""
        self.until(lambda: rests(self.engine, self.look))

    def until(self, truth: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
        """Block until `truth()` holds, and return it. Raises AssertionError when it never does, and what ended the engine when it ended."""
        deadline = time.monotonic() + timeout_s
        pause = threading.Event()
        while not (value := truth()):
            if self.faults:
                raise self.faults[0]
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout_s} s; the engine's faults: {self.faults}")
            pause.wait(0.001)
        return value

    def look(self, look: Callable[[], T]) -> T:
        """Return what `look` sees on the engine's thread, between turns. It may be asked twice. Raises what ended the engine, where it
        ended."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if self.faults:
                raise self.faults[0]
            try:
                return self.engine.inspect(look, timeout_s=0.1)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def state(self, id: str) -> Any:
        """The state of an actor now, committed or not; an actor that nobody wrote to has its first state."""
        return self.look(lambda: self._state(id))

    def _state(self, id: str) -> State:
        return self.engine.room.activation.cell(id).state


def _with_theirs(actors: Iterable[Actor[Any]]) -> list[Actor[Any]]:
    """These kinds, and those that they keep for themselves."""
    found = {actor.kind: actor for actor in actors}
    for name in [name for actor in list(found.values()) for name in actor.brings if name not in found]:
        kind = installed().ordinary.load(name)
        found[name] = kind()
    return list(found.values())


def journal_on(store: Store) -> type[HostBound]:
    """The class of a journal that reads this store."""

    class OnStore(Journal):
        kind = "journal"

        def __init__(self, key: str, settings: Settings) -> None:
            super().__init__(key, settings, store.event_reader)

    return OnStore


def _maker(id: str, kind: type[HostBound]) -> Callable[[], HostBound]:
    """How to make a host-bound class that a test gives: with (key, settings), or without where its constructor takes nothing."""
    if kind.__init__ is object.__init__:
        return kind
    return lambda: kind(id.rsplit("/", 1)[-1], kind.settings_model())  # type: ignore[call-arg]  # as the daemon makes them


def _nothing() -> None:
    """Do nothing: posted to the engine, this makes it turn."""
