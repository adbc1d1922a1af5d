"""Pairs of names and values in one line: `T=21.5 H=40`, `temp:21.5;hum:40`, `Power = 12 W`.

A name begins with a letter. What stands between pairs and is none is left out: a time of the day, a unit, a word.
But for `T=21,5`, which is refused unless the file says what its comma is: as 21 it would be a wrong value, and a good one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.numbers import scalar_of, written
from devices.codecs.text import read_text
from devices.codecs.ve_direct import PROFILE, checked_lines, meant

_COMMA = re.compile(r"([^\w\s.,])[ ]*+([-+]?[0-9]++,[0-9]++)(?![0-9.,:=])", re.ASCII)
"""A sign that may assign, and behind it what may be a number with a decimal comma."""


class KeyValueSettings(CodecSettings):
    """The options of the codec `keyvalue`."""

    assign: str = Field(default="=:", min_length=1, max_length=8)
    """The signs that may stand between a name and its value."""
    separators: str = Field(default=" \t;,|&", min_length=1, max_length=16)
    """The signs that may stand between pairs."""
    decimal_comma: bool = False
    """Whether 21,5 is a number; the comma is no separator then."""
    profile: Literal["", "ve_direct"] = ""
    """The makers' own pairs that are to be read: `ve_direct` of Victron, with their checksum, and under names with units."""

    @model_validator(mode="after")
    def _has_one_form(self) -> "KeyValueSettings":
        if self.profile and (said := sorted(self.model_fields_set - {"profile"})):
            raise ValueError(f"{said[0]}: is a part of the profile {self.profile!r}; take one of them out")
        return self

    @model_validator(mode="after")
    def _is_clear(self) -> "KeyValueSettings":
        if both := set(self.assign) & set(self.separators):
            raise ValueError(f"assign: {min(both)!r} cannot part a name from its value and pairs from each other; leave it out of one")
        return self


class KeyValue(Codec):
    """Reads the pairs of a line."""

    settings_model = KeyValueSettings

    def __init__(self, settings: KeyValueSettings) -> None:
        super().__init__(settings)
        self._is_ve_direct = settings.profile == PROFILE
        if self._is_ve_direct:
            settings = settings.model_copy(update={"assign": "\t", "separators": "\r\n"})
        separators = settings.separators.replace(",", "") if settings.decimal_comma else settings.separators
        self._apart = str.maketrans(dict.fromkeys(separators, "\n"))
        self._signs = str.maketrans(dict.fromkeys(settings.assign, settings.assign[0]))
        self._sign = settings.assign[0]
        self._separators = separators
        self._decimal_comma = settings.decimal_comma
        self._parts_at_commas = "," in separators and "separators" not in settings.model_fields_set
        self._assign = settings.assign

    @classmethod
    def usual_framing(cls, options: Mapping[str, Any]) -> str:
        return PROFILE if options.get("profile") == PROFILE else super().usual_framing(options)

    def decode(self, frame: bytes) -> Fields:
        return meant(self._read(checked_lines(frame))) if self._is_ve_direct else self._read(frame)

    def _read(self, frame: bytes) -> Fields:
        fields: Fields = {}
        text = read_text(frame)
        if self._parts_at_commas:
            self._check_commas(text)
        for name, value in self._pairs(text):
            if name in fields:
                raise BadFrame("twice", f"cannot read pairs: the name {name[:40]!r} comes twice")
            fields[name] = scalar_of(value.strip('"'), decimal_comma=self._decimal_comma)
        if not fields:
            raise BadFrame(
                "not_keyvalue", f"cannot read pairs: no name with one of {self._shown()} and a value behind it stands in the line"
            )
        return fields

    def _check_commas(self, text: str) -> None:
        for sign, number in _COMMA.findall(text):
            if sign in self._assign:
                raise BadFrame(
                    "comma", f"cannot read pairs: {number!r} may be one number: set decimal_comma = true, or separators without the comma"
                )

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        if self._is_ve_direct:
            return super().encode(fields)
        between = " " if " " in self._separators else self._separators[0]
        pairs = []
        for name, value in fields.items():
            text = written(value, decimal_comma=self._decimal_comma)
            bare = not isinstance(value, dict | list) and not any(sign in text for sign in self._separators + '"\r\n')
            if not (_is_name(name) and bare) or any(sign in name for sign in self._separators + self._sign) or text != text.strip():
                raise CannotEncode(f"cannot write the pair {name[:40]!r}: its name or its value has a sign that would part it")
            pairs.append(f"{name}{self._sign}{text}")
        return between.join(pairs).encode()

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        if not self._is_ve_direct:
            return super().simulated(number, wanted)
        from devices.codecs.simulated_meters import block  # noqa: PLC0415  # for simulated devices only

        return (block(number),)

    def _pairs(self, text: str) -> Iterator[tuple[str, str]]:
        word = name = ""
        for token in text.translate(self._apart).split("\n"):
            if not token:
                continue
            before, sign, value = token, "", ""
            at = token.translate(self._signs).find(self._sign)
            if at >= 0:
                before, sign, value = token[:at], self._sign, token[at + 1 :]
            if not sign or (name and before and not _is_name(before)):
                if name:
                    yield name, token
                word, name = token, ""
                continue
            if name:
                yield name, ""
            name = before or word
            word = ""
            if not _is_name(name):
                name = ""
            elif value:
                yield name, value
                name = ""
        if name:
            yield name, ""

    def _shown(self) -> str:
        return " ".join(self.settings.assign) if isinstance(self.settings, KeyValueSettings) else ""


def _is_name(text: str) -> bool:
    return bool(text) and (text[0].isalpha() or text[0] == "_")
