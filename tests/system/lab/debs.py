"""Debian packages of the gateway, built as `make deb` does, of this project and of a release that might come after it. Built once for each
state of the sources.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
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


def built(*wanted: str, folder: Path | None = None) -> list[Path]:
    """The packages of some suites and architectures, as in "bookworm-amd64". `folder`: built there, whatever was built before."""
    kept = folder or LAB / f"debs-{state()}"
    kept.mkdir(exist_ok=True)
    for one in wanted:
        if not list(kept.glob(pattern(one))):
            environ = {**os.environ, "PYTHON": sys.executable, "DIST": str(kept), "SOURCE_DATE_EPOCH": "1767225600"}
            _done([str(PROJECT / "systemd" / "debian" / "build"), one], environ)
    return [next(kept.glob(pattern(one))) for one in wanted]


def later(package: Path, target: Path) -> None:
    """Make of a package that of a release that comes after it, whose store has a shape of its own."""
    version = package.name.split("_")[1].partition("+")[0]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        _done(["dpkg-deb", "--raw-extract", str(package), str(root)])
        (packages,) = root.glob("usr/lib/gateway/lib/python*/site-packages")
        (about,) = packages.glob("pi_device_gateway-*.dist-info/METADATA")
        for path in (about, root / "DEBIAN/control", root / "DEBIAN/preinst"):
            path.write_text(path.read_text().replace(version, NEXT, 1))
        with (packages / "gateway/store/migrations.py").open("a") as steps:
            steps.write(NEXT_STEP)
        (root / "DEBIAN/md5sums").unlink()
        _done(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(root), str(target)])


def _done(words: list[str], environ: dict[str, str] | None = None) -> None:
    quiet = subprocess.DEVNULL
    done = subprocess.run(words, capture_output=True, text=True, stdin=quiet, timeout=_LIMIT_S, check=False, env=environ)
    if done.returncode != 0:
        raise RuntimeError(f"{words} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")


def pattern(one: str) -> str:
    """The name of a package's file, but for its version."""
    suite, _, architecture = one.partition("-")
    (release,) = [release for release, name in RELEASES.items() if name == suite]
    return f"pi-device-gateway_*+{release}_{architecture}.deb"


def state() -> str:
    """What the sources are, in a word."""
    digest = hashlib.sha256()
    for part in PARTS:
        for path in sorted([PROJECT / part, *(PROJECT / part).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
