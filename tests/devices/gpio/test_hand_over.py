"""A reload of an output: every level its line is driven at, from the old actor's last moment to the new one's first."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devices.gpio.pins import Pin
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.config.configuration import HostBoundPart
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.service.hosts import Hosts, HostToBe, part_of
from gateway.store.memory import MemoryStore
from gateway.testing.clock import PATIENCE_S

RELAY = {"type": "relay", "pin": 17, "simulate": True, "publish_to": "", "on_stop": "off", "on_start": "off"}


def to_be(**settings: Any) -> HostToBe:
    """The relay with these settings."""
    return part_of(HostBoundPart(Pin, "pump", PinSettings(**{**RELAY, **settings})))


class Relay:
    """One relay in a running engine."""

    def __init__(self, part: HostToBe) -> None:
        self.engine = Engine(MemoryStore(), [], [(part.id, part.kind)])
        self.hosts = Hosts([part], self.engine)
        self.engine.start(self.hosts.give, absent=[part.id])
        self.hosts.start()
        self.until(lambda: self.hosted.health is Health.OK)

    @property
    def hosted(self) -> Hosted:
        return self.hosts.all[0]

    def until(self, truth: Callable[[], object]) -> None:
        """Block until it is true."""
        tick = threading.Event()
        for _ in range(int(PATIENCE_S / 0.005)):
            if truth():
                return
            tick.wait(0.005)
        raise AssertionError("it never came")

    def tell(self, verb: str, **payload: Any) -> None:
        """Send the relay a command, as if from a device."""
        self.hosted.send("gpio/pump", verb, payload)

    def change(self, **settings: Any) -> None:
        """Have the relay's settings taken over."""
        before = self.hosted
        assert self.hosts.change([], [to_be(**settings)], ["gpio/pump"], lambda: None) == []
        assert self.hosted is not before
        self.until(lambda: self.hosted.health is Health.OK)


@pytest.fixture
def relay(pins: SimulatedPins) -> Iterator[Relay]:
    made = Relay(to_be())
    yield made
    assert made.hosts.close(carriers=False) == []
    assert made.engine.stop()
    for hosted in made.hosts.all:
        hosted.dispose()


def test_other_settings_leave_the_level_without_an_edge(relay: Relay, pins: SimulatedPins) -> None:
    """On or off, as often as it is reloaded; it obeys afterwards, and a stop leaves it as `on_stop` says."""
    relay.tell("switch", on=True)
    relay.until(lambda: pins.driven_levels(17) == [False, True])
    for seconds in (60.0, 30.0, 10.0):
        relay.change(report_every_s=seconds, on_start="off")
        assert pins.driven_levels(17) == [False, True]
        assert pins.pin(17).holder == "gateway"
    relay.tell("switch", on=False)
    relay.until(lambda: pins.driven_levels(17) == [False, True, False])
    relay.change(on_start="on")
    assert pins.driven_levels(17) == [False, True, False]
    relay.tell("switch", on=True)
    relay.until(lambda: pins.level(17))
    relay.hosts.close(carriers=False)
    assert pins.driven_levels(17) == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("changed", "pin", "levels"), [({"pin": 18}, 18, [False]), ({"active_low": True}, 17, [False, True, False, True, True])]
)
def test_another_wiring_leaves_the_line_as_on_stop_says(
    relay: Relay, pins: SimulatedPins, changed: dict[str, Any], pin: int, levels: list[bool]
) -> None:
    """The old line is off; the new one begins at `on_start`, which is the high level of an active-low relay."""
    relay.tell("switch", on=True)
    relay.until(lambda: pins.driven_levels(17) == [False, True])
    relay.change(**changed)
    assert pins.driven_levels(17)[:3] == [False, True, False]
    assert pins.driven_levels(pin) == levels


def test_a_pulse_goes_off_and_its_sender_hears_why(relay: Relay, pins: SimulatedPins) -> None:
    """It never becomes a lasting on; and it is never done again."""
    relay.tell("pulse", seconds=3600.0)
    relay.until(lambda: pins.driven_levels(17) == [False, True])
    relay.change(report_every_s=5.0)
    assert pins.driven_levels(17) == [False, True, False]
    relay.until(lambda: relay.engine.inspect(lambda: relay.engine.store.dead(0, 10)))
    dead = relay.engine.inspect(lambda: relay.engine.store.dead(0, 10))
    assert "its settings were changed after" in dead[0].reason


def test_a_failed_line_is_claimed_again_in_the_state_it_had(relay: Relay, pins: SimulatedPins) -> None:
    """The level that is handed over outlives a chip that is not there at that moment."""
    relay.tell("switch", on=True)
    relay.until(lambda: pins.level(17))
    pins.unplug()
    relay.tell("switch", on=True)
    relay.until(lambda: relay.hosted.health is not Health.OK)
    assert relay.hosts.change([], [to_be(report_every_s=5.0)], ["gpio/pump"], lambda: None) == []
    pins.plug()
    relay.until(lambda: relay.hosted.health is Health.OK)
    relay.until(lambda: pins.level(17))
