"""Values that a regular expression finds in a text, by the names of its groups: `Temp:(?P<temperature_c>[-0-9.]+)`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.numbers import scalar_of, written
from devices.codecs.simulated import simulated_number
from devices.codecs.text import read_text
from devices.codecs.weakness import Weak, power_of
from gateway.actors.templates import check_fields, filled

MOST_BYTES = {1: 65536, 2: 1024, 3: 160}
"""How long a text a pattern may be given, by the power of its length that the time grows with: a few ms at most. Others are refused."""
_OTHERS = ("25.0", "25", "5", "0.5")
"""What is tried for a value where the pattern does not take the one that is due."""


class RegexSettings(CodecSettings):
    """The options of the codec `regex`."""

    pattern: str = Field(min_length=1, max_length=1024, examples=["'T=(?P<temperature_c>[-0-9.]+)'"])
    """What is looked for anywhere in the text; each named group `(?P<name>...)` is a value."""
    ignore_case: bool = False
    max_bytes: int = Field(default=MOST_BYTES[1], ge=1, le=MOST_BYTES[1])
    """The longest text that is looked at; a pattern that tries again takes less of its own accord."""
    decimal_comma: bool = False
    """Whether 21,5 is a number."""
    simulated: str = Field(default="", max_length=1024)
    """A line of the device with {name} for the values: what a simulated one says. Default: one is made of the pattern."""

    @model_validator(mode="after")
    def _is_sound(self) -> "RegexSettings":
        try:
            pattern = compiled(self.pattern, ignore_case=self.ignore_case)
            power = power_of(pattern)
        except re.error as error:
            where = f" at {error.pos + 1}" if error.pos is not None else ""
            raise ValueError(f"pattern: cannot be read{where}: {error.msg}; mend it") from None
        except (RecursionError, OverflowError) as error:
            raise ValueError(f"pattern: cannot be read: {error}; make it simpler") from None
        except Weak as error:
            raise ValueError(f"pattern: may take for ever on a text that nearly fits: {error}") from None
        if power not in MOST_BYTES:
            raise ValueError(
                "pattern: takes too long on a text that nearly fits: too many of its repeats may take what stands behind them; "
                "begin it with ^, and write [^,]* for a .* that ends at a comma"
            )
        if not pattern.groupindex:
            raise ValueError("pattern: has no named group; write (?P<name>...) around each value")
        if self.simulated:
            check_fields(self.simulated, self.field_names(), what="a simulated line")
            if not pattern.search(filled(self.simulated, texts_at(self, 0, {}))):
                raise ValueError(f"simulated: the pattern does not fit {self.simulated!r}; write a line as the device says it")
        return self

    def field_names(self) -> list[str]:
        return list(compiled(self.pattern, ignore_case=self.ignore_case).groupindex)


class Regex(Codec):
    """Reads the named groups of the first place where the pattern fits."""

    settings_model = RegexSettings

    def __init__(self, settings: RegexSettings) -> None:
        super().__init__(settings)
        self._given = settings
        self._pattern = compiled(settings.pattern, ignore_case=settings.ignore_case)
        self._max_bytes = min(settings.max_bytes, MOST_BYTES[power_of(self._pattern)])
        self._decimal_comma = settings.decimal_comma

    def decode(self, frame: bytes) -> Fields:
        if len(frame) > self._max_bytes:
            raise BadFrame("too_long", f"cannot read a line by its pattern: {len(frame)} bytes, at most {self._max_bytes} are taken by it")
        match = self._pattern.search(read_text(frame))
        if match is None:
            raise BadFrame("no_match", "cannot read a line by its pattern: it fits nowhere")
        found = match.groupdict()
        return {name: scalar_of(text, decimal_comma=self._decimal_comma) for name, text in found.items() if text is not None}

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        settings = self._given
        texts = texts_at(settings, number, wanted)
        if settings.simulated:
            return (filled(settings.simulated, texts).encode(),)
        from devices.codecs.fitting import line_for  # noqa: PLC0415  # for a simulated device only

        line = line_for(self._pattern, {name: (text, *_OTHERS) for name, text in texts.items()})
        if not line:
            raise CannotEncode("there is no line that the pattern fits; set simulated in its table: a line, with {name} for a value")
        return (line.encode(),)


def texts_at(settings: RegexSettings, number: int, wanted: Mapping[str, Any]) -> dict[str, str]:
    """What a simulated line has for each group."""
    names = settings.field_names()
    said = {name: wanted.get(name, simulated_number(number, place)) for place, name in enumerate(names)}
    return {name: written(value, decimal_comma=settings.decimal_comma) for name, value in said.items()}


def compiled(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """The pattern, ready to be searched for. Raises re.error."""
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)
