"""The board: which Pi it is, its kernel, its power, and whether Linux's own console is on a port that a device needs."""

import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.cli.doctor.finding import Finding, fine, note, text_of, wrong
from gateway.cli.doctor.kernel import SUPPLY

_MODELS = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
_CONSOLE = re.compile(r"console=(serial0|ttyAMA[0-9]+|ttyS[0-9]+)(?:,\S*)?")
_UARTS = ("serial0", "ttyAMA0", "ttyS0")
"""The names that the UART on the header has."""


def look_at_board(root: Path, ports: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the board below `root`; `ports` are the paths of serial ports in the file, by the ids of their devices."""
    model = next(filter(None, (text_of(root / place) for place in _MODELS)), "")
    yield fine("model", model) if model else note("model", "no Raspberry Pi: pins need their chip named, chip = ...")
    yield fine("kernel", f"{platform.system()} {platform.release()}, {platform.machine()}, Python {platform.python_version()}")
    yield from _power(root)
    yield from _console(root, ports)


def _power(root: Path) -> Iterator[Finding]:
    for chip in sorted((root / "sys/class/hwmon").glob("*")):
        if text_of(chip / "name") == "rpi_volt":
            weak = text_of(chip / "in0_lcrit_alarm") == "1"
            yield wrong("power", "the supply is too weak now: under-voltage", SUPPLY) if weak else fine("power", "enough now")


def _console(root: Path, ports: Mapping[str, str]) -> Iterator[Finding]:
    """Two readers of one port take each other's bytes."""
    words = text_of(root / "boot/firmware/cmdline.txt") or text_of(root / "boot/cmdline.txt")
    consoles = {said[1] for said in map(_CONSOLE.fullmatch, words.split()) if said}
    for id, port in ports.items():
        name = port.rpartition("/")[2]
        if name in consoles or (name in _UARTS and consoles.intersection(_UARTS)):
            text = f"Linux's own console is on {port}: both would read it"
            yield wrong(id, text, "sudo raspi-config nonint do_serial_cons 1 && sudo reboot")
