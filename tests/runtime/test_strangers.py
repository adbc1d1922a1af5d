"""Strangers: who makes up ids fills no disk. A kind may say how many of it there may be, and one more is refused with a reason."""

from gateway.business.alarm.alarm import Alarm
from gateway.business.alarm.rules import AlarmSettings
from gateway.business.twin import Twin, TwinSettings
from gateway.store.memory import MemoryStore
from gateway.testing import Rig

REASON = "cannot begin twin/{}: there are 3 of its kind, as actors.twin.most says; forget some, or raise it"


def _report(rig: Rig, key: str) -> None:
    rig.tell(f"twin/{key}", "report", {"values": {"n": 1}})


def test_one_more_than_there_may_be_is_refused_and_counted_in_one_dead_letter() -> None:
    """Those that are there go on, in the next life too; whoever asks is told why."""
    with Rig([Twin(TwinSettings(most=3, publish_to=""))]) as rig:
        for n in range(20):
            _report(rig, str(n))
        rig.restart()
        for n in range(20):
            _report(rig, str(n))
        assert rig.store.actors("twin/", "", 99) == ["twin/0", "twin/1", "twin/2"]
        assert rig.state("twin/1").count == 2
        assert [row.reason for row in rig.store.dead(0, 99)] == [
            REASON.format(3) + " (and 16 more since, too many to be kept: look at these and drop them)",
            REASON.format(3) + " (and 16 more since, too many to be kept: look at these and drop them)",
        ]
        reply = rig.ask("twin/x", "report", {"values": {"n": 1}})
        assert (reply.ok, reply.reason) == (False, REASON.format("x"))
        assert rig.ask("twin/x", "read").ok


def test_one_that_is_forgotten_makes_room_for_one() -> None:
    """And for one only."""
    with Rig([Twin(TwinSettings(most=3, publish_to=""))]) as rig:
        for n in range(4):
            _report(rig, str(n))
        rig.tell("twin/1", "forget")
        rig.settle()
        for n in range(5, 9):
            _report(rig, str(n))
        assert rig.store.actors("twin/", "", 99) == ["twin/0", "twin/2", "twin/5"]


def test_what_an_alarm_relies_on_is_no_stranger() -> None:
    """It is in the configuration: its twin begins, however many there are."""
    rules = {"frost": {"of": "twin/house", "value": "temperature_c", "below": 0.0, "silent": True}}
    alarm = Alarm(AlarmSettings.model_validate({"rules": rules, "publish_to": ""}))
    with Rig([Twin(TwinSettings(most=1, publish_to="")), alarm], store=MemoryStore()) as rig:
        rig.settle()
        _report(rig, "other")
        rig.settle()
        assert "twin/house" in rig.store.actors("twin/", "", 99)
