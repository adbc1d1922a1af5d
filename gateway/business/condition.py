"""Conditions: what is to be noticed of a twin (a value above, below, some way, changing; silence), and whether it is so. Pure.

Alarms and rules have conditions. What cannot be judged is neither so nor not: it stays as it was, and the findings say why.
"""

import math
import re
from functools import lru_cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.ids import check_id, kind_of
from gateway.actors.models import Model
from gateway.actors.vocabulary import Quality, Scalar
from gateway.business.twin_state import Presence

_MS_PER_MIN = 60_000
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_NUMBER_AT_MOST = 64
_LARGEST = 10**308
_SHOWN = 40
_NAME_AT_MOST = 64
_NEVER, _CHANGED = "never", "changed"
_SILENT = {Presence.SILENT: "silent", Presence.NEVER_HEARD: f"{_NEVER} heard"}
_SILENCE = ("silent", _NEVER)
"""First words of what is said of silence."""
_JUDGED = (Quality.GOOD.value, Quality.UNCERTAIN.value)


class Condition(BaseModel):
    """What is to be noticed of one twin. It holds while any of what is given holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    of: str
    """Id of the twin that is watched."""
    value: str = ""
    """Name of the value that the limits are for."""
    above: float | None = None
    """It holds while the value is above this."""
    below: float | None = None
    """It holds while the value is below this."""
    equals: Scalar | None = Field(default=None, alias="is")
    """It holds while the value is this: a word, true or false, a number."""
    changes: bool = False
    """It holds at each report with which the value has changed."""
    hysteresis: float = Field(default=0.0, ge=0)
    """How far it must come back inside a limit to hold no more, in the value's own unit."""
    rises_per_min: float | None = Field(default=None, gt=0)
    """It holds while the value rises faster than so much a minute."""
    falls_per_min: float | None = Field(default=None, gt=0)
    """It holds while the value falls faster than so much a minute."""
    rate_over_s: float = Field(default=60.0, gt=0)
    """Over how many seconds, at least, a rate is measured."""
    silent: bool = False
    """It holds while the device is silent; the twin says when it is. With `for_s`, also while the device has never said `value`."""
    for_s: float = Field(default=0.0, ge=0)
    """How long it must hold, in seconds, before it counts."""

    @field_validator("of")
    @classmethod
    def _is_twin(cls, text: str) -> str:
        if kind_of(check_id(text)) != "twin":
            raise ValueError(f"cannot watch {text!r}: only a twin can be watched; write twin/KEY")
        return text

    @model_validator(mode="after")
    def _watches_something(self) -> Self:
        if not self.of_value and not self.silent:
            raise ValueError("it watches nothing: give above, below, is, changes, rises_per_min, falls_per_min or silent = true")
        return self

    @model_validator(mode="after")
    def _names_its_value(self) -> Self:
        if self.of_value and not self.value:
            raise ValueError("a limit needs the name of the value that it is for: give value")
        return self

    @model_validator(mode="after")
    def _leaves_values_for_which_it_does_not_hold(self) -> Self:
        if self.above is not None and self.below is not None and self.below >= self.above:
            raise ValueError(f"it would always hold: below = {self.below:g} is not less than above = {self.above:g}")
        return self

    @model_validator(mode="after")
    def _leaves_values_at_which_it_ends(self) -> Self:
        if self.above is not None and self.below is not None and self.hysteresis > self.above - self.below > 0:
            room = self.above - self.below
            raise ValueError(f"hysteresis: it would never end: from below to above there is {room:g}; write {room / 2:g}, or less")
        return self

    @model_validator(mode="after")
    def _waits_for_what_lasts(self) -> Self:
        if self.changes and self.for_s:
            raise ValueError("for_s: a change is over at once, and never lasts; take for_s or changes out")
        return self

    @property
    def idle(self) -> dict[str, str]:
        """What is given and does nothing, for what it belongs to is not given: a sentence for each key."""
        limits, rates = (self.above, self.below), (self.rises_per_min, self.falls_per_min)
        found = {}
        if self.hysteresis and all(one is None for one in limits):
            found["hysteresis"] = "is without effect: it is for above and below, and neither is given; take it out"
        if "rate_over_s" in self.model_fields_set and all(one is None for one in rates):
            found["rate_over_s"] = "is without effect: it is for rises_per_min and falls_per_min, and neither is given; take it out"
        if self.value and not self.of_value and not self.for_s:
            found["value"] = "is without effect: silence is the device's; add a limit of the value, or for_s, or take it out"
        return found

    @property
    def of_value(self) -> bool:
        """Whether it says something of a value."""
        limits = (self.above, self.below, self.equals, self.rises_per_min, self.falls_per_min)
        return self.changes or any(limit is not None for limit in limits)

    @property
    def of_numbers(self) -> bool:
        """Whether it can only be judged of a number."""
        return any(limit is not None for limit in (self.above, self.below, self.rises_per_min, self.falls_per_min))


