"""Holding: a message stops at the clock, and goes on at its time, whatever happens in between."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC
from typing import Any

import pytest
from pydantic import ValidationError

from devices.clock.clock import Clock
from devices.clock.holds import due_of
from devices.clock.simulator import TurnedClock
from gateway.actors import Message
from gateway.actors.itinerary import Route, Visit
from gateway.actors.templates import filled_tree
from gateway.actors.vocabulary import Hold
from gateway.testing import Bench
from gateway.testing.bench import BenchDelivery
from tests.devices.clock.conftest import DAY_S, HOUR_S, SEVEN_MS, House, clock_settings

Build = Callable[..., House]
BODY = {"due_ms": "{due_ms}", "late_s": "{late_s}", "text": "held until {due_ms}"}


@pytest.fixture
def put(wall: TurnedClock) -> Iterator[Callable[..., Bench]]:
    """A clock on a bench."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Bench:
            bench = stack.enter_context(Bench(Clock("main", clock_settings(**settings), wall=wall)))
            bench.until(lambda: bench.health)
            return bench

        yield make


def test_it_is_kept_until_its_time(put: Callable[..., Bench], wall: TurnedClock) -> None:
    """Then it goes on with its body, in which numbers stand where their names did."""
    bench = put()
    delivery = bench.tell("hold", Hold(until_ms=SEVEN_MS, body=dict(BODY)))
    bench.until(lambda: bench.health[-1][1] == "no jobs; 1 held, the first until 2026-06-03 07:00")
    wall.turn(HOUR_S - 1)
    assert delivery.outcome == ""
    wall.turn(1.5)
    assert delivery.wait() == "done"
    assert delivery.body == {"due_ms": SEVEN_MS, "late_s": 0.5, "text": f"held until {SEVEN_MS}"}


@pytest.mark.parametrize(
    "hold",
    [
        {"at": "2026-06-03T09:00"},
        {"at": "2026-06-03T08:00+01:00"},
        {"at": "2026-06-03T07:00Z"},
        {"for_s": 3600.0},
        {"for_s": 60.0, "from_ms": SEVEN_MS - 60_000},
    ],
)
def test_a_time_can_be_said_in_many_ways(put: Callable[..., Bench], wall: TurnedClock, hold: dict[str, Any]) -> None:
    """On the wall of the clock's zone, with an offset, or as seconds from now or from a moment that is given."""
    bench = put(timezone="Europe/Berlin")
    delivery = bench.tell("hold", hold)
    bench.until(lambda: "1 held" in bench.health[-1][1])
    wall.turn(HOUR_S - 1)
    assert delivery.outcome == ""
    wall.turn(1)
    assert delivery.wait() == "done"


def test_on_a_route_it_counts_from_when_the_stop_before_was_left() -> None:
    """So a restart does not make it longer."""
    hold = Hold(for_s=60.0)
    visit = Visit(actor="customer/ann", verb="quote", at_ms=SEVEN_MS)
    routed = Message("m1", "clock/main", "hold", hold, route=Route(ahead=(), history=(visit,)))
    assert due_of(hold, BenchDelivery(routed), seen_ms=SEVEN_MS + 50_000, zone=UTC) == SEVEN_MS + 60_000
    assert due_of(hold, BenchDelivery(routed._replace(route=None)), seen_ms=SEVEN_MS + 50_000, zone=UTC) == SEVEN_MS + 110_000


def test_what_is_due_already_goes_on_at_once(put: Callable[..., Bench]) -> None:
    """And says how late."""
    delivery = put().tell("hold", Hold(until_ms=SEVEN_MS - 2 * 3_600_000, body={"late_s": "{late_s}"}))
    assert (delivery.wait(), delivery.body) == ("done", {"late_s": 3600.0})


