"""Text: the bytes of one frame → text that every later stop can carry.

Keep bytes until a frame is whole, then decode strictly: UTF-8, no NUL, no byte order mark. A serial line has no parity report,
so a byte that does not decode is the only trace of a bad one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from devices.codecs.codec import CannotEncode, Codec, Fields
from devices.codecs.framing import BadFrame

_BOM = "\ufeff"


class Text(Codec):
    """Reads each frame as the text that it is."""

    verb = "line"

    def decode(self, frame: bytes) -> Fields:
        return {"text": read_text(frame)}

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        text = fields.get("text")
        if not isinstance(text, str):
            raise CannotEncode("cannot write a text: the field 'text' is none")
        return text.encode()

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        del wanted
        return (f"simulated line {number}".encode(),)


def read_text(frame: bytes, *, replace: bool = False) -> str:
    """Decode `frame`. With `replace`, what does not decode becomes U+FFFD and a byte order mark goes; otherwise raises BadFrame."""
    text = _replaced(frame) if replace else _strict(frame)
    return text.removeprefix(_BOM) if replace else text


def _replaced(frame: bytes) -> str:
    return frame.decode("utf-8", "replace").replace("\0", "\ufffd")


def _strict(frame: bytes) -> str:
    try:
        text = frame.decode()
    except UnicodeDecodeError as error:
        raise BadFrame("not_text", f"cannot read a frame as text: byte 0x{frame[error.start]:02x} at {error.start} is no UTF-8") from None
    if "\0" in text:
        raise BadFrame("not_text", f"cannot read a frame as text: it holds a NUL at {text.index(chr(0))}")
    if text.startswith(_BOM):
        raise BadFrame("not_text", "cannot read a frame as text: it begins with a byte order mark")
    return text
