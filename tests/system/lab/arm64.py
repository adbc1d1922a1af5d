"""A Pi's kinds of processor, without a Pi: Debian 12 and 13 for arm64 and armhf, whose programs run in an emulator on this host's kernel.

Ten to fifteen times slower than the host. It is made of Debian's packages for that processor, and for tests of what pip has for aarch64.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.system.lab.places import LAB, why_no_container
from tests.system.lab.shell import CLEAN
from tests.system.lab.wheelhouse import PROJECT

EMULATORS = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}
"""By Debian's name of an architecture: what runs its programs."""
_CPUS = {"arm64": "cortex-a53", "armhf": "cortex-a7"}
"""The oldest Pi's that each is for (3 and Zero 2; 2): what these have not, fails here too. And the emulator's own choice signs pointers by
cryptography, as Debian 13 asks where it can: ten times slower."""
_TOOLS = ("qemu-user-static", "binfmt-support", "arch-test", "mmdebstrap")
_PYTHON = "3.11"
"""Bookworm's."""
_MIRROR = "apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk '/debian/ && $2 == \"bookworm\" && !n++ {print $1}'"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_PLATFORMS = (
    "manylinux2014_aarch64",
    "manylinux_2_17_aarch64",
    "manylinux_2_28_aarch64",
    "manylinux_2_31_aarch64",
    "manylinux_2_34_aarch64",
)
_LIMIT_S = 500
_ENTER = """
mount --bind "$2" "$1/src" && mount --bind "$3" "$1/lib-arm" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
mount -t tmpfs tmp "$1/tmp" && exec chroot "$1" env -i "${@:4}"
"""
_ENTER_UNPACKED = """
cp --archive "$1" "$3" && dpkg-deb --extract "$2" "$3" && mount -t proc proc "$3/proc" && mount --rbind /dev "$3/dev" &&
mount -t tmpfs tmp "$3/tmp" && exec chroot "$3" env -i "${@:4}"
"""


class CannotHave(RuntimeError):
    """This host cannot have it, with what it lacks."""


def tree(architecture: str, suite: str = "bookworm") -> Path:
    """Where the tree of an architecture and a release of Debian is."""
    return LAB / (architecture if suite == "bookworm" else f"{suite}-{architecture}")


def build(architecture: str = "arm64", suite: str = "bookworm") -> None:
    """Make the tree, where it was not made. Raises CannotHave."""
    there, emulator = tree(architecture, suite), EMULATORS[architecture]
    if reason := why_no_container():
        raise CannotHave(reason)
    if platform.machine() != "x86_64":
        raise CannotHave(f"it is emulated on x86_64, and this is {platform.machine()}")
    _sh(
        "apt-get update -q && apt-get install -qy --no-install-recommends " + " ".join(_TOOLS),
        unless=all(map(shutil.which, (f"{emulator}-static", "update-binfmts", "arch-test", "mmdebstrap"))),
    )
    _sh(f"mount -t binfmt_misc binfmt_misc {_BINFMT}", unless=(_BINFMT / "register").exists())
    _sh(f"update-binfmts --enable {emulator}", unless=(_BINFMT / emulator).exists())
    if (there / "usr/bin/python3").exists():
        return
    fresh = there.with_name(f"{there.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    # Unpacked only: what packages would run to set themselves up takes ten times longer here, and nobody needs it.
    _sh(
        f"mmdebstrap --quiet --variant=extract --arch={architecture} --include=python3,bash,coreutils,dash "
        f"--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --dpkgopt='path-exclude=/usr/share/doc/*' {suite} {fresh} "
        f'"deb $({_MIRROR}) {suite} main"'
    )
    for name in ("src", "lib-arm", "proc", "dev", "tmp"):
        (fresh / name).mkdir(exist_ok=True)
    fresh.rename(there)


def libraries(wanted: Sequence[str], folder: Path) -> None:
    """Put what pip has of these for aarch64 into a folder. Raises CannotHave where something has no wheel."""
    only = ["--only-binary=:all:", "--implementation=cp", f"--python-version={_PYTHON}", *(f"--platform={one}" for one in _PLATFORMS)]
    _done([sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", *only, "--target", str(folder), *wanted])


def run(words: Sequence[str], libraries: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command there, in this project; how it ended, and what it said."""
    environ = [
        f"QEMU_CPU={_CPUS['arm64']}",
        "HOME=/tmp",
        "PYTHONPATH=/lib-arm",
        "PYTHONDONTWRITEBYTECODE=1",
        *(one for one in CLEAN[2:] if not one.startswith("HOME=")),
    ]
    inside = [*environ, "sh", "-c", 'cd /src && exec "$@"', "sh", *words]
    command = ["unshare", "--mount", "bash", "-c", _ENTER, "enter", str(tree("arm64")), str(PROJECT), str(libraries), *inside]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_LIMIT_S, check=False)


def run_unpacked(architecture: str, suite: str, package: Path, words: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command in a copy of a tree, made in `folder`, with a Debian package unpacked; how it ended, and what it said."""
    command = ["unshare", "--mount", "bash", "-c", _ENTER_UNPACKED, "enter", str(tree(architecture, suite)), str(package), str(folder)]
    environ = [f"QEMU_CPU={_CPUS[architecture]}", "HOME=/tmp", *(one for one in CLEAN[2:] if not one.startswith("HOME="))]
    return subprocess.run(
        [*command, *environ, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_LIMIT_S, check=False
    )


def _sh(command: str, *, unless: bool = False) -> None:
    if not unless:
        _done(["sh", "-c", command])


def _done(words: Sequence[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_LIMIT_S, check=False, env=environ)
    if done.returncode != 0:
        raise CannotHave(f"{' '.join(words)[:200]}: {(done.stdout + done.stderr)[-500:]}")
