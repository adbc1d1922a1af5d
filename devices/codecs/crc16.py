"""CRC-16 as devices write it behind what they say: bytes are taken from their lowest bit on.

Source: the catalogue of Greg Cook, "CRC RevEng": ARC and MODBUS (polynomial 8005), X-25 and KERMIT (1021), each here with its bits turned.
"""


def _table(polynomial: int) -> tuple[int, ...]:
    rows = []
    for row in range(256):
        for _ in range(8):
            row = row >> 1 ^ (polynomial if row & 1 else 0)  # noqa: PLW2901  # the row is what becomes of its number
        rows.append(row)
    return tuple(rows)


_8005, _1021 = _table(0xA001), _table(0x8408)


def arc(content: bytes) -> int:
    """The checksum of DSMR P1."""
    return _folded(_8005, content, 0)


def modbus(content: bytes) -> int:
    """The checksum of Modbus RTU."""
    return _folded(_8005, content, 0xFFFF)


def x25(content: bytes) -> int:
    """The checksum of SML."""
    return _folded(_1021, content, 0xFFFF) ^ 0xFFFF


def kermit(content: bytes) -> int:
    """The checksum of those meters of Holley that took the wrong one for SML."""
    return _folded(_1021, content, 0)


def _folded(table: tuple[int, ...], content: bytes, crc: int) -> int:
    for byte in content:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc
