"""Debian packages of the gateway, built as `make deb` does, of this project and of a release that might come after it. Built once for each
state of the sources.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system.lab.places import LAB
from tests.system.lab.wheelhouse import PROJECT

PARTS = ("pyproject.toml", "README.md", "gateway", "devices", "config", "systemd")
RELEASES = {"deb12": "bookworm", "deb13": "trixie"}
NEXT = "99.0.0"
"""The version of the release that comes after."""
NEXT_STEP = '\nSTEPS = (*STEPS, "CREATE TABLE later (number INTEGER)")\n'
"""What that one does to the shape of the store."""
_LIMIT_S = 900


def built(*wanted: str, version: str = "", folder: Path | None = None) -> list[Path]:
    """The packages of some suites and architectures, as in "bookworm-amd64". `version`: as if it were that one, of a newer store.

    `folder`: built there, whatever was built before.
    """
    sources = copied(LAB / f"debs-{state_of(version)}" / "sources", version)
    kept = folder or sources.parent
    for one in wanted:
        if not list(kept.glob(pattern(one))):
            environ = {**os.environ, "PYTHON": sys.executable, "DIST": str(kept), "SOURCE_DATE_EPOCH": "1767225600"}
            words = [str(sources / "systemd" / "debian" / "build"), one]
            done = subprocess.run(
                words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_LIMIT_S, check=False, env=environ
            )
            if done.returncode != 0:
                raise RuntimeError(f"cannot build {one}: {(done.stdout + done.stderr)[-3000:]}")
    return [next(kept.glob(pattern(one))) for one in wanted]


def pattern(one: str) -> str:
    """The name of a package's file, but for its version."""
    suite, _, architecture = one.partition("-")
    (release,) = [release for release, name in RELEASES.items() if name == suite]
    return f"pi-device-gateway_*+{release}_{architecture}.deb"


def state_of(version: str) -> str:
    """What the sources are, in a word."""
    digest = hashlib.sha256(version.encode())
    for part in PARTS:
        for path in sorted([PROJECT / part, *(PROJECT / part).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def copied(place: Path, version: str) -> Path:
    """A copy of the sources, of a version of its own where one is given."""
    if place.exists():
        return place
    fresh = place.with_name(f"sources.{os.getpid()}")
    fresh.mkdir(parents=True)
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, fresh / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / part, fresh / part)
    if version:
        about = fresh / "pyproject.toml"
        about.write_text(re.sub(r'^version = ".*"$', f'version = "{version}"', about.read_text(), flags=re.MULTILINE))
        with (fresh / "gateway" / "store" / "migrations.py").open("a") as steps:
            steps.write(NEXT_STEP)
    fresh.rename(place)
    return place
