"""What pip needs without a network: what pyproject.toml asks for, as wheels for the lab's Pythons."""

import hashlib
import platform
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.system.lab.places import LAB

PROJECT = Path(__file__).parents[3]
_GLIBC = ("2014", "_2_17", "_2_28", "_2_31", "_2_34", "_2_35", "_2_36")
"""Which wheels run on Debian 12, and on what came after it."""


def fill_wheelhouse() -> Path:
    """What an installation on Debian 12 needs: a folder, filled once for each state of pyproject.toml's dependencies."""
    return _filled("3.11", [*needed("web"), "lgpio>=0.2"])


def fill_test_wheelhouse() -> Path:
    """The same for what `make test` installs on Debian 13."""
    return _filled("3.13", needed("test", "demo", "web", "postgres"), built=_project()["optional-dependencies"]["systemd"])


def needed(*extras: str) -> list[str]:
    """What the project is built with, what it needs, and what some of its extras bring."""
    requires = tomllib.loads((PROJECT / "pyproject.toml").read_text())["build-system"]["requires"]
    more = [one for extra in extras for one in _project()["optional-dependencies"][extra]]
    return [*requires, "wheel", *_project()["dependencies"], *more]


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return project


def _filled(python: str, wanted: list[str], *, built: Sequence[str] = ()) -> Path:
    """A folder with the wheels of `wanted` for a Python; and the sources of what is to be `built`, since nobody has wheels of it."""
    folder = LAB / f"wheels-{hashlib.sha256(repr((python, wanted, built)).encode()).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        _download_wheels(python, wanted, folder)
        for one in built:
            _pip("download", "--quiet", "--no-deps", "--no-binary=:all:", f"--dest={folder}", one)
        (folder / "complete").touch()
    return folder


def _download_wheels(python: str, wanted: list[str], folder: Path) -> None:
    platforms = [f"--platform=manylinux{glibc}_{platform.machine()}" for glibc in _GLIBC]
    only = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *platforms]
    _pip("download", "--quiet", *only, f"--dest={folder}", *wanted)


def _pip(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"cannot fill the wheelhouse: pip {' '.join(words)}: {done.stderr[-2000:]}")
