"""The twin and time: what is newer, what is silence, and times that nobody could trust."""

import json
from typing import Any

import pytest

from gateway.actors.payloads import read_stored
from gateway.business.twin import Twin, TwinSettings
from gateway.business.twin_state import Presence, Timing, TwinState
from gateway.testing import Turns


def twin(**settings: Any) -> Turns[TwinState]:
    return Turns(Twin(TwinSettings(**settings)), me="twin/boiler")


def value(turns: Turns[TwinState], name: str = "t") -> Any:
    return turns.state.values[name]["value"]


@pytest.mark.parametrize("back_s", [1, 180, 86_400, 10 * 365 * 86_400])
def test_a_wall_clock_that_is_set_back_hides_no_report(back_s: int) -> None:
    """Of a device without a clock what came last is newest, whatever the gateway's wall clock says."""
    turns = twin()
    turns.tell("report", {"values": {"t": 20}})
    turns.advance(10)
    turns.now_ms -= back_s * 1000
    turns.tell("report", {"values": {"t": 21}})
    assert (value(turns), turns.state.older, turns.state.values["t"]["at_ms"]) == (21, 0, turns.now_ms)


def test_times_of_two_clocks_are_not_compared() -> None:
    """A value that the gateway gave its time is replaced by one with the device's own, and the reverse."""
    turns = twin()
    turns.tell("report", {"values": {"t": 20}})
    turns.tell("report", {"values": {"t": 21}, "at_ms": turns.now_ms - 90_000})
    assert value(turns) == 21
    turns.now_ms -= 600_000
    turns.tell("report", {"values": {"t": 22}})
    assert (value(turns), turns.state.older) == (22, 0)


@pytest.mark.parametrize("synced", [True, False])
def test_a_device_whose_own_clock_is_set_back_is_heard_again(synced: bool) -> None:
    """Three minutes back: after two seconds its times have gone on as time has, and it is believed."""
    turns = twin()
    turns.time.synced = synced
    turns.tell("report", {"values": {"t": 0}, "at_ms": turns.now_ms})
    heard = []
    for second in range(1, 8):
        turns.advance(1)
        turns.tell("report", {"values": {"t": second}, "at_ms": turns.now_ms - 180_000})
        heard.append(value(turns))
    assert heard == [0, 0, 3, 4, 5, 6, 7]


def test_what_a_device_kept_and_sends_later_hides_nothing() -> None:
    """Its times go on faster than time: it comes late, however much of it there is."""
    turns = twin()
    turns.tell("report", {"values": {"t": -1}, "at_ms": turns.now_ms})
    for minute in range(30):
        turns.tell("report", {"values": {"t": minute}, "at_ms": turns.now_ms - 3_600_000 + minute * 60_000})
        turns.advance(1)
    assert (value(turns), turns.state.older) == (-1, 30)


def test_no_silence_while_nobody_listened() -> None:
    """A device that speaks every 50 seconds, and a gateway that was off just before: it has a whole minute, not the rest of one."""
    turns = twin()
    turns.tell("report", {"values": {"t": 20}})
    turns.advance(45)
    turns.advance(3600, asleep=True)
    turns.advance(50)
    assert turns.state.online
    turns.tell("report", {"values": {"t": 20}})
    turns.advance(59.9)
    assert turns.state.online
    turns.advance(0.1)
    assert turns.state.presence is Presence.SILENT


def test_a_device_that_was_never_heard() -> None:
    """Somebody relies on it: that it was never heard is said once it could have been, and taken back by its first report."""
    turns = twin()
    turns.tell("expect")
    turns.advance(59.9)
    assert (turns.state.presence, turns.mail) == (Presence.UNKNOWN, [])
    turns.advance(0.1)
    assert turns.state.presence is Presence.NEVER_HEARD
    told = json.loads(turns.mail_to("mqtt/main")[-1].body)
    assert told == {"online": False, "last_seen_ms": 0, "count": 0, "values": {}, "presence": "never heard"}
    turns.tell("expect")
    turns.advance(600)
    assert len(turns.mail_to("mqtt/main")) == 1
    turns.tell("report", {"values": {"t": 20}})
    assert (turns.state.presence, turns.state.watched) == (Presence.ONLINE, True)
    turns.advance(60)
    assert turns.state.presence is Presence.SILENT


def test_expecting_changes_nothing_of_a_device_that_was_heard() -> None:
    """It is sent at each start of the gateway."""
    turns = twin()
    turns.tell("report", {"values": {"t": 20}})
    before = turns.state
    turns.tell("expect")
    assert turns.state == before
    turns.advance(60)
    turns.tell("expect")
    assert (turns.state.presence, turns.timers) == (Presence.SILENT, {})


def test_a_device_that_may_be_silent_for_ever_is_never_missed(caplog: pytest.LogCaptureFixture) -> None:
    """That somebody relies on its silence all the same is a mistake in the configuration: it is said."""
    turns = twin(silent_after_s=0)
    turns.tell("expect")
    assert (turns.timers, turns.state.presence) == ({}, Presence.UNKNOWN)
    said = "somebody relies on the silence of twin/boiler, but it may be silent for ever: silent_after_s is 0 for it"
    assert [record.getMessage() for record in caplog.records] == [said]


def test_times_that_nobody_can_trust_are_mended() -> None:
    """Stamped five hours behind, they show afterwards what the wall clock should have shown; the device's own times stay."""
    turns = twin()
    turns.time.synced = False
    turns.tell("report", {"values": {"t": 20}})
    turns.tell("report", {"values": {"own": 1}, "at_ms": 1_700_000_000_000})
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["synced"] is False
    assert turns.state.timing is not None
    assert (turns.state.timing.unsynced, turns.state.timing.seen_ms) == ({"t": turns.clock_ms}, turns.clock_ms)
    turns.time.ahead_ms = 1_750_018_000_000
    mended = turns.state.mended(turns.time.mended)
    assert (mended.last_seen_ms, mended.values["t"]["at_ms"]) == (1_750_019_000_000, 1_750_019_000_000)
    assert (mended.values["own"]["at_ms"], mended.synced) == (1_700_000_000_000, True)


def test_a_trusted_time_takes_the_place_of_one_that_was_not() -> None:
    """The next report leaves only what it did not say."""
    turns = twin()
    turns.time.synced = False
    turns.tell("report", {"values": {"t": 20, "h": 40}})
    turns.time.synced = True
    turns.tell("report", {"values": {"t": 21}})
    assert turns.state.timing is not None
    assert list(turns.state.timing.unsynced) == ["h"]
    turns.tell("report", {"values": {"t": 22, "h": 41}, "at_ms": turns.now_ms})
    assert turns.state.timing is None


@pytest.mark.parametrize(
    ("stored", "presence"),
    [
        ('{"online":true,"count":3,"values":{"t":{"value":1,"unit":"","at_ms":9,"quality":"good"}}}', Presence.ONLINE),
        ('{"online":false,"count":3}', Presence.SILENT),
        ('{"online":false}', Presence.UNKNOWN),
    ],
)
def test_a_state_of_version_1(stored: str, presence: Presence) -> None:
    """What an older program stored: it did not know whose a value's time is, so the next report of it is newer."""
    found = read_stored(TwinState, 1, stored, what="its state")
    assert (found.presence, found.timing) == (presence, Timing(untimed=tuple(found.values)))
