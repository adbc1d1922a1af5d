"""The freezer, as a story: it gets warm, ann's people are told, nobody answers, the neighbours are told, one of them answers.

The real engine on a real file, with a broker and a webhook that the test holds in its own hands. The power may go at any commit.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Delivery, HostBound, verb
from gateway.actors.vocabulary import Notify, Publish
from gateway.business.alarm import Alarm
from gateway.business.alarm.alarm import AlarmPhase
from gateway.business.alarm.rules import AlarmSettings
from gateway.business.contacts import Contacts, User
from gateway.business.twin import Twin, TwinSettings
from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, Rig

FREEZER = {
    "of": "twin/freezer",
    "value": "c",
    "above": -15.0,
    "hysteresis": 2.0,
    "for_s": 600,
    "silent": True,
    "user": "ann",
    "escalate_after_s": 900,
    "escalate_group": "neighbours",
}


class Mqtt(HostBound):
    """A broker's connection, in the test's hands."""

    kind = "mqtt"

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None: ...


class Webhook(HostBound):
    """A webhook, in the test's hands."""

    kind = "webhook"

    @verb
    def notify(self, notify: Notify, delivery: Delivery) -> None: ...


class House:
    """One gateway with a freezer, and what its people have got."""

    def __init__(self, path: Path, rules: dict[str, Any] | None = None) -> None:
        self.store = FrailStore(SqliteStore(path))
        alarm = Alarm(AlarmSettings.model_validate({"rules": rules or {"freezer": FREEZER}}))
        actors = [Twin(TwinSettings(silent_after_s=0)), alarm, Contacts(), User()]
        sinks = {"mqtt/main": Mqtt, "webhook/alerts": Webhook}
        self.rig = Rig(actors, sinks, store=self.store, by_hand=list(sinks))
        self.got: dict[str, tuple[str, Any]] = {}
        """Message id → who got it, and what."""
        self.said: list[dict[str, Any]] = []
        """All that was published to people, in order."""

    def has_contacts(self) -> None:
        """Ann's address book: herself, by MQTT; a neighbour, by webhook."""
        people = [
            {"name": "Ann", "groups": ["family"], "notify": [{"address": "people/ann"}]},
            {"name": "Bo", "groups": ["neighbours"], "notify": [{"channel": "webhook", "address": "webhook/alerts"}]},
        ]
        for person in people:
            self.rig.ask("contacts/home", "create", {"user": "ann", **person})

    def reads(self, c: float, id: str = "") -> None:
        """The freezer's thermometer says so."""
        self.rig.send("twin/freezer", "report", {"values": {"c": c}}, id=id)
        self.deliver()

    def passes(self, seconds: float) -> None:
        """Time passes; what is sent is delivered within half a minute."""
        while seconds > 0:
            self.rig.advance(min(seconds, 30))
            self.deliver()
            seconds -= 30

    def deliver(self) -> None:
        """Take what is for the broker and the webhook, until there is nothing more."""
        self.rig.settle()
        while taken := [one for id in ("mqtt/main", "webhook/alerts") for one in self.rig.hosted[id].take()]:
            for delivery in taken:
                self._take(delivery)
            self.rig.settle()

    def _take(self, delivery: Any) -> None:
        payload = delivery.message.payload
        if isinstance(payload, Notify):
            self.got[delivery.message.id] = ("webhook", payload.subject)
        elif payload.topic.startswith("people/"):
            self.said.append(json.loads(payload.body))
            self.got[delivery.message.id] = (payload.topic, self.said[-1]["subject"])
        delivery.done()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Who was told what, each message once."""
        return list(self.got.values())

    @property
    def alarm(self) -> Any:
        return self.rig.state("alarm/freezer")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house whose freezer is cold."""
    house = House(tmp_path / "house.db")
    with house.rig:
        house.has_contacts()
        house.reads(-18.0)
        yield house
    house.store.close()


WARM = "freezer: above -15: c is -12"


