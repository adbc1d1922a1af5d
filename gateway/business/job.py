"""Jobs: the memory of what a clock does at a time of day, across restarts and power cuts.

A clock keeps nothing. So each of its jobs has an ordinary actor, `job/main:wakeup` for the job `wakeup` of `clock/main`, that
knows which due time was the last. The clock says what the job is (`define`), as soon as it starts and again when it knows the time, and
when it is due (`fire`); in one commit the job notes the due time and tells the target. Found after a power cut, it did both or neither.
"""

from typing import Any

from pydantic import Field, JsonValue

from gateway.actors import Actor, BadId, BadPayload, By, Payload, Stage, State, UnknownTarget, verb
from gateway.actors.guards import refuse
from gateway.actors.payloads import read_payload

WRONG_CLOCK_MS = 2 * 86_400_000
"""A last due time so far in the future was noted by a clock that went wrong: it does not keep the job from being due."""


class Definition(Payload):
    """Payload of the verb `define`: what the clock's section says of one job."""

    schedule: str
    """What the due times depend on, as one text."""
    to: str
    verb: str
    payload: dict[str, JsonValue] = {}
    now_ms: int = Field(default=0, ge=0)
    """Wall time, milliseconds since 1970: a new job counts from here on. 0: the time is not trusted yet, and the job counts nothing."""


class Fire(Payload):
    """Payload of the verb `fire`: the job is due."""

    due_ms: int = Field(ge=0)
    """When the job was due, wall time, milliseconds since 1970."""
    late_s: float = 0.0
    missed: int = Field(default=0, ge=0)
    """How many earlier due times this one stands for, which were missed; a clock counts up to 999."""
    payload: dict[str, JsonValue] = {}


class JobState(State):
    """What a job remembers."""

    schedule: str = ""
    to: str = ""
    verb: str = ""
    payload: dict[str, JsonValue] = {}
    from_ms: int = 0
    """Due times count from here on: the last one, or when the job began."""
    last_due_ms: int = 0
    """The last due time at which it fired; 0: none yet."""
    last_fired_ms: int = 0
    """When the job fired for that due time."""
    last_run_ms: int = 0
    """When somebody last had it done by `run`; 0: nobody yet."""
    runs: int = 0
    """How often somebody did; these are not counted as fired."""
    last_late_s: float = 0.0
    fired: int = 0
    missed: int = 0
    """Due times that another one stood for."""
    fault: str = ""
    """Why the target could not be told; empty when it could."""


class Job(Actor[JobState]):
    """An actor that remembers when a job last fired, and tells the job's target when it does."""

    @verb(by=By.ACTORS)
    def define(self, definition: Definition, stage: Stage[JobState]) -> None:
        """Take over what the clock's section says of this job. Answers from when on due times count, and whether the target takes the
        payload."""
        state = stage.state
        wrong = definition.now_ms > 0 and state.from_ms > definition.now_ms + WRONG_CLOCK_MS
        begins = state.schedule != definition.schedule or not state.from_ms or wrong
        what = {"schedule": definition.schedule, "to": definition.to, "verb": definition.verb, "payload": definition.payload}
        fault = self._fault_of(stage, definition)
        changed = state.changed(**what, from_ms=definition.now_ms if begins else state.from_ms, fault=fault)
        if changed != state:
            stage.state = changed
        stage.reply({"from_ms": changed.from_ms, "fault": fault})

    @verb(by=By.ACTORS)
    def fire(self, fire: Fire, stage: Stage[JobState]) -> None:
        """Tell the target, once for each due time; a due time before the last one, from a clock that was set back, is ignored."""
        state = stage.state
        if not state.to:
            stage.refuse(f"{stage.me} does not know what to do; its clock defines it when it starts")
        elif fire.due_ms > state.from_ms:
            self._tell(stage, fire.payload)
            stage.state = stage.state.changed(
                from_ms=fire.due_ms,
                last_due_ms=fire.due_ms,
                last_fired_ms=stage.now_ms,
                last_late_s=fire.late_s,
                fired=state.fired + 1,
                missed=state.missed + fire.missed,
            )

    @verb
    def run(self, stage: Stage[JobState]) -> None:
        """Tell the target now, whatever the time, to try the job out."""
        if not stage.state.to:
            refuse(stage, f"there is no job {stage.key}; `gateway show job` lists those there are")
            return
        self._tell(stage, stage.state.payload)
        stage.state = stage.state.changed(last_run_ms=stage.now_ms, runs=stage.state.runs + 1)
        stage.reply(stage.state)

    @verb
    def read(self, stage: Stage[JobState]) -> None:
        """Answer with everything the job knows."""
        stage.reply(stage.state)

    def _tell(self, stage: Stage[JobState], payload: dict[str, Any]) -> None:
        """Tell the target; what is wrong with that is told to the clock, for no retry would change it."""
        fault = ""
        try:
            stage.tell(stage.state.to, stage.state.verb, payload)
        except (BadId, UnknownTarget, BadPayload) as error:
            fault = str(error)
            stage.refuse(fault)
        stage.state = stage.state.changed(fault=fault)

    def _fault_of(self, stage: Stage[JobState], definition: Definition) -> str:
        """Why the target would not take the job's payload; empty where it would. Nothing is sent."""
        try:
            read_payload(stage.world.find_verb(definition.to, definition.verb).payload, definition.payload, where=_where(definition))
        except (BadId, UnknownTarget, BadPayload) as error:
            return str(error)
        return ""


def _where(definition: Definition) -> str:
    return f"{definition.verb} to {definition.to}"
