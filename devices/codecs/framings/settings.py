"""The framings by their names in the file, each with its options. A framing is imported where it is used: most gateways use one or none."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from devices.codecs.codec import CodecSettings
from devices.codecs.framing import LineFramer
from devices.codecs.framings.framing import Framing

Frame = bytes
"""What is between two marks; the name stands where a field is called `bytes`."""
_HEX = "0x"
_COBS_MOST = 254
"""After so many bytes without a zero COBS puts a count between, and no zero."""


def bytes_of(text: str) -> bytes:
    """The bytes that a setting names: hex digits behind 0x, else the text itself. Raises ValueError."""
    if not text.startswith(_HEX):
        return text.encode()
    try:
        return bytes.fromhex(text.removeprefix(_HEX))
    except ValueError:
        raise ValueError(f"{text!r} is no hex; write two digits for each byte, as in 0x0d0a") from None


def _checked(text: str) -> str:
    bytes_of(text)
    return text


Marks = Annotated[str, Field(max_length=64), AfterValidator(_checked)]
"""Bytes that stand in a stream: as text, or in hex as in 0x02."""
Gap = Annotated[float, Field(gt=0, le=3600)]


class FramingSettings(CodecSettings):
    """The options of a framing that has none."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        """The framing, for frames of at most `max_bytes` without a silence longer than `max_gap_s` in them."""
        raise NotImplementedError

    def wrapped(self, frame: Frame) -> Frame:
        """What a simulated device puts on the line to say this frame. It may fill a frame up, or cut it, to the size of all frames."""
        return frame


class LfSettings(FramingSettings):
    """`lf`: lines that end with LF, with CR and LF, or with LF and CR."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        return LineFramer(max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return frame + b"\r\n"


