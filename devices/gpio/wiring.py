"""Wiring: how the file names a line of the header and its chip, for every kind that is wired to one."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from devices.gpio.chips import meaning
from devices.gpio.pin_names import bcm_number


def _known_chip(given: str | int) -> str | int:
    if given == "auto" or (isinstance(given, int) and given >= 0) or (isinstance(given, str) and given.startswith("/dev/")):
        return given
    raise ValueError(f'{given!r} is no chip; write "auto", a number (4) or a path ("/dev/gpiochip4")')


Bcm = Annotated[int, Field(ge=0, le=27), BeforeValidator(bcm_number, json_schema_input_type=int | str)]
"""The type of a pin: its BCM number, 17 or "GPIO17"; by its place on the header "BOARD11"."""
Chip = Annotated[str | int, AfterValidator(_known_chip)]
"""The type of a chip: "auto" finds the header's by its label; else a number (4) or a path ("/dev/gpiochip4")."""


def name_of(pin: int) -> str:
    """What a line is called in everything that is said of it."""
    return f"GPIO {pin}"


def claim_of(pin: int, chip: str | int, *, is_simulated: bool) -> str:
    """What an actor claims that has this line: two of one line are an error, simulated ones too."""
    place = "" if is_simulated and chip == "auto" else meaning(chip)
    return f"{name_of(pin)} of {place}" if place else name_of(pin)


def one_line_each(**pins: int) -> None:
    """Refuse one line for two purposes of the same device. Raises ValueError."""
    seen: dict[int, str] = {}
    for key, pin in pins.items():
        if pin in seen:
            raise ValueError(f"{key}: {pin} is {seen[pin]} already; each of the two has a line of its own")
        seen[pin] = key
