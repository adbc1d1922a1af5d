"""What an alarm makes of what its device says: which of its rule's conditions hold, and whether it can tell. Pure."""

import math
import re
from functools import lru_cache
from typing import Any

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.models import Model
from gateway.business.alarm.rules import Rule
from gateway.business.twin import Presence

_MS_PER_MIN = 60_000
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_NUMBER_AT_MOST = 64
_LARGEST = 10**308
_SHOWN = 40
_NAME_AT_MOST = 64
_SILENT = {Presence.SILENT: "silent", Presence.NEVER_HEARD: "never heard"}


class Sample(Model):
    """A value at a time of the gateway's own clock."""

    value: float
    clock_ms: int


class Findings(Model):
    """What is wrong with a device now, in words, and what the next reading is compared with."""

    wrong: tuple[str, ...] = ()
    anchor: Sample | None = None
    """What a rate is measured from."""
    rate_per_min: float | None = None
    """The last rate that was measured."""
    cannot: str = ""
    """Why nothing can be judged of the value; empty when it can."""


def judge(rule: Rule, before: Findings, values: dict[str, Any], *, presence: Presence, clock_ms: int, since_ms: int) -> Findings:
    """What is wrong by a rule with a reading at `clock_ms`. A condition that held goes on until the value is inside by the hysteresis.

    Numbers are judged, also those that came as text ("-3.5"), and booleans as 1 and 0. A reading without the value, or with another
    text, says nothing of it: what was wrong of it stays so, and the findings say why. Before `since_ms` the gateway did not listen.
    """
    held = {word.split(" ")[0] for word in before.wrong}
    silence = (_SILENT[presence],) if rule.silent and presence in _SILENT else ()
    if not rule.value:
        return Findings(wrong=silence)
    reading, cannot = _number(rule, values)
    if reading is None:
        kept = tuple(word for word in before.wrong if word not in _SILENT.values())
        return before.changed(wrong=(*kept, *silence), cannot=cannot)
    anchor, rate = _rate(rule, before, reading, clock_ms, since_ms)
    return Findings(wrong=(*_limits(rule, reading, held), *_rates(rule, rate), *silence), anchor=anchor, rate_per_min=rate)


def _number(rule: Rule, values: dict[str, Any]) -> tuple[float | None, str]:
    """A reading's value as a number, or None and why it is none."""
    if not values:
        return None, f"{rule.of} has reported nothing yet"
    if rule.value not in values:
        return None, f"{rule.of} reports no value {rule.value!r}; {_nearest(rule.value, tuple(values))}"
    found = values[rule.value]["value"]
    if isinstance(found, str):
        number = float(found) if len(found) <= _NUMBER_AT_MOST and _NUMBER.fullmatch(found.strip()) else math.nan
        cannot = f"{rule.value} of {rule.of} is the text {found[:_SHOWN]!r}, which is no number"
    else:
        number = float(found) if abs(found) <= _LARGEST else math.inf
        cannot = f"{rule.value} of {rule.of} is too large a number"
    return (number, "") if math.isfinite(number) else (None, cannot)


@lru_cache(maxsize=64)
def _nearest(wanted: str, names: tuple[str, ...]) -> str:
    """The name that was probably meant. It is kept in a cache: while nobody mends the rule, every report asks for it."""
    return did_you_mean(wanted, (name for name in names if len(name) <= _NAME_AT_MOST))


def news_in(findings: Findings, told: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong now, of which people were not told."""
    known = {word.split(" ")[0] for word in told}
    return tuple(word for word in findings.wrong if word.split(" ")[0] not in known)


def _limits(rule: Rule, value: float, held: set[str]) -> list[str]:
    wrong = []
    if rule.above is not None and (value > rule.above or ("above" in held and value > rule.above - rule.hysteresis)):
        wrong.append(f"above {rule.above:g}: {rule.value} is {value:g}")
    if rule.below is not None and (value < rule.below or ("below" in held and value < rule.below + rule.hysteresis)):
        wrong.append(f"below {rule.below:g}: {rule.value} is {value:g}")
    return wrong


def _rate(rule: Rule, before: Findings, value: float, clock_ms: int, since_ms: int) -> tuple[Sample | None, float | None]:
    """The sample that the next rate is measured from, and the rate: a new one when the old sample is old enough. No rate is measured over a
    break."""
    if rule.rises_per_min is None and rule.falls_per_min is None:
        return None, None
    now = Sample(value=value, clock_ms=clock_ms)
    if before.anchor is None or before.anchor.clock_ms < since_ms:
        return now, before.rate_per_min
    elapsed_ms = clock_ms - before.anchor.clock_ms
    if elapsed_ms < rule.rate_over_s * 1000:
        return before.anchor, before.rate_per_min
    return now, (value - before.anchor.value) * _MS_PER_MIN / elapsed_ms


def _rates(rule: Rule, rate: float | None) -> list[str]:
    if rate is None:
        return []
    if rule.rises_per_min is not None and rate > rule.rises_per_min:
        return [f"rising {rate:.3g} a minute: {rule.value}"]
    if rule.falls_per_min is not None and -rate > rule.falls_per_min:
        return [f"falling {-rate:.3g} a minute: {rule.value}"]
    return []
