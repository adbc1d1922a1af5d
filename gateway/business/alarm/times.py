"""The times of an alarm: how long it still waits before it tells people, by what its rule says now.

Each is counted from the moment it is about, by the gateway's own clock. So a rule that has another time, or one more, while the alarm waits
or stands, holds from then on: what is overdue by it comes at once.
"""

from gateway.actors import Stage
from gateway.business.alarm.rules import AlarmRule
from gateway.business.alarm.state import AlarmPhase, AlarmState
from gateway.business.condition import news_in

PENDING, ESCALATION, WORSE = "pending", "escalation", "worse"
"""The names of the timers."""


def wait(stage: Stage[AlarmState], rule: AlarmRule | None) -> None:
    """Set the timer after which the alarm is raised, unless all is right again before."""
    stage.after(_left_s(stage, rule.for_s, stage.state.wrong_clock_ms) if rule else 0.0, "waited", name=PENDING)


def mind(stage: Stage[AlarmState], rule: AlarmRule) -> None:
    """Set the timer that tells of what is wrong and was not told yet, in a drill for the time that is left; or cancel it."""
    state = stage.state
    new = bool(news_in(state.findings, state.why))
    if new and not state.worse:
        since_ms = (state.wrong_clock_ms if state.drill else 0) or stage.clock_ms
        stage.after(_left_s(stage, rule.for_s, since_ms), "worsen", name=WORSE)
        state = state.changed(worse_clock_ms=since_ms)
    elif state.worse and not new:
        stage.cancel(WORSE)
    stage.state = state.changed(worse=new)


def keep_time(stage: Stage[AlarmState], rule: AlarmRule) -> None:
    """Set the timers anew by what the rule says now, which may be something else than when they were set."""
    state = stage.state
    if state.phase is AlarmPhase.PENDING:
        wait(stage, rule)
    if state.worse and state.worse_clock_ms:
        stage.after(_left_s(stage, rule.for_s, state.worse_clock_ms), "worsen", name=WORSE)
    if state.phase is not AlarmPhase.ACTIVE or not state.said_clock_ms:
        return
    if rule.escalate_after_s and state.escalations < rule.escalations:
        stage.after(_left_s(stage, rule.escalate_after_s, state.said_clock_ms), "escalate", name=ESCALATION)
    else:
        stage.cancel(ESCALATION)


def _left_s(stage: Stage[AlarmState], after_s: float, since_ms: int) -> float:
    """How many seconds are left of `after_s`, since a moment by the gateway's own clock; where that is 0, since now."""
    return max(0.0, after_s - stage.since_s(since_ms or stage.clock_ms))
