"""What is compared: our gateway, and its peers. Each peer is optional, and has its version in the table.

`make bench-peers` installs those that are not in this repository, into the folder .bench; where one cannot be had, it is left out of
the table, and the reason stands below it.
"""

import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".bench"
NODE_RED = FOLDER / "node-red"
NODE = NODE_RED / "node_modules/node/bin/node"
MQTT_IO = FOLDER / "mqtt-io/bin/python"

SERIAL, MQTT = "serial", "mqtt"
"""Where lines come from."""


class Side(NamedTuple):
    """One pipeline."""

    module: str
    version: Callable[[], str]
    """Empty where it is not installed."""
    inputs: tuple[str, ...] = (SERIAL, MQTT)
    optional: bool = False
    """Whether it comes from elsewhere, and the others are compared without it where it does not run here."""


def node_environment() -> dict[str, str]:
    """The environment of Node: ours, without what others may have set for it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("NODE_", "npm_"))}


def left_out(names: list[str]) -> dict[str, str]:
    """Why sides are left out, by their names."""
    return {name: "it is not installed here: make bench-peers" for name in names if not SIDES[name].version()}


def _of_npm(package: str) -> str:
    try:
        return str(json.loads((NODE_RED / "node_modules" / package / "package.json").read_text())["version"])
    except OSError:
        return ""


def _node_red() -> str:
    red, node, serial = map(_of_npm, ("node-red", "node", "node-red-node-serialport"))
    return f"{red}, Node {node}, its serial node {serial}" if red and serial and NODE.exists() else ""


def _mqtt_io() -> str:
    found = next(FOLDER.glob("mqtt-io/lib/python*/site-packages/mqtt_io-*.dist-info"), None)
    return found.name.removeprefix("mqtt_io-").removesuffix(".dist-info") if found else ""


SIDES = {
    "gateway": Side("tests.bench.gateway_side", lambda: version("pi-device-gateway")),
    "naive script": Side("tests.bench.naive", lambda: f"pyserial {version('pyserial')}, paho-mqtt {version('paho-mqtt')}"),
    "shortest durable": Side("tests.bench.shortest", lambda: f"apsw {version('apsw')}"),
    "Node-RED": Side("tests.bench.node_red_side", _node_red, optional=True),
    "mqtt-io": Side("tests.bench.mqtt_io_side", _mqtt_io, (SERIAL,), optional=True),
}
OURS = "gateway"
