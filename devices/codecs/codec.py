"""A codec: the bytes of one frame ↔ its fields by name. Pure: it knows no device, no broker and no clock.

One codec serves serial lines, payloads of MQTT, the output of programs and bodies of HTTP alike. Codecs are found by the entry points of
the group "gateway.codecs", each as `name = "module:Class"`: a user's own package brings one by the same door as what comes in the box.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from devices.codecs.simulated import USUAL, simulated_fields
from gateway.actors.errors import GatewayError

Fields = dict[str, Any]
"""What a frame says, by name: scalars, None where the device cannot tell, and tables and lists of them."""


class CannotEncode(GatewayError, ValueError):
    """Raised where fields cannot be written by a codec."""


class CodecSettings(BaseModel):
    """The options of a codec: what stands beside its name in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def field_names(self) -> list[str] | None:
        """The fields that a frame has at most; None where only the frames name them."""
        return None


class Codec(ABC):
    """Reads and writes the frames of one input. Not thread-safe; some keep what earlier frames said."""

    settings_model: ClassVar[type[CodecSettings]] = CodecSettings
    verb: ClassVar[str] = "report"
    """What is said with the fields, unless the file says otherwise: a report is made of them; for any other verb they are its payload."""
    checked: ClassVar[bool] = False
    """Whether a part of a frame is never taken for a whole one: by a checksum, or by the way it is written."""

    def __init__(self, settings: CodecSettings) -> None:
        self.settings = settings

    @classmethod
    def usual_framing(cls, options: Mapping[str, Any]) -> str:
        """The framing that its frames come in on a line, with these options, unless the file names another."""
        del options
        return "lf"

    @abstractmethod
    def decode(self, frame: bytes) -> Fields:
        """The fields of one frame; none where it says nothing by itself. Raises BadFrame."""

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """The frame that says these fields. Raises CannotEncode where it cannot be written."""
        raise CannotEncode(f"cannot write {', '.join(fields)[:60]!r}: {type(self).__name__} only reads")

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        """The frames of a simulated device that says the thing of that number; `wanted` are the fields that the file speaks of, with
        plausible values. What is made follows from the number alone. Raises CannotEncode where the codec can write none."""
        names = self.settings.field_names()
        if names is None:
            return (self.encode(wanted or simulated_fields(number, USUAL)),)
        return (self.encode({**simulated_fields(number, names), **{name: wanted[name] for name in names if name in wanted}}),)

    def read(self, frame: bytes) -> Sequence[Fields]:
        """What is known with this frame: mostly one thing; none, or several, where frames belong together. Raises BadFrame."""
        fields = self.decode(frame)
        return (fields,) if fields else ()

    def idle(self) -> Sequence[Fields]:
        """What was waiting for more frames, because none has come for a while."""
        return ()
