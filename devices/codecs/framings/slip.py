"""SLIP: frames of any bytes between END bytes; an END or an ESC inside is escaped.

Source: RFC 1055, "A Nonstandard for Transmission of IP Datagrams over Serial Lines: SLIP".
"""

from devices.codecs.framings.delimited import Delimited

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdc", b"\xdd"


class Slip(Delimited):
    """Cuts at each END and takes the escapes out. An ESC before any other byte makes a bad frame."""

    is_text = False

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(END, max_bytes=max_bytes, max_gap_s=max_gap_s)

    @property
    def _most(self) -> int:
        return 2 * self.max_bytes

    def _read(self, piece: bytes) -> bytes | None:
        first, *others = piece.split(ESC)
        if all(other[:1] in (ESC_END, ESC_ESC) for other in others):
            return first + b"".join((END if other[:1] == ESC_END else ESC) + other[1:] for other in others)
        return None