def test_they_go_on_in_the_order_of_their_times(put: Callable[..., Bench], wall: TurnedClock) -> None:
    """Not in that of their coming; of two of one time, the first that came is the first."""
    bench = put()
    order: list[str] = []
    for id, minutes in (("c", 30), ("a", 10), ("b", 20), ("d", 30)):
        delivery = bench.tell("hold", Hold(for_s=minutes * 60.0), id=id)
        delivery.done = lambda body=None, id=id: order.append(id)  # type: ignore[method-assign, misc]  # only the order is of interest
    bench.until(lambda: bench.counters["held"] == 4)
    wall.turn(HOUR_S)
    bench.until(lambda: bench.counters["went_on"] == 4)
    assert order == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("hold", "expires_ms", "reason"),
    [
        (
            {"at": "2026-13-01T07:00"},
            0,
            "cannot read '2026-13-01T07:00' as a time: month must be in 1..12; write it as in \"2026-01-01T07:00\"",
        ),
        ({"until_ms": SEVEN_MS}, SEVEN_MS - 60_000, "cannot hold it until 2026-06-03 07:00: it expires before, at 2026-06-03 06:59"),
    ],
)
def test_what_cannot_be_held_is_said(put: Callable[..., Bench], hold: dict[str, Any], expires_ms: int, reason: str) -> None:
    """At once, and for good."""
    delivery = put().tell("hold", hold, expires_ms=expires_ms)
    assert (delivery.wait(), delivery.retry) == (reason, False)


@pytest.mark.parametrize("hold", [{}, {"until_ms": 1, "for_s": 1.0}])
def test_a_hold_has_one_time(hold: dict[str, Any]) -> None:
    """None, or two, would be a guess."""
    with pytest.raises(ValidationError, match="say one of until_ms, at and for_s, not"):
        Hold.model_validate(hold)


def test_seconds_before_the_clock_was_set_count(put: Callable[..., Bench], wall: TurnedClock) -> None:
    """Held for ten minutes at boot, then the wall clock jumps by a year: it goes on ten minutes after it came."""
    wall.synced = False
    bench = put()
    delivery = bench.tell("hold", Hold(for_s=600.0))
    bench.until(lambda: bench.counters["held"] == 1)
    wall.turn(60)
    wall.jump(365 * DAY_S)
    wall.synchronise()
    bench.until(lambda: "1 held" in bench.health[-1][1])
    wall.turn(539)
    assert delivery.outcome == ""
    wall.turn(1)
    assert delivery.wait() == "done"


def test_seconds_pass_without_a_time_server(put: Callable[..., Bench], wall: TurnedClock) -> None:
    """A lamp that is to go out in ten minutes does not wait for the wall clock to be set; what is for a time of day does."""
    wall.synced = False
    bench = put()
    lasting = bench.tell("hold", Hold(for_s=600.0, body={"late_s": "{late_s}"}), id="a")
    daily = bench.tell("hold", Hold(until_ms=SEVEN_MS - DAY_S * 1000), id="b")
    bench.until(lambda: bench.counters["held"] == 2)
    wall.turn(599)
    assert lasting.outcome == ""
    wall.turn(1)
    assert (lasting.wait(), lasting.body) == ("done", {"late_s": 0.0})
    assert daily.outcome == ""
    wall.synchronise()
    assert daily.wait() == "done"


@pytest.mark.parametrize("jump_s", [-180.0, 180.0, 365 * DAY_S])
def test_seconds_pass_whatever_the_wall_clock_is_set_to(put: Callable[..., Bench], wall: TurnedClock, jump_s: float) -> None:
    """Set while the message is held, by a time server that corrects it: ten minutes are ten minutes."""
    bench = put()
    delivery = bench.tell("hold", Hold(for_s=600.0))
    bench.until(lambda: "1 held" in bench.health[-1][1])
    wall.jump(jump_s)
    wall.turn(599)
    assert delivery.outcome == ""
    wall.turn(1)
    assert delivery.wait() == "done"


