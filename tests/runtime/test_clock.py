"""The gateway's clock by itself: what it believes, what passes over a boot, and what is mended when trust comes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.actors.models import NOTHING
from gateway.actors.stage import Timer
from gateway.actors.stamps import Stamp
from gateway.runtime.clock import BELIEVED_MS, UNNOTED_MS
from gateway.runtime.machine import CHIP, OPERATOR, SERVER
from tests.runtime.pi import HOUR_S, START_MS, WALL_MS, YEAR_S, Pi


def test_it_goes_on_over_a_restart_whatever_the_wall_clock_does() -> None:
    """The machine was not booted: what passed is known, trusted or not."""
    pi = Pi()
    pi.runs(100)
    pi.machine.jump(50 * YEAR_S)
    pi.restarts()
    assert pi.passed_s == 100
    pi.machine.jump(-99 * YEAR_S)
    pi.restarts()
    assert pi.passed_s == 100


def test_a_machine_with_a_clock_chip_knows_how_long_it_was_off() -> None:
    """Trusted when it was noted, and trusted at the start."""
    pi = Pi(voucher=CHIP)
    pi.runs(100)
    pi.note()
    pi.boots(off_s=8 * HOUR_S, chip=True)
    assert pi.passed_s == 100 + 8 * HOUR_S + 20


def test_without_one_it_is_taken_up_when_the_time_server_has_spoken() -> None:
    """Until then only what surely passed; then all of it, once."""
    pi = Pi()
    pi.synced(5 * HOUR_S)
    pi.runs(100)
    pi.note()
    pi.boots(off_s=8 * HOUR_S)
    assert pi.passed_s == 120
    pi.runs(30)
    assert pi.passed_s == 150
    pi.synced(8 * HOUR_S)
    assert pi.passed_s == 150 + 8 * HOUR_S
    pi.runs(10)
    pi.restarts()
    assert pi.passed_s == 160 + 8 * HOUR_S


def test_power_that_goes_right_after_the_clock_was_set_makes_nothing_early() -> None:
    """The last note has the wall clock five hours behind, and then it was right: those five hours did not pass."""
    pi = Pi()
    pi.runs(100)
    pi.note()
    pi.machine.jump(5 * HOUR_S)
    pi.boots(off_s=10)
    assert pi.passed_s == 120
    pi.synced(10)
    assert pi.passed_s == 120


def test_a_step_is_to_be_noted_at_once() -> None:
    """By more than a second, either way; a slew of less is not worth a commit."""
    pi = Pi()
    for seconds, stepped in ((0.9, False), (0.2, True), (-180.0, True), (0.0, False)):
        pi.machine.jump(seconds)
        assert pi.clock.watch().stepped is stepped
        if stepped:
            pi.note()


@pytest.mark.parametrize("jump_s", [50 * YEAR_S, -1 * YEAR_S, 8 * HOUR_S])
def test_a_wall_clock_that_nobody_vouches_for_is_not_believed_over_a_boot(jump_s: float) -> None:
    """Fifty years on at a boot: no timer is due by that, and nothing has expired."""
    pi = Pi()
    pi.synced()
    pi.machine.jump(jump_s)
    pi.boots(off_s=60)
    assert pi.passed_s == 20


def test_a_clock_chip_with_an_empty_battery_is_not_believed() -> None:
    """It says that the machine was off for fifty years; a time server later says that it was a minute."""
    pi = Pi(voucher=CHIP)
    pi.note()
    pi.machine.jump(50 * YEAR_S)
    pi.boots(off_s=60, chip=True)
    assert (pi.passed_s, pi.clock.synced) == (20, False)
    pi.synced(-50 * YEAR_S)
    assert (pi.passed_s, pi.clock.voucher) == (80, SERVER)


def test_a_time_server_is_believed_whatever_it_says() -> None:
    """A gateway that lay in a drawer for six years."""
    pi = Pi()
    pi.synced()
    off_s = BELIEVED_MS / 1000 + YEAR_S
    pi.boots(off_s=off_s)
    pi.synced(off_s)
    assert pi.passed_s == off_s + 20


def test_where_the_operator_vouches_fifty_years_over_a_boot_fire_no_timer() -> None:
    """The wall clock is trusted, as the operator wants it; that the machine was off for so long is not believed."""
    pi = Pi(voucher=OPERATOR)
    pi.note()
    pi.boots(off_s=50 * YEAR_S, chip=True)
    pi.machine.says = OPERATOR
    pi.restarts()
    assert (pi.passed_s, pi.clock.synced) == (20, True)


def test_a_machine_that_was_never_trusted_takes_up_nothing() -> None:
    """Nobody knows what was before."""
    pi = Pi()
    pi.runs(100)
    pi.note()
    pi.boots(off_s=HOUR_S)
    pi.synced(20 * YEAR_S)
    assert pi.passed_s == 120


def test_the_operator_may_vouch() -> None:
    """There is no time server, and the clock is right all the same."""
    pi = Pi(voucher=OPERATOR)
    pi.note()
    pi.boots(off_s=HOUR_S, chip=True)
    assert (pi.clock.synced, pi.passed_s) == (True, HOUR_S + 20)


def test_trust_lasts_for_the_boot() -> None:
    """A time service that has lost its servers since, and a restart of the gateway, take nothing back."""
    pi = Pi()
    pi.synced()
    pi.machine.says = ""
    pi.restarts()
    assert (pi.clock.synced, pi.clock.voucher) == (True, "an earlier life in this boot")
    pi.boots(off_s=1)
    assert not pi.clock.synced


def test_a_note_of_an_older_program_is_read() -> None:
    """It did not say whether the wall clock was trusted: over a boot only what surely passed is taken."""
    pi = Pi()
    pi.notes = (f"{START_MS} another-boot 77 {WALL_MS - 8 * 3_600_000}", "")
    pi.restarts()
    assert pi.passed_s == 1000, "the machine has been up for so long"
    pi.notes = (f"{START_MS} {pi.machine.boot_id} {pi.machine.boot_ms() - 5000} 0", "")
    pi.restarts()
    assert pi.passed_s == 5


STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "jump", "note", "boot", "restart", "sync"]), st.floats(-1e6, 1e8), st.booleans()), max_size=20
)
"""What may happen to a Pi: what, how much, and whether its chip goes on."""


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_it_never_goes_back(steps: list[tuple[str, float, bool]]) -> None:
    """Whatever the wall clock is set to and whenever the power goes: behind each stamp that was kept come later ones only."""
    pi = Pi()
    last_ms = pi.clock.clock_ms()
    unnoted_s = 0.0
    for what, seconds, flag in steps:
        passed_s = min(abs(seconds), UNNOTED_MS / 1000 - unnoted_s - 0.002)
        if what == "run":
            pi.runs(passed_s)
            unnoted_s += passed_s
        elif what == "jump":
            pi.machine.jump(seconds)
            pi.clock.watch()
        elif what == "boot":
            pi.boots(off_s=abs(seconds), chip=flag, boot_s=min(abs(seconds), 60.0))
        elif what == "restart":
            pi.restarts()
        elif what == "sync":
            pi.synced(seconds)
        if what in ("note", "sync", "boot"):
            pi.note()
            unnoted_s = 0.0
        assert pi.clock.clock_ms() >= last_ms
        last_ms = pi.clock.clock_ms()


# --- what was stamped, set and sent before


def stamp(pi: Pi) -> Stamp:
    return Stamp(pi.clock.now_ms(), pi.clock.clock_ms(), pi.clock.synced)


def test_a_stamp_shows_what_the_wall_clock_should_have_shown() -> None:
    """Five hours behind when it was made; the machine was off for eight, which its clock gets too. Over restarts as well."""
    pi = Pi()
    pi.synced()
    pi.boots(off_s=8 * HOUR_S)
    right_ms = WALL_MS + round((8 * HOUR_S + 20) * 1000)
    early = stamp(pi)
    assert (early.wall_ms, early.synced) == (right_ms - 8 * 3_600_000, False)
    assert pi.clock.mended(early) == early
    pi.runs(30)
    pi.machine.jump(-777)  # somebody sets it by hand, wrong
    later = stamp(pi)
    pi.runs(30)
    pi.synced(8 * HOUR_S + 777)
    for _ in range(2):
        assert pi.clock.mended(early) == Stamp(right_ms, early.clock_ms + 8 * 3_600_000)
        assert pi.clock.mended(later) == Stamp(right_ms + 30_000, later.clock_ms + 8 * 3_600_000)
        assert pi.clock.unpacked(early.packed()).wall_ms == right_ms
        pi.restarts()
    pi.boots(off_s=60)
    assert pi.clock.mended(early).wall_ms == right_ms


def test_what_was_trusted_stays() -> None:
    """Whatever is learned later."""
    pi = Pi()
    pi.synced()
    before = stamp(pi)
    pi.boots(off_s=HOUR_S)
    pi.synced(HOUR_S)
    assert pi.clock.mended(before) == before
    assert pi.clock.unpacked(before.packed()).wall_ms == before.wall_ms


def test_stamps_of_a_boot_in_which_nobody_ever_vouched_stay_as_they_are() -> None:
    """They say what the wall clock said, and that nobody trusted it; the next boot's trust says nothing of them."""
    pi = Pi()
    pi.synced()
    pi.boots(off_s=HOUR_S)
    pi.note()
    lost = stamp(pi)
    pi.runs(10)
    pi.note()
    pi.boots(off_s=HOUR_S)
    pi.synced(2 * HOUR_S)
    assert pi.clock.mended(lost) == lost
    assert pi.clock.unpacked(lost.packed()) == lost


