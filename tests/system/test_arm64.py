"""A Pi's kind of processor: what is pure passes there too, with the wheels that a Pi gets."""

from pathlib import Path

import pytest

from tests.system.conftest import Timed
from tests.system.lab.arm64 import CannotHave, build, libraries, run
from tests.system.lab.wheelhouse import needed

pytestmark = pytest.mark.container

ROOMS = ("tests/actors", "tests/contracts")
TIMED = "tests/contracts/test_patterns.py"
"""It compares times, of which an emulator has its own."""
TOOLS = {"pytest", "hypothesis"}
"""What of the tests' own needs these rooms use."""


def test_what_is_pure_passes_there(tmp_path: Path) -> None:
    """The language of actors, and the contract of the store with the SQLite of that processor's wheel."""
    tools = [one for one in needed("test") if one.split(">")[0] in TOOLS]
    with Timed("the lab's arm64"):
        try:
            build()
            libraries([*needed(), *tools], tmp_path)
        except CannotHave as error:
            pytest.skip(f"cannot have arm64 here: {error}")
    with Timed("the tests on arm64"):
        assert run(["python3", "-c", "import platform; print(platform.machine())"], tmp_path).stdout == "aarch64\n"
        done = run(["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROOMS, f"--ignore={TIMED}"], tmp_path)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        assert " passed" in done.stdout