class Sample(Model):
    """A value at a time of the gateway's own clock."""

    value: float
    clock_ms: int


class Findings(Model):
    """What of a condition holds now, in words, and what the next reading is compared with."""

    wrong: tuple[str, ...] = ()
    """What holds, each in a sentence whose first word names the condition."""
    anchor: Sample | None = None
    """What a rate is measured from."""
    rate_per_min: float | None = None
    """The last rate that was measured."""
    last: Scalar | None = None
    """The last good value, by which a change is seen."""
    cannot: str = ""
    """Why nothing can be judged of the value; empty when it can."""


def judge(condition: Condition, before: Findings, values: dict[str, Any], *, presence: Presence, clock_ms: int, since_ms: int) -> Findings:
    """What holds of a condition with a reading at `clock_ms`. A limit that held goes on until the value is inside by the hysteresis.

    Limits take numbers, also those that came as text ("-3.5"), and booleans as 1 and 0. A reading without the value, with another kind of
    value, or with one that is bad, missing or stale, says nothing of it: what held of it stays so, and the findings say why. Before
    `since_ms` the gateway did not listen.
    """
    held = {word.split(" ")[0] for word in before.wrong}
    silence = _silence(condition, values, presence)
    if not condition.of_value:
        return Findings(wrong=silence)
    value, cannot = _good(condition, values, presence)
    number = None
    if not cannot and condition.of_numbers:
        number, cannot = _number(condition, value)
    if not cannot and condition.equals is not None:
        cannot = _incomparable(condition, value)
    if cannot:
        kept = tuple(word for word in before.wrong if _is_asked(condition, word.split(" ")[0]))
        return before.changed(wrong=(*kept, *silence), cannot="" if presence in _SILENT and condition.silent else cannot)
    anchor, rate = _rate(condition, before, number, clock_ms, since_ms)
    wrong = (*_limits(condition, number, held), *_is(condition, value), *_change(condition, before.last, value), *_rates(condition, rate))
    return Findings(wrong=(*wrong, *silence), anchor=anchor, rate_per_min=rate, last=value if condition.changes else None)


def _is_asked(condition: Condition, word: str) -> bool:
    """Whether what held of the value, by its first word, is still asked: the rule may have been changed since."""
    asked = {
        "above": condition.above,
        "below": condition.below,
        "is": condition.equals,
        "rising": condition.rises_per_min,
        "falling": condition.falls_per_min,
    }
    return asked.get(word) is not None


def _silence(condition: Condition, values: dict[str, Any], presence: Presence) -> tuple[str, ...]:
    """Whether the device is silent, in words; or has never said the value, where somebody waits for that for a while."""
    if not condition.silent:
        return ()
    if presence in _SILENT:
        return (_SILENT[presence],)
    unsaid = condition.value and condition.for_s and _was_heard(values, presence) and condition.value not in values
    return (f"{_NEVER} said: {condition.value}",) if unsaid else ()


def _was_heard(values: dict[str, Any], presence: Presence) -> bool:
    """Whether the device has reported, if only nulls: of a value that was never anything else the twin knows nothing."""
    return bool(values) or presence not in (Presence.UNKNOWN, Presence.NEVER_HEARD)


def _good(condition: Condition, values: dict[str, Any], presence: Presence) -> tuple[Scalar, str]:
    """A reading's value, and why it cannot be judged; empty where it can."""
    if not _was_heard(values, presence):
        return "", f"{condition.of} has reported nothing yet"
    if condition.value not in values:
        near = f"; {_nearest(condition.value, tuple(values))}" if values else ""
        return "", f"{condition.of} has said no value {condition.value!r} yet, or null each time{near}"
    found = values[condition.value]
    quality = found.get("quality", Quality.GOOD.value)
    if quality not in _JUDGED or found["value"] is None:
        return "", f"{condition.value} of {condition.of} is {quality if quality not in _JUDGED else Quality.MISSING.value}"
    return found["value"], ""


