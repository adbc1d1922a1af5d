"""The section `[clock.KEY]`: what it takes, and what it refuses, with its line."""

import textwrap
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.clock import clock
from devices.clock.clock import Clock
from devices.clock.settings import ClockSettings
from devices.mqtt.connection import Connection
from gateway.actors.ids import kind_of
from gateway.actors.payloads import read_payload
from gateway.actors.templates import filled_tree
from gateway.business.job import Job
from gateway.business.toggle import Toggle
from gateway.business.twin import Twin
from gateway.config import ConfigProblems, read
from gateway.registry import of_classes

JOB = {"name": "evening", "at": "cron 0 23 * * *", "to": "toggle/hall", "verb": "set", "payload": {"on": True}}


def problems(text: str, folder: Path) -> list[str]:
    """What `gateway check` says of the clock in a file, line by line."""
    path = folder / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        read(path, registry=of_classes([Clock], [Toggle]))
    return [line for line in str(caught.value).splitlines()[1:] if "clock.main" in line]


def test_the_example_in_the_docstring_runs(tmp_path: Path) -> None:
    """What people copy is a configuration: its jobs have times, and targets that take what they are told."""
    example = "\n".join(line for line in (clock.__doc__ or "").split("**Holding.**")[0].splitlines() if line.startswith("    "))
    path = tmp_path / "gateway.toml"
    path.write_text(textwrap.dedent(example))
    (part,) = read(path, registry=of_classes([Clock, Connection], [Toggle, Twin, Job])).host_bound
    assert isinstance(part.settings, ClockSettings)
    for one in part.settings.jobs:
        told = filled_tree(one.payload, {"due_ms": 1, "late_s": 0.5, "missed": 0})
        read_payload({"toggle": Toggle, "twin": Twin}[kind_of(one.to)].verbs[one.verb].payload, told, where=one.name)


def job(**changes: Any) -> str:
    rows = [f"{name} = {value!r}" for name, value in {**JOB, "verb": "pressed", "payload": "", **changes}.items() if value != ""]
    return "[[clock.main.jobs]]\n" + "\n".join(rows) + "\n"


def test_a_clock_needs_no_key() -> None:
    """It holds messages, and has no jobs; its zone is the host's."""
    settings = ClockSettings()
    assert (settings.jobs, settings.wait_for_sync) == ([], True)
    assert settings.zone is not None


def test_it_says_whom_it_tells() -> None:
    """The addresses are there to be checked before the start."""
    assert ClockSettings.model_validate({"jobs": [JOB]}).addresses() == [("jobs.0.to", "toggle/hall", "set")]


def test_a_job_is_wrong_in_its_own_line(tmp_path: Path) -> None:
    """A job by the sun without a place, a cron that cannot be read, a target that there is not: each with its line."""
    text = (
        "[clock.main]\ntimezone = 'Europe/Berlin'\n"
        + job()
        + job(name="sun", at="at sunset")
        + job(name="bad", at="cron 99 * * * *", to="toggle/a")
    )
    assert problems(text, tmp_path) == [
        "  10:6   clock.main.jobs[1].at: cannot tell when sunset is: the place is not known; "
        "set latitude_deg and longitude_deg of the clock",
        "  15:6   clock.main.jobs[2].at: cannot read cron '99 * * * *': bad minute; its fields are minute hour day month weekday",
    ]


def test_a_target_that_has_no_such_verb_is_found(tmp_path: Path) -> None:
    """As for any other device."""
    assert problems("[clock.main]\n" + job(verb="sett"), tmp_path) == [
        "  5:6   clock.main.jobs[0].to: cannot send 'sett' to toggle: it has no such verb; did you mean 'set'?"
    ]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (
            {"timezone": "Europe/Berlinn"},
            "timezone: cannot use 'Europe/Berlinn' as a time zone: there is none of that name; write one as in \"Europe/Berlin\"",
        ),
        (
            {"timezone": "../../etc/passwd"},
            "timezone: cannot use '../../etc/passwd' as a time zone: there is none of that name; write one as in \"Europe/Berlin\"",
        ),
        ({"latitude_deg": 52.0}, ": 'latitude_deg' and 'longitude_deg' belong together; set both or neither"),
        ({"jobs": [JOB, JOB]}, ": jobs.1.name: two jobs are called 'evening'; give each a name of its own"),
        (
            {"jobs": [{**JOB, "name": "a b"}]},
            "jobs.0.name: cannot use 'a b' as the name of a job: write letters, digits and . _ ~ : @ = , -",
        ),
        ({"jobs": [{**JOB, "misfire": "twice"}]}, "jobs.0.misfire: Input should be 'once', 'all' or 'skip'"),
        (
            {"latitude_deg": 89.9, "longitude_deg": 0.0, "jobs": [{**JOB, "at": "cron 0 0 * 2 mon#6"}]},
            "jobs.0: at: cannot read cron '0 0 * 2 mon#6': bad day-of-week; its fields are minute hour day month weekday",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(settings: dict[str, Any], error: str) -> None:
    """A job that would never do what it says is an error at the start."""
    with pytest.raises(ValidationError) as caught:
        ClockSettings.model_validate(settings)
    (found,) = caught.value.errors()
    assert ".".join(map(str, found["loc"])) + ": " + found["msg"].removeprefix("Value error, ") == error
