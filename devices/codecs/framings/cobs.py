"""COBS: frames of any bytes, encoded so that they hold no zero, with a zero behind each.

Each block begins with a byte that says where the next zero of the frame was; 255 says that the 254 bytes behind it hold none.
Source: S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7 (1999).
"""

from devices.codecs.framings.delimited import Delimited

_FULL = 0xFF


class Cobs(Delimited):
    """Cuts at each zero, and puts the zeros of the frame back. A block that says more than there is makes a bad frame."""

    is_text = False

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(b"\0", max_bytes=max_bytes, max_gap_s=max_gap_s)

    @property
    def _most(self) -> int:
        return self.max_bytes + self.max_bytes // 254 + 1

    def _read(self, piece: bytes) -> bytes | None:
        blocks, at = [], 0
        while at < len(piece):
            code = piece[at]
            if at + code > len(piece):
                return None
            blocks.append(piece[at + 1 : at + code])
            at += code
            if code != _FULL and at < len(piece):
                blocks.append(b"\0")
        return b"".join(blocks)
