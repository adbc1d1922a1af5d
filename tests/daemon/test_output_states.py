"""A lamp's topic at a real broker: over the life of a gateway, its kill, its end, and a reload."""

import json
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, Peer, free_port
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

LAMP = '[gpio.lamp]\ntype = "led"\npin = 17\nsimulate = true\n'
TOPIC = "gw/gpio/lamp"


def states(peer: Peer) -> list[bool | None]:
    """What the topic has told a peer, in order."""
    return [json.loads(payload)["on"] for payload in peer.payloads(TOPIC)]


def test_who_subscribes_sees_at_once_where_the_lamp_stands(tmp_path: Path) -> None:
    """At the start, at each change, and later: it is retained."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(TOPIC)
        with DaemonProcess(tmp_path, mqtt(broker.port) + LAMP) as daemon:
            peer.until(lambda: states(peer) == [False])
            daemon.until_listening()
            assert daemon.gateway("ask", "gpio/lamp", "switch", "on=true").returncode == 0
            peer.until(lambda: states(peer) == [False, True])
            with Peer(broker.port) as late:
                late.listen(TOPIC).until(lambda: states(late) == [True])
                assert late.heard[0].retained
            assert daemon.stop() == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_after_a_stop_the_topic_tells_how_the_lamp_was_left(tmp_path: Path, order: tuple[int, int]) -> None:
    """Wherever the connection stands in the file: it closes after those that have a last word for it."""
    with Mosquitto(tmp_path) as broker:
        parts = (mqtt(broker.port), LAMP)
        with DaemonProcess(tmp_path, "".join(parts[at] for at in order)) as daemon, Peer(broker.port) as peer:
            peer.listen(TOPIC)
            daemon.until_listening()
            assert daemon.gateway("ask", "gpio/lamp", "switch", "on=true").returncode == 0
            peer.until(lambda: states(peer)[-1:] == [True])
            assert daemon.stop() == 0
        with Peer(broker.port) as peer:
            peer.listen("gw/#").until(lambda: len(peer.heard) == 2)
            assert (states(peer), peer.payloads("gw/status")) == ([False], [b"offline"])


def test_a_change_while_the_broker_is_away_outlives_a_kill(tmp_path: Path) -> None:
    """It waits on disk as any publish does; the last word is that of the next start."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(TOPIC)
        away = DaemonProcess(tmp_path, mqtt(free_port()) + LAMP)
        with away:
            away.until_listening()
            assert away.gateway("ask", "gpio/lamp", "switch", "on=true").returncode == 0
            away.until(lambda: away.ask(do="show", id="mqtt/main")["hosted"]["waiting"] == 2)
            away.kill()
        with DaemonProcess(tmp_path, mqtt(broker.port) + LAMP) as daemon:
            peer.until(lambda: len(states(peer)) == 3)
            assert daemon.stop() == 0
        assert states(peer) == [False, True, False]


def test_without_a_connection_nothing_is_kept_for_one(tmp_path: Path) -> None:
    """No mail, no dead letter, no fault."""
    with DaemonProcess(tmp_path, LAMP) as daemon:
        daemon.until_listening()
        assert daemon.gateway("ask", "gpio/lamp", "switch", "on=true").returncode == 0
        shown = daemon.ask(do="show")["show"]
        assert (shown["totals"]["waiting"], shown["totals"]["dead_letters"], shown["healthy"]) == (0, 0, True)
        assert daemon.stop() == 0


@pytest.mark.parametrize("comes", [True, False])
def test_a_device_writes_to_one_that_comes_and_no_more_to_one_that_goes(tmp_path: Path, comes: bool) -> None:
    """A lamp tells a broker how it stands as soon as there is one, and nobody once there is none."""
    parts = (LAMP, mqtt(free_port()) + LAMP)
    with DaemonProcess(tmp_path, parts[not comes]) as daemon:
        daemon.until_listening()
        assert daemon.gateway("ask", "gpio/lamp", "switch", "on=true").returncode == 0
        daemon.write(parts[comes])
        found = json.loads(daemon.gateway("reload", "--json").stdout)
        assert found["taken"] == ["gpio/lamp", f"mqtt/main ({'new' if comes else 'gone'})"]
        assert [why.partition(":")[0] for why in found["not_up"]] == ["mqtt/main is missing (cannot reach the broker at 127.0.0.1"] * comes
        assert (found["closing"], found["needs_restart"]) == ([], [])
        assert json.loads(daemon.gateway("ask", "gpio/lamp", "read", "--json").stdout) == {"on": True}
        assert daemon.stop() == 0
