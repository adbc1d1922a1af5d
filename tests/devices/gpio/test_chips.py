"""Which chip is the header's, and what must be true before lgpio is loaded."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.gpio.chips import find_chip, forgets_outputs, lgpio_directory, meaning
from devices.gpio.errors import ChipMissing, PinFault
from devices.gpio.kernel import CHIP, HANDLE, LINE, label_of

ROOT = Path(__file__).parents[3]
Label = Callable[[Path], str]


def chips(directory: Path, *labels: str | OSError) -> tuple[Path, Label]:
    """A /dev with chips of these labels, and who reads them."""
    found = dict(zip((directory / f"gpiochip{number}" for number in range(len(labels))), labels, strict=True))
    for path in found:
        path.touch()

    def label(path: Path) -> str:
        answer = found[path]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return directory, label


@pytest.mark.parametrize(
    ("labels", "number"),
    [
        (("pinctrl-bcm2711", "raspberrypi-exp-gpio"), 0),
        (("gpio-brcmstb@107d508500", "gpio-brcmstb@107d508520", "x", "y", "pinctrl-rp1"), 4),
        (("pinctrl-rp1", "gpio-brcmstb@107d508500"), 0),
        (("raspberrypi-exp-gpio", "pinctrl-bcm2835"), 1),
    ],
)
def test_the_header_is_found_by_its_label(tmp_path: Path, labels: tuple[str, ...], number: int) -> None:
    """Fault 20: whatever number the kernel gave it."""
    devices, label = chips(tmp_path, *labels)
    assert find_chip("auto", devices=devices, label=label) == tmp_path / f"gpiochip{number}"


def test_a_chip_can_be_named(tmp_path: Path) -> None:
    """By number or by path, through links."""
    devices, label = chips(tmp_path, "x", "y")
    (tmp_path / "header").symlink_to(tmp_path / "gpiochip1")
    assert find_chip(1, devices=devices, label=label) == tmp_path / "gpiochip1"
    assert find_chip(str(tmp_path / "header"), devices=devices, label=label) == tmp_path / "gpiochip1"


def test_names_of_one_chip_mean_the_same(tmp_path: Path) -> None:
    """By its label, its number, its path or a link: so two sections that own one of its lines are found."""
    devices, label = chips(tmp_path, "x", "pinctrl-rp1")
    (tmp_path / "header").symlink_to(tmp_path / "gpiochip1")
    names = ["auto", 1, str(tmp_path / "gpiochip1"), str(tmp_path / "header")]
    assert {meaning(name, devices=devices, label=label) for name in names} == {str(tmp_path / "gpiochip1")}


def test_names_of_chips_that_are_not_there(tmp_path: Path) -> None:
    """They are compared as they are written; nothing is known of the one that its label is to find."""
    assert meaning(4, devices=tmp_path) == meaning(str(tmp_path / "gpiochip4"), devices=tmp_path) == str(tmp_path / "gpiochip4")
    assert meaning("auto", devices=tmp_path) == ""


def test_no_chip_at_all_is_missing(tmp_path: Path) -> None:
    """The error says what to look at."""
    with pytest.raises(ChipMissing) as caught:
        find_chip("auto", devices=tmp_path)
    assert str(caught.value) == (
        f"cannot find the GPIO chip: there is no {tmp_path}/gpiochip*; is this a Raspberry Pi, "
        "and may the service see its chips (DeviceAllow=char-gpiochip rw)?"
    )


def test_another_label_is_missing_with_the_choices(tmp_path: Path) -> None:
    """Fault 20: the chips that are there are listed."""
    devices, label = chips(tmp_path, "virtio-gpio", PermissionError(13, "Permission denied"))
    with pytest.raises(ChipMissing) as caught:
        find_chip("auto", devices=devices, label=label)
    assert str(caught.value) == (
        "cannot find the GPIO chip of the header: there is gpiochip0 (virtio-gpio), gpiochip1 (Permission denied), "
        "none labelled pinctrl-rp1, pinctrl-bcm2711, pinctrl-bcm2835; set chip to one of them"
    )


def test_chips_that_may_not_be_opened_are_a_fault(tmp_path: Path) -> None:
    """A user outside the group gpio is told so."""
    devices, label = chips(tmp_path, PermissionError(13, "Permission denied"))
    with pytest.raises(PinFault) as caught:
        find_chip("auto", devices=devices, label=label)
    assert str(caught.value) == "cannot open a GPIO chip: gpiochip0 (Permission denied); let the user into the group gpio"


def test_a_named_chip_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """A number from another kernel is named as what it is."""
    devices, label = chips(tmp_path, "pinctrl-rp1")
    with pytest.raises(ChipMissing) as caught:
        find_chip(4, devices=devices, label=label)
    assert str(caught.value) == (
        f"cannot open the GPIO chip {tmp_path}/gpiochip4: it is not there; there is gpiochip0 (pinctrl-rp1); mend chip"
    )


@pytest.mark.parametrize("key", ["LG_WD", "RUNTIME_DIRECTORY"])
@pytest.mark.parametrize("directory", ["/nonexistent", "/proc"])
def test_an_unwritable_directory_is_named_before_lgpio_is_loaded(key: str, directory: str) -> None:
    """Fault 21: lgpio would remember the bad directory for the life of the process."""
    with pytest.raises(PinFault) as caught, lgpio_directory({key: directory}):
        pass
    assert str(caught.value) == (
        f"cannot load lgpio: {key}={directory} cannot be written (No such file or directory); "
        "name a directory the service may write, such as RuntimeDirectory= gives"
    )


def test_without_a_runtime_directory_a_temporary_one_is_made_and_removed() -> None:
    """On a bench without systemd nothing is left behind."""
    before = Path.cwd()
    with lgpio_directory({}) as directory:
        assert os.environ["LG_WD"] == str(directory)
        assert directory.is_dir()
    assert (directory.exists(), os.environ.get("LG_WD"), Path.cwd()) == (False, None, before)


def test_the_kernel_is_asked_in_its_own_sizes() -> None:
    """The sizes are part of the ioctl numbers: 68, 72 and 364 bytes."""
    assert (CHIP.size, LINE.size, HANDLE.size) == (0x44, 0x48, 0x16C)


def test_what_is_no_chip_has_no_label() -> None:
    """A device that is none says so."""
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        label_of(Path("/dev/null"))


def test_a_gateway_without_pins_loads_neither_gpiozero_nor_lgpio() -> None:
    """Half a second of a slow core, and lgpio's FIFO, are paid for by pins only."""
    program = "import sys, devices.gpio.pins; print([name for name in sys.modules if 'gpiozero' in name or 'lgpio' in name])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("label", "parameter", "forgets"),
    [
        ("pinctrl-bcm2711", None, True),
        ("pinctrl-bcm2711", "N\n", True),
        ("pinctrl-bcm2835", "Y\n", False),
        ("pinctrl-rp1", None, False),
        ("another", None, False),
    ],
)
def test_who_forgets_the_level_of_a_freed_output(tmp_path: Path, label: str, parameter: str | None, forgets: bool) -> None:
    """A Pi 4 and older, unless its kernel was told otherwise; where there is no header nobody knows."""
    devices, asked = chips(tmp_path, label)
    kept = tmp_path / "persist_gpio_outputs"
    if parameter is not None:
        kept.write_text(parameter)
    assert forgets_outputs("auto", devices=devices, label=asked, kept=kept) is forgets
