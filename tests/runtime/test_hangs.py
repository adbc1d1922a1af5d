"""A host-bound actor that hangs in its own code is noticed: named with the step and its time, and no more when it goes on."""

import logging
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from gateway.actors import Delivery, Health, HostBound, Start, verb
from gateway.runtime.engine import Engine
from gateway.runtime.settings import EngineSettings
from gateway.service.hosts import Hosts, HostToBe
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, ManualClock, Rig
from tests.runtime.actors import Book, Word


class Stuck(HostBound):
    """Hangs where its class says so, until the test lets it go."""

    kind = "stuck"
    step_s = 10.0
    close_s = 0.2
    hangs_in: ClassVar[str] = ""
    go: ClassVar[threading.Event]
    there: ClassVar[threading.Event]

    def started(self, start: Start) -> None:
        self.host.report(Health.OK, "fine")
        self._step("started")

    def wait(self) -> None:
        self.host.wait(0.01)
        self._step("wait")

    def tick(self) -> None:
        self._step("tick")

    @verb
    def write(self, word: Word, delivery: Delivery) -> None:
        self._step("write")

    def _step(self, name: str) -> None:
        if name == self.hangs_in:
            self.there.set()
            self.go.wait(20)


class Vital(Stuck):
    """The gateway is no good while this one hangs."""

    kind = "vital"
    vital = True


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """Set, it lets all go."""
    Stuck.go, Stuck.there = threading.Event(), threading.Event()
    yield Stuck.go
    Stuck.go.set()
    Stuck.hangs_in = ""


@pytest.mark.parametrize("step", ["write", "tick"])
def test_a_step_that_overruns_its_limit_is_a_fault_with_its_name(go: threading.Event, step: str) -> None:
    """With its seconds, which go on; when it goes on it is as well as it says."""
    Stuck.hangs_in = step
    with Rig([Book()], {"stuck/a": Stuck}) as rig:
        rig.tell("stuck/a", "write", {"text": "x"})
        rig.until(Stuck.there.is_set)
        hosted = rig.hosted["stuck/a"]
        rig.clock.advance(9)
        assert (hosted.health, hosted.detail, hosted.hang) == (Health.OK, "fine", "")
        rig.clock.advance(5)
        assert (hosted.health, hosted.detail) == (Health.FAULTY, f"hangs in {step} since 14 s")
        rig.clock.advance(86)
        assert hosted.detail == f"hangs in {step} since 100 s"
        Stuck.hangs_in = ""
        go.set()
        rig.until(lambda: hosted.health is Health.OK)
        assert hosted.detail == "fine"


def test_a_hang_at_the_start_is_named(go: threading.Event) -> None:
    """Before its first message."""
    Stuck.hangs_in = "started"
    with Rig([Book()], {"stuck/a": Stuck}) as rig:
        rig.until(Stuck.there.is_set)
        rig.clock.advance(60)
        assert rig.hosted["stuck/a"].detail == "hangs in its start since 60 s"
        go.set()


def test_one_that_waits_for_something_to_do_does_not_hang(go: threading.Event) -> None:
    """For however long; one that does not hear its mail does."""
    with Rig([Book()], {"stuck/a": Stuck}) as rig:
        rig.until(lambda: rig.hosted["stuck/a"].health is Health.OK)
        rig.clock.advance(3600)
        assert rig.hosted["stuck/a"].hang == ""
        Stuck.hangs_in = "wait"
        rig.until(Stuck.there.is_set)
        rig.clock.advance(3600)
        assert rig.hosted["stuck/a"].hang == ""
        rig.tell("stuck/a", "write", {"text": "x"})
        rig.settle()
        rig.clock.advance(15)
        assert rig.hosted["stuck/a"].hang == "hangs in wait since 15 s"
        go.set()
        rig.until(lambda: not rig.hosted["stuck/a"].hang)


class Patient(HostBound):
    """Waits for years, and for its mail."""

    kind = "stuck"

    def wait(self) -> None:
        self.host.wait(3e9)

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        delivery.done()


