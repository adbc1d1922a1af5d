"""What the tests of clocks share: a wall clock that is turned, and a gateway with a clock and who it tells."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import JsonValue

from devices.clock.clock import Clock
from devices.clock.settings import ClockSettings
from devices.clock.simulator import TurnedClock
from gateway.actors import Actor, Health, Payload, Stage, State, verb
from gateway.actors.vocabulary import Hold
from gateway.business.job import Job
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import ManualClock, Rig

SEVEN_MS = 1_780_470_000_000
"""2026-06-03, a Wednesday, 07:00 UTC."""
HOUR_S = 3600.0
DAY_S = 86_400.0


class Heard(Payload):
    """What the bell is told."""

    due_ms: int = 0
    late_s: float = 0.0
    missed: int = 0
    text: str = ""


class Rung(State):
    """What the bell heard, in order."""

    heard: tuple[Heard, ...] = ()


class Bell(Actor[Rung]):
    """Remembers what it is told."""

    @verb
    def ring(self, heard: Heard, stage: Stage[Rung]) -> None:
        """Take it."""
        stage.state = stage.state.changed(heard=(*stage.state.heard, heard))
        stage.reply()


class Errand(Payload):
    """What a sender sends along a route by way of the clock."""

    hold: dict[str, JsonValue]


class Sender(Actor[State]):
    """Sends a message along a route: to the clock, then to the bell; where it fails, to the complaints bell."""

    @verb
    def send(self, errand: Errand, stage: Stage[State]) -> None:
        """Set it on its way."""
        route = stage.route([("clock/main", "hold"), ("bell/tower", "ring")])
        stage.send_along(route, Hold.model_validate(errand.hold))


class House:
    """A gateway with one clock, through as many lives as the test wants."""

    def __init__(self, settings: ClockSettings, wall: TurnedClock) -> None:
        self.wall = wall
        self.settings = settings
        house = self

        class TheClock(Clock):
            """The clock of this house, with the settings of this moment."""

            kind = "clock"

            def __init__(self, key: str, settings: ClockSettings) -> None:
                super().__init__("main", house.settings, wall=house.wall)

        self.rig = Rig(
            [Job(), Bell(), Sender()],
            {"clock/main": TheClock},
            store=MemoryStore(),
            clock=ManualClock(now_ms=wall.now_ms()),
            settings=EngineSettings(ingress_messages=2000),  # for what finds no room now, somebody would have to turn the clock
        )

    def heard(self, count: int) -> list[Heard]:
        """What the bell has heard, when it is so much."""
        return list(self.rig.until(lambda: heard if len(heard := self._heard()) == count else None) if count else self._heard())

    def _heard(self) -> tuple[Heard, ...]:
        heard: tuple[Heard, ...] = self.rig.state("bell/tower").heard
        return heard

    def counted(self, name: str, count: int) -> None:
        """Block until the clock has counted so many."""
        self.rig.until(lambda: self.rig.hosted["clock/main"].counters[name] == count)

    def detail(self) -> str:
        """What `gateway show` says of the clock."""
        return self.rig.hosted["clock/main"].detail

    def ready(self) -> None:
        """Block until every job's actor has answered and the clock has said when it is due."""
        self.rig.until(lambda: self.rig.hosted["clock/main"].health is Health.OK)
        self.rig.settle()

    def turn(self, seconds: float) -> None:
        """Let time pass, for the gateway too."""
        self.rig.clock.advance(seconds)
        self.wall.turn(seconds)


@pytest.fixture
def wall() -> TurnedClock:
    return TurnedClock(now_ms=SEVEN_MS - 3_600_000)


@pytest.fixture
def house(wall: TurnedClock) -> Iterator[Callable[..., House]]:
    """Build a house whose clock has these jobs, and start it; at first it is an hour before seven, UTC."""
    with ExitStack() as stack:

        def build(*jobs: dict[str, Any], **settings: Any) -> House:
            built = House(clock_settings(*jobs, **settings), wall)
            stack.enter_context(built.rig)
            return built

        yield build


def clock_settings(*jobs: dict[str, Any], **settings: Any) -> ClockSettings:
    """The section of a clock in UTC whose jobs ring the bell."""
    defaults = {"name": "wakeup", "to": "bell/tower", "verb": "ring"}
    return ClockSettings.model_validate({"timezone": "UTC", "jobs": [{**defaults, **job} for job in jobs], **settings})
