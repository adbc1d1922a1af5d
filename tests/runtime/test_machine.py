"""Who vouches for the wall clock: read for real, from files that the test writes."""

import time
from pathlib import Path

from gateway.runtime import machine as machines
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import CHIP, OPERATOR, SERVER, HostMachine


def host(tmp_path: Path, *, trusted: bool = False) -> HostMachine:
    return HostMachine(trusted=trusted, sign=tmp_path / "timesync" / "synchronized", chip=tmp_path / "since_epoch")


def by_kernel() -> str:
    """What is said where there is neither a file nor a chip: the kernel of the machine that runs the test knows."""
    return SERVER if machines._kernel_says_so() else ""


def test_timesyncd_s_file_is_believed(tmp_path: Path) -> None:
    """It is there from the first synchronisation of a boot on; where timesyncd does not run the kernel is asked, and always answers."""
    assert host(tmp_path).voucher() == by_kernel()
    (tmp_path / "timesync").mkdir()
    assert host(tmp_path).voucher() == ""
    (tmp_path / "timesync" / "synchronized").touch()
    assert host(tmp_path).voucher() == SERVER


def test_a_chip_that_set_the_wall_clock_is_believed(tmp_path: Path) -> None:
    """It says the same time, to a second or two."""
    (tmp_path / "since_epoch").write_text(f"{int(time.time())}\n")
    assert host(tmp_path).voucher() == (by_kernel() or CHIP)


def test_a_chip_that_says_something_else_is_not(tmp_path: Path) -> None:
    """Without its battery it says 1970; set by nobody, an hour ago; or nothing that can be read."""
    for said in ("0\n", "315532800\n", f"{int(time.time()) - 3600}\n", f"{int(time.time()) + 3600}\n", "", "soon\n"):
        (tmp_path / "since_epoch").write_text(said)
        assert host(tmp_path).voucher() == by_kernel()


def test_the_operator_vouches_for_it(tmp_path: Path) -> None:
    """Whatever the machine says of itself."""
    assert host(tmp_path, trusted=True).voucher() == OPERATOR
    clock = SystemClock(trusted=True)
    clock.resume("")
    assert (clock.synced, clock.voucher) == (True, OPERATOR)


def test_its_clocks_run(tmp_path: Path) -> None:
    """Forward, and the boot has a name."""
    one = host(tmp_path)
    assert one.boot_ms() <= one.boot_ms()
    assert one.mono_s() <= one.mono_s()
    assert abs(one.wall_ms() - time.time() * 1000) < 5000
    assert one.boot_id == host(tmp_path).boot_id
