"""JSON lines: one line → the fields of one object, refused before it can do harm.

Limits come before parsing: bytes, then depth. Refused are NaN and infinities (1e999 too), keys that come twice, integers of more
than 64 bits, lone surrogates, and anything that is no object.

The parser is pydantic's (a few µs a line); it lets keys come twice, so colons are counted: a flat object with as many colons
as keys cannot hold one twice. Any other line is read once more, by a parser that sees each pair.

Source: RFC 8259, sections 4 (names should be unique), 6 (numbers) and 8.2 (surrogates); RFC 7493 (I-JSON).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field
from pydantic_core import from_json

from devices.codecs.codec import CannotEncode, Codec, CodecSettings, Fields
from devices.codecs.framing import BadFrame
from devices.codecs.text import read_text

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
"""What SQLite and most readers of JSON hold."""

_INFINITIES = (float("inf"), float("-inf"))
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""JSON's texts. It never tries again: not where quotes are escaped, and not where the last text is open."""
_WORDS = re.compile(
    rb'("(?:[^"\\]++|\\.)*+"?)|(?<![0-9A-Za-z_.+-])(?:[-+]?(?:nan|inf(?:inity)?|ovf)|none|null|undefined|(true|false))(?![0-9A-Za-z_.+-])',
    re.DOTALL | re.IGNORECASE,
)
"""What C, an Arduino, Python and JavaScript print for no number, no value, true and false, where it stands bare; texts are found too, to be
passed over."""
_COLOURS = re.compile(rb"\x1b\[[0-9;]*+m")
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")


class JsonSettings(CodecSettings):
    """The options of the codec `json`."""

    max_depth: int = Field(default=8, ge=1, le=64)
    """How deep a frame may be nested."""
    skip_prefix: bool = False
    """Leave out what stands before the first `{`: the prefix of a log, and its colours."""


class JsonLines(Codec):
    """Reads each frame as one object. A part of an object is never one: its last bracket has no first, or the other way round.

    A bare nan or inf, which is no JSON and which sensors print whose reading failed, is null: the other fields are taken. So are None,
    undefined and an Arduino's ovf; True and False are what they say.
    """

    settings_model = JsonSettings
    checked = True

    def __init__(self, settings: JsonSettings) -> None:
        super().__init__(settings)
        self._max_depth = settings.max_depth
        self._skip_prefix = settings.skip_prefix
        self.mended = False
        """Whether the last frame that was read had a bare word that is no JSON, as nan."""

    def decode(self, frame: bytes) -> Fields:
        if self._skip_prefix:
            frame = without_colours(frame)
            frame = frame[max(0, frame.find(b"{")) :]
        self.mended = False
        try:
            return read_fields(frame, max_depth=self._max_depth)
        except BadFrame as error:
            without = _WORDS.sub(_as_json, frame) if error.fault == "not_json" else frame
            if without == frame:
                raise
        fields = read_fields(without, max_depth=self._max_depth)
        self.mended = True
        return fields

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        try:
            return json.dumps(dict(fields), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise CannotEncode(f"cannot write JSON: {error}") from None


def read_fields(line: bytes, *, max_bytes: int = 65536, max_depth: int = 8) -> dict[str, Any]:
    """The fields of the object in `line`. Raises BadFrame, and nothing else, whatever the bytes are."""
    if len(line) > max_bytes:
        raise BadFrame("too_long", f"cannot read a JSON line: {len(line)} bytes, at most {max_bytes} are taken")
    brackets = line.count(b"{") + line.count(b"[")
    if brackets > max_depth and _depth(line) > max_depth:
        raise BadFrame("too_deep", f"cannot read a JSON line: nested more than {max_depth} deep")
    try:
        fields = from_json(line, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise _not_json(line, error) from None
    if type(fields) is not dict:
        raise BadFrame("not_json", f"cannot read a JSON line: it holds {_named(fields)}, not an object")
    if brackets > 1 or line.count(b":") != len(fields):
        _check_pairs(line)
    _check_inside(fields)
    return fields


def without_colours(frame: bytes) -> bytes:
    """A frame without what colours it on a terminal."""
    return _COLOURS.sub(b"", frame) if b"\x1b" in frame else frame


def _as_json(found: re.Match[bytes]) -> bytes:
    return found[1] or (found[2].lower() if found[2] else b"null")


def _depth(line: bytes) -> int:
    """How deep a line's brackets are nested, those in strings not counted."""
    depth = deepest = 0
    for byte in _NOT_BRACKETS.sub(b"", _STRING.sub(b"", line)):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _not_json(line: bytes, error: ValueError) -> BadFrame:
    """The error for a line that is no JSON; bytes that are no text are named as such, for the owner of the line may have them replaced."""
    try:
        read_text(line)
    except BadFrame as no_text:
        return BadFrame(no_text.fault, str(no_text).replace("a frame as text", "a JSON line"))
    fault = "not_text" if "\ufffd" in line.decode() else "not_json"
    return BadFrame(fault, f"cannot read a JSON line: {error}")


def _named(value: object) -> str:
    return {list: "an array", str: "a string", type(None): "null", bool: "a truth value"}.get(type(value), "a number")


def _check_pairs(line: bytes) -> None:
    """Refuse a key that comes twice in one object."""
    try:
        json.loads(line, object_pairs_hook=_once)
    except BadFrame:
        raise
    except (ValueError, RecursionError) as error:
        raise BadFrame("not_json", f"cannot read a JSON line: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise BadFrame("twice", f"cannot read a JSON line: the key {key[:40]!r} comes twice")
        keys.add(key)


def _check_inside(value: Any) -> None:
    """Refuse a number that others could not hold, at any depth (which is bounded by now)."""
    for inner in value if type(value) is list else value.values():
        kind = type(inner)
        if kind is int:
            if not INT_MIN <= inner <= INT_MAX:
                raise BadFrame("number", "cannot read a JSON line: an integer has more than 64 bits")
        elif kind is float:
            if inner in _INFINITIES:
                raise BadFrame("number", "cannot read a JSON line: a number is too large for a double")
        elif kind is list or kind is dict:
            _check_inside(inner)
