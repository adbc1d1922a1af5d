"""Bytes that are no text: a frame as hex or base64."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields


class RawBytesSettings(CodecSettings):
    """The options of the codec `bytes`."""

    value: str = Field(default="bytes", min_length=1, max_length=128)
    """What the value is called."""
    encoding: Literal["hex", "base64"] = "hex"

    def field_names(self) -> list[str]:
        return [self.value]


class RawBytes(Codec):
    """Reads any frame: its bytes are one value, a text of hex digits or of base64."""

    settings_model = RawBytesSettings

    def __init__(self, settings: RawBytesSettings) -> None:
        super().__init__(settings)
        self._name = settings.value
        self._hex = settings.encoding == "hex"

    def decode(self, frame: bytes) -> Fields:
        return {self._name: frame.hex() if self._hex else base64.b64encode(frame).decode("ascii")}

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        text = fields.get(self._name)
        try:
            return bytes.fromhex(text) if self._hex else base64.b64decode(text, validate=True)  # type: ignore[arg-type]  # any type raises
        except (TypeError, ValueError, binascii.Error) as error:
            raise CannotEncode(f"cannot write bytes: the field {self._name!r} is no {'hex' if self._hex else 'base64'}: {error}") from None

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        del wanted
        return (bytes(0x80 | number >> shift & 0xF for shift in (12, 8, 4, 0)),)  # no sign that a framing may end with
