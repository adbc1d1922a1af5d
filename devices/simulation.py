"""How a device is simulated: one shape of the key `simulate` for all of them.

simulate = true               [gpio.bell.simulate]
                              press_every_s = 3
"""

from typing import TypeVar

from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel)


def simulation(given: bool | T, model: type[T]) -> T | None:
    """The table of a `simulate` that may be true, which is the table with its defaults; None where the device is real."""
    if isinstance(given, model):
        return given
    return model() if given else None
