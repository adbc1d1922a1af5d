"""Where a pin's board comes from: the header of this Pi, or the simulator. Nothing of either is imported before it is asked for."""

import importlib
import sys
import threading
from typing import cast

from devices.gpio.chips import lgpio_directory
from devices.gpio.errors import PinFault
from devices.gpio.lines import Board

_loading = threading.Lock()
"""One pin at a time: importing lgpio changes the working directory of the whole process for a moment."""


def open_board(chip: str | int, *, of: str, is_simulated: bool) -> Board:
    """Open the board that the line `of` is on, by the name of that. Raises ChipMissing or PinFault."""
    with _loading:
        return _simulator() if is_simulated else _header(chip, of)


def _simulator() -> Board:
    return cast(Board, importlib.import_module("devices.gpio.simulator").simulated_pins())


def _header(chip: str | int, line: str) -> Board:
    try:
        with lgpio_directory():
            headers = importlib.import_module("devices.gpio.headers").headers()
    except (ImportError, AttributeError) as error:  # AttributeError: PyPI's lgpio 0.0.0.2, an empty shell
        raise PinFault(
            f"cannot use {line}: lgpio does not load ({error}); "
            f"on Raspberry Pi OS sudo apt install python3-lgpio, elsewhere sudo {sys.executable} -m pip install gpiozero lgpio"
        ) from error
    return cast(Board, headers.get(chip))
