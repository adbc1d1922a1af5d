"""Random programs against event-sourced actors: whatever is cut off when, state and read model are what the events add up to."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.runtime.settings import EngineSettings
from gateway.store import Store
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, PowerCut, Rig
from tests.runtime.accounts import Account, Amount, Totals

NAMES = ("ann", "bob", "eve")
TINY = EngineSettings(idle_s=3.0, active_actors=1, batch_turns=4, cautious_turns=4)

_SAYS = st.tuples(st.sampled_from(NAMES), st.sampled_from(["deposit", "deposit", "deposit", "remind", "note", "close"]), st.booleans())
_STEPS = st.one_of(
    st.tuples(st.just("burst"), st.lists(_SAYS, min_size=1, max_size=10)),
    st.tuples(st.just("burst"), st.lists(_SAYS, min_size=1, max_size=10)),
    st.tuples(st.just("rebuild")),
    st.tuples(st.just("settle")),
    st.tuples(st.just("advance"), st.sampled_from([0.3, 5.0, 65.0])),
    st.tuples(st.just("fault"), st.sampled_from(["before", "after", "release", "fails"])),
    st.tuples(st.just("cut")),
    st.tuples(st.just("restart")),
)
_PROGRAMS = st.lists(_STEPS, min_size=1, max_size=20)


class Bank:
    """One program's run. Each deposit is of another number of cents, so that it is known again among the events."""

    def __init__(self, store: Store) -> None:
        self.store = FrailStore(store)
        self.rig = Rig([Account(), Totals()], store=self.store, settings=TINY)
        self.said: list[tuple[str, str, Amount]] = []
        self.acknowledged: set[int] = set()
        self.cut_release = False

    def burst(self, says: list[tuple[str, str, bool]]) -> None:
        """Send many, and wait for none. Amounts rise, from 1, and so do the seconds of reminders."""
        for name, verb, fails in says:
            self.said.append((name, verb, Amount(cents=len(self.said) + 1, fails=fails)))
            self._send(len(self.said) - 1)

    def _send(self, at: int) -> None:
        name, verb, amount = self.said[at]

        def on_commit(_: Any) -> None:
            if self.cut_release:
                self.cut_release = False
                raise PowerCut
            self.acknowledged.add(at)

        payload = amount if verb in {"deposit", "remind"} else None
        self.rig.send(f"account/{name}", verb, payload, id=f"m{at}", on_commit=on_commit)

    def rebuild(self) -> None:
        self.rig.send("totals/all", "rebuild")

    def settle(self) -> None:
        try:
            self.rig.settle()
        except PowerCut:
            self.cut()

    def advance(self, seconds: float) -> None:
        self.settle()
        self.rig.clock.advance(seconds)
        self.rig.engine.post(lambda: None)
        self.settle()

    def fault(self, word: str) -> None:
        if word == "release":
            self.cut_release = True
        else:
            self.store.to_come.append(word)

    def cut(self) -> None:
        self.rig.crash()
        self._back()

    def restart(self) -> None:
        self.settle()
        self.store.to_come.clear()
        assert self.rig.stop()
        self._back()

    def _back(self) -> None:
        self.store.to_come.clear()
        self.cut_release = False
        self.rig.faults.clear()
        self.rig.start()
        for at in sorted(set(range(len(self.said))) - self.acknowledged):
            self._send(at)

    def heal(self) -> None:
        """Let everything come to its end."""
        self.store.to_come.clear()
        self.settle()
        for _ in range(50):
            self.advance(30)
            if not (self.store.boxes() or self.store.wakes(-1, 2**60, 1) or self._catches_up()):
                return
        raise AssertionError(f"something waits for ever: {self.store.boxes()}, {self.store.wakes(-1, 2**60, 9)}")

    def _catches_up(self) -> bool:
        return bool(self.rig.state("totals/all").catching_up)

    def check(self) -> None:
        """Each deposit once, or never where its account was closed; states are the sums of the events, before and after a restart."""
        closed = {name for name, verb, _ in self.said if verb == "close"}
        kept = {name: self._deposits(name) for name in NAMES}
        for name, found in kept.items():
            sent = [a.cents for n, verb, a in self.said if n == name and (verb == "remind" or (verb == "deposit" and not a.fails))]
            assert Counter(found) <= Counter(sent), f"{name} has what was not sent, or twice"
            if name not in closed:
                assert Counter(found) == Counter(sent), f"{name} lost or doubled a deposit"
        states = {name: self.rig.state(f"account/{name}").cents for name in NAMES}
        assert states == {name: sum(found) for name, found in kept.items()}
        totals = self.rig.state("totals/all")
        assert len(set(totals.seen)) == len(totals.seen), "the read model held an event twice"
        self._check_totals(kept, closed)
        self.rig.restart()
        assert {name: self.rig.state(f"account/{name}").cents for name in NAMES} == states

    def _check_totals(self, kept: dict[str, list[int]], closed: set[str]) -> None:
        totals = self.rig.state("totals/all").cents
        for name in set(NAMES) - closed:
            assert totals.get(f"account/{name}", 0) == sum(kept[name])

    def _deposits(self, name: str) -> list[int]:
        rows = self.store.events(f"account/{name}", 0, 1000)
        return [int(row.body[9:-1]) for row in rows if row.kind == "Deposited"]


def _run(bank: Bank, program: list[tuple[Any, ...]]) -> None:
    with bank.rig:
        for name, *values in program:
            getattr(bank, name)(*values)
        bank.heal()
        bank.check()


@settings(max_examples=40, derandomize=True)
@given(_PROGRAMS)
def test_the_events_are_the_truth_in_memory(program: list[tuple[Any, ...]]) -> None:
    """Whatever is sent, repeated, cut off and failed: each event once, and the states are what they add up to."""
    _run(Bank(MemoryStore()), program)


@settings(max_examples=10, derandomize=True)
@given(_PROGRAMS)
def test_the_events_are_the_truth_on_sqlite(program: list[tuple[Any, ...]]) -> None:
    """The same on the store of the daemon."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "gateway.db", loss_window_s=60)
        try:
            _run(Bank(store), program)
        finally:
            store.close()
