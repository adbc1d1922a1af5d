"""Reports: the fields that a codec found in one frame → a Report, what the twin of a device takes.

Fields in tables and lists are values with dotted names; a null is a value that is missing. By a table of values, fields are turned, bounded
and named as the file says.

`at_ms`, `units` and `quality` are a report's own words. Devices use them for things of their own too (a scale whose `units` is "kg", an
air sensor whose `quality` is 57): where one does not say what a report means by it, it is a value like any other.
"""

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, NamedTuple

from devices.codecs.framing import BadFrame
from gateway.actors.changing import names_of
from gateway.actors.points import Mapped, ValueMapping, ValueSettings, flat
from gateway.actors.vocabulary import Quality, Report

SCALARS = frozenset((bool, int, float, str))
VALUES_MAX = 64
_OWN = ("at_ms", "units", "quality")
_DEFAULTS = {name: field.get_default() for name, field in Report.model_fields.items() if not field.is_required()}
_QUALITIES = {quality.value: quality for quality in Quality}
_LAST_MS = 2**53
"""Behind it lie years that no device means, and numbers that JSON does not hold."""


class Remark(NamedTuple):
    """What is to be said of a value that was not taken as it came: the counter that says so, and the words where there are some."""

    counter: str
    words: str = ""


def report_of(fields: dict[str, Any], *, without: Collection[str] = (), name: str = "", remarks: list[Remark] | None = None) -> Report:
    """Make a report of the fields of one frame; `without` names those that are no values: an id, an address. `name` is the real name of the
    device, where the actor that hears of it cannot be called so. Of nested ones as many are taken as a report holds; `remarks` gets one for
    each of the others, and for each whose name comes twice. Raises BadFrame where there is no value, or more than VALUES_MAX that are not
    nested."""
    values = fields.copy()
    for one in without:
        values.pop(one, None)
    at_ms = values.get("at_ms", 0)
    if type(at_ms) is int and 0 <= at_ms <= _LAST_MS and "units" not in values and "quality" not in values:  # nearly every line
        values.pop("at_ms", None)
        own: tuple[int, dict[str, str], Quality] = (at_ms, {}, Quality.GOOD)
    else:
        own = _own_words(values)
    if name:
        values = {"name": name, **values}
    if not SCALARS.issuperset(map(type, values.values())):
        faults: list[str] = []
        found = flat(values, faults)
        values = dict(islice(found.items(), VALUES_MAX))
        if remarks is not None:
            remarks += [Remark("bad_values", words) for words in faults] + [Remark("values_beyond")] * (len(found) - len(values))
    if not 0 < len(values) <= VALUES_MAX:
        raise BadFrame("no_report", f"cannot make a report of a line: it has {len(values)} values, 1 to {VALUES_MAX} are taken")
    return _made(values, *own)


class MappedReports:
    """Makes the reports of one input by its table of values, and keeps what is to be said of those that were not good."""

    def __init__(self, values: Mapping[str, ValueSettings], *, unmapped: bool) -> None:
        """Prepare a table of values. With `unmapped`, fields that it does not name are values too."""
        self._mapping = ValueMapping(values, unmapped=unmapped)
        self._remarks: list[Remark] = []

    def of(self, fields: dict[str, Any], *, without: Collection[str] = (), name: str = "") -> Report | None:
        """Make a report of the fields of one frame, as `report_of` does; None where all of its values are to be ignored. Raises BadFrame
        where it has none."""
        rest = fields.copy()
        at_ms, units, quality = _own_words(rest, but=self._mapping.sources)
        found = self._mapping.read(rest, own=without)
        self._note(found)
        if not found.values:
            if found.ignored:
                return None
            raise BadFrame("no_report", "cannot make a report of a line: it has none of the values that its table names")
        if name:
            found.values.setdefault("name", name)
        qualities = {value: Quality(word) for value, word in found.qualities.items()}
        return _made(found.values, at_ms, units, quality, qualities)

    def take_remarks(self) -> list[Remark]:
        """Take what is to be said of values since the last time."""
        remarks, self._remarks = self._remarks, []
        return remarks

    def _note(self, found: Mapped) -> None:
        self._remarks += [Remark("bad_values", words) for words in found.faults]
        self._remarks += [Remark("ignored_values")] * found.ignored + [Remark("values_beyond")] * found.beyond


def _own_words(values: dict[str, Any], *, but: Collection[str] = ()) -> tuple[int, dict[str, str], Quality]:
    """Take out of the fields what they say as a report does: its time, its units and its quality. Names in `but` are values."""
    at_ms: int = 0
    units: dict[str, str] = {}
    quality = Quality.GOOD
    for name in _OWN:
        if name in values and name not in but:
            value = values[name]
            if name == "at_ms" and (moment := _moment(value)) is not None:
                at_ms = moment
            elif name == "units" and type(value) is dict and set(map(type, value.values())) <= {str}:
                units = value
            elif name == "quality" and type(value) is str and value in _QUALITIES:
                quality = _QUALITIES[value]
            else:
                continue
            del values[name]
    return at_ms, units, quality


def _moment(value: Any) -> int | None:
    """The milliseconds since 1970 that a field says; None where it says something else."""
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _LAST_MS else None


def _made(
    values: dict[str, Any], at_ms: int, units: dict[str, str], quality: Quality, qualities: dict[str, Quality] | None = None
) -> Report:
    """Make a Report of what was checked already: a third of the cost of checking it once more, at 10,000 lines a second."""
    report = Report.__new__(Report)
    put = object.__setattr__
    said = {"values": values, **_DEFAULTS, "units": units, "at_ms": at_ms, "quality": quality}
    if qualities:
        said["qualities"] = qualities
    put(report, "__dict__", said)
    put(report, "__pydantic_fields_set__", names_of(Report))
    put(report, "__pydantic_extra__", None)
    put(report, "__pydantic_private__", None)
    return report
