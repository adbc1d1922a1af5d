"""Whole numbers as text: small ones, of either sign, take one character. Pure.

A number is folded so that its sign is its lowest bit (0, -1, 1, -2 → 0, 1, 2, 3), and cut into groups of five bits, the lowest first.
Each group is one of 64 characters, none of which JSON has to escape; the upper 32 say that another group follows.

Source: zigzag and varints as in Protocol Buffers, "Encoding"; five bits a character as in the encoded polylines of maps.
"""

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_GROUPS = {sign: at for at, sign in enumerate(_SIGNS)}
_MORE = 32


def written(number: int) -> str:
    """A whole number as text."""
    folded = number << 1 if number >= 0 else ~(number << 1)
    if folded < _MORE:
        return _SIGNS[folded]  # most of them: the next reading, a second later
    signs = []
    while folded >= _MORE:
        signs.append(_SIGNS[_MORE | folded & 31])
        folded >>= 5
    signs.append(_SIGNS[folded])
    return "".join(signs)


def numbers_in(text: str) -> list[int]:
    """The whole numbers of a text."""
    numbers, folded, bits = [], 0, 0
    for group in map(_GROUPS.__getitem__, text):
        folded |= (group & 31) << bits
        if group & _MORE:
            bits += 5
            continue
        numbers.append(folded >> 1 ^ -(folded & 1))
        folded = bits = 0
    return numbers
