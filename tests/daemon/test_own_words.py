"""Own words: what the gateway says under its prefix comes back where a filter of the file matches it, and begins nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess

CONFIG = """
[mqtt.main]
host = "127.0.0.1"
port = {port}
prefix = "gw"
protocol = "{protocol}"
[[mqtt.main.subscribe]]
topic = "{topic}"
to = "{to}"
"""
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


@contextmanager
def subscribed(folder: Path, protocol: str, topic: str, to: str) -> Iterator[tuple[DaemonProcess, Mosquitto]]:
    """A gateway that is subscribed to a filter, and its broker."""
    with Mosquitto(folder) as broker:
        text = CONFIG.format(port=broker.port, protocol=protocol, topic=topic, to=to)
        with DaemonProcess(folder, text) as daemon:
            daemon.until(lambda: "subscribed to" in daemon.said())
            yield daemon, broker


@BOTH
def test_a_filter_that_takes_all_takes_nothing_of_our_own_state(protocol: str, tmp_path: Path) -> None:
    """A twin publishes what it has heard, which is under that filter too: it is not told of it, or that would go on for ever."""
    with subscribed(tmp_path, protocol, "#", "twin/all") as (daemon, broker):
        with Peer(broker.port) as peer:
            peer.listen("gw/twin/all")
            for n in range(1, 5):
                peer.publish("home/attic", json.dumps({"t": n}))
                peer.until(lambda n=n: len(peer.payloads("gw/twin/all")) >= n)
            peer.publish("gw/twin/other", json.dumps({"o": 1}))  # under our prefix, and not ours
            peer.until(lambda: len(peer.payloads("gw/twin/all")) >= 5)
        told = daemon.ask(do="ask", to="twin/all", verb="read", payload={}, timeout_s=30)["body"]
        assert "own publishes passed over" in daemon.gateway("show").stdout
    assert (told["count"], list(told["values"])) == (5, ["t", "o"])


@BOTH
def test_a_filter_that_names_the_prefix_is_meant(protocol: str, tmp_path: Path) -> None:
    """Who writes the gateway's own topic into the file wants to hear what it says there."""
    with subscribed(tmp_path, protocol, "gw/twin/attic", "twin/copy") as (daemon, _):
        daemon.gateway("tell", "twin/attic", "report", 'values={"t": 1}')
        daemon.until(lambda: daemon.ask(do="ask", to="twin/copy", verb="read", payload={}, timeout_s=30)["body"]["count"] >= 1)
