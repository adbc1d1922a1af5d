"""A gateway on a machine whose wall clock is wrong at first: nothing early, nothing lost, nothing wrong for ever."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Actor, Stage, State, verb
from gateway.actors.readmodel import JOURNAL
from gateway.control import dead
from gateway.runtime import clock as clocks
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, ManualClock, Rig
from tests.runtime.accounts import Account, Amount
from tests.runtime.actors import Book, Shelf, Word

HOUR_S = 3600.0
HOUR_MS = 3_600_000
YEAR_S = 365 * 86_400.0


class Forwarder(Actor[State]):
    """Sends to the shelf what must not be done after a minute, or after what it was told says."""

    attempts = 2

    @verb
    def send(self, stage: Stage[State]) -> None:
        stage.tell("shelf/a", "put", Word(text="its own"), expires_ms=stage.now_ms + 60_000)

    @verb
    def forward(self, stage: Stage[State]) -> None:
        stage.tell("shelf/a", "put", Word(text="forwarded"), expires_ms=stage.message.expires_ms)

    @verb
    def fail(self, stage: Stage[State]) -> None:
        raise RuntimeError("it was told so")


class Begun(State):
    """When it was begun, on the gateway's clock."""

    clock_ms: int = 0


class Stopwatch(Actor[Begun]):
    """Says for how long it has run."""

    @verb
    def begin(self, stage: Stage[Begun]) -> None:
        stage.state = Begun(clock_ms=stage.clock_ms)

    @verb
    def read(self, stage: Stage[Begun]) -> None:
        stage.reply({"s": stage.since_s(stage.state.clock_ms)})


