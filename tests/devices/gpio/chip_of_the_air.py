"""A program that runs pins on the real lgpio and gpiozero over a chip that is not there, and prints what was asked of the chip.

Run by `test_headers.py` in a process of its own: importing lgpio starts a thread that never ends. Only the calls that
would reach the kernel are replaced, by ones that behave as lg's lgGpio.c does; edges go through lgpio's own FIFO and thread.
"""

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

from devices.gpio.chips import lgpio_directory
from devices.gpio.pins import Pin
from devices.gpio.settings import PinSettings
from gateway.actors import Health
from gateway.actors.vocabulary import Switch
from gateway.testing import Bench


class Chip:
    """Twenty-eight lines, and a log of what was asked of them."""

    def __init__(self, lgpio: Any) -> None:
        self.lgpio = lgpio
        self.asked: list[list[Any]] = []
        self.modes: dict[int, int] = {}
        self.levels: dict[int, int] = {}
        self.busy: set[int] = set()
        for name in ("gpio_claim_input", "gpio_claim_output", "gpio_claim_alert", "gpio_free", "gpio_read", "gpio_write", "gpio_get_mode"):
            setattr(lgpio, name, getattr(self, name))
        lgpio.gpiochip_open = lambda number: number << 16

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> int:
        if not self.modes.get(gpio, 0) & 0x100:
            self._claim(gpio, 0x100 | flags, "input", flags)
        return 0

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> int:
        if not self.modes.get(gpio, 0) & 0x200:
            self._claim(gpio, 0x202, "output", level)
            self.levels[gpio] = level
        return 0

    def gpio_claim_alert(self, handle: int, gpio: int, edges: int, flags: int = 0, notify: Any = None) -> int:
        self._claim(gpio, 0x400 | flags, "alert", flags)
        return 0

    def gpio_free(self, handle: int, gpio: int) -> int:
        if not self.modes.pop(gpio, 0):
            raise self.lgpio.error(self.lgpio.error_text(self.lgpio.GPIO_NOT_ALLOCATED))
        self.asked.append(["free", gpio])
        return 0

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self.levels.get(gpio, 1)

    def gpio_write(self, handle: int, gpio: int, level: int) -> int:
        self.asked.append(["write", gpio, level])
        self.levels[gpio] = level
        return 0

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return self.modes.get(gpio, 0)

    def edge(self, gpio: int, level: int) -> None:
        """Change a level, as the kernel tells it to lgpio's notify thread."""
        self.levels[gpio] = level
        report = struct.pack("QBBBBI", 1, 0, gpio, level, 0, 0)
        with open(f"/proc/self/fd/{notify_descriptor()}", "wb") as fifo:  # noqa: PTH123  # a descriptor, not a path
            fifo.write(report)

    def _claim(self, gpio: int, mode: int, name: str, value: int) -> None:
        if gpio in self.busy:
            raise self.lgpio.error(self.lgpio.error_text(self.lgpio.GPIO_BUSY))
        self.modes[gpio] = mode
        self.asked.append([name, gpio, value])


def notify_descriptor() -> int:
    """The descriptor of lgpio's FIFO, whose name is gone."""
    return next(int(fd.name) for fd in Path("/proc/self/fd").iterdir() if ".lgd-nfy" in str(fd.readlink()))


def started(bench: Bench) -> None:
    """Wait until the pin is claimed. Where it cannot be, nothing that comes after would: end, and say why."""
    bench.until(lambda: bench.health)
    if bench.health[-1][0] is not Health.OK:
        sys.exit(f"the pin has not started: {bench.health}")


def relay(chip: Chip, said: dict[str, Any]) -> None:
    """An active-low relay: started, switched, left on."""
    settings = PinSettings(type="relay", pin=17, active_low=True, on_stop="keep", report_to="twin/boiler")
    with Bench(Pin("boiler", settings)) as bench:
        started(bench)
        bench.tell("switch", Switch(on=True)).wait()
        said["relay health"] = [bench.health[-1][0].value, bench.health[-1][1]]
    said["relay"], chip.asked[:] = list(chip.asked), []


def button(chip: Chip, said: dict[str, Any]) -> None:
    """A button whose first edge meets a callback that fails."""
    settings = PinSettings(type="button", pin=5, debounce_ms=0, report_to="twin/bell", publish_to="")
    with Bench(Pin("bell", settings)) as bench:
        started(bench)
        bench.until(lambda: bench.sent)
        edges = bench.actor._role._edges  # type: ignore[attr-defined]  # where the callback ends
        failed = []

        def broken() -> None:
            edges._wake = bench.wake
            failed.append(True)
            raise OSError(24, "Too many open files")

        edges._wake = broken
        chip.edge(5, 0)
        bench.until(lambda: failed)
        chip.edge(5, 1)
        chip.edge(5, 0)
        bench.until(lambda: bench.counters["edges"] == 3 and bench.sent[-1].payload.values == {"pressed": True})
        said["callback faults"] = bench.counters["callback_faults"]
        said["notify thread lives"] = chip.lgpio._notify_thread.is_alive()
    said["button"], chip.asked[:] = list(chip.asked), []


def busy(chip: Chip, said: dict[str, Any]) -> None:
    """A line that another process holds, until it lets go."""
    chip.busy.add(22)
    with Bench(Pin("lamp", PinSettings(type="led", pin=22))) as bench:
        bench.until(lambda: bench.health)
        chip.busy.clear()
        bench.until(lambda: bench.health[-1][0] is Health.OK)
        said["busy"] = [[health.value, detail] for health, detail in (bench.health[0], bench.health[-1])]


def main(chip_path: Path) -> None:
    before = Path.cwd()
    with lgpio_directory() as directory:
        from devices.gpio import headers  # noqa: PLC0415  # as boards.py imports it
    said: dict[str, Any] = {"cwd kept": Path.cwd() == before, "LG_WD": os.environ.get("LG_WD"), "directory": str(directory)}
    said["left"] = [path.name for path in directory.iterdir()]
    vars(headers).update(find_chip=lambda asked: chip_path, label_of=lambda path: "pinctrl-bcm2711")
    chip = Chip(vars(headers)["lgpio"])
    for part in (relay, button, busy):
        part(chip, said)
    print(json.dumps(said))  # noqa: T201  # the answer to the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
