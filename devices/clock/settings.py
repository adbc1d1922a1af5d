"""What `[clock.KEY]` takes: where and in which zone it is, and its jobs."""

from datetime import tzinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator, model_validator

from devices.clock.schedule import DueTimes, read_schedule
from devices.clock.sun import PlaceOnEarth
from devices.clock.zones import zone_of
from gateway.actors import Settings
from gateway.actors.ids import check_id, is_key
from gateway.actors.templates import filled_tree

_ANY_MS = 1_767_225_600_000
"""2026-01-01: a schedule that is never due after it is a mistake."""


class JobSettings(BaseModel):
    """One `[[clock.KEY.jobs]]`: at each due time the actor `to` is told `verb` with `payload`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=64)
    """Names the job's memory, `job/KEY:NAME`: under another name it begins anew."""
    at: str = Field(max_length=256)
    """When: "daily at 7:30", "cron 0 7 * * mon-fri", "every 15 min", "at sunset", "10 minutes before sunset"."""
    to: str
    """An actor id."""
    verb: str
    payload: dict[str, JsonValue] = {}
    """A text that is "{due_ms}", "{late_s}" or "{missed}" becomes that number."""
    misfire: Literal["once", "all", "skip"] = "once"
    """What becomes of due times that were missed: one message for all of them, one for each (the last 1000), or none."""
    late_after_s: float = Field(default=60.0, ge=0, le=86400)
    """Seconds after its due time from which it counts as missed."""

    @field_validator("name")
    @classmethod
    def _is_key(cls, name: str) -> str:
        if not is_key(name):
            raise ValueError(f"cannot use {name!r} as the name of a job: write letters, digits and . _ ~ : @ = , -")
        return name

    @field_validator("to")
    @classmethod
    def _is_id(cls, to: str) -> str:
        return check_id(to)


def _can_be_due(job: JobSettings, seen: ValidationInfo) -> JobSettings:
    """Check the time of a job, with the zone and the place of its clock; skipped where one of these is itself wrong."""
    if "timezone" not in seen.data or "latitude_deg" not in seen.data or "longitude_deg" not in seen.data:
        return job
    try:
        schedule = read_schedule(job.at, zone_of(seen.data["timezone"]), _place(seen.data["latitude_deg"], seen.data["longitude_deg"]))
    except ValueError as error:
        raise ValueError(f"at: {error}") from None
    if schedule.next_after(_ANY_MS) is None:
        raise ValueError(f"at: {job.at!r} is never due; write a time that comes")
    return job


def _place(latitude_deg: float | None, longitude_deg: float | None) -> PlaceOnEarth | None:
    return None if latitude_deg is None or longitude_deg is None else PlaceOnEarth(latitude_deg, longitude_deg)


class ClockSettings(Settings):
    """The settings of one clock. The zone and the place stand before the jobs, which are checked against them."""

    timezone: str = Field(default="", max_length=128)
    """IANA name of the zone whose wall the jobs and `at` go by: "Europe/Berlin"; the host's unless given."""
    latitude_deg: float | None = Field(default=None, ge=-90, le=90)
    """Where the sun is looked at from, degrees WGS 84, north positive; needed for jobs by the sun."""
    longitude_deg: float | None = Field(default=None, ge=-180, le=180)
    """East positive."""
    wait_for_sync: bool = True
    """Whether nothing goes off before the host's clock was set by a time server; false for a host that has none and keeps time."""
    jobs: list[Annotated[JobSettings, AfterValidator(_can_be_due)]] = Field(default=[], max_length=1000)

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if name:
            zone_of(name)
        return name

    @model_validator(mode="after")
    def _has_jobs_named_apart(self) -> "ClockSettings":
        names: set[str] = set()
        twice = []
        for number, job in enumerate(self.jobs):
            if job.name in names:
                twice.append(f"jobs.{number}.name: two jobs are called {job.name!r}; give each a name of its own")
            names.add(job.name)
        if twice:
            raise ValueError("\n".join(twice))
        return self

    @model_validator(mode="after")
    def _is_a_whole_place(self) -> "ClockSettings":
        if (self.latitude_deg is None) is not (self.longitude_deg is None):
            raise ValueError("'latitude_deg' and 'longitude_deg' belong together; set both or neither")
        return self

    def addresses(self) -> list[tuple[str, str, str]]:
        """The actors that the jobs tell."""
        return [(f"jobs.{number}.to", job.to, job.verb) for number, job in enumerate(self.jobs)]

    def payloads(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """What the jobs say, with some time in the place of each placeholder."""
        facts = {"due_ms": _ANY_MS, "late_s": 0.0, "missed": 0}
        return [(f"jobs.{number}.payload", job.to, job.verb, filled_tree(job.payload, facts)) for number, job in enumerate(self.jobs)]

    @property
    def zone(self) -> tzinfo:
        """The time zone, which is the host's where none is set."""
        return zone_of(self.timezone)

    def schedule_of(self, job: JobSettings) -> DueTimes:
        """The schedule of one job: when it is due."""
        return read_schedule(job.at, self.zone, _place(self.latitude_deg, self.longitude_deg))

    def definition_of(self, job: JobSettings) -> str:
        """What a job's due times depend on, as one text: where it changes, the job begins anew."""
        where = "" if self.latitude_deg is None else f" at {self.latitude_deg}, {self.longitude_deg}"
        return f"{job.at} in {self.zone}{where}"
