"""What people call a pin: its BCM number, `GPIO17`, or its place on the 40-pin header, `BOARD11`.

Source: the pinout of the Raspberry Pi's 40-pin header, as gpiozero and `pinout` print it.
"""

import re
from typing import Any

BOARD = {
    3: 2,
    5: 3,
    7: 4,
    8: 14,
    10: 15,
    11: 17,
    12: 18,
    13: 27,
    15: 22,
    16: 23,
    18: 24,
    19: 10,
    21: 9,
    22: 25,
    23: 11,
    24: 8,
    26: 7,
    27: 0,
    28: 1,
    29: 5,
    31: 6,
    32: 12,
    33: 13,
    35: 19,
    36: 16,
    37: 26,
    38: 20,
    40: 21,
}
"""BCM numbers by their places on the header."""
_POWER = {1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V"} | dict.fromkeys((6, 9, 14, 20, 25, 30, 34, 39), "ground")
_NAME = re.compile(r"(?P<by>GPIO|BCM|BOARD|J8:|P1[:-]|PIN|PHYS(?:ICAL)?)[ _-]?(?P<number>[0-9]{1,3})", re.IGNORECASE)


def bcm_number(named: Any) -> Any:
    """The BCM number of a pin by its name; a number, and what is no name of a pin, as it is. Raises ValueError where it has no line."""
    found = _NAME.fullmatch(named.strip()) if isinstance(named, str) else None
    if found is None:
        return named
    by, number = found["by"].upper(), int(found["number"])
    if by in ("GPIO", "BCM"):
        return number
    if by == "PIN":
        raise ValueError(f'{named!r} may be either; write "GPIO{number}" for the BCM number, "BOARD{number}" for the place on the header')
    if number in BOARD:
        return BOARD[number]
    what = f"that place on the header is {_POWER[number]}" if number in _POWER else "the header has places 1 to 40"
    raise ValueError(f'{named!r} is no pin: {what}; write one such as "GPIO17" or "BOARD11"')
