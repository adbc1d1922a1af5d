"""Which GPIO chip has the 40-pin header, and what must be true before lgpio may be loaded.

Kernels number the chips differently (the header of a Pi 5 was gpiochip4, then gpiochip0), so it is found by its label.
"""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devices.gpio.errors import ChipMissing, PinFault
from devices.gpio.kernel import label_of

LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""Pi 5; Pi 4, 400, CM4; every Pi before."""
KEPT = Path("/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs")
"""The kernel's parameter by which a Pi 4 and older keeps the level of an output that is freed: Y or N."""
NUMBERED = re.compile(r"gpiochip(\d+)")


def find_chip(asked: str | int, *, devices: Path = Path("/dev"), label: Callable[[Path], str] = label_of) -> Path:
    """The chip `asked` for: "auto", a number or a path. Raises ChipMissing or PinFault that says what there is instead."""
    if asked == "auto":
        return _by_label(devices, label)
    path = (devices / f"gpiochip{asked}" if isinstance(asked, int) else Path(asked)).resolve()
    if not path.exists():
        raise ChipMissing(f"cannot open the GPIO chip {path}: it is not there; there is {_listed(devices, label)}; mend chip")
    return path


def meaning(asked: str | int, *, devices: Path = Path("/dev"), label: Callable[[Path], str] = label_of) -> str:
    """The chip that was asked for, as a path, so that two names can be compared; "" for an "auto" that finds no chip here and now."""
    try:
        return str(find_chip(asked, devices=devices, label=label))
    except (ChipMissing, PinFault):
        return "" if asked == "auto" else os.path.realpath(devices / f"gpiochip{asked}" if isinstance(asked, int) else asked)


def forgets_outputs(asked: str | int, *, devices: Path = Path("/dev"), label: Callable[[Path], str] = label_of, kept: Path = KEPT) -> bool:
    """Whether the kernel makes a line of this chip an input once it is freed, so that its level is lost: on a Pi 4 and older, unless its
    parameter says otherwise. False where there is no such chip."""
    try:
        if label(find_chip(asked, devices=devices, label=label)) not in LABELS[1:]:
            return False
        return kept.read_text().strip() != "Y"
    except FileNotFoundError:
        return True  # a kernel without the parameter
    except OSError:
        return False


def number_of(chip: Path) -> int:
    """The number lgpio knows a chip by: the 4 in /dev/gpiochip4."""
    match = NUMBERED.fullmatch(chip.name)
    if match is None:
        raise PinFault(f"cannot open the GPIO chip {chip}: lgpio takes only /dev/gpiochip<number>; mend chip")
    return int(match[1])


def _by_label(devices: Path, label: Callable[[Path], str]) -> Path:
    chips = chips_in(devices)
    labels = {path: label_or_fault(path, label) for path in chips}
    for wanted in LABELS:
        for path, found in labels.items():
            if found == wanted:
                return path
    if not chips:
        raise ChipMissing(
            f"cannot find the GPIO chip: there is no {devices}/gpiochip*; is this a Raspberry Pi, "
            "and may the service see its chips (DeviceAllow=char-gpiochip rw)?"
        )
    if all(isinstance(found, OSError) for found in labels.values()):
        raise PinFault(f"cannot open a GPIO chip: {_listed(devices, label)}; let the user into the group gpio")
    raise ChipMissing(
        f"cannot find the GPIO chip of the header: there is {_listed(devices, label)}, "
        f"none labelled {', '.join(LABELS)}; set chip to one of them"
    )


def chips_in(devices: Path) -> list[Path]:
    """The chips in the order of their numbers; links to them are left out."""
    found = [path for path in devices.glob("gpiochip*") if NUMBERED.fullmatch(path.name) and not path.is_symlink()]
    return sorted(found, key=number_of)


def label_or_fault(path: Path, label: Callable[[Path], str]) -> str | OSError:
    """The label of the chip at a path, or why it cannot be asked for it."""
    try:
        return label(path)
    except OSError as error:
        return error


def _listed(devices: Path, label: Callable[[Path], str]) -> str:
    def said(path: Path) -> str:
        found = label_or_fault(path, label)
        return f"{path.name} ({found.strerror if isinstance(found, OSError) else found})"

    return ", ".join(map(said, chips_in(devices))) or "none"


@contextmanager
def lgpio_directory(environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """A context with a directory for the FIFO that lgpio makes when it is imported; import lgpio inside it. Raises PinFault when there is
    none.

    lgpio takes the directory from LG_WD, remembers it for the life of the process even when it is bad, and changes the
    working directory of the process to it. So it is tried beforehand, the working directory is set back, and the FIFO's
    name is removed: both its ends are open by then.
    """
    if "lgpio" in sys.modules:
        yield Path.cwd()
        return
    with _writable_directory(environment) as directory:
        before, asked = Path.cwd(), os.environ.get("LG_WD")
        os.environ["LG_WD"] = str(directory)
        try:
            yield directory
        finally:
            os.chdir(before)
            _set_or_unset("LG_WD", asked)
            for fifo in directory.glob(".lgd-nfy*"):
                fifo.unlink(missing_ok=True)


@contextmanager
def _writable_directory(environment: Mapping[str, str]) -> Iterator[Path]:
    for key in ("LG_WD", "RUNTIME_DIRECTORY"):
        if named := environment.get(key, "").split(":")[0]:
            _check_writable(Path(named), key)
            yield Path(named).absolute()
            return
    with tempfile.TemporaryDirectory(prefix="gateway-gpio-") as made:
        yield Path(made)


def _check_writable(directory: Path, key: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise PinFault(
            f"cannot load lgpio: {key}={directory} cannot be written ({error.strerror}); "
            "name a directory the service may write, such as RuntimeDirectory= gives"
        ) from None


def _set_or_unset(key: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(key, None)
    else:
        os.environ[key] = value
