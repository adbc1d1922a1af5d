"""Deadlines and standstills by the gateway's clock: what a message may wait for, and when a silence is one."""

import pytest

from gateway.actors.messages import Deadline, Message
from gateway.actors.models import NOTHING
from gateway.runtime.clock import BREAK_MS
from gateway.runtime.machine import SERVER
from tests.runtime.pi import HOUR_S, WALL_MS, YEAR_S, Pi


def message(expires_ms: int, until: Deadline | None = None) -> Message:
    return Message("m1", "twin/a", "report", NOTHING, expires_ms=expires_ms, until=until)


@pytest.mark.parametrize("jump_s", [180.0, -180.0, 50 * YEAR_S])
def test_a_deadline_heeds_no_step_of_the_wall_clock(jump_s: float) -> None:
    """Trusted when the message came: a minute is a minute."""
    pi = Pi(voucher=SERVER)
    came = message(*pi.clock.deadline(pi.clock.now_ms() + 60_000))
    pi.machine.jump(jump_s)
    assert pi.clock.left_ms(came) == 60_000
    pi.runs(61)
    assert pi.clock.left_ms(came) == -1000


def test_what_the_outside_said_waits_until_the_clock_can_be_trusted() -> None:
    """By its sender's clock; ours is five hours behind, so nobody can say."""
    pi = Pi()
    fresh = message(*pi.clock.deadline(WALL_MS + 5 * 3_600_000 + 60_000))
    stale = message(*pi.clock.deadline(WALL_MS + 4 * 3_600_000))
    assert (pi.clock.left_ms(fresh), pi.clock.left_ms(stale)) == (None, None)
    pi.synced(5 * HOUR_S)
    assert (pi.clock.left_ms(fresh), pi.clock.left_ms(stale)) == (60_000, -3_600_000)


def test_what_is_said_in_seconds_needs_no_trust() -> None:
    """What is left of MQTT's message expiry passes on our own clock, also where a wall time is said beside it."""
    pi = Pi()
    left = message(*pi.clock.deadline(0, expires_s=60.0))
    both = message(*pi.clock.deadline(WALL_MS + 5 * 3_600_000, expires_s=60.0))
    assert (pi.clock.left_ms(left), pi.clock.left_ms(both)) == (60_000, None)
    pi.runs(61)
    assert (pi.clock.left_ms(left), pi.clock.left_ms(both)) == (-1000, -1000)


def test_a_deadline_moves_along_too() -> None:
    """A minute from half a minute before the clock takes up eight hours."""
    pi = Pi()
    pi.synced()
    pi.boots(off_s=8 * HOUR_S)
    sent = message(*pi.clock.deadline(0, expires_s=60.0))
    pi.runs(30)
    pi.synced(8 * HOUR_S)
    assert pi.clock.left_ms(sent) == 30_000


def test_a_message_of_an_older_program_goes_by_the_wall_clock() -> None:
    """It was stored without a deadline of ours."""
    pi = Pi()
    old = message(WALL_MS + 1000)
    assert pi.clock.left_ms(old) is None
    pi.synced()
    assert pi.clock.left_ms(old) == 1000


def test_a_standstill_is_no_listening() -> None:
    """The process hung, or the machine slept, for longer than a slow disk keeps it."""
    pi = Pi()
    since_ms = pi.clock.listening_since_ms
    for seconds in (20, BREAK_MS / 1000):
        pi.runs(seconds)
        pi.clock.turned(pi.clock.clock_ms())
    assert pi.clock.listening_since_ms == since_ms
    pi.runs(BREAK_MS / 1000 + 1)
    pi.clock.turned(pi.clock.clock_ms())
    assert pi.clock.listening_since_ms == pi.clock.clock_ms()


def test_listening_begins_with_a_life_and_with_trust() -> None:
    """What the clock takes up then was no time in which anybody could be heard."""
    pi = Pi()
    pi.synced()
    pi.boots(off_s=8 * HOUR_S)
    assert pi.clock.listening_since_ms == pi.clock.clock_ms()
    pi.runs(10)
    pi.synced(8 * HOUR_S)
    assert pi.clock.listening_since_ms == pi.clock.clock_ms()
