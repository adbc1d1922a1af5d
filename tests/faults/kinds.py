"""Kinds that these tests bring to a daemon, by entry points: one that counts, one that ends the process."""

import os

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.vocabulary import Publish

FATAL = 13
"""The number at which a `fuse` blows."""
BLOWN = 99
"""What the process exits with then."""


class Number(Payload):
    """One numbered message of a device: what a `JsonMeter` says; of the rest only the first two are said over MQTT."""

    device: str
    id: int
    at_ms: int = 0
    power_w: float = 0.0
    energy_wh: int = 0
    voltage_v: float = 0.0

    @property
    def is_telemetry(self) -> bool:
        """On a full disk it waits at the door."""
        return True


class Counted(State):
    """What was counted, and its sum: a number that is missing and another that is doubled would leave the count as it should be."""

    count: int = 0
    total: int = 0


class Tally(Actor[Counted]):
    """Counts the numbers of one device, and publishes each with the running count, both in the topic: so a broker's log has them."""

    @verb
    def take(self, number: Number, stage: Stage[Counted]) -> None:
        """Count one."""
        count = stage.state.count + 1
        stage.state = Counted(count=count, total=stage.state.total + number.id)
        stage.tell("mqtt/main", "publish", Publish(topic=f"counted/{stage.key}/{number.id}/{count}", body=str(count)))


class Fuse(Actor[Counted]):
    """Counts, and ends the whole process at one number, as a fault in a library written in C does."""

    @verb
    def take(self, number: Number, stage: Stage[Counted]) -> None:
        """Count one, or blow."""
        if number.id == FATAL:
            os._exit(BLOWN)
        stage.state = Counted(count=stage.state.count + 1, total=stage.state.total + number.id)
