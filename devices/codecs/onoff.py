"""Words that are on or off: ON, OFF, true, 0, open, closed."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.text import read_text


class OnOffSettings(CodecSettings):
    """The options of the codec `onoff`. Small and large letters are the same."""

    value: str = Field(default="on", min_length=1, max_length=128)
    """What the value is called."""
    on: list[str] = Field(default=["on", "true", "1", "open", "yes", "high", "active"], min_length=1, max_length=32)
    """The words that say on; the first is written."""
    off: list[str] = Field(default=["off", "false", "0", "closed", "no", "low", "inactive"], min_length=1, max_length=32)
    """The words that say off; the first is written."""

    @model_validator(mode="after")
    def _is_clear(self) -> "OnOffSettings":
        both = {word.strip().lower() for word in self.on} & {word.strip().lower() for word in self.off}
        if both:
            raise ValueError(f"off: {min(both)!r} says on as well; leave it in one of both lists")
        return self

    def field_names(self) -> list[str]:
        return [self.value]


class OnOff(Codec):
    """Reads one word."""

    settings_model = OnOffSettings

    def __init__(self, settings: OnOffSettings) -> None:
        super().__init__(settings)
        self._name = settings.value
        self._words = dict.fromkeys((word.strip().lower() for word in settings.on), True)
        self._words |= dict.fromkeys((word.strip().lower() for word in settings.off), False)
        self._written = {True: settings.on[0], False: settings.off[0]}

    def decode(self, frame: bytes) -> Fields:
        word = read_text(frame).strip()
        found = self._words.get(word.lower())
        if found is None:
            raise BadFrame(
                "not_onoff", f"cannot read a word as on or off: it is {word[:40]!r}; name the words of the device with on and off"
            )
        return {self._name: found}

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        value = fields.get(self._name)
        if not isinstance(value, bool):
            raise CannotEncode(f"cannot write on or off: the field {self._name!r} is neither true nor false")
        return self._written[value].encode()

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        del wanted
        return (self.encode({self._name: number % 2 == 0}),)
