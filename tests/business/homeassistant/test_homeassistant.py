"""Tests of the actor that announces: which devices it hears of, and when it tells of them again."""

from typing import Any

from devices.gpio.pins import Pin
from gateway.actors.points.shown import ShownDevice
from gateway.business.homeassistant import Announcement, HomeAssistant
from gateway.business.homeassistant.announcement import Announce
from gateway.business.homeassistant.homeassistant import HomeAssistantState
from gateway.business.homeassistant.settings import HomeAssistantSettings
from gateway.testing import Turns
from tests.business.homeassistant.showing import HOST, LAMP, number, points_with, settings_of, twin

ME = "homeassistant/main"


def home(*devices: ShownDevice, settings: HomeAssistantSettings | None = None) -> Turns[HomeAssistantState]:
    """The actor, in a gateway whose file says these devices."""
    turns = Turns(HomeAssistant(settings or settings_of()), me=ME, reachable={"announcement": Announcement.verbs, "gpio": Pin.verbs})
    turns.actor.points = points_with(*devices, settings=settings)
    return turns


def told(turns: Turns[Any]) -> list[tuple[str, str]]:
    """Which announcement was told what, in order."""
    return [(message.to.rpartition("/")[2].replace("~1", "/"), message.verb) for message in turns.mail]


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


def test_without_its_section_it_takes_all_back_and_ends() -> None:
    """It looks again until its announcements have ended."""
    turns = home(HOST, settings=HomeAssistantSettings())
    turns.world.living = {f"{ME}/announcement/b"}
    turns.tell("begin")
    assert told(turns) == [("b", "withdraw")]
    turns.world.living = set()
    turns.advance(1.1)
    assert turns.stopped


def test_at_another_broker_there_is_another_one() -> None:
    """The old one takes back what it said, and the new one begins."""
    settings = settings_of(broker="mqtt/other")
    assert settings.at_start()[:2] == [("homeassistant/*", "begin"), ("homeassistant/other", "begin")]
    turns = home(HOST, settings=settings)
    turns.tell("begin")
    assert turns.stopped
