"""Silence, and the times of twins, on a machine whose wall clock is wrong at first and whose power goes.

Nobody is silent whom the gateway could not have heard, and nobody is missed who never spoke.
"""

from collections.abc import Iterator

import pytest

from gateway.actors import Delivery, HostBound, verb
from gateway.actors.vocabulary import Publish
from gateway.business.alarm import Alarm
from gateway.business.alarm.rules import AlarmSettings
from gateway.business.alarm.state import AlarmPhase
from gateway.business.twin import Twin, TwinSettings
from gateway.business.twin_state import Presence
from gateway.control import views
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, ManualClock, Rig

HOUR_S = 3600.0
HOUR_MS = 3_600_000


class Mqtt(HostBound):
    """A broker's connection, in the test's hands."""

    kind = "mqtt"

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None: ...


RULES = {
    "pump": {"of": "twin/pump", "silent": True, "contacts": ""},
    "freezer": {"of": "twin/freezer", "value": "t", "above": -15.0, "for_s": 600, "contacts": ""},
    "fan": {"of": "twin/fan", "silent": True, "contacts": ""},
}


@pytest.fixture
def pi() -> Iterator[Rig]:
    """A Pi without a clock chip that has not heard a time server yet, and two alarms that nobody is told of.

    Its start after a power cut is not cautious: there, each publish that nobody takes would hold the others up for a moment.
    """
    actors = [Twin(TwinSettings(silent_after_s_of={"patient*": 0})), Alarm(AlarmSettings.model_validate({"rules": RULES}))]
    clock, bold = ManualClock(voucher=""), EngineSettings(cautious_turns=0)
    with Rig(actors, {"mqtt/main": Mqtt}, store=FrailStore(MemoryStore()), clock=clock, settings=bold, by_hand=["mqtt/main"]) as made:
        yield made


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


def _passes(rig: Rig, seconds: float) -> None:
    """Time passes, and the engine turns."""
    rounds = rig.engine.rounds
    rig.clock.advance(seconds)
    rig.engine.post(lambda: None)
    rig.until(lambda: rig.engine.rounds > rounds)


def test_twins_show_what_the_wall_clock_should_have_shown(pi: Rig) -> None:
    """In memory, on disk, read, and shown: all of them, and nothing had to be loaded for it."""
    syncs(pi)
    power_cut(pi, off_s=8 * HOUR_S)
    right_ms = pi.clock.now_ms() + 8 * HOUR_MS
    for key in ("patient-stored", "patient-awake"):
        pi.tell(f"twin/{key}", "report", {"values": {"t": 1}})
    pi.restart()
    assert pi.ask("twin/patient-awake", "read").body["last_seen_ms"] == right_ms - 8 * HOUR_MS
    syncs(pi, 8 * HOUR_S)
    shown = pi.look(lambda: views.of_actor("twin/patient-stored", pi.engine))
    assert shown is not None
    assert not shown["active"]
    for state in (shown["state"], pi.ask("twin/patient-awake", "read").body, pi.ask("twin/patient-stored", "read").body):
        assert (state["last_seen_ms"], state["values"]["t"]["at_ms"], state["timing"]["unsynced"]) == (right_ms, right_ms, {})
    pi.restart()
    assert pi.ask("twin/patient-stored", "read").body["last_seen_ms"] == right_ms


def test_a_device_that_never_spoke_raises_its_alarm_after_its_time(pi: Rig) -> None:
    """At the very first start nothing was reported yet: no alarm within 0.3 s, one after a minute of listening."""
    pi.settle()
    pi.advance(0.3)
    assert pi.state("alarm/pump").phase is AlarmPhase.NORMAL
    pi.advance(30)
    pi.restart()
    pi.advance(59)
    assert pi.state("alarm/pump").phase is AlarmPhase.NORMAL, "it was restarted, and has listened for 59 seconds"
    pi.tell("twin/fan", "report", {"values": {"t": 1}})
    pi.advance(1)
    assert (pi.state("alarm/pump").phase, pi.state("alarm/pump").why) == (AlarmPhase.ACTIVE, ("never heard",))
    assert pi.state("twin/pump").presence is Presence.NEVER_HEARD
    assert pi.state("alarm/fan").phase is AlarmPhase.NORMAL
    pi.tell("twin/pump", "report", {"values": {"t": 1}})
    pi.settle()
    assert pi.state("alarm/pump").phase is AlarmPhase.CLEARED


@pytest.mark.parametrize("synced", [True, False])
def test_a_restart_makes_nobody_silent(pi: Rig, synced: bool) -> None:
    """The gateway was off for an hour; the device speaks every 50 seconds, before and after."""
    if synced:
        syncs(pi)
    pi.tell("twin/pump", "report", {"values": {"t": 1}})
    power_cut(pi, off_s=HOUR_S)
    for _ in range(3):
        pi.advance(50)
        assert pi.state("twin/pump").presence is Presence.ONLINE
        pi.tell("twin/pump", "report", {"values": {"t": 1}})
        if not pi.engine.clock.synced:
            syncs(pi, HOUR_S)
    pi.settle()
    assert pi.state("alarm/pump").phase is AlarmPhase.NORMAL
    pi.advance(60)
    assert pi.state("alarm/pump").why == ("silent",)


def test_an_alarm_is_not_raised_early_for_what_the_clock_takes_up(pi: Rig) -> None:
    """Warm since half a minute when it is known that the machine was off for eight hours: it has to be so for ten minutes all the same."""
    syncs(pi)
    power_cut(pi, off_s=8 * HOUR_S)
    pi.tell("twin/freezer", "report", {"values": {"t": -3.5}})
    pi.advance(30)
    syncs(pi, 8 * HOUR_S)
    pi.tell("twin/freezer", "report", {"values": {"t": -3.4}})
    pi.advance(560)
    assert pi.state("alarm/freezer").phase is AlarmPhase.PENDING
    pi.advance(10)
    assert pi.state("alarm/freezer").phase is AlarmPhase.ACTIVE


def test_while_nothing_is_taken_in_nobody_is_silent(pi: Rig) -> None:
    """The disk is full for ten minutes: reports wait where they come from, and the devices have a whole minute after it."""
    pi.tell("twin/pump", "report", {"values": {"t": 1}})
    pi.settle()
    pi.store.to_come = ["full"] * 100_000  # type: ignore[attr-defined]
    receipt = pi.send("twin/patient", "report", {"values": {"t": 1}})
    pi.until(lambda: pi.engine.ingress.why_shut)
    for _ in range(60):
        _passes(pi, 10)
    pi.store.to_come = []  # type: ignore[attr-defined]
    assert receipt.wait(20)
    pi.until(lambda: _passes(pi, 1) or not pi.engine.ingress.why_shut)
    pi.advance(50)
    assert pi.state("twin/pump").presence is Presence.ONLINE
    pi.advance(15)
    assert pi.state("twin/pump").presence is Presence.SILENT
