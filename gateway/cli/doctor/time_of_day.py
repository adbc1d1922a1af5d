"""The clock: who vouches for it, and whether the host has one that goes on while it is off."""

from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.cli.doctor.finding import Finding, fine, note, wrong
from gateway.runtime.machine import CHIP, HostMachine


def look_at_clock(root: Path, voucher: Callable[[], str] = lambda: HostMachine().voucher()) -> Iterator[Finding]:
    """Look whether the host's clock can be trusted. `voucher` gives who says so, in words; empty where nobody does."""
    by = voucher()
    if by:
        yield fine("clock", f"trusted: by {by}")
    else:
        text = "no time server has set it since the boot: clock jobs wait, and readings have times that may be wrong"
        yield wrong(
            "clock", text, "sudo timedatectl set-ntp true; without a network: trust_clock = true in [runtime], where a person sets it"
        )
    if by != CHIP and not list((root / "sys/class/rtc").glob("rtc*")):
        text = "the host has no clock chip: after a power cut it begins with an old time, until a time server answers"
        yield note(
            "clock",
            text,
            "dtoverlay=i2c-rtc,ds3231 in /boot/firmware/config.txt, with a DS3231 on I2C; or nothing, where there is a network",
        )
