"""Jobs: what a clock's job remembers, and whom it tells."""

from typing import Any

import pytest

from gateway.actors.vocabulary import Switch
from gateway.business.job import WRONG_CLOCK_MS, Job
from gateway.testing.turns import BEGIN_MS, Turns

DEFINED: dict[str, Any] = {
    "schedule": "cron 0 7 * * *",
    "to": "toggle/hall",
    "verb": "set",
    "payload": {"on": True},
    "now_ms": BEGIN_MS,
}
HOUR_MS = 3_600_000


@pytest.fixture
def job() -> Turns[Any]:
    """A job that its clock has defined."""
    turns: Turns[Any] = Turns(Job(), me="job/main:wakeup")
    turns.tell("define", DEFINED)
    return turns


def fire(due_ms: int, **facts: Any) -> dict[str, Any]:
    return {"due_ms": due_ms, "payload": {"on": True}, **facts}


def test_a_new_job_counts_from_now_on(job: Turns[Any]) -> None:
    """What was due before anybody knew the job was not missed."""
    answer = job.ask("define", {**DEFINED, "now_ms": BEGIN_MS + HOUR_MS})
    assert answer.body == {"from_ms": BEGIN_MS, "fault": ""}


def test_it_tells_its_target_and_remembers(job: Turns[Any]) -> None:
    """One turn does both, so a power cut leaves both or neither."""
    job.tell("fire", fire(BEGIN_MS + HOUR_MS, late_s=12.5, missed=3))
    assert job.mail_to("toggle/hall") == [Switch(on=True)]
    state = job.state
    assert (state.from_ms, state.last_due_ms) == (BEGIN_MS + HOUR_MS, BEGIN_MS + HOUR_MS)
    assert (state.fired, state.missed, state.last_late_s) == (1, 3, 12.5)


def test_a_due_time_is_heard_once(job: Turns[Any]) -> None:
    """Neither the same one nor an earlier one, which a clock that was set back says again."""
    for due_ms in (BEGIN_MS + HOUR_MS, BEGIN_MS + HOUR_MS, BEGIN_MS + HOUR_MS // 2, BEGIN_MS):
        job.tell("fire", fire(due_ms))
    assert len(job.mail_to("toggle/hall")) == 1


def test_the_same_definition_keeps_what_it_knows(job: Turns[Any]) -> None:
    """After a restart it counts from the last due time; another target or payload is only taken over."""
    job.tell("fire", fire(BEGIN_MS + HOUR_MS))
    answer = job.ask("define", {**DEFINED, "to": "toggle/attic", "now_ms": BEGIN_MS + 9 * HOUR_MS})
    assert answer.body == {"from_ms": BEGIN_MS + HOUR_MS, "fault": ""}
    assert job.state.to == "toggle/attic"


def test_another_time_begins_anew(job: Turns[Any]) -> None:
    """What would have been due under the new schedule before it was written was not missed."""
    answer = job.ask("define", {**DEFINED, "schedule": "every 15 min", "now_ms": BEGIN_MS + 9 * HOUR_MS})
    assert answer.body == {"from_ms": BEGIN_MS + 9 * HOUR_MS, "fault": ""}


def test_a_clock_that_was_years_ahead_does_not_silence_it(job: Turns[Any]) -> None:
    """A due time of 2075 was noted by a wrong clock; one of tomorrow may be right, and is not repeated."""
    job.tell("fire", fire(BEGIN_MS + WRONG_CLOCK_MS))
    assert job.ask("define", DEFINED).body["from_ms"] == BEGIN_MS + WRONG_CLOCK_MS
    job.tell("fire", fire(BEGIN_MS + 50 * 365 * 24 * HOUR_MS))
    assert job.ask("define", DEFINED).body["from_ms"] == BEGIN_MS


def test_a_payload_that_does_not_fit_is_said_when_the_clock_starts(job: Turns[Any]) -> None:
    """Not at seven in the morning."""
    answer = job.ask("define", {**DEFINED, "payload": {"on": "yes"}})
    assert answer.body["fault"] == "cannot read the payload of set to toggle/hall: on: expected true or false"
    assert job.state.fault == answer.body["fault"]


def test_a_target_that_cannot_be_told_is_refused_and_not_due_again(job: Turns[Any]) -> None:
    """No retry would change the payload: the due time is over, and the clock hears why."""
    answer = job.ask("fire", {"due_ms": BEGIN_MS + HOUR_MS, "payload": {"off": True}})
    assert (answer.ok, answer.reason) == (False, job.state.fault)
    assert "off: no such field; there is on" in answer.reason
    assert job.state.last_due_ms == BEGIN_MS + HOUR_MS


def test_run_does_it_now(job: Turns[Any]) -> None:
    """To try it out: its due times stay as they are."""
    assert job.ask("run").body["last_due_ms"] == 0
    assert job.mail_to("toggle/hall") == [Switch(on=True)]


def test_nobody_s_job_does_nothing() -> None:
    """An actor that no clock has defined says so."""
    turns: Turns[Any] = Turns(Job(), me="job/main:wakeup")
    answer = turns.ask("fire", fire(BEGIN_MS))
    assert answer.reason == "job/main:wakeup does not know what to do; its clock defines it when it starts"


def test_before_the_time_is_known_it_counts_nothing() -> None:
    """It is defined by a clock that cannot be trusted yet, can be run, and begins when the time is known."""
    turns: Turns[Any] = Turns(Job(), me="job/main:wakeup")
    turns.tell("define", {**DEFINED, "now_ms": 0})
    assert turns.ask("run").ok
    assert (turns.state.runs, turns.state.last_run_ms, turns.state.fired) == (1, BEGIN_MS, 0)
    assert turns.ask("define", DEFINED).body == {"from_ms": BEGIN_MS, "fault": ""}


def test_a_job_that_was_known_stays_so_while_the_time_is_not() -> None:
    """From when it counts is not forgotten over a boot with a wrong clock."""
    turns: Turns[Any] = Turns(Job(), me="job/main:wakeup")
    turns.tell("define", DEFINED)
    turns.tell("define", {**DEFINED, "now_ms": 0})
    assert turns.ask("define", {**DEFINED, "now_ms": BEGIN_MS + HOUR_MS}).body["from_ms"] == BEGIN_MS