def test_seconds_count_from_the_stop_before_whatever_its_stamp_says(put: Callable[..., Bench], wall: TurnedClock) -> None:
    """It was left 100 seconds ago, with a wall time of five hours ago: the clock was set between."""
    bench = put()
    bench.until(lambda: bench.health)
    visit = Visit(actor="lamp/hall", verb="on", at_ms=SEVEN_MS - 5 * 3_600_000, clock_ms=wall.clock_ms(bench) - 100_000)
    hold = Hold(for_s=600.0)
    message = Message("m1", "clock/main", "hold", hold, route=Route(ahead=(), history=(visit,)))
    delivery = BenchDelivery(message)
    bench.give(delivery)
    bench.until(lambda: "1 held" in bench.health[-1][1])
    wall.turn(499)
    assert delivery.outcome == ""
    wall.turn(1)
    assert delivery.wait() == "done"


def test_a_full_window_is_said(put: Callable[..., Bench]) -> None:
    """More wait on disk, and may be late."""

    class Small(Clock):
        kind = "clock"
        window = 2

    with Bench(Small("main", clock_settings(), wall=TurnedClock(now_ms=SEVEN_MS))) as bench:
        for id in ("a", "b"):
            bench.tell("hold", Hold(for_s=60.0), id=id)
        bench.until(
            lambda: (
                bench.health
                and bench.health[-1][1]
                == "no jobs; 2 held, the first until 2026-06-03 07:01; it can hold no more, others wait on disk and may be late"
            )
        )


def test_nobody_waits_for_it_at_the_end(put: Callable[..., Bench]) -> None:
    """What is held goes on in the next life: the daemon does not drain it."""
    bench = put()
    delivery = bench.tell("hold", Hold(for_s=60.0))
    bench.until(lambda: bench.counters["held"] == 1)
    bench.stop()
    assert bench.health[-1][1] == "1 held, which go on after the next start"
    assert delivery.outcome == ""


def test_a_routed_message_goes_on_by_itself(house: Build) -> None:
    """Over a stop of the gateway and a power cut; due while it was off, it goes on at once and says how late."""
    built = house()
    for number, text in ((1, "first"), (2, "second")):
        hold = {"until_ms": SEVEN_MS + number * 60_000, "body": {"text": text, "late_s": "{late_s}"}}
        built.rig.tell("sender/a", "send", {"hold": hold})
    built.counted("held", 2)
    built.rig.restart()
    built.turn(HOUR_S + 60)
    assert [(one.text, one.late_s) for one in built.heard(1)] == [("first", 0.0)]
    built.rig.settle()
    built.rig.crash()
    built.turn(90)
    built.rig.start()
    assert [(one.text, one.late_s) for one in built.heard(2)] == [("first", 0.0), ("second", 30.0)]


def test_a_message_is_held_for_seconds_over_a_restart(house: Build) -> None:
    """Ten minutes from when it was sent, of which the gateway was off for five."""
    built = house()
    built.rig.tell("sender/a", "send", {"hold": {"for_s": 600.0, "from_ms": built.wall.now_ms(), "body": {"late_s": "{late_s}"}}})
    built.counted("held", 1)
    built.rig.stop()
    built.turn(300)
    built.rig.start()
    built.counted("held", 1)
    built.turn(300)
    assert [one.late_s for one in built.heard(1)] == [0.0]


def test_no_number_of_power_cuts_makes_it_a_dead_letter(house: Build) -> None:
    """Being held is no attempt that failed: after eight crashes it still goes on, once."""
    built = house()
    built.rig.tell("sender/a", "send", {"hold": {"until_ms": SEVEN_MS, "body": {"text": "here"}}})
    for _ in range(8):
        built.counted("held", 1)
        built.rig.crash()
        built.rig.start()
    built.counted("held", 1)
    built.turn(HOUR_S)
    assert [one.text for one in built.heard(1)] == ["here"]
    assert len(built.rig.store.dead(0, 99)) == 0


def test_placeholders_stand_at_any_depth() -> None:
    """A text that is nothing else becomes the number, within text its digits; what is not known stays as it is."""
    fields = {"a": ["{late_s}", {"b": "at {due_ms}: {missed} {x}"}], "c": 1, "d": None}
    assert filled_tree(fields, {"due_ms": 7, "late_s": 0.5}) == {"a": [0.5, {"b": "at 7: {missed} {x}"}], "c": 1, "d": None}  # type: ignore[arg-type]  # JSON
