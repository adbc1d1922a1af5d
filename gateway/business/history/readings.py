"""Readings of one value as text: about two characters each, where it comes at even times. Pure.

A chunk has its begin, its decimals, and then for each reading two numbers: by how much its time is off the distance of the two before it,
and by how much its value has changed, counted in the last decimal:

    17640000000,1,AuNUCAAAD       times in tenths of a second since 1970; 21.5 21.6 21.6 21.4, a second apart

Times are kept to a tenth of a second, and numbers to seven digits, which is more than any sensor has. A boolean is kept as 0 or 1.

Source: second differences of times as in Gorilla (Pelkonen et al., "A fast, scalable, in-memory time series database", 2015).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from gateway.business.history.digits import numbers_in, written

_DIGITS = 7
_MOST_DECIMALS = 12
_TICK_MS = 100
"""Times are kept in such steps."""


class PastReading(NamedTuple):
    """One reading."""

    at_ms: int
    """Wall time, milliseconds since 1970."""
    value: float


def chunk_of(readings: Iterable[PastReading]) -> str:
    """The chunk of some readings, one or more, in the order in which they came."""
    found = list(readings)
    decimals = max(decimals_of(value) for _, value in found)
    at = begun = found[0].at_ms // _TICK_MS
    step, last, scale, words = 0, 0, 10**decimals, []
    for at_ms, value in found:
        tick, number = at_ms // _TICK_MS, round(value * scale)
        distance = tick - at
        words.append(written(distance - step) + written(number - last))
        at, step, last = tick, distance, number
    return f"{begun},{decimals},{''.join(words)}"


def decimals_of(value: float) -> int:
    """How many decimals a number has, of those that are kept."""
    if type(value) is not float or value.is_integer():
        return 0
    text = repr(value)
    decimals = _MOST_DECIMALS if "e" in text else len(text) - text.index(".") - 1
    if len(text) <= _DIGITS:
        return decimals  # what sensors say
    return max(0, min(decimals, _MOST_DECIMALS, _DIGITS - 1 - math.floor(math.log10(abs(value)))))


def readings_in(chunk: str) -> list[PastReading]:
    """The readings of a chunk."""
    begun, decimals, words = chunk.split(",")
    numbers = iter(numbers_in(words))
    at, step, last, scale = int(begun), 0, 0, 10 ** int(decimals)
    found = []
    for off, change in zip(numbers, numbers, strict=True):
        step += off
        at += step
        last += change
        found.append(PastReading(at * _TICK_MS, last / scale))
    return found
