"""Mapping: the fields of one message → values with their qualities, by the table of values of the input. Pure, and linear in the message.

Without a table every scalar field is a value; those in tables and lists have dotted names: `{"env": {"t": 21.2}}` is `env.t`. A null
is a value that is missing, and so is nan or inf where a number belongs.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as Fields
from typing import Any, NamedTuple

from gateway.actors.points.point import ValueType
from gateway.actors.points.settings import MOST_VALUES, Scalar, ValueSettings, words_of

BAD, MISSING = "bad", "missing"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}|[0-9]{1,2}:[0-9]{2}")
_NAN = ("nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "-infinity", "+infinity")
_NUMBER_AT_MOST = 64
_SHOWN = 40
_ON = (True, 1, "on", "true", "1", "open", "yes", "high", "active")
_OFF = (False, 0, "off", "false", "0", "closed", "no", "low", "inactive")
_SCALARS = (bool, int, float, str)
_ABSENT = object()
_NAME_MAX = 512
_TWICE = "it comes twice, with its dots in one name and nested; the first is taken"


class Mapped(NamedTuple):
    """What the fields of one message come to."""

    values: dict[str, Scalar | None]
    """None: the value is missing, or what came is none."""
    qualities: dict[str, str]
    """The quality of each value that is not good."""
    faults: list[str]
    """What is wrong with values, in words."""
    ignored: int = 0
    """How many values were left out, because the table says that they are none."""
    beyond: int = 0
    """How many values were left out, because one report takes no more."""


class ValueFault(ValueError):
    """Raised where a field cannot be read as its value."""


class NoNumber(ValueFault):
    """Raised where a field says nan or inf in the place of a number: the device cannot say the value now."""


def flat(fields: Fields[str, Any], faults: list[str]) -> dict[str, Scalar | None]:
    """The scalars of a message by their names, those in tables and lists by dotted ones; nulls are None. A field whose own name has the
    dots counts before one that is nested; `faults` gets a word for each that says another thing than the one before it."""
    values = {name: value for name, value in fields.items() if value is None or isinstance(value, _SCALARS)}
    if len(values) < len(fields):
        for name, value in _nested(fields, faults):
            if values.setdefault(name, value) != value:
                faults.append(f"{_cut(name)}: {_TWICE}")
    return values


def _nested(fields: Fields[str, Any], faults: list[str]) -> Iterator[tuple[str, Scalar | None]]:
    """What is nested, by dotted names. Each has the name of the whole that it is in, so one whose name is long is left out: its many parts
    would be many times as long as the message."""
    waiting = [(name, inner) for name, inner in reversed(list(fields.items())) if isinstance(inner, dict | list)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict | list) and len(name) > _NAME_MAX:
            faults.append(f"{_cut(name)}: its name is longer than {_NAME_MAX}; what is in it is left out")
        elif isinstance(value, dict):
            waiting.extend((f"{name}.{key}", inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, list):
            waiting.extend((f"{name}.{at}", value[at]) for at in reversed(range(len(value))))
        else:
            yield name, value


class ValueMapping:
    """Reads messages of one input by its table of values."""

    def __init__(self, values: Fields[str, ValueSettings], *, unmapped: bool = True) -> None:
        """Prepare a table of values. With `unmapped`, fields that it does not name are values too, under their own names."""
        self._rows = [_Row(name, value) for name, value in values.items()]
        self._unmapped = unmapped
        self._named = {row.source for row in self._rows} | set(values)
        self.sources = frozenset(row.source for row in self._rows)
        """The fields that the table names."""

    def read(self, fields: Fields[str, Any], *, own: Collection[str] = ()) -> Mapped:
        """Read the fields of one message; those that are the input's `own` (an id, an address) are no values unless the table names
        them."""
        values: dict[str, Scalar | None] = {}
        qualities: dict[str, str] = {}
        faults: list[str] = []
        ignored = beyond = 0
        for row in self._rows:
            raw = _found(fields, row.source, row.path)
            if raw is _ABSENT:
                continue
            if raw is None:
                values[row.name], qualities[row.name] = None, MISSING
                continue
            if row.path and not self._unmapped and _stands_twice(fields, row.source, row.path):
                faults.append(f"{row.name}: {_TWICE}")
            try:
                value = row.read(raw)
            except NoNumber:
                values[row.name], qualities[row.name] = None, MISSING
                continue
            except ValueFault as fault:
                values[row.name], qualities[row.name] = None, BAD
                faults.append(f"{row.name}: {fault}")
                continue
            if row.ignores(value):
                ignored += 1
                continue
            values[row.name] = value
            if row.valid and not row.valid[0] <= value <= row.valid[1]:  # type: ignore[operator]  # what has a range is a number
                qualities[row.name] = BAD
                faults.append(f"{row.name}: {value:g} is not within {row.valid[0]:g} to {row.valid[1]:g}")
        if self._unmapped:
            for name, value in flat(fields, faults).items():
                if name in self._named or name in own:
                    continue
                if len(values) >= MOST_VALUES:
                    beyond += 1
                    continue
                values[name] = value
        return Mapped(values, qualities, faults, ignored, beyond)


class _Row:
    """One value of a table, ready to be read."""

    def __init__(self, name: str, settings: ValueSettings) -> None:
        self.name = name
        self.source = settings.source or name
        self.path = tuple(self.source.split(".")) if "." in self.source else ()
        self.valid = settings.valid
        self._settings = settings
        self._ignore = settings.ignore
        self._plain = settings.scale == 1 and settings.offset == 0
        self._words = {_folded(word): True for word in words_of(settings.on) or _ON} | {
            _folded(word): False for word in words_of(settings.off) or _OFF
        }
        readers: dict[ValueType, Callable[[Any], Scalar]] = {
            ValueType.NUMBER: self._number,
            ValueType.BOOLEAN: self._boolean,
            ValueType.TEXT: self._text,
        }
        self._reader = readers.get(settings.type_of(name), _scalar)

    def read(self, raw: Any) -> Scalar | None:
        """The value of a field. Raises ValueFault where it is none; None where the table ignores the word that stands there."""
        if isinstance(raw, str) and self._ignore and raw in self._ignore:
            return None
        if not isinstance(raw, _SCALARS):
            what, more = ("list", "0") if isinstance(raw, list) else ("table", "name")
            raise ValueFault(f"the field {self.source!r} is a {what}; name what is meant in it, as in {self.source}.{more}")
        return self._reader(raw)

    def ignores(self, value: Scalar | None) -> bool:
        """Whether the table says that this is no value."""
        return value is None or any(_same(value, one) for one in self._ignore)

    def _number(self, raw: Scalar) -> Scalar:
        number = _as_number(raw)
        if not self._plain:
            number = number * self._settings.scale + self._settings.offset
        if not -math.inf < number < math.inf:
            raise ValueFault(f"{_shown(raw)} is too large a number")
        return number if self._settings.precision is None else round(number, self._settings.precision)

    def _boolean(self, raw: Scalar) -> Scalar:
        found = self._words.get(_folded(raw))
        if found is None:
            raise ValueFault(f"{_shown(raw)} is neither on nor off; name its words with on and off")
        return found

    def _text(self, raw: Scalar) -> Scalar:
        return raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)


def _scalar(raw: Scalar) -> Scalar:
    return raw


def _found(fields: Any, source: str, path: tuple[str, ...]) -> Any:
    """What stands in a message under a name, or a dotted one."""
    if source in fields:
        return fields[source]
    return _inside(fields, path) if path else _ABSENT


def _stands_twice(fields: Fields[str, Any], source: str, path: tuple[str, ...]) -> bool:
    """Whether a dotted name is that of a field, and of a nested one that says another thing."""
    return source in fields and _inside(fields, path) not in (_ABSENT, fields[source])


def _inside(fields: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if isinstance(fields, dict):
            fields = fields.get(part, _ABSENT)
        elif isinstance(fields, list) and part.isascii() and part.isdigit() and len(part) < 6 and int(part) < len(fields):
            fields = fields[int(part)]
        else:
            return _ABSENT
    return fields


def _as_number(raw: Scalar) -> int | float:
    """A field as a number; a text must read as one. Raises ValueFault, and NoNumber for nan and inf."""
    if isinstance(raw, bool):
        raise ValueFault(f"{_shown(raw)} is no number")
    if isinstance(raw, int | float):
        if isinstance(raw, float) and not -math.inf < raw < math.inf:
            raise NoNumber
        return raw
    text = raw.strip()
    if len(text) <= _NUMBER_AT_MOST and _NUMBER.fullmatch(text):
        return float(text) if "." in text or "e" in text.lower() or len(text) > 18 else int(text)
    if len(text) <= _NUMBER_AT_MOST and _COMMA.fullmatch(text):
        raise ValueFault(f"{_shown(raw)} is no number: it has a comma where a point belongs")
    if text.lower() in _NAN:
        raise NoNumber
    if len(text) <= _NUMBER_AT_MOST and _DATE.match(text):
        raise ValueFault(f"{_shown(raw)} is a date or a time, and no number")
    raise ValueFault(f"{_shown(raw)} is no number")


def _folded(word: Scalar) -> tuple[bool, Scalar]:
    """A word as it is compared: texts without regard to case; 1 and 1.0 are the same, and true is neither."""
    return (True, word) if isinstance(word, bool) else (False, word.strip().lower() if isinstance(word, str) else float(word))


def _same(value: Scalar, other: Scalar) -> bool:
    """Whether a value is the one that is ignored: numbers as people write them, so that 850 * 0.1 is 85.0."""
    if isinstance(value, bool) or isinstance(other, bool) or isinstance(value, str) or isinstance(other, str):
        return type(value) is type(other) and value == other
    return math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12)


def _shown(raw: object) -> str:
    return _cut(repr(raw) if isinstance(raw, str) else str(raw).lower())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
