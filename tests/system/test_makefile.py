"""The Makefile knows a .venv that cannot work here. (Making it anew needs pip: `test_front_door.py` does it.)"""

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
