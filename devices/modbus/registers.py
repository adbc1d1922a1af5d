"""Registers: words of 16 bits ↔ the numbers and texts that a device keeps in them. Pure.

Source: MODBUS Application Protocol 1.1b3, section 4.3; which word of a number comes first is each maker's own choice.
"""

import math
import struct
import sys
from collections.abc import Sequence
from typing import Literal

Type = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "text"]
Words = Literal["big", "little"]
"""Which word of a number comes first: the one that counts most, or least."""

FORMATS: dict[str, str] = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}

_F32_MOST = 3.4028234663852886e38


def size_of(type: Type, *, length: int) -> int:
    """How many registers a value takes; `length` is that of a text."""
    return length if type == "text" else struct.calcsize(f">{FORMATS[type]}") // 2


def value_of(words: Sequence[int], type: Type, *, order: Words) -> int | float | str | None:
    """The value that stands in registers; None where it is a NaN, which devices write for what they cannot tell."""
    if type == "text":
        content = struct.pack(f">{len(words)}H", *words)
        return content.decode("latin-1").split("\0", maxsplit=1)[0].strip()
    ordered = words if order == "big" else list(reversed(words))
    number: int | float = struct.unpack(f">{FORMATS[type]}", struct.pack(f">{len(ordered)}H", *ordered))[0]
    return number if math.isfinite(number) else None


def limits_of(type: Type) -> tuple[float, float]:
    """The least and the greatest number that a type holds; that of floats is finite too."""
    if type[0] == "f":
        most = _F32_MOST if type == "f32" else sys.float_info.max
        return -most, most
    bits = 16 * size_of(type, length=0)
    return (0, 2**bits - 1) if type[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def unsigned(number: float, type: Type) -> float:
    """The whole number that the bits of one are without a sign, as manuals write it: 0x8000 for the least of an i16."""
    return number + 2 ** (16 * size_of(type, length=0)) if number < 0 else number


def words_of_text(text: str, *, length: int) -> list[int]:
    """The registers that hold a text, with NULs behind it. Raises ValueError where it does not fit."""
    content = text.encode("latin-1", "replace")
    if content.decode("latin-1") != text or len(content) > 2 * length:
        raise ValueError(f"it takes {2 * length} characters of Latin-1; write fewer, or others")
    return list(struct.unpack(f">{length}H", content.ljust(2 * length, b"\0")))


def words_of(number: float, type: Type, *, order: Words, length: int) -> list[int]:
    """The registers that hold a number, the nearest that their type has; of a text, so many blanks."""
    if type == "text":
        return [0x2020] * length
    if type[0] != "f":
        low, high = limits_of(type)
        number = min(high, max(low, round(number)))
    content = struct.pack(f">{FORMATS[type]}", number)
    words = list(struct.unpack(f">{len(content) // 2}H", content))
    return words if order == "big" else words[::-1]
