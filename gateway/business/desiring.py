"""What is desired of a device: a value that somebody set on its twin, and what became of that.

The twin asks the actor that sets the value (its point says which), and keeps the answer: accepted, and then done, failed, expired or
unknown. Whether the device follows is seen in what it reports.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from typing_extensions import TypedDict

from gateway.actors import Answer, Stage
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.models import Payload
from gateway.actors.points import Point
from gateway.actors.vocabulary import Scalar

ACCEPTED, DONE, FAILED, EXPIRED, UNKNOWN = "accepted", "done", "failed", "expired", "unknown"


class Desired(TypedDict):
    """One desired value, as a twin keeps and publishes it."""

    to: bool | int | float | str
    outcome: str
    """`accepted`, and then `done`, `failed`, `expired` or `unknown`."""
    id: str
    """Id of the message that set it."""
    at_ms: int
    """Wall time of the last change of the outcome, milliseconds since 1970, as the gateway knew it."""
    reason: str
    """Why it was not done; else empty."""


class Desire(Payload):
    """Payload of the verb `set` of a twin: which value shall be what."""

    value: str = Field(min_length=1, max_length=256)
    """The name of the value."""
    to: Scalar
    within_s: float = Field(default=30.0, gt=0, le=3600)
    """Seconds after which nobody knows what became of it."""


def settable(desire: Desire, points: Mapping[str, Point], me: str) -> Point | str:
    """The point of a value that can be set, or why it cannot."""
    can = {name: point for name, point in points.items() if point.setter}
    if desire.value in can:
        return can[desire.value]
    if not can:
        return f"{me} has no value that can be set"
    return f"{me} has no value {desire.value!r} that can be set; {did_you_mean(desire.value, can)}"


def ask_for(desire: Desire, point: Point, stage: Stage[Any]) -> Desired:
    """Ask the actor that sets a value; what is desired now. Raises BadPayload where that actor cannot take the value."""
    id = stage.message.asked
    fields = {point.field: desire.to} if point.field else {}
    stage.ask(point.setter, point.verb, fields, then="set_done", within_s=desire.within_s, name=f"{id} {desire.value}")
    return {"to": desire.to, "outcome": ACCEPTED, "id": id, "at_ms": stage.now_ms, "reason": ""}


def told_of(answer: Answer) -> tuple[str, str]:
    """The id of the message that set a value, and the name of the value, of which an answer tells."""
    id, _, name = answer.name.partition(" ")
    return id, name


def outcome_of(answer: Answer) -> str:
    """What became of a desired value, by the answer of the actor that sets it."""
    if answer.ok:
        return DONE
    if answer.timed_out or answer.reason.startswith("outcome unknown"):
        return UNKNOWN
    return EXPIRED if answer.reason.startswith("expired") else FAILED