def _number(condition: Condition, found: Scalar) -> tuple[float | None, str]:
    """A value as a number, or None and why it is none."""
    if isinstance(found, str):
        number = float(found) if len(found) <= _NUMBER_AT_MOST and _NUMBER.fullmatch(found.strip()) else math.nan
        cannot = f"{condition.value} of {condition.of} is the text {found[:_SHOWN]!r}, which is no number"
    else:
        number = float(found) if abs(found) <= _LARGEST else math.inf
        cannot = f"{condition.value} of {condition.of} is too large a number"
    return (number, "") if math.isfinite(number) else (None, cannot)


def _incomparable(condition: Condition, found: Scalar) -> str:
    """Why a value can never be the one that is waited for: it is of another kind. Empty where it can."""
    wanted = condition.equals
    if isinstance(wanted, str) is isinstance(found, str) and (isinstance(wanted, bool) is isinstance(found, bool) or found in (0, 1)):
        return ""
    return f"{condition.value} of {condition.of} is {_kind(found)}, and is = {_kind(wanted)}"


def _kind(value: Scalar | None) -> str:
    """A value with what kind of value it is, for people."""
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    return f"the text {value[:_SHOWN]!r}" if isinstance(value, str) else f"the number {value}"


def _is(condition: Condition, value: Scalar) -> list[str]:
    return [f"is {_said(value)}: {condition.value}"] if condition.equals is not None and value == condition.equals else []


def _change(condition: Condition, last: Scalar | None, value: Scalar) -> list[str]:
    """A change of the value, in words. What comes first is no change; true, 1 and 1.0 are the same here."""
    changed = condition.changes and last is not None and last != value
    return [f"{_CHANGED} to {_said(value)}: {condition.value}, was {_said(last)}"] if changed else []


def _said(value: Scalar | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]


@lru_cache(maxsize=64)
def _nearest(wanted: str, names: tuple[str, ...]) -> str:
    """The name that was probably meant. It is kept in a cache: while nobody mends the rule, every report asks for it."""
    return did_you_mean(wanted, (name for name in names if len(name) <= _NAME_AT_MOST))


def news_in(findings: Findings, told: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong now, of which people were not told."""
    known = {word.split(" ")[0] for word in told}
    return tuple(word for word in findings.wrong if word.split(" ")[0] not in known)


def _limits(condition: Condition, value: float | None, held: set[str]) -> list[str]:
    wrong: list[str] = []
    if value is None:
        return wrong
    if condition.above is not None and (value > condition.above or ("above" in held and value > condition.above - condition.hysteresis)):
        wrong.append(f"above {condition.above:g}: {condition.value} is {value:g}")
    if condition.below is not None and (value < condition.below or ("below" in held and value < condition.below + condition.hysteresis)):
        wrong.append(f"below {condition.below:g}: {condition.value} is {value:g}")
    return wrong


def _rate(condition: Condition, before: Findings, value: float | None, clock_ms: int, since_ms: int) -> tuple[Sample | None, float | None]:
    """The sample that the next rate is measured from, and the rate: a new one when the old sample is old enough. No rate is measured over a
    break."""
    if value is None or (condition.rises_per_min is None and condition.falls_per_min is None):
        return None, None
    now = Sample(value=value, clock_ms=clock_ms)
    if before.anchor is None or before.anchor.clock_ms < since_ms:
        return now, before.rate_per_min
    elapsed_ms = clock_ms - before.anchor.clock_ms
    if elapsed_ms < condition.rate_over_s * 1000:
        return before.anchor, before.rate_per_min
    return now, (value - before.anchor.value) * _MS_PER_MIN / elapsed_ms


def _rates(condition: Condition, rate: float | None) -> list[str]:
    if rate is None:
        return []
    if condition.rises_per_min is not None and rate > condition.rises_per_min:
        return [f"rising {rate:.3g} a minute: {condition.value}"]
    if condition.falls_per_min is not None and -rate > condition.falls_per_min:
        return [f"falling {-rate:.3g} a minute: {condition.value}"]
    return []
