"""The reference: made from the classes, and shipped as they are now."""

import re
from pathlib import Path

import pytest

from gateway.cli.reference import reference
from gateway.registry import Registry, installed, is_offered
from tests.cli.test_without_a_daemon import run

PAGE = Path(__file__).parents[2] / "config/guide/reference.md"


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What comes in the box."""
    return installed()


def test_the_page_says_what_the_classes_say(registry: Registry) -> None:
    """Whoever changes a key or a verb makes it anew."""
    assert PAGE.read_text() == reference(registry) + "\n", "make it anew: .venv/bin/gateway kinds --markdown > config/guide/reference.md"


def test_every_kind_and_every_key_has_its_place(registry: Registry) -> None:
    """Each kind one chapter, each key of its settings one row in it."""
    chapters = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE))
    for kinds in (registry.host_bound, registry.ordinary):
        for name in filter(is_offered, kinds.names):
            rows = re.findall(r"^\| `([^`]+)` \|", chapters[name], flags=re.MULTILINE)
            wanted = {field.alias or key for key, field in kinds.load(name).settings_model.model_fields.items()}
            assert wanted <= set(rows), name


def test_actors_of_your_own_stand_in_yours(tmp_path: Path) -> None:
    """The command prints what is installed where it is run."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "depot.py").write_text(
        "from gateway.actors import Actor, Settings, Stage, State, verb\n\n\nclass DepotSettings(Settings):\n    gates: int = 2\n"
        '    """How many | there are."""\n\n\nclass Depot(Actor[State]):\n    """Counts parcels."""\n\n    settings_model = DepotSettings\n'
    )
    (tmp_path / "g.toml").touch()
    found = run("kinds", "--markdown", "--config", "g.toml", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "### depot\n\nCounts parcels.\n\nKeys of `[actors.depot]`:\n" in found.stdout
    assert "| `gates` | a whole number, 2 unless said | How many \\| there are. |\n" in found.stdout
