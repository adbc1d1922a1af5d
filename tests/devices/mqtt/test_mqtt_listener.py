"""The demo's listener: it misses nothing that the broker has promised to deliver, whoever of the two is away."""

import os
import signal
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.broker import DemoBroker
from devices.mqtt.listener import HeardMessage, Listener, NotListening
from tests.brokers import Peer, free_port
from tests.waiting import until

PROGRAMS = [
    "",
    pytest.param("iotcore", marks=pytest.mark.skipif(find_spec("iotcore") is None, reason="iotcore is not installed")),
]


class Ear:
    """Keeps what it hears; may be told to fail."""

    def __init__(self, *, fails_at: str = "") -> None:
        self.heard: list[HeardMessage] = []
        self._fails_at = fails_at
        self._change = threading.Condition()

    def __call__(self, message: HeardMessage) -> None:
        with self._change:
            if message.body.decode() == self._fails_at:
                raise OSError("no room")
            self.heard.append(message)
            self._change.notify_all()

    @property
    def news(self) -> list[str]:
        return [one.body.decode() for one in self.heard if not one.retained]

    def until(self, truth: Callable[[], Any]) -> None:
        until(truth, change=self._change, said=lambda: self.heard)


def listen(broker: DemoBroker, ear: Ear, *, anew: bool = False) -> Listener:
    return Listener("127.0.0.1", broker.port, ["t"], ear, client_id="ear", anew=anew, for_ever=True, protocol=broker.protocol)


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_hears_what_came_while_it_was_away(tmp_path: Path, program: str) -> None:
    """Once each, in order; what is published retained is news all the same, what was kept for newcomers is none."""
    ear, later = Ear(), Ear()
    with DemoBroker(tmp_path, program=program) as broker, Peer(broker.port, v5=broker.protocol == "5") as peer:
        peer.publish("t", "old", retain=True)
        with listen(broker, ear):
            peer.publish("t", "1", retain=True)
            ear.until(lambda: "1" in ear.news)
        peer.publish("t", "2", retain=True)
        peer.publish("t", "3")
        with listen(broker, later):
            later.until(lambda: "3" in later.news)
    assert (ear.news, later.news) == (["1"], ["2", "3"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_could_not_be_heard_comes_again(tmp_path: Path, program: str) -> None:
    """A fault ends the listening; the broker keeps the message, and those behind it, for the next of this name."""
    ear, later = Ear(fails_at="2"), Ear()
    with DemoBroker(tmp_path, program=program) as broker, Peer(broker.port, v5=broker.protocol == "5") as peer:
        with listen(broker, ear) as listener:
            for body in "123":
                peer.publish("t", body)
            ear.until(lambda: listener.fault)
            assert str(listener.fault) == "no room"
        with listen(broker, later):
            later.until(lambda: "3" in later.news)
    assert (ear.news, later.news) == (["1"], ["2", "3"])


@pytest.mark.parametrize("anew", [False, True])
def test_it_hears_what_a_killed_broker_had_promised(tmp_path: Path, anew: bool) -> None:
    """mosquitto writes down at once who listens and what waits for them, so that kill -9 costs nothing of it: twice in a row."""
    ear, later = Ear(), Ear()
    with DemoBroker(tmp_path) as broker:
        with listen(broker, ear, anew=anew), Peer(broker.port) as peer:
            peer.publish("t", "1")
            ear.until(lambda: ear.news)
            until_saved(tmp_path, "ear")
            kill(broker)
        for body in ("2", "promised"):
            ear.until(broker.look)
            with Peer(broker.port) as peer:
                peer.publish("t", body, retain=True)
                until_saved(tmp_path, body)
            killed = kill(broker)
        ear.until(lambda: broker.look() == f"the broker (process {killed}) has ended; started again as process {broker.pid}")
        with listen(broker, later):
            later.until(lambda: "promised" in later.news)
        assert broker.look() == ""
    assert (ear.news, later.news) == (["1"], ["2", "promised"])


def until_saved(folder: Path, word: str) -> None:
    """Block until the broker's file has a word in it."""
    file = folder / "mosquitto.db"
    until(lambda: file.exists() and word.encode() in file.read_bytes(), said=lambda: "not saved")


def kill(broker: DemoBroker) -> int:
    """kill -9; its process id."""
    killed = broker.pid
    os.kill(killed, signal.SIGKILL)
    return killed


def test_a_listener_begun_anew_hears_nothing_of_before(tmp_path: Path) -> None:
    """What the broker has kept for its name is forgotten."""
    ear, later = Ear(), Ear()
    with DemoBroker(tmp_path) as broker, Peer(broker.port) as peer:
        with listen(broker, ear):
            pass
        peer.publish("t", "1")
        with listen(broker, later, anew=True):
            peer.publish("t", "2")
            later.until(lambda: later.news)
    assert later.news == ["2"]


def test_a_broker_that_is_not_there_is_told() -> None:
    """After the time that a broker may take."""
    port = free_port()
    with pytest.raises(NotListening) as caught, Listener("127.0.0.1", port, ["t"], Ear(), client_id="ear", ready_s=0.5):
        pass
    assert str(caught.value) == f"cannot listen at 127.0.0.1:{port}: the broker did not take the subscription within 0.5 s; look at it"
