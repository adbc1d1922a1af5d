"""The ballast on a disk that fails in its own way."""

import subprocess
from pathlib import Path

from gateway.store.ballast import Ballast
from tests.disks import small_disk


def test_a_disk_that_can_only_be_read_neither_takes_nor_frees_it(tmp_path: Path) -> None:
    """As Linux makes it after an error of the card, maybe just when it was full. That ends nobody: the next commit says what it is."""
    with small_disk(tmp_path, mib=4) as disk:
        ballast = Ballast(disk / "gateway.ballast", 1)

        def mount(mode: str) -> None:
            subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)

        mount("ro")
        assert not ballast.restore()
        mount("rw")
        assert ballast.restore()
        mount("ro")
        assert not ballast.free()
        mount("rw")
        assert ballast.free()
        assert not ballast.free()
