"""Tests of an announcement: what is taken back leaves no ghost, whenever Home Assistant was away."""

import json
from typing import Any

from devices.mqtt.connection import Connection
from gateway.business.homeassistant import HomeAssistant
from gateway.business.homeassistant.announcement import FORGOTTEN_S, SETTLED_S, Announcement, AnnouncementState
from gateway.business.twin import Twin
from gateway.testing import Turns

PARENT = "homeassistant/main"
ME = f"{PARENT}/announcement/twin~1boiler"
TOPIC = "homeassistant/device/boiler/config"


class HomeAssistantModel:
    """What a Home Assistant has in mind, by the rules that the real one follows: it takes a component away where that is named by its
    platform alone, and a device where the payload is empty; both only where it has discovered it since it started. What it once had it
    keeps over a restart."""

    def __init__(self) -> None:
        self.registry: set[tuple[str, str]] = set()
        """Every (component, platform) that it shows."""
        self._discovered: dict[str, str] = {}
        self._kept = ""
        self._up = True

    def hear(self, body: str, *, retained: bool) -> None:
        if retained:
            self._kept = body
        if self._up:
            self._take(body)

    def stop(self) -> None:
        self._up = False

    def start(self) -> None:
        """Start again, and discover what the broker has kept."""
        self._up, self._discovered = True, {}
        self._take(self._kept)

    def _take(self, body: str) -> None:
        if not body:
            self.registry -= {(key, platform) for key, platform in self._discovered.items()}
            self._discovered = {}
            return
        for key, component in json.loads(body)["components"].items():
            platform = component["platform"]
            if component.keys() == {"platform"}:
                if self._discovered.get(key) == platform:
                    self.registry.discard((key, platform))
                    del self._discovered[key]
                continue
            self._discovered[key] = platform
            self.registry.add((key, platform))


class Told:
    """An announcement, with the Home Assistant that hears it."""

    def __init__(self) -> None:
        kinds = {one.kind: one.verbs for one in (HomeAssistant, Connection, Twin)}
        self.turns: Turns[AnnouncementState] = Turns(Announcement(), me=ME, reachable=kinds)
        self.home = HomeAssistantModel()
        self._heard = 0

    def tell(self, verb: str, payload: Any = None) -> list[str]:
        """Run a verb, have all that it publishes heard, and return the bodies."""
        self.turns.tell(verb, payload, sender=PARENT)
        return self.hear()

    def hear(self) -> list[str]:
        published = self.turns.mail_to("mqtt/main")[self._heard :]
        self._heard += len(published)
        for one in published:
            assert (one.topic, one.qos) == (TOPIC, 1)
            self.home.hear(one.body, retained=one.retain)
        return [one.body for one in published]

    def announce(self, **components: str) -> list[str]:
        """Announce a device with these components, by their platforms."""
        return self.tell("announce", {"broker": "mqtt/main", "topic": TOPIC, "body": body_of(**components), "watch": "twin/boiler"})

    def restart_home(self) -> list[str]:
        """Start Home Assistant, which says so."""
        self.home.start()
        return self.tell("again")


def body_of(**components: str) -> str:
    found = {key: {"platform": platform, "unique_id": key, "state_topic": "x"} for key, platform in components.items()}
    return json.dumps({"device": {"identifiers": ["b"]}, "components": found}, separators=(",", ":"))


def test_a_device_is_announced_once() -> None:
    """The same again is no news."""
    told = Told()
    assert len(told.announce(t="sensor")) == 1
    assert told.announce(t="sensor") == []
    assert told.home.registry == {("t", "sensor")}


