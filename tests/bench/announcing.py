"""A hundred twins announced to Home Assistant at once, beside a plain client that publishes the same messages: how many, and how long.

A reload turns the announcements on; then Home Assistant says that it has started, and hears all of them again. Both times run from the
first announcement that another client at the broker hears to the last one: that the section is read, and that announcements wait some
seconds at a start of Home Assistant, is the same for one device.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from paho.mqtt.client import MQTTMessage

from tests.bench import machine
from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess

TWINS = 100
ROUNDS = 5
_FILE = '[mqtt.main]\nhost = "127.0.0.1"\nport = {port}\nprefix = "gateway/pi"\n'
_SECTION = "[homeassistant]\n"


class Found(NamedTuple):
    """What was measured in one round."""

    messages: int
    new_s: float
    again_s: float
    plain_s: float


class Watch(Peer):
    """A client that keeps when it heard of a twin."""

    def __init__(self, port: int) -> None:
        self.heard_s: list[float] = []
        super().__init__(port)

    def _on_message(self, client, userdata, message: MQTTMessage) -> None:  # type: ignore[no-untyped-def]  # paho's own signature
        if "-twin_" in message.topic:
            self.heard_s.append(time.perf_counter())
        super()._on_message(client, userdata, message)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish as the gateway does, and wait for nothing."""
        self._client.publish(topic, payload, qos=1, retain=True)

    def until_all(self, twins: int) -> float:
        """Block until so many twins were heard of; return for how long that went on, and begin anew."""
        self.until(lambda: len(self.heard_s) >= twins)
        took_s = self.heard_s[-1] - self.heard_s[0]
        self.heard_s.clear()
        return took_s


def measure(twins: int = TWINS) -> Found:
    """One round: a broker, a gateway with so many twins that each have three values, and somebody who listens."""
    with (
        tempfile.TemporaryDirectory(dir=machine.DISK, prefix="bench-") as name,
        Mosquitto(Path(name)) as broker,
        Watch(broker.port) as watch,
    ):
        watch.listen("+/device/+/config")
        with DaemonProcess(Path(name), _FILE.format(port=broker.port)) as daemon:
            watch.listen("+/device/+/config")
            daemon.until(lambda: "subscribed to" in daemon.said())
            daemon.until_listening()
            for number in range(twins):
                watch.publish(f"gateway/pi/tell/twin/b{number}/report", json.dumps({"values": {"t_c": 60.5, "p_bar": 1.5, "on": True}}))
            daemon.until(lambda: daemon.gateway("show", f"twin/b{twins - 1}").returncode == 0)
            daemon.write(_FILE.format(port=broker.port) + _SECTION)
            if daemon.gateway("reload").returncode:
                raise ValueError(f"cannot measure announcements: the reload failed; {daemon.said()}")
            new_s = watch.until_all(twins)
            announced = [one for one in watch.heard if one.topic.startswith("homeassistant/")]
            watch.publish("homeassistant/status", "online", qos=0)
            again_s = watch.until_all(twins)
            for one in announced:
                watch.send(f"plain{one.topic.removeprefix('homeassistant')}", one.payload)
            plain_s = watch.until_all(twins)
            daemon.stop()
    return Found(len(announced), new_s, again_s, plain_s)


def report(rounds: int = ROUNDS, twins: int = TWINS) -> str:
    """Measure, and put it in a table."""
    found = [measure(twins) for _ in range(rounds)]
    new, again, plain = (statistics.median(column) for column in list(zip(*found, strict=True))[1:])
    messages = max(one.messages for one in found)
    rows = (
        f"| messages for {twins} twins and the gateway | {messages} | {messages} |",
        f"| announced for the first time, ms | {new * 1000:.0f} | {plain * 1000:.0f} |",
        f"| announced again, ms | {again * 1000:.0f} | {plain * 1000:.0f} |",
    )
    return "\n".join(("|  | gateway | plain client |", "| --- | --- | --- |", *rows))
