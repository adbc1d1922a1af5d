"""The doctor and the kernel: its age, and what it has said of the card and the supply; below a folder that stands for the host's root."""

import os
from pathlib import Path

import pytest

from gateway.cli.doctor.finding import Level
from gateway.cli.doctor.kernel import look_at_kernel, look_at_kernel_log
from tests.cli.doctor.test_doctor import only, plant

CARD = "6,1,2,-;mmc0: new high speed SDHC card\n3,700,9,-;{}\n6,701,9,-;usb 1-1: new device\n"


def test_an_old_kernel_is_found(tmp_path: Path) -> None:
    """By its release; a later one is nothing to speak of."""
    plant(tmp_path, **{"proc/sys/kernel/osrelease": "5.4.83-v7+\n"})
    found = only(look_at_kernel(tmp_path), "kernel")
    assert found.text == "Linux 5.4.83-v7+ is too old for the pins: lgpio needs 5.10 or later"
    assert found.mend == "sudo apt update && sudo apt full-upgrade && sudo reboot"
    plant(tmp_path, **{"proc/sys/kernel/osrelease": "6.12.25+rpt-rpi-v8\n"})
    assert list(look_at_kernel(tmp_path)) == []


def test_a_kernel_that_was_replaced_under_its_feet_is_found(tmp_path: Path) -> None:
    """Its drivers are gone; where there are no drivers at all, as in a container, nobody misses them."""
    plant(tmp_path, **{"proc/sys/kernel/osrelease": "6.6.31\n"})
    (tmp_path / "lib/modules").mkdir(parents=True)
    assert list(look_at_kernel(tmp_path)) == []
    plant(tmp_path, **{"lib/modules/6.12.25/modules.dep": ""})
    found = only(look_at_kernel(tmp_path), "kernel")
    assert (found.level, found.mend) == (Level.WRONG, "sudo reboot")
    assert "an upgrade has replaced the kernel that runs, 6.6.31" in found.text
    plant(tmp_path, **{"lib/modules/6.6.31/modules.dep": ""})
    assert list(look_at_kernel(tmp_path)) == []


@pytest.mark.parametrize(
    "said",
    [
        "mmcblk0: error -110 transferring data, sector 24576, nr 8, cmd response 0x900",
        "mmc0: Timeout waiting for hardware interrupt.",
        "mmc0: error -84 whilst initialising SD card",
        "blk_update_request: I/O error, dev mmcblk0, sector 12345",
        "I/O error, dev sda, sector 12345 op 0x1:(WRITE)",
        "Buffer I/O error on dev mmcblk0p2, logical block 5, lost async page write",
        "EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #2",
        "EXT4-fs (mmcblk0p2): Remounting filesystem read-only",
    ],
)
def test_errors_of_the_card_in_the_kernels_log_are_found(said: str, tmp_path: Path) -> None:
    """How many, and the last of them."""
    plant(tmp_path, **{"dev/kmsg": CARD.format(said)})
    found = only(look_at_kernel_log(tmp_path), "card")
    assert (found.level, found.text.startswith("the kernel has met 1 errors of the card or disk since the boot; the last: ")) == (
        Level.WRONG,
        True,
    )
    assert said[:60] in found.text
    assert found.mend.startswith("sudo gateway backup FILE")


def test_a_supply_that_was_too_weak_is_found(tmp_path: Path) -> None:
    """Though it is well now: how often it was not, in the words of old kernels and new ones."""
    said = "2,1,1,-;Under-voltage detected! (0x00050005)\n6,2,2,-;Voltage normalised (0x00000000)\n"
    plant(tmp_path, **{"dev/kmsg": said + "2,3,3,-;hwmon hwmon1: Undervoltage detected!"})
    found = only(look_at_kernel_log(tmp_path), "power")
    assert found.text == "the supply was too weak 2 times since the boot: under-voltage"
    assert "5.1 V, 3 A" in found.mend


def test_a_kernels_log_without_complaints_is_well(tmp_path: Path) -> None:
    """And where there is none, nothing is said of it."""
    assert list(look_at_kernel_log(tmp_path)) == []
    plant(tmp_path, **{"dev/kmsg": CARD.format("random: crng init done")})
    assert only(look_at_kernel_log(tmp_path), "kernel log").level is Level.FINE


@pytest.mark.skipif(not os.access("/dev/kmsg", os.R_OK), reason="this user may not read the kernel's log")
def test_the_log_of_this_kernel_is_read_to_its_end() -> None:
    """The real one, which gives a record at each read, and does not end."""
    assert {one.about for one in look_at_kernel_log(Path("/"))} <= {"card", "power", "kernel log"}