@pytest.fixture(params=["memory", "sqlite"])
def pi(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A Pi without a clock chip, an hour after its first boot, on each store; it has not heard a time server yet."""
    store = FrailStore(MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db"))
    with Rig(
        [Book(), Account(), Forwarder(), Stopwatch()], {"shelf/a": Shelf}, store=store, clock=ManualClock(voucher=""), by_hand=["shelf/a"]
    ) as made:
        yield made
    store.close()


def words(rig: Rig) -> tuple[str, ...]:
    found: tuple[str, ...] = rig.state("book/a").words
    return found


def syncs(rig: Rig, seconds: float = 0.0) -> None:
    """A time server sets the wall clock forward; the engine notices."""
    rig.clock.sync(seconds)
    rig.advance(1.5)
    assert rig.look(lambda: rig.engine.clock.synced)


def power_cut(rig: Rig, *, off_s: float) -> None:
    """The power goes, and comes back."""
    rig.settle()
    rig.crash()
    rig.clock.reboot(off_s=off_s)
    rig.start()
    rig.settle()


# --- timers


def test_no_timer_is_early_when_the_clock_is_set_and_the_power_goes(pi: Rig) -> None:
    """The wall clock was five hours behind, is set, and two seconds later the power is cut: those hours have not passed."""
    syncs(pi)
    pi.clock.reboot(off_s=0)
    power_cut(pi, off_s=5 * HOUR_S)
    pi.tell("book/a", "write", {"text": "~7200"})
    syncs(pi, 5 * HOUR_S)
    power_cut(pi, off_s=10)
    syncs(pi, 10)
    pi.advance(7100)
    assert words(pi) == ("~7200",)
    pi.advance(100)
    assert words(pi) == ("~7200", "rang 7200")


@pytest.mark.parametrize("jump_s", [50 * YEAR_S, -YEAR_S])
def test_a_wall_clock_that_is_wrong_at_a_boot_fires_no_timer(pi: Rig, jump_s: float) -> None:
    """Fifty years ahead, by nobody's word; when a time server has spoken, the hour in which the machine was off has passed."""
    syncs(pi)
    pi.tell("book/a", "write", {"text": "~7200"})
    pi.crash()
    pi.clock.jump(jump_s)
    pi.clock.reboot(off_s=HOUR_S)
    pi.start()
    pi.advance(60)
    assert words(pi) == ("~7200",)
    syncs(pi, HOUR_S - jump_s)
    pi.advance(HOUR_S - 100)
    assert words(pi) == ("~7200",)
    pi.advance(30)
    assert words(pi) == ("~7200", "rang 7200")


def test_what_fell_due_while_it_was_off_fires_when_that_is_known(pi: Rig) -> None:
    """And a timer that was set since the boot has its own time, though the clock takes up eight hours meanwhile; stored or awake."""
    syncs(pi)
    pi.tell("book/a", "write", {"text": "~7200"})
    power_cut(pi, off_s=8 * HOUR_S)
    pi.tell("book/b", "write", {"text": "~600"})
    pi.tell("book/c", "write", {"text": "~600"})
    pi.restart()
    pi.tell("book/c", "write", {"text": "awake"})
    assert words(pi) == ("~7200",)
    syncs(pi, 8 * HOUR_S)
    pi.settle()
    assert words(pi) == ("~7200", "rang 7200")
    pi.advance(590)
    assert [pi.state(f"book/{key}").words[-1] for key in "bc"] == ["~600", "awake"]
    pi.advance(10)
    assert [pi.state(f"book/{key}").words[-1] for key in "bc"] == ["rang 600", "rang 600"]


def test_what_began_since_the_boot_has_not_lasted_longer_for_what_the_clock_takes_up(pi: Rig) -> None:
    """Eight hours off, half a minute of running, and then they are known; what began before lasted through them."""
    syncs(pi)
    pi.tell("stopwatch/old", "begin")
    power_cut(pi, off_s=8 * HOUR_S)
    pi.tell("stopwatch/young", "begin")
    pi.advance(30)
    syncs(pi, 8 * HOUR_S)
    assert pi.ask("stopwatch/young", "read").body["s"] == pytest.approx(31.5, abs=0.1)
    assert pi.ask("stopwatch/old", "read").body["s"] == pytest.approx(8 * HOUR_S + 20 + 31.5, abs=0.1)


def test_a_step_is_on_disk_within_a_second(pi: Rig) -> None:
    """Not with the next minute's note."""
    pi.settle()
    before = pi.store.notes()[clocks.NOTE]
    pi.clock.jump(-180)
    pi.advance(1.5)
    assert pi.store.notes()[clocks.NOTE] != before


def test_the_clock_is_noted_along_with_other_commits(pi: Rig) -> None:
    """A gateway that writes anyway notes it every ten seconds, so what it stamped is never ahead of the next boot's clock."""
    for _ in range(30):
        pi.tell("book/a", "write", {"text": "x"})
        pi.clock.advance(0.9)
        noted_ms = int(pi.store.notes()[clocks.NOTE].split()[0])
        assert pi.clock.clock_ms() - noted_ms < clocks.UNNOTED_MS


# --- what was stamped


def test_events_and_dead_letters_are_mended_too(pi: Rig) -> None:
    """History is read with the times that are known by then."""
    syncs(pi)
    power_cut(pi, off_s=8 * HOUR_S)
    right_ms = pi.clock.now_ms() + 8 * HOUR_MS
    pi.tell("account/ann", "deposit", Amount(cents=1))
    pi.tell("book/a", "write", {"text": "fail"})
    pi.advance(10)
    read = {"actor": "account/ann"}
    (event,) = pi.ask(JOURNAL, "read", read).body["events"]
    assert (event["at_ms"], event["synced"]) == (right_ms - 8 * HOUR_MS, False)
    syncs(pi, 8 * HOUR_S)
    (event,) = pi.ask(JOURNAL, "read", read).body["events"]
    assert (event["at_ms"], "synced" in event) == (right_ms, False)
    (letter,) = pi.look(lambda: dead.letters(pi.engine, 0, 10))["letters"]
    assert right_ms <= letter["at_ms"] <= right_ms + 12_000


# --- mail that expires


def test_a_command_waits_until_somebody_can_say_whether_it_has_expired(pi: Rig) -> None:
    """By its sender's clock: one is an hour old, one has a minute yet. The order is kept, over a power cut too, and nothing is silent."""
    right_ms = pi.clock.now_ms() + 5 * HOUR_MS
    pi.tell("book/a", "write", {"text": "stale"}, expires_ms=right_ms - HOUR_MS)
    pi.tell("book/a", "write", {"text": "fresh"}, expires_ms=right_ms + HOUR_MS)
    pi.tell("book/a", "write", {"text": "plain"})
    pi.tell("book/b", "write", {"text": "other"})
    pi.advance(60)
    assert (words(pi), pi.state("book/b").words) == ((), ("other",))
    (held,) = pi.look(lambda: [cell.fault for cell in pi.engine.room.schedule.held.values()])
    assert held == f"nobody can say yet whether write has expired: {clocks.UNTRUSTED}"
    power_cut(pi, off_s=30)
    assert words(pi) == ()
    syncs(pi, 5 * HOUR_S + 30)
    pi.settle()
    assert (words(pi), pi.engine.turns.expired) == (("fresh", "plain"), 1)


def test_so_does_one_for_a_device(pi: Rig) -> None:
    """It is not handed out; then it is told as expired, or done."""
    right_ms = pi.clock.now_ms() + 5 * HOUR_MS
    pi.tell("shelf/a", "put", {"text": "stale"}, expires_ms=right_ms - HOUR_MS)
    pi.tell("shelf/a", "put", {"text": "fresh"}, expires_ms=right_ms + HOUR_MS)
    pi.advance(30)
    assert pi.hosted["shelf/a"].take() == []
    syncs(pi, 5 * HOUR_S)
    (fresh,) = pi.until(pi.hosted["shelf/a"].take)
    assert fresh.message.payload.text == "fresh"
    fresh.done()
    pi.settle()
    (letter,) = pi.store.dead(0, 10)
    assert letter.reason.startswith("expired 3")


@pytest.mark.parametrize("jump_s", [180.0, -180.0, 50 * YEAR_S])
def test_a_step_of_the_wall_clock_expires_nothing_and_keeps_nothing_alive(pi: Rig, jump_s: float) -> None:
    """What has a minute has a minute, whether an actor waits with it or a device does."""
    syncs(pi)
    expires_ms = pi.clock.now_ms() + 60_000
    pi.tell("book/a", "write", {"text": "fail"})
    pi.send("book/a", "write", {"text": "timely"}, expires_ms=expires_ms)
    pi.tell("shelf/a", "put", {"text": "late"}, expires_s=60.0)
    pi.clock.jump(jump_s)
    pi.advance(10)
    assert words(pi) == ("timely",)
    pi.advance(51)
    assert pi.hosted["shelf/a"].take() == []
    pi.settle()
    (letter,) = [row for row in pi.store.dead(0, 10) if row.box == "shelf/a"]
    assert letter.reason == "expired 0 s ago: shelf/a did not come to it"


@pytest.mark.parametrize("jump_s", [180.0, -180.0])
def test_neither_does_it_expire_what_actors_send_and_send_on(pi: Rig, jump_s: float) -> None:
    """By the wall time of their turn, which is another one when the message is looked at."""
    syncs(pi)
    expires_ms = pi.clock.now_ms() + 60_000
    pi.tell("forwarder/a", "fail")
    pi.send("forwarder/a", "forward", expires_ms=expires_ms)
    pi.tell("forwarder/b", "send")
    pi.clock.jump(jump_s)
    pi.advance(10)
    taken = pi.hosted["shelf/a"].take()
    assert sorted(one.message.payload.text for one in taken) == ["forwarded", "its own"]
    assert [pi.engine.clock.left_ms(one.message) for one in taken] == [50_000, 50_000]


def test_what_is_not_trusted_is_shown(pi: Rig) -> None:
    """Who looks at the gateway sees it, with what to do; then who vouches."""
    assert _clock(pi) == (False, clocks.UNTRUSTED)
    syncs(pi)
    assert _clock(pi) == (True, "a time server")


def _clock(rig: Rig) -> tuple[bool, Any]:
    clock = rig.engine.clock
    return clock.synced, clock.voucher or clocks.UNTRUSTED
