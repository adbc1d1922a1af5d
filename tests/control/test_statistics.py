"""The statistics actor: the gateway's figures as messages."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors import Delivery, HostBound, Settings, verb
from gateway.actors.vocabulary import Publish
from gateway.business.twin import Twin, TwinSettings
from gateway.control import views
from gateway.control.house import House
from gateway.control.statistics import Statistics, StatisticsSettings
from gateway.runtime.hosted import Hosted
from gateway.service.last_words import LastWords
from gateway.service.logs import RecentFaults
from gateway.testing import Rig
from tests.brokers import Mosquitto, Peer
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess


class Broker(HostBound):
    """Takes what is published; the test holds it in its hands."""

    kind = "mqtt"

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None:
        """Only its row counts."""


class Told(Statistics):
    """Set as a configuration would, with a daemon around it."""

    kind = "statistics"
    settings_model = Settings  # type: ignore[assignment]  # the rig fills in none

    def __init__(self, key: str, settings: Settings) -> None:
        super().__init__(key, StatisticsSettings(every_s=1, publish_to="mqtt/main", report_to="twin/gateway"))


class Hosting:
    """The host-bound actors that the daemon would show."""

    def __init__(self, *hosted: Hosted) -> None:
        self.all = list(hosted)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A life with a twin, a broker in the test's hands, and the statistics."""
    house = House("test", tmp_path / "gateway.toml", RecentFaults(), LastWords(tmp_path / "store"))
    with Rig(
        [Twin(TwinSettings(publish_to=""))], {"mqtt/main": Broker, "statistics/local": Told}, by_hand=["mqtt/main", "statistics/local"]
    ) as made:
        told = made.hosted["statistics/local"]
        house.engine, house.hosts, house.earlier_faults = made.engine, Hosting(told), []
        made.engine.view = lambda: views.whole(house)
        told.start()
        yield made


def published(rig: Rig) -> tuple[Any, Any]:
    """The next publish: its delivery, and its payload."""
    (delivery,) = rig.until(rig.hosted["mqtt/main"].take)
    return delivery, delivery.message.payload


def test_all_figures_are_published_as_json(rig: Rig) -> None:
    """Retained, so that who comes later sees them too."""
    _, publish = published(rig)
    assert (publish.topic, publish.retain) == ("{prefix}/statistics/local", True)
    body = json.loads(publish.body)
    assert (body["name"], body["healthy"], body["problems"]) == ("test", True, [])
    assert body["host_bound"] == [{"id": "statistics/local", "health": "ok", "detail": "every 1 s", "waiting": 0, "restarts": 0}]
    assert body["thinned"] == 0
    assert {"turns", "failed", "commits", "active_actors", "waiting", "largest_mailbox", "turns_a_second"} <= body["totals"].keys()


def test_one_publish_is_under_way_at_a_time(rig: Rig) -> None:
    """While the broker is away no more are put into its mailbox; when it is back, the next one follows."""
    delivery, _ = published(rig)
    told = rig.hosted["statistics/local"]
    rig.until(lambda: told.counters["left_out"])
    assert rig.hosted["mqtt/main"].take() == []
    delivery.done()
    _, publish = published(rig)
    assert [kind["kind"] for kind in json.loads(publish.body)["kinds"]] == ["twin"]
    assert told.counters["published"] == 1


def test_the_plain_figures_are_reported_to_a_twin(rig: Rig) -> None:
    """As a device would, with their units."""
    rig.until(lambda: rig.hosted["statistics/local"].counters["reported"])
    rig.settle()
    values = rig.state("twin/gateway").values
    assert (values["healthy"]["value"], values["dead_letters"]["value"], values["largest_mailbox"]["value"]) == (True, 0, 0)
    assert (values["uptime_s"]["unit"], values["memory_bytes"]["unit"]) == ("s", "B")


def test_somebody_must_hear_of_them() -> None:
    """A section that says nothing would look into the engine for nobody."""
    with pytest.raises(ValidationError, match="nobody would hear of them; set publish_to, report_to or both"):
        StatisticsSettings()


def test_the_daemon_gives_it_what_it_looks_into(tmp_path: Path) -> None:
    """At the start, and again when its settings are changed."""
    with DaemonProcess(tmp_path, '[statistics.local]\nreport_to = "twin/gateway"') as daemon:
        daemon.until_listening()
        daemon.until(lambda: daemon.ask(do="show", id="twin/gateway")["ok"])
        daemon.write('[statistics.local]\nreport_to = "twin/other"')
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: daemon.ask(do="show", id="twin/other")["ok"])
        assert daemon.stop() == 0


def test_a_device_that_comes_is_told_at_once(tmp_path: Path) -> None:
    """Where somebody wants it looked at in between; else it waits for its time."""
    line = '[exec.tick]\ncommand = ["{}", "3600"]\nto = "twin/tick"\ncodec = "json"\n'
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen("here/statistics")
        text = f'{mqtt(broker.port)}[statistics.local]\npublish_to = "mqtt/main"\ntopic = "here/statistics"\n'
        text += "every_s = 3600\nlook_every_s = 0.1\n"

        def connected() -> bool | None:
            """Whether the program runs, as it was told last; None: nothing was told."""
            heard = peer.payloads("here/statistics")
            return bool(json.loads(heard[-1])["connected"]["exec/tick"]) if heard else None

        with DaemonProcess(tmp_path, text + line.format(tmp_path / "nothing")) as daemon:
            peer.until(lambda: connected() is False)
            daemon.write(text + line.format("/bin/sleep"))
            assert daemon.gateway("reload").returncode == 0
            peer.until(connected)
            assert daemon.stop() == 0