def test_a_timer_that_was_set_before_moves_along() -> None:
    """Off in ten minutes, set half a minute before the clock takes up eight hours: it is due ten minutes after it was set."""
    pi = Pi()
    pi.synced()
    old = Timer(pi.clock.clock_ms() + 3_600_000, "ring", NOTHING)
    pi.boots(off_s=8 * HOUR_S)
    young = Timer(pi.clock.clock_ms() + 600_000, "ring", NOTHING, set_ms=pi.clock.clock_ms())
    assert pi.clock.moved_timer(young) == young
    pi.runs(30)
    pi.synced(8 * HOUR_S)
    moved = pi.clock.moved_timer(young)
    assert (moved.due_ms - pi.clock.clock_ms(), moved.set_ms) == (570_000, 0)
    assert pi.clock.moved_timer(moved) == moved
    assert pi.clock.moved_timer(old) == old
    assert old.due_ms < pi.clock.clock_ms()


def test_a_timer_moves_with_each_boot_in_which_nobody_vouched() -> None:
    """Set in the first of two such boots; when trust comes in the second, it has what was left of its time."""
    pi = Pi()
    pi.synced()
    pi.boots(off_s=8 * HOUR_S)
    young = Timer(pi.clock.clock_ms() + 600_000, "ring", NOTHING, set_ms=pi.clock.clock_ms())
    pi.note()
    pi.boots(off_s=HOUR_S)
    assert pi.clock.moved_timer(young) == young
    pi.synced(9 * HOUR_S)
    assert pi.clock.moved_timer(young).due_ms - pi.clock.clock_ms() == 580_000
    pi.boots(off_s=60)
    assert pi.clock.moved_timer(young).set_ms == 0, "what is known of it is kept"
