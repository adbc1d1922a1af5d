"""What the tests of the MQTT connection share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.connection import Connection
from devices.mqtt.dialects import dialects_of
from devices.mqtt.dialects.dialect import Saying, Session
from devices.mqtt.routes import Routes
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Receipt, UnknownTarget
from gateway.runtime.seen import id_with
from gateway.testing.bench import Bench
from tests.brokers import Mosquitto


class Gateway(Bench):
    """A bench that remembers ids as the runtime does, and knows no actor of the kind `nobody`."""

    def __init__(self, actor: Connection, *, commit: bool = True, seen: set[tuple[str, str]] | None = None) -> None:
        super().__init__(actor, "mqtt/main", commit=commit)
        self.seen = set() if seen is None else seen
        self.handled: list[tuple[str, str, bytes]] = []

    def send(self, to: str, verb: str, payload: Any = None, **rest: Any) -> Receipt:
        """Count what would be handled; acknowledge a repeat without handling it."""
        if to.startswith("nobody/"):
            raise UnknownTarget(f"cannot send to {to}: there is no kind 'nobody'")
        if self.full and not rest.get("wait", True):
            return super().send(to, verb, payload, **rest)
        id, content = rest.get("id", ""), rest.get("content", b"")
        name = (rest.get("scope", ""), id_with(id, content) if content else id)
        repeat = bool(id) and rest.get("again", True) and name in self.seen
        on_commit = rest.pop("on_commit", None)

        def committed(receipt: Receipt) -> None:
            receipt.duplicate = repeat
            self.seen.add(name)
            if on_commit is not None:
                on_commit(receipt)

        if not repeat:
            self.handled.append((to, verb, payload))
        return super().send(to, verb, payload, on_commit=committed, **rest)

    def forget_ids(self, scope: str) -> None:
        """Forget the ids of one scope."""
        super().forget_ids(scope)
        self.seen -= {name for name in self.seen if name[0] == scope}

    def until_subscribed(self) -> None:
        """Block until the connection is up, and its subscriptions stand."""
        self.until(lambda: self.health and "subscribed" in self.health[-1][1])

    def until_health(self, words: str) -> str:
        """Block until its health says `words`; the whole of what it says."""
        return str(self.until(lambda: next((said for _, said in self.health if words in said), "")))


class Killed(Connection):
    """A connection whose process dies at its end: nothing is said to the broker, nothing is acknowledged."""

    def close(self) -> None:
        """Be gone."""
        self._link.drop("killed")


def settings(port: int, **rest: Any) -> MqttSettings:
    """Settings for a broker of a test: quick to reconnect."""
    return MqttSettings.model_validate({"host": "127.0.0.1", "port": port, "prefix": "gw", "reconnect_min_s": 0.05, **rest})


def routes_of(host: Any, *, say: Callable[[Saying], None] = lambda saying: None, **rest: Any) -> Routes:
    """The routes of a connection of the prefix gw, which publishes under depot/north."""
    said = MqttSettings.model_validate({"prefix": "gw", **rest})
    return Routes(dialects_of(Session(Names("main", said), said, host, say)), says="depot/north".__eq__)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of this test's own."""
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def connect() -> Callable[..., Gateway]:
    """Makes a gateway with one connection; enter it to run it."""

    def made(port: int, *, commit: bool = True, killed: bool = False, seen: set[tuple[str, str]] | None = None, **rest: Any) -> Gateway:
        kind = Killed if killed else Connection
        return Gateway(kind("main", settings(port, **rest)), commit=commit, seen=seen)

    return made
