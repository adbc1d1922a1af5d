"""The Makefile knows a .venv that cannot work here, and runs all tests. (Making it anew needs pip: `test_front_door.py` does it.)"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.lab.wheelhouse import PROJECT

EDITABLE = "__editable__.pi_device_gateway-0.1.0.pth"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our Makefile, and a .venv that was made there."""
    folder = tmp_path_factory.mktemp("it's a place")
    shutil.copy(PROJECT / "Makefile", folder)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    subprocess.run([python, "-m", "venv", folder / ".venv"], check=True, capture_output=True)
    packages(folder).joinpath(EDITABLE).write_text(f"{folder}\n")
    return folder


def packages(checkout: Path) -> Path:
    """Where the .venv of a checkout has its packages."""
    return next(checkout.glob(".venv/lib/*/site-packages"))


def wrong_with(checkout: Path) -> str:
    """What make finds wrong with the .venv there; empty where nothing is. Nothing is done about it."""
    done = subprocess.run(["make", "--dry-run", "demo"], cwd=checkout, capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"echo 'the \.venv here is made anew, which takes a minute: (.*)'; rm", done.stdout)
    return found[1].replace(r"'\''", "'") if found else ""


def test_nothing_is_wrong_where_it_was_made(checkout: Path) -> None:
    """Through another name of the folder, too."""
    assert wrong_with(checkout) == ""
    link = checkout.with_name("link")
    link.symlink_to(checkout)
    assert wrong_with(link) == ""


def test_a_checkout_that_was_copied_or_moved(checkout: Path, tmp_path: Path) -> None:
    """The old place may be there still: it is another one."""
    shutil.copytree(checkout, tmp_path / "copy", symlinks=True)
    assert wrong_with(tmp_path / "copy") == f"it belongs to {checkout}/.venv"
    moved = checkout.rename(checkout.with_name("moved"))
    try:
        assert wrong_with(moved) == f"it belongs to {checkout}/.venv"
    finally:
        moved.rename(checkout)


def test_a_python_that_is_gone(checkout: Path) -> None:
    """After an upgrade of the system, python3 is another one; or none at all."""
    library = packages(checkout).parent
    library.rename(library.with_name("python3.2"))
    try:
        assert wrong_with(checkout) == "the Python that it was made with is gone"
    finally:
        library.with_name("python3.2").rename(library)
    assert wrong_with(checkout) == ""


def test_an_installation_of_another_checkout(checkout: Path) -> None:
    """A .venv may stay where it is, behind a link, while the checkout moves."""
    (packages(checkout) / EDITABLE).write_text("/home/pi/old/checkout\n")
    try:
        assert wrong_with(checkout) == "it is of another checkout"
    finally:
        (packages(checkout) / EDITABLE).write_text(f"{checkout}\n")


def test_a_venv_that_was_begun_and_not_finished_is_finished(checkout: Path, tmp_path: Path) -> None:
    """There is nothing in it that could be wrong."""
    shutil.copy(checkout / "Makefile", tmp_path)
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    assert wrong_with(tmp_path) == ""


WAITS = """
import pathlib, threading, time

def test_it() -> None:
    pathlib.Path({here!r}).touch()
    deadline = time.monotonic() + 60
    while not pathlib.Path({there!r}).exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    assert {truth}
"""


@pytest.mark.parametrize(("truth", "code"), [("True", 0), ("False", 1)])
def test_tests_of_hosts_run_beside_the_others(tmp_path: Path, truth: str, code: int) -> None:
    """Each waits for the other to begin; what those of hosts say comes last, in full, and makes all fail if it does."""
    (tmp_path / "tests" / "system").mkdir(parents=True)
    (tmp_path / "tests" / "test_fast.py").write_text(WAITS.format(here="fast", there="slow", truth="True"))
    (tmp_path / "tests" / "system" / "test_slow.py").write_text(WAITS.format(here="slow", there="fast", truth=truth))
    said = all_tests(tmp_path, code)
    fast, slow = said.split("the tests of tests/system ran beside these")
    assert "1 passed" in fast
    assert ("1 passed" if truth == "True" else "1 failed") in slow
    assert said.endswith(f"ended with 0 and, in tests/system, with {code}\n\n")


def test_with_arguments_only_those_are_run(tmp_path: Path) -> None:
    """As pytest takes them."""
    (tmp_path / "tests" / "system").mkdir(parents=True)
    (tmp_path / "tests" / "system" / "test_slow.py").write_text(
        "def test_it() -> None:\n    pass\n\n\ndef test_not() -> None:\n    assert False\n"
    )
    said = all_tests(tmp_path, 0, "tests/system", "-k", "it")
    assert " 1 passed, 1 deselected" in said.splitlines()[-1]


def all_tests(folder: Path, code: int, *args: str) -> str:
    """What `make test` runs, on the tests of a folder; what it said."""
    command = [sys.executable, str(PROJECT / "tests" / "__main__.py"), *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout
