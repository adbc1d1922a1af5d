"""Debian 13 and its Python 3.13: all tests that need no machine of their own pass there too, begun by `make test` as on Debian 12."""

import subprocess
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.system.conftest import Timed
from tests.system.lab.container import Container
from tests.system.lab.places import build, why_no_container
from tests.system.lab.wheelhouse import PROJECT, fill_test_wheelhouse

pytestmark = pytest.mark.container

NOT_HERE = {"bench", "faults", "pages", "system", "year"}
"""They take too long for a second time, or need containers themselves, or a browser."""
ROOMS = sorted(path.name for path in (PROJECT / "tests").iterdir() if (path / "__init__.py").exists() and path.name not in NOT_HERE)
LEFT_OUT = (".venv", ".git", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "var")
HERE = "/srv/gateway"
LIMIT_S = 1200
SKIPPED = (
    "lgpio is not installed",
    "no recordings in ",
    "another reader of",
    "mbpoll is not installed",
    "schemathesis is not",
    "no promtool",
    "the folder of tests is in memory",
    "may not read the kernel's log",
    "may not mount",
)
"""What may be left out, and why: lgpio and some of what other readers need have no wheel for this Python, the recordings are nowhere to be
had; mbpoll, promtool and what makes requests of an API are no part of the room; and a container has no disk and no kernel of its own."""


@pytest.fixture(scope="module")
def debian_13(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A Debian 13 on which a gateway is installed, with a checkout of this project; what pip asks for is in a folder."""
    if reason := why_no_container():
        pytest.skip(f"cannot have a container: {reason}")
    folder = tmp_path_factory.mktemp("share")
    with Timed("the lab's Debian 13"):
        build("trixie")
        subprocess.run(["cp", "-R", str(fill_test_wheelhouse()), str(folder / "wheels")], check=True)
        _pack(folder / "project.tar")
    with Container(folder, tree="trixie") as host:
        host.sh(f"mkdir -p {HERE} /etc/gateway/actors && tar -C {HERE} -xf /src/project.tar && cp {HERE}/config/gateway.toml /etc/gateway/")
        yield host


def _pack(archive: Path) -> None:
    """This project as git has it, and what is new in it, for a guest. Not by tar, which fails where other tests write beside it."""

    def chosen(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if any(fnmatch(Path(entry.name).name, pattern) for pattern in LEFT_OUT) else entry

    with tarfile.open(archive, "w") as packed:
        packed.add(PROJECT, ".", filter=chosen)


def _make(host: Container, words: str) -> str:
    """Run make in the checkout; what it said."""
    return host.sh(f"cd {HERE} && PIP_NO_INDEX=1 PIP_FIND_LINKS=/src/wheels make {words} 2>&1", limit_s=LIMIT_S)


def test_make_test_reaches_the_tests(debian_13: Container) -> None:
    """Style and types are checked first, and what Debian 13 has no wheel of is not needed for that."""
    said = _make(debian_13, "test ARGS=tests/actors")
    assert "Success: no issues found" in said
    assert " passed" in said.splitlines()[-1]


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "actors"])
def test_what_is_pure_passes(debian_13: Container, room: str) -> None:
    """Nothing is written into the folders of the gateway that is installed."""
    _make(debian_13, ".venv/test")
    said = debian_13.sh(f"cd {HERE} && .venv/bin/python -m pytest -q tests/{room} 2>&1 < /dev/null", limit_s=LIMIT_S)
    skipped = [line for line in said.splitlines() if line.startswith("SKIPPED")]
    assert [line for line in skipped if not any(reason in line for reason in SKIPPED)] == []
    assert set(debian_13.sh("cd /etc/gateway && find .").split()) == {".", "./gateway.toml", "./actors"}
