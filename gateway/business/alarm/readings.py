"""What an alarm makes of what its device says: which of its rule's conditions hold. Pure."""

from typing import Any

from gateway.actors.messages import Model
from gateway.business.alarm.rules import Rule

_MS_PER_MIN = 60_000


class Sample(Model):
    """A value at a time of the gateway's own clock."""

    value: float
    clock_ms: int


class Findings(Model):
    """What is wrong now, in words, and what the next reading is compared with."""

    wrong: tuple[str, ...] = ()
    anchor: Sample | None = None
    """What a rate is measured from."""
    rate_per_min: float | None = None
    """The last rate that was measured."""


def judge(rule: Rule, before: Findings, values: dict[str, Any], *, online: bool, clock_ms: int) -> Findings:
    """The findings of a reading. A condition that held goes on until the value is inside by the hysteresis.

    A reading without the value, or with one that is no number, says nothing of it: what was wrong of it stays so.
    """
    held = {word.split(" ")[0] for word in before.wrong}
    silence = ("silent",) if rule.silent and not online else ()
    reading = values.get(rule.value, {}).get("value") if rule.value else None
    if isinstance(reading, bool) or not isinstance(reading, int | float):
        kept = tuple(word for word in before.wrong if word != "silent")
        return before.changed(wrong=(*kept, *silence))
    anchor, rate = _rate(rule, before, float(reading), clock_ms)
    return Findings(wrong=(*_limits(rule, float(reading), held), *_rates(rule, rate), *silence), anchor=anchor, rate_per_min=rate)


def news_in(findings: Findings, told: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong in another way than people were told."""
    known = {word.split(" ")[0] for word in told}
    return tuple(word for word in findings.wrong if word.split(" ")[0] not in known)


def _limits(rule: Rule, value: float, held: set[str]) -> list[str]:
    wrong = []
    if rule.above is not None and (value > rule.above or ("above" in held and value > rule.above - rule.hysteresis)):
        wrong.append(f"above {rule.above:g}: {rule.value} is {value:g}")
    if rule.below is not None and (value < rule.below or ("below" in held and value < rule.below + rule.hysteresis)):
        wrong.append(f"below {rule.below:g}: {rule.value} is {value:g}")
    return wrong


def _rate(rule: Rule, before: Findings, value: float, clock_ms: int) -> tuple[Sample | None, float | None]:
    """The anchor for the next reading, and the rate: a new one when the anchor is old enough."""
    if rule.rises_per_min is None and rule.falls_per_min is None:
        return None, None
    now = Sample(value=value, clock_ms=clock_ms)
    if before.anchor is None:
        return now, None
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
