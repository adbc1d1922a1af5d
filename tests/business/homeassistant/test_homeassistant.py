"""Tests of the actor that announces: which devices it hears of, and when it tells of them again."""

from typing import Any

from devices.gpio.pins import Pin
from devices.mqtt.connection import Connection
from gateway.actors.points.shown import ShownDevice
from gateway.actors.vocabulary import Listen
from gateway.business.homeassistant import Announcement, HomeAssistant
from gateway.business.homeassistant.announcement import SETTLED_S, Announce, ClearedDevice
from gateway.business.homeassistant.homeassistant import HomeAssistantState
from gateway.business.homeassistant.settings import HomeAssistantSettings
from gateway.business.twin import Twin
from gateway.testing import Turns
from tests.business.homeassistant.showing import HOST, LAMP, number, points_with, settings_of, twin

ME = "homeassistant/main"


def home(*devices: ShownDevice, settings: HomeAssistantSettings | None = None) -> Turns[HomeAssistantState]:
    """The actor, in a gateway whose file says these devices."""
    turns = Turns(
        HomeAssistant(settings or settings_of()),
        me=ME,
        reachable={"announcement": Announcement.verbs, "gpio": Pin.verbs, "mqtt": Connection.verbs, "twin": Twin.verbs},
    )
    turns.actor.points = points_with(*devices, settings=settings)
    return turns


def told(turns: Turns[Any]) -> list[tuple[str, str]]:
    """Which announcement was told what, in order; and whether the connection was."""
    of_home = [message for message in turns.mail if message.verb != "listen" or turns.actor.settings.broker == ""]
    return [(message.to.removeprefix(f"{ME}/announcement/").replace("~1", "/"), message.verb) for message in of_home]


def wanted(turns: Turns[Any]) -> list[tuple[str, str, bool]]:
    """What the connection was told last that is to be heard there."""
    listen = [message.payload for message in turns.mail if isinstance(message.payload, Listen)][-1]
    return [(one.topic, one.verb, one.cleared) for one in listen.wanted]


def test_the_gateway_is_announced_before_those_that_are_reached_through_it() -> None:
    """Home Assistant wants to know whom a device names as its way."""
    turns = home(LAMP, HOST)
    turns.tell("begin")
    assert told(turns) == [("statistics/local", "announce"), ("gpio/lamp", "announce")]


def test_what_the_file_says_no_more_is_taken_back() -> None:
    """Over a restart and over a reload: which devices were said is remembered."""
    turns = home(LAMP, HOST)
    turns.tell("begin")
    turns.actor.points = points_with(HOST)
    turns.mail.clear()
    turns.tell("begin")
    assert told(turns) == [("statistics/local", "announce"), ("gpio/lamp", "take_back")]


def test_a_twin_that_introduces_itself_is_announced_and_watched() -> None:
    """With its end it is taken back."""
    turns = home(HOST)
    turns.tell("shown", {"device": twin(number("t")).model_dump(mode="json")}, sender="twin/boiler")
    (message,) = turns.mail
    assert isinstance(message.payload, Announce)
    assert message.payload.watch == "twin/boiler"
    assert message.payload.topic == "homeassistant/device/gateway_pi-twin_boiler/config"


def test_a_twin_whose_name_is_as_long_as_a_key_may_be_is_announced() -> None:
    """Two that differ at their end only have announcements of their own."""
    turns = home(HOST)
    for id in (f"twin/{'n' * 128}", f"twin/{'n' * 127}m", f"twin/{'~' * 70}"):
        turns.tell("shown", {"device": twin(number("t"), id=id).model_dump(mode="json")}, sender=id)
    assert [message.payload.watch[-3:] for message in turns.mail if isinstance(message.payload, Announce)] == ["nnn", "nnm", "~~~"]
    assert len({message.to for message in turns.mail}) == 3


def test_a_device_that_publishes_to_another_broker_is_not_announced() -> None:
    """Home Assistant could not see it there."""
    turns = home(HOST, LAMP.changed(by="mqtt/other"))
    turns.tell("begin")
    assert ("gpio/lamp", "take_back") in told(turns)


def test_a_device_that_is_hidden_is_taken_back() -> None:
    """It may have been announced before it was hidden."""
    turns = home(LAMP, HOST, settings=settings_of(hide=["gpio/*"]))
    turns.tell("begin")
    assert told(turns) == [("statistics/local", "announce"), ("gpio/lamp", "take_back")]


def test_all_is_announced_again_some_seconds_after_home_assistant_has_started() -> None:
    """Not at once, for it is not ready when it says so; and not by all gateways of a house at the same time."""
    turns = home(HOST)
    turns.world.living = {f"{ME}/announcement/b", f"{ME}/announcement/statistics~1local"}
    turns.tell("status", {"text": "online"})
    assert turns.mail == []
    due_s = (turns.timers["again"].due_ms - turns.clock_ms) / 1000
    assert 1 <= due_s <= 5
    turns.advance(5.1)
    assert told(turns) == [("statistics/local", "again"), ("b", "again")]


def test_a_home_assistant_that_ends_is_not_told_again_until_it_starts() -> None:
    """And what it was told last may not have been taken."""
    turns = home(HOST)
    turns.world.living = {f"{ME}/announcement/b"}
    turns.tell("status", {"text": "online"})
    turns.tell("status", {"text": "offline"})
    turns.advance(10)
    assert told(turns) == [("b", "unsettle")]
    assert turns.state.online is False


def test_all_is_announced_again_at_each_connection_of_ours() -> None:
    """The broker may have lost what it kept. Those who say nothing by themselves are asked how they stand."""
    turns = home(HOST, LAMP.changed(again="show"))
    turns.world.living = {f"{ME}/announcement/b"}
    turns.tell("connected")
    assert [(message.to, message.verb) for message in turns.mail] == [(f"{ME}/announcement/b", "repeat"), ("gpio/lamp", "show")]


