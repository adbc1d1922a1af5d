"""The registry: which kinds there are, and what is wrong with one that cannot be used."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gateway.actors import BadDefinition, UnknownTarget
from gateway.config import ConfigProblems, read
from gateway.registry import DEVICES, Registry, of_classes, registered
from tests.config.kinds import Diary, Echo, Wire, kinds

ROOT = Path(__file__).parents[2]
KINDS = "tests.config.kinds"


def with_devices(**values: str) -> Registry:
    """A registry of the given entry points, in order; a trailing _ of a name is left out."""
    return registered([EntryPoint(name.rstrip("_"), value, DEVICES) for name, value in values.items()], [])


def test_a_kind_is_found_by_its_name() -> None:
    """What is registered can be listed and loaded."""
    assert kinds().host_bound.names == ["gpio", "wire"]
    assert kinds().host_bound.load("wire") is Wire
    assert with_devices(wire=f"{KINDS}:Wire").host_bound.load("wire") is Wire


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        (with_devices(wire=f"{KINDS}:Diary"), f"cannot use kind 'wire': {Diary!r} is no HostBound; mend its package's entry point"),
        (with_devices(wire=f"{KINDS}:Pin"), "cannot use kind 'wire': Pin calls itself 'gpio'; set kind = 'wire' in the class"),
        (
            with_devices(wire=f"{KINDS}:Wire", wire_=f"{KINDS}:Pin"),
            f"cannot use kind 'wire': both {KINDS}:Wire and {KINDS}:Pin register it; uninstall one of their packages",
        ),
        (
            with_devices(wire=f"{KINDS}:Nothing"),
            "cannot import kind 'wire': AttributeError: module 'tests.config.kinds' has no attribute 'Nothing'; "
            "install what it needs, or take its sections out",
        ),
    ],
)
def test_a_kind_that_cannot_be_used_says_why(registry: Registry, said: str) -> None:
    """A class of another sort, of another name, registered twice or not there at all is named as that."""
    with pytest.raises(BadDefinition) as raised:
        registry.host_bound.load("wire")
    assert str(raised.value) == said


def test_one_class_that_is_listed_twice_is_no_conflict() -> None:
    """The same entry point seen twice (a checkout beside its installed package) is one kind."""
    assert with_devices(wire=f"{KINDS}:Wire", wire_=f"{KINDS}:Wire").host_bound.load("wire") is Wire


def test_a_kind_that_nobody_registers() -> None:
    """An unknown kind is an unknown target."""
    with pytest.raises(UnknownTarget) as raised:
        of_classes().host_bound.load("wire")
    assert str(raised.value) == "cannot find kind 'wire': no package registers it in gateway.devices; install one that does"


def test_only_kinds_that_the_file_names_are_imported(tmp_path: Path) -> None:
    """A gateway without pins, ports or brokers has none of their libraries in memory."""
    (tmp_path / "gateway.toml").write_text("[gateway]\nname = 'a'\n")
    program = (
        "import sys, tomllib\n"
        "from importlib.metadata import EntryPoint\n"
        "from gateway.config import read\n"
        "from gateway.registry import registered\n"
        "groups = tomllib.load(open('pyproject.toml', 'rb'))['project']['entry-points']\n"
        "made = [[EntryPoint(n, v, g) for n, v in groups[g].items()] for g in ('gateway.devices', 'gateway.actors')]\n"
        f"read({str(tmp_path / 'gateway.toml')!r}, registry=registered(*made))\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'devices', 'serial', 'gpiozero', 'lgpio', 'paho', 'apsw'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_default_address_of_an_absent_device_is_emptied(tmp_path: Path) -> None:
    """Who sends to a device unless told otherwise sends to nobody where there is none; told so in the file, it is a problem."""

    path = tmp_path / "gateway.toml"
    registry = of_classes([Wire], [Echo])
    path.write_text("")
    (echo,) = read(path, registry=registry).actors
    assert echo.settings.addresses() == []
    path.write_text("[wire.main]\ndevice = '/dev/a'\n")
    (echo,) = read(path, registry=registry).actors
    assert echo.settings.addresses() == [("to", "wire/main", "write")]
    path.write_text("[actors.echo]\nto = 'wire/main'\n")
    with pytest.raises(ConfigProblems) as raised:
        read(path, registry=registry)
    assert str(raised.value).endswith("  2:6   actors.echo.to: cannot send to wire/main: the file has no [wire.…]; add [wire.main]")
