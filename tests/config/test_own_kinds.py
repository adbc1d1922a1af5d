"""A folder of one's own actors: what is loaded from it, and what is said about what cannot be."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import ConfigProblems, Configuration, json_schema, read
from gateway.config.own_kinds import load_own_kinds
from gateway.config.reading import kinds_of
from gateway.registry import of_classes
from tests.config.kinds import kinds
from tests.nobody import only_root, said_to_nobody

DEPOT = """from gateway.actors import Actor, Payload, Stage, State, verb
from shelves import Shelf

class Amount(Payload):
    units: int = 1

class Depot(Actor[Shelf]):
    @verb
    def add(self, amount: Amount, stage: Stage[Shelf]) -> None:
        stage.state = stage.state.changed(units=stage.state.units + amount.units)
"""
SHELVES = "from gateway.actors import State\n\nclass Shelf(State):\n    units: int = 0\n"
SIREN = """from gateway.actors import HostBound, Settings

class SirenSettings(Settings):
    loud: bool = False

class Siren(HostBound):
    settings_model = SirenSettings
    def __init__(self, key: str, settings: SirenSettings) -> None:
        self.settings = settings
"""


class Folder:
    """A configuration, and a folder of actors beside it."""

    def __init__(self, path: Path) -> None:
        self.config = path / "gateway.toml"
        self.path = path / "actors"
        self.path.mkdir()
        self.config.write_text("")

    def put(self, **files: str) -> None:
        """Write modules."""
        for name, text in files.items():
            (self.path / f"{name}.py").write_text(text)

    def read(self) -> Configuration:
        return read(self.config, registry=kinds())

    def problems(self) -> list[str]:
        """Every problem of it, less the title; `…` stands for the folder."""
        with pytest.raises(ConfigProblems) as raised:
            self.read()
        return [str(problem).replace(str(self.path), "…") for problem in raised.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Modules that it brings are gone afterwards; and of those that other tests have read none is there, for one of the same name would
    come back in their place."""
    before = dict(sys.modules)
    for name, module in before.items():
        if type(getattr(getattr(module, "__spec__", None), "loader", None)).__module__ == "gateway.config.own_kinds":
            del sys.modules[name]
    yield Folder(tmp_path)
    for name in set(sys.modules) - set(before):
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_its_actors_are_kinds_without_a_word_in_the_file(folder: Folder) -> None:
    """Ordinary ones are there with their defaults; host-bound ones when a section names them; nothing but they are importable."""
    meta_path, path = list(sys.meta_path), list(sys.path)
    folder.put(depot=DEPOT, shelves=SHELVES, siren=SIREN)
    assert "depot" in [actor.kind for actor in folder.read().actors]
    folder.config.write_text("[siren.yard]\nloud = true\n")
    (part,) = folder.read().host_bound
    assert (part.id, part.settings.model_dump()) == ("siren/yard", {"loud": True})
    assert (sys.meta_path, sys.path) == (meta_path, path)


def test_tests_are_not_loaded(folder: Folder) -> None:
    """They stand beside what they test."""
    folder.put(test_depot="raise RuntimeError", conftest="raise RuntimeError", __init__="raise RuntimeError")
    assert "depot" not in [actor.kind for actor in folder.read().actors]


