"""The toggle: one button for some outputs, and what it remembers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.actors.vocabulary import Pressed, Switch
from gateway.business.toggle import Toggle, ToggleSettings, ToggleState
from gateway.testing import Turns

HALL = {"hall": ["gpio/lamp", "gpio/stairs"]}


def toggle(me: str = "toggle/hall", **settings: Any) -> Turns[ToggleState]:
    return Turns(Toggle(ToggleSettings(outputs=HALL, **settings)), me=me)


def test_pressing() -> None:
    """A press turns every output on, the next one off, and each is published."""
    turns = toggle()
    turns.tell("pressed")
    assert turns.mail_to("gpio/lamp") == turns.mail_to("gpio/stairs") == [Switch(on=True)]
    turns.advance(1)
    turns.tell("pressed")
    assert turns.mail_to("gpio/lamp") == [Switch(on=True), Switch(on=False)]
    last = turns.mail_to("mqtt/main")[-1]
    assert (last.topic, last.retain) == ("{prefix}/toggle/hall", True)
    assert json.loads(last.body) == {"on": False, "presses": 2, "changed_ms": turns.now_ms}


@given(st.lists(st.integers(1, 9), max_size=12))
def test_coalesced_presses(counts: list[int]) -> None:
    """However presses are bundled, the outputs stand as if each had come alone."""
    turns = toggle()
    for count in counts:
        turns.tell("pressed", Pressed(count=count))
    assert turns.state.presses == sum(counts)
    assert turns.state.on is (sum(counts) % 2 == 1)
    if turns.mail:
        assert turns.mail_to("gpio/lamp")[-1] == Switch(on=turns.state.on)


def test_two_presses_at_once() -> None:
    """An even number of presses at once is counted and moves nothing."""
    turns = toggle()
    turns.tell("pressed", {"count": 2})
    assert (turns.state, turns.mail) == (ToggleState(presses=2), [])


def test_setting() -> None:
    """Set turns the outputs on however they stand, and says it again when told again."""
    turns = toggle()
    assert turns.ask("set", {"on": True}).body["on"] is True
    changed_ms = turns.now_ms
    turns.advance(5)
    turns.tell("set", {"on": True})
    assert turns.mail_to("gpio/lamp") == [Switch(on=True)] * 2
    assert turns.state.changed_ms == changed_ms
    turns.tell("pressed")
    assert turns.mail_to("gpio/lamp")[-1] == Switch(on=False)


def test_after_a_power_cut() -> None:
    """An output that comes up otherwise than the toggle stands is told again, and only that one."""
    turns = toggle()
    turns.tell("pressed")
    turns.mail.clear()
    turns.tell("report", {"values": {"on": False}}, sender="gpio/lamp")
    assert [(message.to, message.payload) for message in turns.mail] == [("gpio/lamp", Switch(on=True))]


def test_what_a_limit_of_the_output_turned_off_stays_off() -> None:
    """A valve with `max_on_s` that is told again to be on would never be off; and the next press turns it on."""
    turns = Turns(Toggle(ToggleSettings(outputs={"hall": ["gpio/lamp"]})), me="toggle/hall")
    turns.tell("pressed")
    turns.mail.clear()
    turns.tell("report", {"values": {"on": False}, "guarded": True}, sender="gpio/lamp")
    assert (turns.mail_to("gpio/lamp"), turns.state.on) == ([], False)
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["on"] is False
    turns.tell("pressed")
    assert turns.mail_to("gpio/lamp") == [Switch(on=True)]


def test_a_limit_of_one_of_two_outputs_leaves_the_other_as_it_is() -> None:
    """The toggle is still on, for the other one is."""
    turns = toggle()
    turns.tell("pressed")
    turns.mail.clear()
    turns.tell("report", {"values": {"on": False}, "guarded": True}, sender="gpio/lamp")
    assert (turns.mail, turns.state.on) == ([], True)


def test_outputs_that_stand_right() -> None:
    """An output that stands as it should, and whoever is no output of this toggle, is told nothing."""
    turns = toggle()
    turns.tell("report", {"values": {"on": False, "level": 0}}, sender="gpio/lamp")
    turns.tell("report", {"values": {"on": True}}, sender="gpio/boiler")
    turns.tell("report", {"values": {"level": 1}}, sender="gpio/lamp")
    assert turns.mail == []


def test_restoring_by_hand() -> None:
    """Restore tells every output again how it should stand, and changes nothing."""
    turns = toggle()
    turns.tell("pressed")
    turns.mail.clear()
    before = turns.state
    turns.tell("restore")
    assert [(message.to, message.payload) for message in turns.mail] == [("gpio/lamp", Switch(on=True)), ("gpio/stairs", Switch(on=True))]
    assert turns.state == before


def test_read() -> None:
    """Whoever asks gets the whole state."""
    turns = toggle()
    assert turns.ask("pressed").body == {"on": True, "presses": 1, "changed_ms": turns.now_ms}
    assert turns.ask("read").body == {"on": True, "presses": 1, "changed_ms": turns.now_ms}


def test_without_outputs() -> None:
    """A toggle that is not in the table has no outputs: it is a switch that others may read."""
    turns = toggle("toggle/guest", publish_to="")
    turns.tell("pressed")
    assert (turns.state.on, turns.mail) == (True, [])


def test_addresses() -> None:
    """The configuration is checked for every output and the publisher, each by its place in the file."""
    assert ToggleSettings(outputs=HALL).addresses() == [
        ("publish_to", "mqtt/main", "publish"),
        ("outputs.hall.0", "gpio/lamp", "switch"),
        ("outputs.hall.1", "gpio/stairs", "switch"),
    ]


@pytest.mark.parametrize(
    ("outputs", "fault"),
    [
        ({"front hall": ["gpio/lamp"]}, "cannot use 'front hall' as the key of a toggle: write letters, digits and . _ ~ : @ = , -"),
        ({"hall": ["lamp"]}, "cannot use 'lamp' as an actor id: it must read kind/key (pairs of letters, digits and . _ ~ : @ = , -)"),
    ],
)
def test_wrong_outputs(outputs: dict[str, list[str]], fault: str) -> None:
    """A key that is none and an output that is no id are refused."""
    with pytest.raises(ValidationError) as caught:
        ToggleSettings(outputs=outputs)
    assert caught.value.errors()[0]["msg"] == f"Value error, {fault}"