def test_a_value_that_is_gone_is_named_by_its_platform_once_and_then_left_out() -> None:
    """What is only left out would stay."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    tombstone, left = told.announce(t="sensor")
    assert json.loads(tombstone)["components"]["h"] == {"platform": "sensor"}
    assert list(json.loads(left)["components"]) == ["t"]
    assert told.home.registry == {("t", "sensor")}


def test_a_value_that_is_null_for_now_stays_as_it_was_announced() -> None:
    """Nobody can say what it is; it is not gone. What was never announced does not come by that."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    body = body_of(t="sensor", x="sensor")
    (told_of,) = told.tell("announce", {"broker": "mqtt/main", "topic": TOPIC, "body": body, "keep": ["h", "y"], "watch": "twin/boiler"})
    assert sorted(json.loads(told_of)["components"]) == ["h", "t", "x"]
    assert told.home.registry == {("t", "sensor"), ("h", "sensor"), ("x", "sensor")}


def test_a_value_of_another_type_takes_the_place_of_the_old_entity() -> None:
    """A sensor that becomes a switch is another entity."""
    told = Told()
    told.announce(t="sensor")
    told.announce(t="binary_sensor")
    assert told.home.registry == {("t", "binary_sensor")}


def test_no_ghost_of_a_value_that_went_while_home_assistant_was_down() -> None:
    """It is announced once more, in full, and then taken back."""
    told = Told()
    told.announce(t="sensor", h="sensor", x="sensor")
    told.home.stop()
    told.announce(t="sensor", h="binary_sensor")
    full, tombstones, now = told.restart_home()
    assert json.loads(full)["components"]["x"]["unique_id"] == "x"
    assert told.home.registry == {("t", "sensor"), ("h", "binary_sensor")}
    assert json.loads(now) == json.loads(body_of(t="sensor", h="binary_sensor"))
    assert tombstones != now


def test_no_ghost_of_a_device_that_ended_while_home_assistant_was_down() -> None:
    """Its end is heard through the runtime, whoever ended it."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    told.home.stop()
    told.turns.ends("twin/boiler")
    assert told.hear() == [""]
    told.restart_home()
    assert told.home.registry == set()


def test_what_was_taken_back_is_told_again_until_home_assistant_stays() -> None:
    """One that ends within a minute may not have taken it; one that stays has, and then it is forgotten."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    told.announce(t="sensor")
    assert len(told.restart_home()) == 3
    told.turns.advance(SETTLED_S - 1)
    told.home.stop()
    told.tell("unsettle")
    told.turns.advance(SETTLED_S)
    assert len(told.restart_home()) == 3
    told.turns.advance(SETTLED_S + 1)
    assert len(told.restart_home()) == 1


def test_a_connection_of_ours_tells_again_and_settles_nothing() -> None:
    """Home Assistant may have started unheard, or may still be down: what is owed stays until it says that it has started."""
    told = Told()
    told.announce(t="sensor")
    told.home.stop()
    told.tell("take_back")
    assert [len(told.tell("repeat")), told.home.registry] == [2, {("t", "sensor")}]
    told.turns.advance(SETTLED_S + 1)
    assert not told.turns.stopped
    told.restart_home()
    assert told.home.registry == set()
    unheard = Told()
    unheard.announce(t="sensor")
    unheard.home.stop()
    unheard.tell("take_back")
    unheard.home.start()
    unheard.tell("repeat")
    assert unheard.home.registry == set()


def test_an_announcement_that_was_taken_back_ends_when_home_assistant_has_taken_it() -> None:
    """Nothing is kept for ever of devices that are gone, not even where Home Assistant never comes."""
    told = Told()
    told.announce(t="sensor")
    told.tell("take_back")
    told.restart_home()
    told.turns.advance(SETTLED_S + 1)
    assert told.turns.stopped
    never = Told()
    never.announce(t="sensor")
    never.tell("take_back")
    never.turns.advance(FORGOTTEN_S + 1)
    assert never.turns.stopped


