"""File systems of a test's own: a small one, which can really be full; and one in a file, which can be held."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class NotMounted(OSError):
    """A file system that cannot be mounted, with what mount said."""


@contextmanager
def small_disk(folder: Path, *, mib: int) -> Iterator[Path]:
    """A tmpfs of `mib` MiB, mounted in `folder`; the test is skipped where nobody may mount one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system takes root")
    disk = folder / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(disk)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {made.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(hog: Path) -> None:
    """Take all room that is left on the disk of a file."""
    with hog.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """The file system in a file, mounted: one that was not unmounted has its journal played back. Raises NotMounted where it cannot be."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, check=False)
    if made.returncode:
        raise NotMounted(made.stderr.decode().strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def disk_in_file(folder: Path, *, mib: int) -> Iterator[Path]:
    """An ext4 of `mib` MiB in a file, mounted in `folder`; the test is skipped where nobody may mount one."""
    image = folder / "disk.img"
    made = subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", str(image), f"{mib}M"], capture_output=True, check=False)
    try:
        with mounted(image, folder / "disk") as disk:
            yield disk
    except NotMounted as error:
        pytest.skip(f"cannot mount a file here: {made.stderr.decode()}{error}")


@contextmanager
def held(disk: Path) -> Iterator[None]:
    """Have whoever writes to this file system wait, as on a disk that hangs."""
    subprocess.run(["fsfreeze", "--freeze", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", str(disk)], check=True)