def test_other_words_are_nothing() -> None:
    """Somebody has published something else there."""
    turns = home(HOST)
    turns.tell("status", {"text": "onlin"})
    assert (turns.mail, turns.timers) == ([], {})


def test_without_its_section_it_takes_all_back_and_listens_until_that_is_taken() -> None:
    """Home Assistant may be away: its start is heard all the same, and then all is told once more."""
    turns = home(HOST, settings=HomeAssistantSettings())
    turns.world.living = {f"{ME}/announcement/b"}
    turns.tell("begin")
    assert told(turns) == [("b", "take_back"), ("mqtt/main", "listen")]
    assert wanted(turns) == [("homeassistant/status", "status", False)]
    turns.mail.clear()
    turns.tell("status", {"text": "online"})
    turns.advance(5.1)
    assert told(turns) == [("b", "again")]
    turns.mail.clear()
    turns.world.living = set()
    turns.advance(SETTLED_S + 2)
    assert (told(turns), wanted(turns), turns.stopped) == ([("mqtt/main", "listen")], [], True)


def test_without_its_section_it_ends_soon_where_home_assistant_is_there() -> None:
    """It was heard to start in this connection of ours, and not to end. After a new connection nobody can say."""
    turns = home(HOST)
    turns.world.living = {f"{ME}/announcement/b"}
    turns.tell("status", {"text": "online"})
    turns.advance(5.1)
    turns.actor.settings = HomeAssistantSettings()
    turns.mail.clear()
    turns.tell("begin")
    assert told(turns) == [("b", "take_back"), ("b", "believe"), ("mqtt/main", "listen")]
    turns.world.living = set()
    turns.advance(SETTLED_S + 2)
    assert turns.stopped
    other = home(HOST)
    other.world.living = {f"{ME}/announcement/b"}
    other.tell("status", {"text": "online"})
    other.tell("connected")
    other.actor.settings = HomeAssistantSettings()
    other.mail.clear()
    other.tell("begin")
    assert told(other) == [("b", "take_back"), ("mqtt/main", "listen")]


def test_a_device_that_a_user_deletes_stays_away_until_it_is_restored() -> None:
    """Over everything that announces; a clear of what another gateway announces is nothing."""
    turns = home(HOST, LAMP)
    turns.tell("begin")
    assert wanted(turns) == [("homeassistant/device/+/config", "cleared", True)]
    turns.world.living = {f"{ME}/announcement/gpio~1lamp", f"{ME}/announcement/twin~1boiler"}
    turns.mail.clear()
    turns.tell("cleared", {"topic": "homeassistant/device/other_pi-gpio_lamp/config"})
    turns.tell("cleared", {"topic": "homeassistant/device/gateway_pi-gpio_lamp/config"})
    turns.tell("cleared", {"topic": "homeassistant/device/gateway_pi-twin_boiler/config"})
    assert told(turns) == [("gpio/lamp", "cleared"), ("twin/boiler", "cleared")]
    turns.mail.clear()
    for id in ("gpio/lamp", "twin/boiler"):
        turns.tell("deleted", {"id": id}, sender=f"{ME}/announcement/{id.replace('/', '~1')}")
    assert told(turns) == [("gpio/lamp", "forget"), ("twin/boiler", "forget")]
    assert turns.state.deleted == ("gpio/lamp", "twin/boiler")
    turns.world.living = set()
    turns.mail.clear()
    turns.tell("begin")
    turns.tell("shown", {"device": twin(number("t")).model_dump(mode="json")}, sender="twin/boiler")
    assert [one for one in told(turns) if one[1] == "announce"] == [("statistics/local", "announce")]
    turns.mail.clear()
    turns.tell("restore", {"id": "gpio/lamp"})
    assert (told(turns), turns.state.deleted) == ([("gpio/lamp", "announce")], ("twin/boiler",))
    turns.mail.clear()
    turns.tell("restore")
    assert (told(turns), turns.state.deleted) == ([("twin/boiler", "introduce")], ())


def test_what_was_deleted_while_the_gateway_was_away_may_have_been_announced_again() -> None:
    """All is told again at a connection, and the broker may give what it kept for us a little later."""
    turns = home(HOST, LAMP)
    turns.world.living = {f"{ME}/announcement/gpio~1lamp"}
    turns.tell("connected")
    turns.mail.clear()
    topic = "homeassistant/device/gateway_pi-gpio_lamp/config"
    turns.tell("cleared", {"topic": topic})
    turns.advance(11)
    turns.tell("cleared", {"topic": topic})
    assert [message.payload.announced_since for message in turns.mail if isinstance(message.payload, ClearedDevice)] == [True, False]


def test_a_gateway_that_a_user_deletes_is_no_way_any_more() -> None:
    """A device that names one which is not there would be named for it in Home Assistant's log."""
    turns = home(HOST, LAMP)
    turns.world.living = {f"{ME}/announcement/statistics~1local"}
    turns.tell("deleted", {"id": "statistics/local"}, sender=f"{ME}/announcement/statistics~1local")
    turns.mail.clear()
    turns.tell("begin")
    (body,) = [message.payload.body for message in turns.mail if isinstance(message.payload, Announce)]
    assert "via_device" not in body


def test_at_another_broker_there_is_another_one() -> None:
    """The old one takes back what it said, and the new one begins."""
    settings = settings_of(broker="mqtt/other")
    assert settings.at_start()[:2] == [("homeassistant/*", "begin"), ("homeassistant/other", "begin")]
    turns = home(HOST, settings=settings)
    turns.tell("begin")
    assert turns.stopped