def test_a_device_that_comes_back_is_announced_and_what_it_had_before_is_taken_back() -> None:
    """Also where it went and came while Home Assistant was down."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    told.home.stop()
    told.tell("take_back")
    assert told.announce(t="sensor") == [body_of(t="sensor")]
    told.restart_home()
    assert told.home.registry == {("t", "sensor")}
    told.turns.advance(SETTLED_S + 1)
    assert not told.turns.stopped


def test_a_device_that_a_user_deletes_ends_its_announcement() -> None:
    """Nothing is owed; but what was said of it before that was heard is taken back, and what is said before it is forgotten."""
    for since, meanwhile in ((False, []), (True, [""])):
        told = Told()
        told.announce(t="sensor")
        assert told.tell("cleared", {"id": "twin/boiler", "announced_since": since}) == meanwhile
        assert [one.id for one in told.turns.mail_to(PARENT)] == ["twin/boiler"]
        told.announce(t="sensor")
        assert told.tell("forget") == [""]
        assert told.turns.stopped


def test_a_device_that_was_taken_back_is_not_deleted_by_a_user() -> None:
    """Whoever clears it once more says nothing by that: what is owed stays owed."""
    told = Told()
    told.announce(t="sensor")
    told.home.stop()
    told.tell("take_back")
    assert told.tell("cleared", {"id": "twin/boiler", "announced_since": True}) == []
    assert told.turns.mail_to(PARENT) == []
    told.restart_home()
    assert told.home.registry == set()


def test_home_assistant_that_is_there_is_believed_to_take_what_is_taken_back() -> None:
    """When it stays for a minute; where it goes, it is told once more when it comes back."""
    told = Told()
    told.announce(t="sensor")
    told.tell("take_back")
    told.tell("believe")
    told.turns.advance(SETTLED_S - 1)
    told.tell("unsettle")
    told.turns.advance(SETTLED_S)
    assert not told.turns.stopped
    told.restart_home()
    told.turns.advance(SETTLED_S + 1)
    assert told.turns.stopped


def test_no_ghost_under_a_topic_that_changed_while_home_assistant_was_down() -> None:
    """The prefix of the connection was changed, and changed back: what was there is told in full once more, and then taken back."""
    told = Told()
    told.announce(t="sensor", h="sensor")
    other = TOPIC.replace("boiler", "other")
    told.home.stop()
    told.turns.tell("announce", {"broker": "mqtt/main", "topic": other, "body": body_of(t="sensor")}, sender=PARENT)
    told.turns.mail.clear()
    told.turns.tell("again", sender=PARENT)
    said = [(one.topic, list(json.loads(one.body or "{}").get("components", ())), one.retain) for one in told.turns.mail_to("mqtt/main")]
    assert said == [(TOPIC, ["t", "h"], False), (TOPIC, [], True), (other, ["t"], True)]
    told.turns.tell("announce", {"broker": "mqtt/main", "topic": TOPIC, "body": body_of(t="sensor")}, sender=PARENT)
    told.turns.mail.clear()
    told.turns.tell("again", sender=PARENT)
    topics = [(one.topic, list(json.loads(one.body or "{}").get("components", ()))) for one in told.turns.mail_to("mqtt/main")]
    assert topics == [(other, ["t"]), (other, []), (TOPIC, ["t", "h"]), (TOPIC, ["t", "h"]), (TOPIC, ["t"])]
    told.turns.advance(SETTLED_S + 1)
    told.turns.mail.clear()
    told.turns.tell("again", sender=PARENT)
    assert len(told.turns.mail_to("mqtt/main")) == 1


def test_what_was_never_announced_is_not_taken_back() -> None:
    """A hidden device leaves nothing behind."""
    told = Told()
    assert told.tell("take_back") == []
    assert told.turns.stopped


def test_another_topic_clears_the_old_one() -> None:
    """The prefix was changed."""
    told = Told()
    told.announce(t="sensor")
    told.turns.tell("announce", {"broker": "mqtt/main", "topic": "ha/x/config", "body": body_of(t="sensor")}, sender=PARENT)
    assert [(one.topic, one.body) for one in told.turns.mail_to("mqtt/main")[1:]] == [(TOPIC, ""), ("ha/x/config", body_of(t="sensor"))]