def test_another_folder_is_named_in_the_file(folder: Folder) -> None:
    """Relative to the file; "" for none; one that is not there is a problem, unless it is the default."""
    folder.put(depot=DEPOT, shelves=SHELVES)
    folder.config.write_text('[gateway]\nactors = ""\n')
    assert "depot" not in [actor.kind for actor in folder.read().actors]
    folder.path.rename(folder.path.with_name("mine"))
    folder.config.write_text('[gateway]\nactors = "mine"\n')
    assert "depot" in [actor.kind for actor in folder.read().actors]
    folder.config.write_text('[gateway]\nactors = "none"\n')
    assert folder.problems() == [f"gateway.actors: there is no folder {folder.config.parent}/none; make it, or mend the path"]
    folder.config.write_text("")
    assert "depot" not in [actor.kind for actor in folder.read().actors]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef (:\n", "…/a.py:2: no Python: invalid syntax; mend this line"),
        ("# coding: nonsense\n", "…/a.py:1: no Python: unknown encoding: nonsense; mend this line"),
        (
            "\nimport no_such_thing.at_all\n",
            f"…/a.py:2: cannot import no_such_thing: it is not installed; {sys.prefix}/bin/pip install it, or move the file out of …",
        ),
        (
            "from gateway.actors import Aktor\n",
            "…/a.py:1: cannot import name 'Aktor' from 'gateway.actors' (%s); mend the import, or move the file out of …",
        ),
        (
            "def f():\n    return 1 / 0\nf()\n",
            "…/a.py:2: its import ends in ZeroDivisionError: division by zero; mend it, or move the file out of …",
        ),
        ("raise SystemExit('no')\n", "…/a.py:1: its import ends in SystemExit: no; mend it, or move the file out of …"),
        (
            "from gateway.actors import Actor, State\nclass Full(State):\n    x: int\nclass Depot(Actor[Full]):\n    pass\n",
            "…/a.py:4: cannot use Depot as an actor: Full has no default for x; give it one",
        ),
        (
            "from gateway.actors import Actor, State\nclass Diary(Actor[State]):\n    pass\n",
            "…/a.py:2: cannot use Diary: there is a kind 'diary' already; name the class otherwise, or set kind = \"…\" in it",
        ),
        (
            "from gateway.actors import Actor, State as S\nclass Depot(Actor[S]):\n    pass\nclass Other(Actor[S]):\n    kind = 'depot'\n",
            "…/a.py:4: cannot use Other: Depot (…/a.py:2) is of kind 'depot' too; set kind = \"…\" in one of them",
        ),
        (
            "from gateway.actors import HostBound\nclass Control(HostBound):\n    pass\n",
            "…/a.py:2: cannot use Control: there is a kind 'control' already; name the class otherwise, or set kind = \"…\" in it",
        ),
        (
            "from gateway.actors import HostBound\nclass Siren(HostBound):\n    pass\n",
            "…/a.py:2: cannot use Siren: it cannot be made of a key and its settings; "
            "write def __init__(self, key: str, settings: ...) -> None",
        ),
        (
            "from gateway.actors import HostBound\nclass Siren(HostBound):\n    kind = 'a/b'\n",
            "…/a.py:2: cannot use Siren: 'a/b' cannot stand in an id; set kind to letters and digits",
        ),
        (
            "from gateway.actors import Actor, State\nclass Depot(Actor[State]):\n    def __init__(self, settings):\n        1 / 0\n",
            "actors.depot: …/a.py:4: cannot make Depot: ZeroDivisionError: division by zero; mend its __init__",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(folder: Folder, text: str, said: str) -> None:
    """Whatever it is: a problem of the configuration, never a traceback."""
    folder.put(a=text)
    assert folder.problems() == [said.replace("%s", str(sys.modules["gateway.actors"].__file__))]


@pytest.mark.parametrize(("fails", "said"), [("raise KeyError('x')", "KeyError: 'x'"), ("raise SystemExit('no')", "SystemExit: no")])
@pytest.mark.parametrize("where", ["def claims(self):", "def model_post_init(self, context):"])
def test_settings_whose_own_code_fails_are_a_problem(folder: Folder, where: str, fails: str, said: str) -> None:
    """As any other of that section; whoever says sys.exit() there ends nobody."""
    text = f"from gateway.actors import Settings\nclass Loud(Settings):\n    {where}\n        {fails}\n"
    folder.put(siren=text + SIREN.replace("settings_model = SirenSettings", "settings_model = Loud"))
    folder.config.write_text("[siren.yard]\n")
    assert folder.problems() == [f"siren.yard: cannot read the settings of siren: {said}; mend Loud"]


def test_an_actor_that_leaves_when_it_is_made(folder: Folder) -> None:
    """That is a problem of its file."""
    text = (
        "from gateway.actors import Actor, State\nclass Depot(Actor[State]):\n    def __init__(self, settings):\n        raise SystemExit\n"
    )
    folder.put(a=text)
    (said,) = folder.problems()
    assert "cannot make Depot: SystemExit" in said


def test_all_problems_come_at_once_and_none_that_follows_from_another(folder: Folder) -> None:
    """Of every file, and of the configuration; a section of a kind that could not be loaded is no problem of its own."""
    folder.put(a="import b\n", b="\nimport no_such_thing\n", c="x = (\n")
    folder.config.write_text('[actors.depot]\n[siren.yard]\n[wire.main]\ndevice = "/dev/a"\nto = "depot/x"\nbuad = 1\n')
    found = folder.problems()
    assert [line.split(": ")[0] for line in found] == ["…/b.py:2", "…/c.py:1", "wire.main.buad"]


def test_a_file_must_have_the_name_of_a_module_that_is_not_there(folder: Folder) -> None:
    """Nothing that is installed is hidden by a user's file."""
    (folder.path / "my-actor.py").write_text("")
    folder.put(json="", tomllib="")
    found = folder.problems()
    assert found[0].startswith("cannot import …/json.py: there is a module 'json' already (")
    assert found[1] == "cannot import …/my-actor.py: 'my-actor' is no name of a module; use letters, digits and _"
    assert found[2].endswith("; name the file otherwise")


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o666, "everybody can write to it (mode 0666); chmod o-w"),
        (0o664, "the group daemon can write to it (mode 0664); chmod g-w"),
        (0o644, ""),
    ],
)
def test_a_file_that_others_can_write_is_not_run(folder: Folder, mode: int, said: str) -> None:
    """Nor one in a folder that they can; the text says what to do."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    folder.put(a="raise RuntimeError('it ran')\n" if said else "")
    os.chown(folder.path / "a.py", 0, 1)
    (folder.path / "a.py").chmod(mode)
    if said:
        assert folder.problems() == [f"cannot load …/a.py: {said} …/a.py"]
    else:
        folder.read()


def test_a_folder_that_others_can_write_is_not_used(folder: Folder) -> None:
    """Nor a file of somebody else's."""
    folder.put(a="raise RuntimeError('it ran')\n")
    folder.path.chmod(0o777)
    assert folder.problems() == ["cannot load actors from …: everybody can write to it (mode 0777); chmod o-w …"]
    folder.path.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder.path / "a.py", 65534, 0)
        said = "it belongs to nobody, who could change it at will; sudo chown root, or root"
        assert folder.problems() == [f"cannot load …/a.py: {said} …/a.py"]


