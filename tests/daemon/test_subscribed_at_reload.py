"""Subscriptions that a reload brings or takes: on the connection that is open, which nothing else notices."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

AT_MOST = 500
"""So many messages mosquitto keeps for one that reads nothing; above a thousand it loses them."""


def subscription(topic: str) -> str:
    return f'[[mqtt.main.subscribe]]\ntopic = "{topic}"\nto = "toggle/{topic[0]}"\nverb = "pressed"\nretained = "take"\n'


def presses(daemon: DaemonProcess, key: str) -> int:
    return int(json.loads(daemon.gateway("ask", f"toggle/{key}", "read", "--json").stdout)["presses"])


def reload(daemon: DaemonProcess, config: str) -> dict[str, Any]:
    daemon.write(config)
    return dict(json.loads(daemon.gateway("reload", "--json").stdout))


def logins(broker: Mosquitto) -> int:
    return sum("New client connected" in line and " as gw-test" in line for line in broker.log)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_connection_stays_open(tmp_path: Path, protocol: str) -> None:
    """A new one is subscribed, and hears what the broker has kept; one that stays hears that not again; one that is gone hears nothing."""
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Peer(broker.port) as peer:
        head = mqtt(broker.port) + f'client_id = "gw-test"\nprotocol = "{protocol}"\n'
        for topic in "abc":
            peer.publish(topic, b"", qos=1)
            peer.publish(topic, b"{}", retain=True)
        peer.listen("gw/status")
        with DaemonProcess(tmp_path, head + subscription("a") + subscription("b")) as daemon:
            daemon.until(lambda: "subscribed to 4 filters" in daemon.said())
            daemon.until_listening()
            daemon.until(lambda: (presses(daemon, "a"), presses(daemon, "b")) == (1, 1))
            assert reload(daemon, head + subscription("b") + subscription("c"))["taken"] == ["mqtt/main"]
            daemon.until(lambda: presses(daemon, "c") == 1)
            for topic in "abc":
                peer.publish(topic, b"{}")
            daemon.until(lambda: (presses(daemon, "b"), presses(daemon, "c")) == (2, 2))
            assert presses(daemon, "a") == 1
            assert reload(daemon, head)["taken"] == ["mqtt/main"]
            daemon.until(lambda: daemon.ask(do="show", id="mqtt/main")["hosted"]["detail"].endswith("subscribed to 2 filters"))
            assert reload(daemon, head.replace("prefix", "keepalive_s = 20\nprefix"))["taken"] == ["mqtt/main"]
            daemon.until(lambda: logins(broker) == 2)
            daemon.until(lambda: daemon.ask(do="show", id="mqtt/main")["hosted"]["detail"].endswith("subscribed to 2 filters"))
            assert daemon.stop() == 0
        statuses = [one.payload for one in peer.heard]
        assert statuses == [b"online", b"offline", b"online", b"offline"]


def test_no_message_is_lost_or_doubled_while_the_file_changes(tmp_path: Path) -> None:
    """What comes while one actor makes way for the next waits for that one, in order, on the connection that stays open."""
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Peer(broker.port) as peer:
        head = mqtt(broker.port) + 'client_id = "gw-test"\n' + subscription("a")
        with DaemonProcess(tmp_path, head) as daemon:
            daemon.until(lambda: "subscribed to 3 filters" in daemon.said())
            daemon.until_listening()
            told = 0
            for turn in range(6):
                daemon.write(head + (subscription("b") if turn % 2 == 0 else ""))
                before = told
                with ThreadPoolExecutor(1) as pool:
                    reloading = pool.submit(daemon.gateway, "reload")
                    while told < before + 20 or (not reloading.done() and told < before + AT_MOST):
                        peer.publish("a", b"{}")
                        told += 1
                assert reloading.result().returncode == 0
            daemon.until(lambda: presses(daemon, "a") >= told)
            assert presses(daemon, "a") == told
            assert logins(broker) == 1
            assert daemon.stop() == 0
