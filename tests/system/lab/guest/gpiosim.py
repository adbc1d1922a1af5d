#!/usr/bin/python3
"""A simulated chip of pins that looks like a Pi 4's: the kernel's own gpio-sim. Runs in the guest, as root.

gpiosim.py up                  /dev/gpiochipN with 58 lines, label pinctrl-bcm2711; /proc/cpuinfo gets the revision of a Pi 4
gpiosim.py pull LINE up|down   what is wired to a pin: an edge, when the pin is an input
gpiosim.py value LINE          the level now: what a relay would see
gpiosim.py down                the chip is removed

Source: Linux Documentation/admin-guide/gpio/gpio-sim.rst.
"""

import os
import subprocess
import sys
from pathlib import Path

CHIP = Path("/sys/kernel/config/gpio-sim/pi")
REVISION = "c03114"


def up() -> str:
    """Make the chip; its folder in sysfs."""
    subprocess.run(["modprobe", "gpio-sim"], check=True)
    if not os.path.ismount("/sys/kernel/config"):
        subprocess.run(["mount", "-t", "configfs", "configfs", "/sys/kernel/config"], check=True)
    (CHIP / "bank0").mkdir(parents=True)
    (CHIP / "bank0/num_lines").write_text("58")
    (CHIP / "bank0/label").write_text("pinctrl-bcm2711")
    (CHIP / "live").write_text("1")
    _pretend_to_be_a_pi()
    return str(sysfs())


def down() -> None:
    """Remove it. Fails while a line of it is in use."""
    (CHIP / "live").write_text("0")
    (CHIP / "bank0").rmdir()
    CHIP.rmdir()


def sysfs() -> Path:
    """Where the kernel shows the lines of the chip."""
    device, chip = (CHIP / "dev_name").read_text().strip(), (CHIP / "bank0/chip_name").read_text().strip()
    return Path("/sys/devices/platform") / device / chip


def pull(line: str, way: str) -> None:
    """Pull a line up or down from outside."""
    (sysfs() / f"sim_gpio{line}/pull").write_text(f"pull-{way}")


def value(line: str) -> str:
    """The level of a line: 0 or 1."""
    return (sysfs() / f"sim_gpio{line}/value").read_text().strip()


def _pretend_to_be_a_pi() -> None:
    shown = Path("/run/cpuinfo")
    if not shown.exists():
        shown.write_text(Path("/proc/cpuinfo").read_text() + f"\nRevision\t: {REVISION}\n")
        subprocess.run(["mount", "--bind", str(shown), "/proc/cpuinfo"], check=True)


if __name__ == "__main__":
    verbs = {"up": up, "down": down, "pull": pull, "value": value}
    said = verbs[sys.argv[1]](*sys.argv[2:])  # type: ignore[operator]  # each takes its own words
    if said is not None:
        sys.stdout.write(f"{said}\n")
