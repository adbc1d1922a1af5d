"""What the tests against a real Home Assistant do by way of the broker, and as a user."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess
from tests.system.homeassistant.judge import Judge


@contextmanager
def announced(broker: Mosquitto, judge: Judge, folder: Path, text: str) -> Iterator[DaemonProcess]:
    """Run a gateway whose file ends with [homeassistant]; at the end it takes all back."""
    with DaemonProcess(folder, text.format(port=broker.port)) as made:
        made.until(lambda: "subscribed to 4 filters" in made.said())
        yield made
        made.write(text.partition("[homeassistant]")[0].format(port=broker.port))
        assert made.gateway("reload").returncode == 0
        judge.until(lambda: ours(judge) == {})
        assert made.stop() == 0


def ours(judge: Judge) -> dict[str, Any]:
    """The entities that are registered for MQTT: also those that a restart would bring back."""
    (entities,) = judge.commands({"type": "config/entity_registry/list"})
    return {one["entity_id"]: one for one in entities if one["platform"] == "mqtt"}


def says(broker: Mosquitto, twin: str, **values: Any) -> None:
    publish(broker, f"twin/{twin}/report", {"values": values})


def publish(broker: Mosquitto, command: str, payload: dict[str, Any]) -> None:
    """Tell an actor something by way of the broker."""
    with Peer(broker.port) as peer:
        peer.publish(f"gateway/pi/tell/{command}", json.dumps(payload))


def delete(judge: Judge, name: str) -> None:
    """Delete a device, as a user does on its page."""
    (devices,) = judge.commands({"type": "config/device_registry/list"})
    device = next(one for one in devices if one["name"] == name)
    (entry,) = device["config_entries"]
    judge.commands({"type": "config/device_registry/remove_config_entry", "device_id": device["id"], "config_entry_id": entry})