def test_read_again_unchanged_files_give_the_same_classes(folder: Folder) -> None:
    """And changed ones others, while the first stay what `import` finds."""
    folder.put(depot=DEPOT, shelves=SHELVES)
    first, second = folder.read(), folder.read()
    assert [type(actor) for actor in first.actors] == [type(actor) for actor in second.actors]
    running = sys.modules["shelves"]
    folder.put(shelves=SHELVES.replace("= 0", "= 7"))
    third = folder.read()
    classes = {type(actor).__name__: type(actor) for actor in third.actors}
    assert classes["Depot"] not in [type(actor) for actor in first.actors]
    assert classes["Depot"].state_model().model_dump() == {"units": 7}
    assert sys.modules["shelves"] is running
    folder.put(shelves="1 / 0\n")
    assert len(folder.problems()) == 1
    assert sys.modules["shelves"] is running


def test_an_address_may_name_an_actor_of_ones_own(folder: Folder) -> None:
    """A device sends to it, and a verb that it has not is a problem as with any other."""
    folder.put(depot=DEPOT, shelves=SHELVES)
    folder.config.write_text('[wire.main]\ndevice = "/dev/a"\nto = "depot/x"\nverb = "add"\n')
    folder.read()
    folder.config.write_text('[wire.main]\ndevice = "/dev/a"\nto = "depot/x"\nverb = "ad"\n')
    assert folder.problems() == ["wire.main.to: cannot send 'ad' to depot: it has no such verb; did you mean 'add'?"]


def test_editors_know_them_too(folder: Folder) -> None:
    """The schema has their sections; those of a file that cannot be used are left out, and nothing else is."""
    folder.put(depot=DEPOT, shelves=SHELVES, siren=SIREN)
    schema = json_schema(registry=kinds_of(folder.config, registry=kinds()))
    assert "depot" in schema["properties"]["actors"]["properties"]
    assert {"siren", "wire"} <= set(schema["properties"])
    folder.put(siren="1 / 0\n")
    assert {"siren", "wire"} & set(json_schema(registry=kinds_of(folder.config, registry=kinds()))["properties"]) == {"wire"}
    assert kinds_of(folder.path / "none.toml", registry=kinds()).names == kinds().names


def test_a_registry_without_kinds_has_those_of_the_folder(folder: Folder) -> None:
    """Nothing else is needed."""
    folder.put(depot=DEPOT, shelves=SHELVES)
    assert [actor.kind for actor in read(folder.config, registry=of_classes()).actors] == ["depot"]


@only_root
def test_a_folder_that_may_not_be_entered_is_a_problem_of_the_file() -> None:
    """Also where it cannot even be seen: with what to do, as a folder that cannot be read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        Path(path).chmod(0o755)
        config, closed = Path(path, "gateway.toml"), Path(path, "closed")
        (closed / "actors").mkdir(parents=True)
        closed.chmod(0o700)
        config.write_text(f'[gateway]\nactors = "{closed}/actors"\n')
        assert not read(config, registry=kinds()).host_bound
        said = said_to_nobody(lambda: read(config, registry=kinds()))
        assert said == (
            f"ConfigProblems: cannot start: 1 problem in {config}\n"
            f"  2:10   cannot read {closed}/actors: Permission denied; let the gateway's user read it (chmod a+rx)"
        )


@only_root
def test_a_folder_that_may_not_be_listed_is_not_taken_for_an_empty_one() -> None:
    """Its kinds would be gone without a word, and their mail with nobody to take it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        Path(path).chmod(0o755)
        config, actors = Path(path, "gateway.toml"), Path(path, "actors")
        actors.mkdir()
        actors.chmod(0o700)
        config.write_text("")
        said = said_to_nobody(lambda: read(config, registry=kinds()))
        assert f"  cannot read {actors}: Permission denied; let the gateway's user read it (chmod a+rx)" in said


@pytest.mark.parametrize(
    "line",
    [
        "while True: pass",
        "import threading; threading.Event().wait()",
        "import socket; a, b = socket.socketpair(); a.recv(1)",
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
    ],
    ids=["busy", "waits", "reads", "catches all"],
)
def test_a_file_whose_import_does_not_end_is_named(folder: Folder, line: str) -> None:
    """With its line, after a while; the other files are read all the same."""
    folder.put(endless=f"import json\n{line}\n", shelves=SHELVES, depot=DEPOT)
    found = load_own_kinds(folder.path, [], import_s=0.3)
    (problem,) = found.problems
    number = 4 if "except" in line else 2
    said = "its import: it has not ended after 0.3 s; do in a verb, or in `started`, what takes long"
    assert problem == f"{folder.path}/endless.py:{number}: {said}"
    assert [kind.kind for kind in found.ordinary] == ["depot"]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