class CrSettings(FramingSettings):
    """`cr`: lines that end with CR; an LF behind it is no part of the next one."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.delimited import Delimited  # noqa: PLC0415  # as at the head

        return Delimited(b"\r", drops=b"\n", max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return frame + b"\r"


class CrLfSettings(FramingSettings):
    """`crlf`: lines that end with CR and LF, and may have each of them alone in them."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.delimited import Delimited  # noqa: PLC0415  # as at the head

        return Delimited(b"\r\n", max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return frame + b"\r\n"


class DelimiterSettings(FramingSettings):
    """`delimiter`: frames that end with any bytes."""

    ends: Marks = Field(min_length=1)

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.delimited import Delimited  # noqa: PLC0415  # as at the head

        return Delimited(bytes_of(self.ends), max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return frame + bytes_of(self.ends)

    @model_validator(mode="after")
    def _ends(self) -> "DelimiterSettings":
        if not bytes_of(self.ends):
            raise ValueError("ends: names no byte; write the bytes at the end of each frame, as in 0x0d0a")
        return self


class StxEtxSettings(FramingSettings):
    """`stx_etx`: frames between a mark of their begin and one of their end."""

    begins: Marks = "0x02"
    ends: Marks = "0x03"

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.marked import Marked  # noqa: PLC0415  # as at the head

        return Marked(bytes_of(self.begins), bytes_of(self.ends), max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return bytes_of(self.begins) + frame + bytes_of(self.ends)

    @model_validator(mode="after")
    def _are_marks(self) -> "StxEtxSettings":
        begins, ends = bytes_of(self.begins), bytes_of(self.ends)
        if not begins or not ends or begins.startswith(ends) or ends.startswith(begins):
            raise ValueError('ends: must be told from begins; write two marks, or framing = {name = "delimiter", ends = ...} for one')
        return self


class FixedSettings(FramingSettings):
    """`fixed`: frames of one size."""

    bytes: int = Field(ge=1, le=65536)
    begins: Marks = ""
    """The bytes that each frame begins with, which are a part of it: by them a lost begin is found."""
    gap_s: Gap = 0.1
    """A silence that is longer says that the next byte begins a frame."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.fixed import Fixed  # noqa: PLC0415  # as at the head

        del max_bytes, max_gap_s
        return Fixed(max_bytes=self.bytes, begins=bytes_of(self.begins), max_gap_s=self.gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return (bytes_of(self.begins) + frame)[: self.bytes].ljust(self.bytes)

    @model_validator(mode="after")
    def _fits(self) -> "FixedSettings":
        if len(bytes_of(self.begins)) > self.bytes:
            raise ValueError("begins: is longer than the frame; mend it, or bytes")
        return self


class IdleSettings(FramingSettings):
    """`idle`: frames that end with a silence."""

    gap_s: Gap = 0.05
    """A silence that is longer ends a frame."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.idle import Idle  # noqa: PLC0415  # as at the head

        del max_gap_s
        return Idle(max_bytes=max_bytes, max_gap_s=self.gap_s)


class LengthSettings(FramingSettings):
    """`length`: frames that say their size before they come."""

    size_bytes: Literal[1, 2, 4] = 2
    """How many bytes the size has."""
    order: Literal["big", "little"] = "big"
    """Which byte of the size comes first: the one that counts most, or least."""
    begins: Marks = ""
    """The bytes before each size, which are no part of the frame: by them a lost begin is found."""
    adds: int = Field(default=0, ge=-64, le=64)
    """How many bytes there are more than the size says: a checksum that it does not count; less than 0: it counts itself, too."""
    gap_s: Gap = 0.1
    """A silence that is longer says that the next byte begins a frame."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.counted import LengthPrefixed  # noqa: PLC0415  # as at the head

        del max_gap_s
        return LengthPrefixed(
            size_bytes=self.size_bytes,
            order=self.order,
            begins=bytes_of(self.begins),
            adds=self.adds,
            max_bytes=max_bytes,
            max_gap_s=self.gap_s,
        )

    def wrapped(self, frame: Frame) -> Frame:
        size: int = max(0, len(frame) - self.adds) % 256**self.size_bytes
        return bytes_of(self.begins) + size.to_bytes(self.size_bytes, self.order) + frame


class SlipSettings(FramingSettings):
    """`slip`: RFC 1055."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.slip import Slip  # noqa: PLC0415  # as at the head

        return Slip(max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return b"\xc0" + frame.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class CobsSettings(FramingSettings):
    """`cobs`: frames without a zero, and a zero behind each."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.cobs import Cobs  # noqa: PLC0415  # as at the head

        return Cobs(max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        pieces = []
        for part in frame.split(b"\0"):
            whole = [part[at : at + _COBS_MOST] for at in range(0, len(part), _COBS_MOST)] or [b""]
            if len(whole[-1]) == _COBS_MOST:
                whole.append(b"")
            pieces += whole
        return b"".join(bytes([len(piece) + 1]) + piece for piece in pieces) + b"\0"


class TelegramSettings(FramingSettings):
    """`telegram`: what a meter says at its customer port, DSMR P1 for one."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.telegram import Telegrams  # noqa: PLC0415  # as at the head

        return Telegrams(max_bytes=max_bytes, max_gap_s=max_gap_s)

    def wrapped(self, frame: Frame) -> Frame:
        return frame + b"\r\n"


class SmlSettings(FramingSettings):
    """`sml`: SML files between their escape sequences."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.escaped import EscapedFiles  # noqa: PLC0415  # as at the head

        return EscapedFiles(max_bytes=max_bytes, max_gap_s=max_gap_s)


class VeDirectSettings(FramingSettings):
    """`ve_direct`: Victron's blocks, each with its checksum at the end."""

    def make(self, *, max_bytes: int, max_gap_s: float) -> Framing:
        from devices.codecs.framings.blocks import Blocks  # noqa: PLC0415  # as at the head

        return Blocks(max_bytes=max_bytes, max_gap_s=max_gap_s)


FRAMINGS: dict[str, type[FramingSettings]] = {
    "lf": LfSettings,
    "cr": CrSettings,
    "crlf": CrLfSettings,
    "delimiter": DelimiterSettings,
    "stx_etx": StxEtxSettings,
    "fixed": FixedSettings,
    "idle": IdleSettings,
    "length": LengthSettings,
    "slip": SlipSettings,
    "cobs": CobsSettings,
    "telegram": TelegramSettings,
    "sml": SmlSettings,
    "ve_direct": VeDirectSettings,
}
