"""One number in a text: `ST,GS,+  12.34kg`, `Weight: 12,34 kg`, `21.5`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.numbers import number_of, says_none, written
from devices.codecs.simulated import simulated_number
from devices.codecs.text import read_text

_BEGIN = r"(?:(?<![0-9.{comma}])[-+] *+|(?<![A-Za-z0-9_.{comma}]))(?!0[xX][0-9A-Fa-f]|0[bB][01])"
"""A sign counts behind a letter too (`T-5.2`), for what it is the sign of would be another number without it; a digit behind one is part of
a name. Numbers in hex are none."""
_END = r"(?:[eE][-+]?[0-9]++)?+(?![.{comma}]?[0-9]|_[0-9])"
_POINT = re.compile(_BEGIN.format(comma="") + r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)" + _END.format(comma=""), re.ASCII)
_COMMA = re.compile(_BEGIN.format(comma=",") + r"(?:[0-9]++(?:,[0-9]*+)?|,[0-9]++)" + _END.format(comma=","), re.ASCII)
_MINUS = re.compile("\u2212|\u2013(?=[.,]?[0-9])", re.ASCII)
"""The minus of typography, and the dash that stands for it: right before a number, for one with a space behind it parts words."""
_SIGN = re.compile(r"[^=:]?[ \t]*+([=:])")
_WORD = re.compile(r"[ \t:=]*+([^ \t:=;,|]++)")


class NumberSettings(CodecSettings):
    """The options of the codec `number`."""

    value: str = Field(default="value", min_length=1, max_length=128)
    """What the number is called."""
    label: str = Field(default="", max_length=64)
    """The text that stands somewhere before it. Where another name with its `=` or `:` stands between them, the number is that one's."""
    unit: str = Field(default="", max_length=16)
    """The unit that stands behind it."""
    decimal_comma: bool = False
    """Whether 21,5 is one number."""

    def field_names(self) -> list[str]:
        return [self.value]


class Number(Codec):
    """Reads the one number of a text: the first one behind the label, the one with the unit, or the only one that there is. A text that is
    nan, inf or null says that the number is missing."""

    settings_model = NumberSettings

    def __init__(self, settings: NumberSettings) -> None:
        super().__init__(settings)
        self._name = settings.value
        self._label = settings.label
        self._unit = settings.unit
        self._decimal_comma = settings.decimal_comma
        self._numbers = _COMMA.finditer if settings.decimal_comma else _POINT.finditer

    def decode(self, frame: bytes) -> Fields:
        text = read_text(frame)
        begin = 0
        if self._label:
            begin = self._behind_label(text)
            if (word := _WORD.match(text, begin)) and says_none(word[1]):
                return {self._name: None}
        found = list(self._found(text, begin))
        if self._label and _is_empty(self._label, text[begin : found[0][0] if found else None], at_end=not found):
            return {self._name: None}
        if not found and self._says_none(text[begin:]):
            return {self._name: None}
        if not found:
            raise BadFrame(
                "no_number", f"cannot read a number: the text has none{self._unit and f' with the unit {self._unit!r} behind it'}"
            )
        if len(found) > 1 and not self._label:
            raise BadFrame("numbers", f"cannot read a number: the text has {len(found)}; say which with label or unit")
        return {self._name: found[0][1]}

    def _behind_label(self, text: str) -> int:
        """Where the label ends: at the begin of a word rather than inside of one, for `T` is the end of `SET`, too."""
        label, first = self._label, text.find(self._label)
        if first < 0:
            raise BadFrame("no_number", f"cannot read a number: the label {label!r} is not in the text")
        at = first
        while at > 0 and text[at - 1].isalnum() and label[0].isalnum():
            at = text.find(label, at + 1)
        return (at if at >= 0 else first) + len(label)

    def _says_none(self, text: str) -> bool:
        """Whether a text says nan, or the like, in the place of the number."""
        said = text.strip(" \t:=").removesuffix(self._unit).rstrip()
        return bool(said) and says_none(said)

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        number = fields.get(self._name)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise CannotEncode(f"cannot write a number: the field {self._name!r} is none")
        text = written(number, decimal_comma=self._decimal_comma)
        return " ".join(part for part in (self._label, text, self._unit) if part).encode()

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        value = wanted.get(self._name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return (self.encode({self._name: value if is_number else simulated_number(number)}),)

    def _found(self, text: str, begin: int) -> Iterator[tuple[int, int | float]]:
        """Where each number begins, and what it is."""
        for match in self._numbers(_MINUS.sub("-", text), begin):
            number = number_of(match[0].replace(" ", ""), decimal_comma=self._decimal_comma)
            if number is not None and self._has_unit(text, match.end()):
                yield match.start(), number

    def _has_unit(self, text: str, end: int) -> bool:
        if not self._unit:
            return True
        while text.startswith(" ", end):
            end += 1
        behind = text[end + len(self._unit) : end + len(self._unit) + 1]
        return text.startswith(self._unit, end) and not behind.isalnum()


def _is_empty(label: str, between: str, *, at_end: bool) -> bool:
    """Whether the sign behind a label has no value: the text ends there, or what stands `between` it and the next number names another."""
    signed = _SIGN.match(label.rstrip()[-1:] + between)
    if signed is None:
        return False
    rest = signed.string[signed.end() :]
    name, another, _ = rest.rpartition(signed[1])
    return name.rstrip()[-1:].isalnum() if another else at_end and not rest.strip()
