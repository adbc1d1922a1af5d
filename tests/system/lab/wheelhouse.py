"""The wheels that an installation without a network needs: what pyproject.toml asks for, for the lab's Python."""

import hashlib
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.system.lab.places import LAB

PROJECT = Path(__file__).parents[3]
PYTHON = "3.11"
"""Of Debian 12."""
_GLIBC = ("2014", "_2_17", "_2_28", "_2_31", "_2_34", "_2_35", "_2_36")


def fill_wheelhouse() -> Path:
    """A folder of wheels, made once for each state of pyproject.toml's dependencies."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = [*project["build-system"]["requires"], "wheel", *project["project"]["dependencies"], "lgpio>=0.2"]
    folder = LAB / f"wheels-{hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        _download(wanted, folder)
        (folder / "complete").touch()
    return folder


def _download(wanted: list[str], folder: Path) -> None:
    platforms = [f"--platform=manylinux{glibc}_{platform.machine()}" for glibc in _GLIBC]
    words = [
        "download",
        "--quiet",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={PYTHON}",
        *platforms,
        f"--dest={folder}",
    ]
    done = subprocess.run([sys.executable, "-m", "pip", *words, *wanted], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"cannot fill the wheelhouse {folder}: {done.stderr[-2000:]}")
