"""Tests of a twin that somebody shows: it introduces itself when there is something new to see, and costs nothing where nobody looks."""

from typing import Any

from gateway.actors.points import Point, Points, ValueSettings, ValueType, points_of
from gateway.actors.points.shown import DeviceShown, ShownDevice, shown
from gateway.business.homeassistant import HomeAssistant
from gateway.business.twin import Twin, TwinSettings
from gateway.business.twin_state import TwinState
from gateway.testing import Turns
from gateway.testing.turns import in_the_box

READER = "homeassistant/main"


def twin(rows: dict[str, Any] | None = None, *devices: ShownDevice, **settings: Any) -> Turns[TwinState]:
    """A twin in a gateway whose devices somebody reads."""
    turns = Turns(Twin(TwinSettings(**settings)), me="twin/boiler", reachable={**in_the_box(), "homeassistant": HomeAssistant.verbs})
    table = points_of({name: ValueSettings.model_validate(row) for name, row in (rows or {}).items()})
    turns.actor.points = Points()
    turns.actor.points.fill([("twin/{device}", table)], shown(devices, [], [READER], name="haus"))
    return turns


def introduced(turns: Turns[TwinState]) -> list[ShownDevice]:
    """What it has said of itself, in order."""
    return [one.device for one in turns.mail_to(READER) if isinstance(one, DeviceShown)]


def test_a_twin_introduces_itself_in_the_turn_of_its_first_report() -> None:
    """So what is announced of it and its state are in one commit: a state comes with each."""
    turns = twin({"t_c": {"valid": [0, 90]}})
    turns.tell("report", {"values": {"t_c": 60.5, "on": True, "mode": "eco"}})
    (device,) = introduced(turns)
    assert (device.id, device.topic, device.by, device.heard) == (
        "twin/boiler",
        TwinSettings().topic_of("twin/boiler"),
        "mqtt/main",
        ("online",),
    )
    assert {point.name: (point.type, point.unit, point.path) for point in device.points} == {
        "t_c": (ValueType.NUMBER, "°C", ("values", "t_c", "value")),
        "on": (ValueType.BOOLEAN, "", ("values", "on", "value")),
        "mode": (ValueType.TEXT, "", ("values", "mode", "value")),
    }
    assert [message.to for message in turns.mail] == ["mqtt/main", READER]


def test_a_report_with_nothing_new_to_see_introduces_nothing() -> None:
    """Only values change, a thousand times a day."""
    turns = twin()
    turns.tell("report", {"values": {"t_c": 60.5}})
    turns.tell("report", {"values": {"t_c": 61}})
    turns.tell("report", {"values": {"t_c": None}})
    turns.tell("report", {"values": {"t_c": 62}})
    assert [len(device.points) for device in introduced(turns)] == [1, 1]  # that after the null, for whoever began to look then


def test_a_new_value_unit_or_type_is_introduced() -> None:
    """Each would be shown otherwise."""
    turns = twin()
    turns.tell("report", {"values": {"t": 60.5}})
    turns.tell("report", {"values": {"h": 1}})
    turns.tell("report", {"values": {"t": 61}, "units": {"t": "K"}})
    turns.tell("report", {"values": {"h": True}})
    assert [[(point.name, point.unit, point.type.value) for point in device.points] for device in introduced(turns)] == [
        [("t", "", "number")],
        [("t", "", "number"), ("h", "", "number")],
        [("t", "K", "number"), ("h", "", "number")],
        [("t", "K", "number"), ("h", "", "boolean")],
    ]


def test_a_value_that_is_null_from_the_start_is_shown_where_the_file_says_what_it_is() -> None:
    """One of which nobody knows the type cannot be shown."""
    turns = twin({"t_c": {}, "x": {}})
    turns.tell("report", {"values": {"t_c": None, "x": None}})
    assert [[point.name for point in device.points] for device in introduced(turns)] == [["t_c"]]


def test_an_output_is_shown_once_where_it_is_set() -> None:
    """Its twin has the same value."""
    on = Point(name="on", type=ValueType.BOOLEAN, setter="gpio/pump", verb="switch", field="on")
    turns = twin(None, ShownDevice(id="gpio/pump", topic="x", by="mqtt/main", points=(on,)))
    shows = turns.actor.points.shown
    turns.actor.points.fill([("twin/boiler", [on])], shows)
    turns.tell("report", {"values": {"on": True, "t_c": 20}})
    assert [[point.name for point in device.points] for device in introduced(turns)] == [["t_c"]]


def test_a_twin_that_is_asked_to_introduces_itself_again_and_publishes() -> None:
    """So at each start: the file may say otherwise now, and the broker may have forgotten. One without a life does not begin one."""
    turns = twin()
    turns.tell("introduce")
    assert (turns.mail, turns.born) == ([], False)
    turns.tell("report", {"values": {"t_c": 60.5}})
    turns.mail.clear()
    turns.tell("introduce")
    assert [message.to for message in turns.mail] == [READER, "mqtt/main"]


def test_a_twin_that_publishes_nothing_or_that_nobody_shows_introduces_nothing() -> None:
    """There is nothing to see, or nobody to see it."""
    unpublished = twin(publish_to="")
    unpublished.tell("report", {"values": {"t_c": 60.5}})
    assert introduced(unpublished) == []
    unread = twin()
    unread.actor.points.fill([], shown([], [], [], name="haus"))
    unread.tell("report", {"values": {"t_c": 60.5}})
    assert introduced(unread) == []
