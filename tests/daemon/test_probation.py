"""A reload on probation: one that costs the broker or a device is taken back, and the file stays as it was written."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.actors import Health
from gateway.config import Configuration
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.service.probation import Probation
from tests.brokers import Mosquitto, free_port
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess, ServiceSide


def test_a_reload_that_loses_the_broker_is_taken_back(tmp_path: Path) -> None:
    """The old connection comes back; the log, STATUS and `show` say why; a reload of the mended file clears that."""
    with Mosquitto(tmp_path) as broker, ServiceSide(tmp_path) as systemd:
        good, bad = mqtt(broker.port), mqtt(free_port())
        probation = "reload_probation_s = 1.0"
        daemon = DaemonProcess(tmp_path, environ={"NOTIFY_SOCKET": str(systemd.path)})
        daemon.write(good, gateway=probation)
        with daemon:
            daemon.until(lambda: "mqtt/main is ok" in daemon.said())
            daemon.write(bad, gateway=probation)
            written = daemon.config.read_text()
            daemon.signal(1)
            daemon.until(lambda: "reloaded: mqtt/main" in daemon.said())
            said = systemd.until("the last reload was taken back: ")
            assert "s after it mqtt/main, which was well before, is missing: " in said
            daemon.until(lambda: daemon.ask(do="show", id="mqtt/main")["hosted"]["health"] == "ok")
            assert "the last reload was taken back: " in daemon.gateway("show").stdout
            assert daemon.config.read_text() == written
            daemon.write(good + "keepalive_s = 20\n", gateway=probation)
            assert daemon.gateway("reload").stdout == "reloaded: mqtt/main\n"
            assert daemon.ask(do="show")["show"]["config_fault"] == ""
            assert daemon.stop() == 0


@dataclass
class Device:
    """A device as the probation sees it."""

    me: str
    health: Health
    detail: str = ""


class Clock:
    """A clock that a test turns."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def on_probation(clock: Clock, length_s: float) -> Probation:
    """A reload before which a/b was well."""
    before = Configuration(GatewaySettings(), StoreSettings(), RuntimeSettings(), (), ())
    return Probation(before, ["a/b"], length_s, clock=clock)


def test_a_device_has_ten_seconds_to_connect_anew(clock: Clock) -> None:
    """Who comes in that time is not lost, as often as that happens; who was ill before does not matter."""
    probation = on_probation(clock, 60.0)
    for _ in range(3):
        assert probation.lost([Device("a/b", Health.STARTING), Device("c/d", Health.FAULTY)]) == ""
        clock.now_s += 9
        assert probation.lost([Device("a/b", Health.MISSING)]) == ""
        assert probation.lost([Device("a/b", Health.OK)]) == ""
    assert probation.lost([Device("a/b", Health.MISSING)]) == ""
    clock.now_s += 10
    assert probation.lost([Device("a/b", Health.MISSING, "no route")]) == "37 s after it a/b, which was well before, is missing: no route"


def test_who_is_not_well_at_the_end_is_lost(clock: Clock) -> None:
    """However short it was not; and a reload whose devices are well has passed."""
    probation = on_probation(clock, 60.0)
    clock.now_s += 59
    assert (probation.lost([Device("a/b", Health.OK)]), probation.passed) == ("", False)
    clock.now_s += 1
    assert probation.passed
    assert probation.lost([Device("a/b", Health.OK)]) == ""
    assert probation.lost([Device("a/b", Health.FAULTY)]) == "60 s after it a/b, which was well before, is faulty"
