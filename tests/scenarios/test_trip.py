"""On my way: somebody shares where they are, and whoever has the link follows.

A phone (the tracker) asks the gateway for a trip and gets a name, a token and a link. It tells where it is, by its token. A browser
(a follower) opens the link, whenever it likes, and sees where the trip is now. Both are ordinary MQTT clients at a real broker;
between them is the whole daemon. No trip has a process, a thread or a connection of its own.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.brokers import Mosquitto
from tests.daemons import DaemonProcess
from tests.scenarios.phones import Phone

CONFIG = """
[mqtt.main]
host = "127.0.0.1"
port = {port}
prefix = "gateway/home"
reconnect_min_s = 0.1
reconnect_max_s = 0.5
[[mqtt.main.subscribe]]
topic = "owntracks/+/+"
to = "trip/{{1}}"
verb = "owntracks"
[actors.trip]
lost_after_s = 4.0
grace_s = 30.0
[actors.trips]
link = "https://example.com/#{{slug}}"
"""


class Tracker(Phone):
    """The phone of somebody on their way."""

    slug = token = ""

    def set_out(self, **wish: Any) -> str:
        """Ask for a new trip; its name."""
        answer = self.ask("trips/home", "new", **wish)
        assert answer["ok"], answer["reason"]
        self.slug, self.token = answer["body"]["slug"], answer["body"]["token"]
        assert answer["body"]["link"] == f"https://example.com/#{self.slug}"
        return self.slug

    def is_at(self, latitude_deg: float, *, token: str = "") -> dict[str, Any]:
        """Tell where it is, with what a phone knows: accuracy and time."""
        return self.ask(f"trip/{self.slug}", "update", **self.fix(latitude_deg, token=token))

    def fix(self, latitude_deg: float, *, token: str = "") -> dict[str, Any]:
        place = {"latitude_deg": latitude_deg, "longitude_deg": 13.4, "accuracy_m": 6.0}
        return {**place, "at_ms": time.time_ns() // 1_000_000, "token": token or self.token}

    def arrives(self) -> dict[str, Any]:
        """End the trip."""
        return self.ask(f"trip/{self.slug}", "stop", token=self.token)


class Follower(Phone):
    """The browser of somebody who has the link."""

    def open(self, slug: str) -> None:
        self.slug = slug
        self.peer.listen(f"gateway/home/trip/{slug}/#")

    def shown(self, under: str) -> list[dict[str, Any]]:
        """What it has heard of the trip, in order."""
        return [json.loads(payload) for payload in self.peer.payloads(f"gateway/home/trip/{self.slug}/{under}") if payload]

    def until_status(self, **fields: Any) -> dict[str, Any]:
        """Block until the trip's last status has these fields, and return it."""
        return self._until("status", lambda last: all(last.get(name) == value for name, value in fields.items()))

    def until_at(self, latitude_deg: float) -> dict[str, Any]:
        """Block until the trip is shown there."""
        return self._until("position", lambda last: last["latitude_deg"] == latitude_deg)

    def _until(self, under: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        self.peer.until(lambda: self.shown(under) and holds(self.shown(under)[-1]))
        return self.shown(under)[-1]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    with DaemonProcess(folder, CONFIG.format(port=broker.port)) as running:
        running.until(lambda: "mqtt/main is ok" in running.said())
        yield running


def test_somebody_is_on_their_way(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """Begin, follow, vanish, come back, arrive: and whoever follows always knows how it stands."""
    with Tracker(broker.port) as tracker, Follower(broker.port) as follower:
        slug = tracker.set_out(title="On my way home")
        tracker.is_at(52.5000)
        tracker.is_at(52.5003)

        follower.open(slug)  # late: what there is comes at once, for the broker has kept it
        assert follower.until_at(52.5003)["accuracy_m"] == 6.0
        assert follower.until_status(phase="moving")["title"] == "On my way home"
        assert all(heard.retained for heard in follower.peer.heard)

        tracker.is_at(52.5006)
        follower.until_at(52.5006)

        follower.until_status(phase="lost")  # a tunnel
        assert tracker.is_at(52.5010)["body"]["phase"] == "moving"
        follower.until_at(52.5010)
        assert follower.until_status(phase="moving")["losses"] == 1

        assert tracker.arrives()["body"]["phase"] == "stopped"
        assert follower.until_status(phase="stopped")["ended_by"] == "tracker"
        assert tracker.is_at(52.6)["reason"] == f"cannot update trip {slug}: it has ended"
        assert follower.ask(f"trip/{slug}", "read")["body"]["latest"]["latitude_deg"] == 52.501

        asked = gateway.gateway("ask", f"trip/{slug}", "gpx", "--field", "text")  # ... > brave-otter.gpx
        drawn = ElementTree.fromstring(asked.stdout)
        assert len(list(drawn.iter("{http://www.topografix.com/GPX/1/1}trkseg"))) == 2  # before the tunnel, and after
        told = b"".join(heard.payload for heard in follower.peer.heard).decode()
        assert tracker.token not in told


def test_there_is_no_such_trip(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """A mistyped name is an answer, and nothing comes to be by it."""
    with Follower(broker.port) as follower:
        fix = {"latitude_deg": 52.5, "longitude_deg": 13.4, "token": "x"}
        for verb, fields in (("read", {}), ("update", fix), ("stop", {"token": "x"})):
            answer = follower.ask("trip/brave-otter", verb, **fields)
            assert (answer["ok"], answer["reason"]) == (False, "there is no trip brave-otter")
        assert "brave-otter" not in str(gateway.ask(do="list", prefix="trip/"))


def test_a_house_that_nobody_ever_wrote_to_says_so_over_mqtt(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """With an answer all the same: what it has at its beginning."""
    with Follower(broker.port) as follower:
        answer = follower.ask("trips/mistyped", "list")
        assert (answer["ok"], answer["body"]["trips"]) == (True, [])
        assert answer["reason"] == "nobody has ever written to trips/mistyped, or nothing of that was kept"


def test_a_follower_cannot_move_it(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """The link is no token: not for an update, and not for the end."""
    with Tracker(broker.port) as tracker, Follower(broker.port) as follower:
        slug = tracker.set_out()
        tracker.is_at(52.5)
        wrong = {"latitude_deg": 0.0, "longitude_deg": 0.0, "token": slug}
        assert follower.ask(f"trip/{slug}", "update", **wrong)["reason"] == f"cannot update trip {slug}: wrong token"
        assert follower.ask(f"trip/{slug}", "stop")["reason"] == f"cannot stop trip {slug}: wrong token"
        found = follower.ask(f"trip/{slug}", "read")["body"]
        assert (found["fixes"], found["latest"]["latitude_deg"]) == (1, 52.5)


def test_a_tracker_that_never_comes_back(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """After its grace time the trip ends by itself, and says so."""
    with Tracker(broker.port) as tracker, Follower(broker.port) as follower:
        follower.open(tracker.set_out(grace_s=0.5))
        tracker.is_at(52.5)
        follower.until_status(phase="lost")
        assert follower.until_status(phase="stopped")["ended_by"] == "silence"


def test_the_power_goes(tmp_path: Path) -> None:
    """The gateway dies in the middle of a trip. What the phone says meanwhile waits at the broker; token and trip are as they were."""
    with Mosquitto(tmp_path) as broker, DaemonProcess(tmp_path, CONFIG.format(port=broker.port)) as gateway:
        gateway.until(lambda: "mqtt/main is ok" in gateway.said())
        with Tracker(broker.port) as tracker, Follower(broker.port) as follower:
            follower.open(tracker.set_out())
            tracker.is_at(52.5000)
            gateway.kill()
            tracker.peer.publish(f"gateway/home/tell/trip/{tracker.slug}/update", json.dumps(tracker.fix(52.5005)))
            gateway.again()
            follower.until_at(52.5005)
            assert tracker.is_at(52.5010)["body"]["fixes"] == 3
            assert tracker.arrives()["ok"]


def test_many_trips(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """Each trip has a name and a token of its own, and none has a thread."""
    with Tracker(broker.port) as tracker:
        before = _threads(gateway.pid)
        made = [tracker.set_out() for _ in range(10)]
        assert len(set(made)) == 10
        assert _threads(gateway.pid) <= before
        page = tracker.ask("trips/home", "list", most=500)["body"]["trips"]
        assert {one["slug"] for one in page} >= set(made)


def test_a_phone_with_owntracks(broker: Mosquitto, gateway: DaemonProcess) -> None:
    """Who has the OwnTracks app needs nothing else: its topics are subscribed to, the user's name is the trip's."""
    with Follower(broker.port) as follower:
        follower.open("ann")
        said = {"_type": "location", "lat": 52.5, "lon": 13.4, "tst": int(time.time()), "acc": 12, "vel": 36, "tid": "an", "batt": 80}
        follower.peer.publish("owntracks/ann/phone", json.dumps(said))
        assert follower.until_at(52.5)["speed_mps"] == 10.0


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
