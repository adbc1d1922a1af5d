"""The readings that a twin has not handed over to its histories, in the twin's own state: a reading is on disk with the report that brought
it, at no commit of its own.

They are one text a value, for a state is written whole at each report, and a text costs one copy:

    1764000000000,21.5;1000,21.6;2000,21.6      the first with its time, the others with milliseconds since the first
    1764000000000,21.5@123456;1000,21.6         nobody could trust the time: with the gateway's clock at the first
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from gateway.actors import Stage
from gateway.actors.points import as_key
from gateway.actors.vocabulary import Report
from gateway.business.history.payloads import HistoryAsked, ReadingsKept, Search
from gateway.business.history.readings import PastReading
from gateway.business.values import TRUSTED, Value

TOGETHER_BYTES = 400
"""The readings of a value go to its history when they are so many bytes; that is some 40 of them."""


_KEPT = (float, int, bool)
_MOST = 1e18


def recorded(
    recent: Mapping[str, str], report: Report, values: Mapping[str, Value], before: Mapping[str, Value], stage: Stage[Any]
) -> dict[str, str]:
    """The recent readings after a report: those of the values that it changed, or said again, where they can be trusted."""
    found = dict(recent)
    clock_ms = 0 if report.at_ms or stage.synced else stage.clock_ms  # a device's own time is not ours to mend
    for name in report.values:
        value = values.get(name)
        if value is None or value is before.get(name) or value["quality"] not in TRUSTED or not _is_kept(number := value["value"]):
            continue
        text = found.get(name, "")
        if text and ((clock_ms == 0) is ("@" in text) or len(text) > TOGETHER_BYTES):
            stage.tell(history_of(name, stage), "keep", ReadingsKept(value=name, text=text))
            text = ""
        found[name] = with_reading(text, value["at_ms"], number, clock_ms)
    return found


def _is_kept(value: Any) -> TypeGuard[float]:
    """Whether a value is a number, of a size that something measures, or a boolean."""
    return type(value) in _KEPT and -_MOST <= value <= _MOST


def with_reading(text: str, at_ms: int, value: float, clock_ms: int) -> str:
    """The text with one more reading."""
    if type(value) is bool:
        value = int(value)
    if not text:
        return f"{at_ms},{value!r}@{clock_ms}" if clock_ms else f"{at_ms},{value!r}"
    return f"{text};{at_ms - int(text[: text.index(',')])},{value!r}"


def read_recent(text: str) -> tuple[list[PastReading], int]:
    """The readings of a text, and the gateway's clock at the first of them where nobody could trust their times, else 0."""
    first, *more = text.split(";")
    first, _, clock = first.partition("@")
    at, _, value = first.partition(",")
    begun_ms = int(at)
    readings = [PastReading(begun_ms, float(value))]
    for word in more:
        at, _, value = word.partition(",")
        readings.append(PastReading(begun_ms + int(at), float(value)))
    return readings, int(clock or 0)


def moved_to(readings: list[PastReading], begun_ms: int) -> list[PastReading]:
    """The readings with the first of them at this time, and the others as far from it as before."""
    off_ms = begun_ms - readings[0].at_ms
    return [PastReading(reading.at_ms + off_ms, reading.value) for reading in readings]


def history_of(name: str, stage: Stage[Any]) -> str:
    """The id of the history of a value, for the twin whose turn it is."""
    return stage.child("history", as_key(name.strip() or "_"))


def search(asked: HistoryAsked, unit: str, recent: str, stage: Stage[Any]) -> Search:
    """What a question becomes when it sets out to the history of its value."""
    return Search(
        value=asked.value,
        unit=unit,
        since_ms=asked.since_ms,
        until_ms=asked.until_ms or stage.now_ms + 1,
        step_s=asked.step_s,
        every=asked.every,
        most=asked.most,
        recent=recent,
    )
