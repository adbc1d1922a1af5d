"""The actor of the benchmark, as a user would write it: a count per device, the last reading, and a publish of both.

It takes the place of the twin that comes in the box so that all pipelines publish the same fields: a twin adds unit, time and
quality to each value, and publishes four times as much.
"""

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.vocabulary import Publish


class Reading(Payload):
    """One line of the feeder."""

    device: str
    n: int
    sent_us: int
    temperature_c: float
    humidity_pct: float
    battery_v: float


class Count(State):
    """What a tally remembers."""

    count: int = 0
    last: Reading | None = None


class Tally(Actor[Count]):
    """Counts the lines of one device."""

    @verb
    def take(self, reading: Reading, stage: Stage[Count]) -> None:
        """Count a reading, and publish it with the count."""
        count = stage.state.count + 1
        stage.state = Count(count=count, last=reading)
        body = {**reading.__dict__, "count": count}
        stage.tell("mqtt/main", "publish", Publish(topic=f"bench/{stage.key}", body=body))
