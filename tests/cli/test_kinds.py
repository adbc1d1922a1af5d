"""`gateway kinds`: which kinds there are, what each takes, and lines that can be used as they stand."""

import json
import shlex
from pathlib import Path

import pytest

from gateway.cli.kinds import example, outside_verbs
from gateway.cli.talk import read_words
from gateway.control.texts import read_typed
from gateway.registry import installed, is_offered
from tests.cli.test_without_a_daemon import run

DEPOT = """from gateway.actors import Actor, Payload, Stage, State, verb

class Boxes(Payload):
    parcels: int
    weight_kg: float = 0.0

class Depot(Actor[State]):
    \"\"\"Counts parcels. And more.\"\"\"

    @verb
    def deliver(self, boxes: Boxes, stage: Stage[State]) -> None:
        \"\"\"Take parcels in.\"\"\"
"""


def test_kinds_are_listed_with_what_they_are(tmp_path: Path) -> None:
    """Devices and actors, one's own too, without those that the gateway keeps for itself; no gateway has to run."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "depot.py").write_text(DEPOT)
    (tmp_path / "g.toml").touch()
    found = run("kinds", "--config", "g.toml", folder=tmp_path)
    lines = found.stdout.splitlines()
    assert (found.returncode, found.stderr) == (0, "")
    assert "  gpio           Reads or drives one pin of the header, or a simulated one." in lines
    assert "  homeassistant  Announces devices to the Home Assistant at one broker." in lines
    assert "  depot          Counts parcels." in lines
    assert not [line for line in lines if line.startswith(("  control ", "  gather ", "  user "))]
    found = run("kinds", "--config", "g.toml", "--json", folder=tmp_path)
    listed = json.loads(found.stdout)
    assert "serial" in listed["devices"]
    assert {"twin", "depot"} <= set(listed["actors"])


def test_one_kind_has_its_verbs_with_what_they_take(tmp_path: Path) -> None:
    """Each field with its type, its unit, its limits and what it means; and a line to use."""
    found = run("kinds", "gpio", folder=tmp_path).stdout.splitlines()
    at = found.index("pulse   Turn the output on for `seconds`, then off; done when it has ended, with how long it was.")
    assert found[at + 1 : at + 3] == [
        "    seconds          a number, seconds, more than 0, 3600 or less, needed",
        "    gateway tell gpio/NAME pulse seconds=1.5",
    ]
    assert '    type                   "button" or "contact" or "motion" or "led" or "relay" or "dimmer"' in found
    told = json.loads(run("kinds", "gpio", "--json", folder=tmp_path).stdout)
    assert told["verbs"]["switch"] == {
        "text": "Turn the output on or off until told otherwise.",
        "fields": {"on": {"takes": "true or false", "unit": "", "needed": True}},
        "example": "gateway tell gpio/NAME switch on=true",
    }


def test_a_kind_that_is_none_is_named(tmp_path: Path) -> None:
    """With the one that was meant."""
    found = run("kinds", "twni", folder=tmp_path)
    assert (found.returncode, found.stderr) == (1, "gateway: there is no kind 'twni'; did you mean 'twin'?\n")
    found = run("verbs", folder=tmp_path)
    assert "did you mean 'kinds'?" in found.stderr


@pytest.mark.parametrize("name", [name for name in installed().names if is_offered(name)])
def test_every_example_says_what_its_verb_takes(name: str) -> None:
    """The words behind the verb are read as the command line reads them, by the verb's own model."""
    kinds = installed()
    kind = kinds.host_bound.load(name) if name in kinds.host_bound.names else kinds.ordinary.load(name)
    for row in outside_verbs(kind):
        program, command, to, verb, *words = shlex.split(example(kind, row))
        assert (program, to, verb) == ("gateway", f"{name}/NAME", row.name)
        assert command in ("tell", "ask")
        said = read_words(words)
        assert read_typed(row.payload, said["payload"], said["texts"], where=row.name)
