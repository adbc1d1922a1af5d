"""What the tests of pins share: a clean simulated board, a clock that a test turns, and pins on a bench."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from devices.gpio.pins import Pin
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins, simulated_pins
from gateway.testing import Bench, ManualClock


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def pins() -> Iterator[SimulatedPins]:
    """The simulated board, new."""
    simulated_pins().reset()
    yield simulated_pins()
    simulated_pins().reset()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def put(pins: SimulatedPins, clock: Clock) -> Iterator[Callable[..., Bench]]:
    """Put a simulated pin on a running bench: `put(type="led", pin=17)`. The clock stands; `real=True` lets it run."""
    with ExitStack() as stack:

        def make(
            *, real: bool = False, commit: bool = True, ready: bool = True, key: str = "bench", remembered: str = "", **settings: Any
        ) -> Bench:
            model = PinSettings(**{"simulate": True, **settings})
            pin = Pin(key, model) if real else Pin(key, model, clock=clock)
            bench = Bench(pin, f"gpio/{key}", commit=commit, clock=ManualClock(now_ms=1_800_000_000_000))
            bench.remembered = remembered
            stack.enter_context(bench)
            if ready:
                bench.until(lambda: bench.health)
            return bench

        yield make


@pytest.fixture
def bench_of(pins: SimulatedPins, clock: Clock) -> Iterator[Callable[..., Bench]]:
    """Put a device of another kind on a running bench: `bench_of(Servo, ServoSettings, pin=18)`. The clock stands."""
    with ExitStack() as stack:

        def make(kind: type[Any], model: type[Any], *, remembered: str = "", commit: bool = True, **settings: Any) -> Bench:
            actor = kind("bench", model(**{"simulate": True, **settings}), clock=clock)
            bench = Bench(actor, f"{kind.kind}/bench", commit=commit, clock=ManualClock(now_ms=1_800_000_000_000))
            bench.remembered = remembered
            stack.enter_context(bench)
            bench.until(lambda: bench.health)
            return bench

        yield make


@pytest.fixture
def turn(clock: Clock) -> Callable[[Bench, float], None]:
    """Turn the clock, and let the pin look at it."""

    def turn_by(bench: Bench, seconds: float) -> None:
        clock.now_s += seconds
        bench.wake()

    return turn_by


@pytest.fixture
def told() -> Callable[[Bench], list[Any]]:
    """What a bench's pin has told other actors of the house, short: the values it reported, and the counts of presses."""

    def tell(bench: Bench) -> list[Any]:
        sent = [one for one in bench.sent if one.verb != "publish"]
        return [one.payload.values if one.verb == "report" else one.payload.count for one in sent]

    return tell