def test_one_may_wait_for_longer_than_the_kernel_does() -> None:
    """Poll takes 24.8 days at most."""
    with Rig([Book()], {"stuck/a": Patient}) as rig:
        rig.tell("stuck/a", "put", {"text": "x"})
        rig.until(lambda: not rig.look(lambda: rig.engine.room.outboxes["stuck/a"].waiting))
        assert (rig.hosted["stuck/a"].restarts, rig.hosted["stuck/a"].last_fault) == (0, "")


class Pushing(HostBound):
    """A source that can wait, and does."""

    kind = "pushing"
    step_s = 10.0
    sending: ClassVar[threading.Event]

    def wait(self) -> None:
        if not self.sending.is_set():
            self.sending.set()
            for n in range(6):
                self.host.send("book/a", "write", {"text": str(n)})
        self.host.wait(0.01)


def test_one_that_waits_for_room_to_send_does_not_hang() -> None:
    """It is held up by others, and that is as it should be."""
    Pushing.sending = threading.Event()
    store = FrailStore(MemoryStore())
    with Rig([Book()], {"pushing/a": Pushing}, store=store, settings=EngineSettings(ingress_messages=2), by_hand=["pushing/a"]) as rig:
        rig.settle()
        store.to_come = ["fails"] * 50
        rig.hosted["pushing/a"].start()
        rig.until(lambda: rig.engine.ingress.waiting)
        rig.clock.advance(3600)
        assert rig.hosted["pushing/a"].hang == ""
        store.to_come.clear()
        rig.until(lambda: len(rig.state("book/a").words) == 6)
        assert rig.hosted["pushing/a"].hang == ""


def test_one_that_rests_before_it_is_made_anew_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail that wakes it meanwhile waits for its next life."""

    class Failing(HostBound):
        kind = "failing"

        def started(self, start: Start) -> None:
            raise RuntimeError("not today")

    with Rig([Book()], {"failing/a": Failing}) as rig:
        rig.until(lambda: rig.hosted["failing/a"].restarts)
        rig.hosted["failing/a"].wake()
        rig.clock.advance(3600)
        assert rig.hosted["failing/a"].hang == ""


def test_a_hang_is_logged_once_and_withholds_the_watchdog_where_the_class_says_so(
    go: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """What the daemon asks at each look: those of vital classes only; who begins and ends to hang is logged."""
    caplog.set_level(logging.WARNING)
    clock = ManualClock()
    kinds: list[tuple[str, type[HostBound]]] = [("stuck/a", Stuck), ("vital/a", Vital)]
    engine = Engine(MemoryStore(), [Book()], kinds, clock=clock)
    hosts = Hosts([HostToBe(id, kind, kind, {}) for id, kind in kinds], engine)
    Stuck.hangs_in = "tick"
    engine.start(hosts.give, absent=[id for id, _ in kinds])
    hosts.start()
    try:
        assert Stuck.there.wait(10)
        while {hosted._doing for hosted in hosts.all} != {"tick"}:
            go.wait(0.001)
        clock.advance(9)
        assert hosts.hung() == []
        clock.advance(5)
        for _ in range(3):
            assert hosts.hung() == ["vital/a hangs in tick since 14 s"]
        said = sorted(record.getMessage() for record in caplog.records)
        end = "it cannot be ended; if it stays so, restart the gateway"
        assert said == [f"stuck/a hangs in tick since 14 s: {end}", f"vital/a hangs in tick since 14 s: {end}"]
        Stuck.hangs_in = ""
        go.set()
        while hosts.hung() or any(hosted.hang for hosted in hosts.all):
            threading.Event().wait(0.001)
        assert hosts.hung() == []
        goes_on = sorted(record.getMessage() for record in caplog.records)
        assert "stuck/a goes on: it hangs no more" in goes_on
        assert "vital/a goes on: it hangs no more" in goes_on
    finally:
        go.set()
        assert hosts.close(carriers=False) == []
        assert engine.stop()
        for hosted in hosts.all:
            hosted.dispose()