def test_the_freezer_gets_warm(house: House) -> None:
    """Told once, to all of Ann's people; again to the neighbours only; Bo answers; it gets cold, and those who were told hear it."""
    house.reads(-12.0)
    house.passes(599)
    assert (house.alarm.phase, house.told) == (AlarmPhase.PENDING, [])
    house.passes(1)
    assert (house.alarm.phase, sorted(house.told)) == (AlarmPhase.ACTIVE, [("people/ann", WARM), ("webhook", WARM)])
    assert ([one.name for one in house.alarm.told], house.alarm.untold) == (["Ann", "Bo"], ())
    house.passes(900)
    assert house.told[2:] == [("webhook", WARM)]
    assert house.rig.ask("alarm/freezer", "acknowledge", {"by": "bo"}).body["phase"] == "acknowledged"
    house.passes(5000)
    house.reads(-18.0)
    assert sorted(house.told[3:]) == [("people/ann", "freezer: over"), ("webhook", "freezer: over")]
    assert (house.alarm.phase, house.alarm.incident) == (AlarmPhase.CLEARED, 1)


def test_a_recipient_who_cannot_be_reached_is_named(house: House) -> None:
    """The webhook gives no answer for a minute; Ann was told all the same."""
    house.reads(-12.0)
    house.rig.advance(600)
    for delivery in house.rig.hosted["mqtt/main"].take():
        delivery.done()
    house.rig.advance(60)
    assert [one.name for one in house.alarm.told] == ["Ann"]
    assert house.alarm.untold == ("Bo (webhook webhook/alerts): no answer in time",)


def test_each_incident_is_told_of_however_many_come_in_one_bunch(tmp_path: Path) -> None:
    """Rise, clear, rise, faster than the notices go their way: people hear of each, and of its end, and of the one that goes on."""
    rule = {"of": "twin/door", "value": "open", "above": 0.5, "recipients": [{"name": "Ann", "address": "people/ann"}]}
    house = House(tmp_path / "gateway.db", {"door": rule, "freezer": FREEZER})
    with house.rig:
        house.rig.settle()
        for n in range(99):
            house.rig.send("twin/door", "report", {"values": {"open": 1 - n % 2}})
        house.passes(60)
        incidents = house.rig.state("alarm/door").incident
        assert incidents > 1
        assert [said["incident"] for said in house.said if not said.get("over")] == list(range(1, incidents + 1))
        assert [said["incident"] for said in house.said if said.get("over")] == list(range(1, incidents))
        assert [one.name for one in house.rig.state("alarm/door").told] == ["Ann"]
    house.store.close()


def test_its_timers_outlive_a_power_cut(house: House) -> None:
    """The power is away while its ten minutes pass: it is raised when it is back, once."""
    house.reads(-12.0)
    house.rig.crash()
    house.rig.clock.advance(4000)
    house.rig.start()
    house.deliver()
    assert (house.alarm.phase, house.alarm.incident, len(house.told)) == (AlarmPhase.ACTIVE, 1, 2)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(8))
def test_it_fires_once_wherever_the_power_goes(house: House, step: int, when: str) -> None:
    """At any commit from the reading on: one incident in the end, each told once under one message id, and everybody is remembered."""
    house.store.to_come = [""] * step + [when]
    _until_it_is_dark(house)
    house.rig.crash()
    house.store.to_come = []
    house.rig.start()
    house.reads(-12.0, id="reading-2")
    house.passes(700)
    assert (house.alarm.phase, house.alarm.incident) == (AlarmPhase.ACTIVE, 1)
    assert sorted(house.told) == [("people/ann", WARM), ("webhook", WARM)]
    assert sorted(one.name for one in house.alarm.told) == ["Ann", "Bo"]


def _until_it_is_dark(house: House) -> None:
    """Live the story's beginning; the power goes somewhere in it, or behind it."""
    try:
        house.reads(-12.0, id="reading-2")
        house.passes(600)
    except BaseException:
        if not house.rig.faults:
            raise
