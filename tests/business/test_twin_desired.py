"""What is desired of a device: a value that somebody set on its twin, and what became of that."""

import json
from typing import Any

import pytest

from gateway.actors import Actor, Stage, State, verb
from gateway.actors.models import Payload
from gateway.actors.points import Point
from gateway.business.twin import Twin, TwinSettings
from gateway.testing import Rig
from tests.daemons import DaemonProcess


class Switching(Payload):
    """Payload of the verb `switch` of a pump."""

    on: bool


class Pump(Actor[State]):
    """Switches, or says why not."""

    @verb
    def switch(self, switching: Switching, stage: Stage[State]) -> None:
        """Do as it is called."""
        if stage.key == "good":
            stage.reply()
        elif stage.key != "mute":
            stage.refuse({"late": "expired 3 s ago", "lost": "outcome unknown: it went away"}.get(stage.key, "it is stuck"))


class PumpRig(Rig):
    """A gateway with a twin for each pump."""

    def __init__(self) -> None:
        super().__init__([Twin(TwinSettings(publish_to="", silent_after_s=0)), Pump()])

    def start(self) -> None:
        super().start()
        said = [(f"twin/{key}", [Point(name="on", setter=f"pump/{key}", verb="switch", field="on")]) for key in KEYS]
        self.engine.directory.kinds.points.fill(said)


KEYS = ("good", "bad", "late", "lost", "mute")


@pytest.mark.parametrize(
    ("key", "outcome", "reason"),
    [
        ("good", "done", ""),
        ("bad", "failed", "it is stuck"),
        ("late", "expired", "expired 3 s ago"),
        ("lost", "unknown", "outcome unknown: it went away"),
    ],
)
def test_what_became_of_it(key: str, outcome: str, reason: str) -> None:
    """The twin keeps what was desired and what became of it, and tells whoever set it."""
    with PumpRig() as gateway:
        answer = gateway.ask(f"twin/{key}", "set", {"value": "on", "to": True})
        assert (answer.ok, answer.reason) == (not reason, reason and f"{outcome}: {reason}")
        kept = gateway.state(f"twin/{key}").desired["on"]
        assert (kept["to"], kept["outcome"], kept["reason"]) == (True, outcome, reason)


def test_one_that_nobody_answers_is_accepted_and_then_unknown() -> None:
    """Over a power cut too: the question and its deadline are on disk."""
    with PumpRig() as gateway:
        gateway.tell("twin/mute", "set", {"value": "on", "to": True, "within_s": 20})
        gateway.settle()
        assert gateway.state("twin/mute").desired["on"]["outcome"] == "accepted"
        gateway.crash()
        gateway.start()
        gateway.advance(21)
        gateway.settle()
        assert gateway.state("twin/mute").desired["on"]["outcome"] == "unknown"


def test_the_newest_counts() -> None:
    """What becomes of a value that was set again meanwhile is told to whoever set it, and is not kept."""
    with PumpRig() as gateway:
        gateway.tell("twin/mute", "set", {"value": "on", "to": True, "within_s": 20})
        gateway.advance(10)
        gateway.tell("twin/mute", "set", {"value": "on", "to": False, "within_s": 20})
        gateway.advance(11)
        gateway.settle()
        kept = gateway.state("twin/mute").desired["on"]
        assert (kept["to"], kept["outcome"]) == (False, "accepted")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"value": "onn", "to": True}, "twin/good has no value 'onn' that can be set; did you mean 'on'?"),
        ({"value": "temp_c", "to": 1}, "twin/good has no value 'temp_c' that can be set; there is on"),
    ],
)
def test_what_cannot_be_set(asked: dict[str, Any], reason: str) -> None:
    """A value without a setter is refused, with those that have one."""
    with PumpRig() as gateway:
        answer = gateway.ask("twin/good", "set", asked)
        assert (answer.ok, answer.reason) == (False, reason)


def test_no_value_can_be_set() -> None:
    """Nor is there any."""
    with PumpRig() as gateway:
        assert gateway.ask("twin/other", "set", {"value": "on", "to": True}).reason == "twin/other has no value that can be set"


def test_a_relay_by_its_twin(tmp_path: Any) -> None:
    """In a gateway that runs: the twin that a relay reports to sets it, and what the relay then reports is the level that it has."""
    section = '[gpio.pump]\ntype = "relay"\npin = 5\nvalue = "running"\nreport_to = "twin/pump"\nsimulate = true\n'
    with DaemonProcess(tmp_path, section + '[actors.twin]\npublish_to = ""\n') as daemon:
        daemon.until_listening()
        daemon.until(lambda: "gpio/pump is ok" in daemon.said())
        found = daemon.gateway("ask", "twin/pump", "set", "value=running", "to=true", "--json")
        assert (found.returncode, json.loads(found.stdout)) == (0, {"value": "running", "outcome": "done"}), found.stderr
        daemon.until(lambda: json.loads(daemon.gateway("ask", "twin/pump", "read", "--json").stdout)["values"]["running"]["value"] is True)
