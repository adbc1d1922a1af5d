"""The recipes for other people's devices, each fed over a real broker with a message as the device sends it."""

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.conftest import Gateway
from tests.guide import block_with

Connect = Callable[..., Gateway]

ZIGBEE2MQTT = {"battery": 71, "humidity": 48.2, "linkquality": 98, "temperature": 18.4, "voltage": 2985}
BATH = {"name": "Bad oben", "battery_pct": 71, "humidity_pct": 48.2, "linkquality": 98, "temperature_c": 18.4, "voltage": 2985}
TASMOTA = {
    "Time": "2031-02-03T04:05:06",
    "DS18B20": {"Id": "01A2B3", "Temperature": 23.1},
    "ENERGY": {"TotalStartTime": "2030-01-01T00:00:00", "Total": 88.12, "Power": 7, "Factor": 0.5},
    "TempUnit": "C",
}
SHELLY = {
    **{"id": 0, "source": "init", "output": False, "apower": 0.0, "voltage": 229.8, "current": 0.0},
    **{"aenergy": {"total": 12.5, "by_minute": [0, 0, 0], "minute_ts": 1900000000}, "temperature": {"tC": 33.4, "tF": 92.1}},
}


RECIPES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "zigbee2mqtt": ("zigbee2mqtt/Bad oben", json.dumps(ZIGBEE2MQTT), "twin/Bad_oben", BATH),
    "tasmota": (
        *("tele/tasmota_1A2B/SENSOR", json.dumps(TASMOTA), "twin/tasmota_1A2B"),
        {
            **{"power_w": 7, "energy_kwh": 88.12, "temperature_c": 23.1, "Time": "2031-02-03T04:05:06", "TempUnit": "C"},
            **{"DS18B20.Id": "01A2B3", "ENERGY.TotalStartTime": "2030-01-01T00:00:00", "ENERGY.Factor": 0.5},
        },
    ),
    "shelly": (
        *("shellyplus1pm-0a/status/switch:0", json.dumps(SHELLY), "twin/shellyplus1pm-0a"),
        {"on": False, "power_w": 0.0, "energy_wh": 12.5},
    ),
    "esphome": ("heizung/sensor/vorlauf_c/state", "41.5", "twin/heizung", {"vorlauf_c": 41.5}),
    "esphome-binary": ("heizung/binary_sensor/pumpe/state", "ON", "twin/heizung", {"pumpe": True}),
}
"""By the device: its topic and its message, the twin that hears of it, and the twin's values."""


@pytest.mark.parametrize("device", RECIPES)
def test_a_recipe(device: str, mosquitto: Mosquitto, connect: Connect) -> None:
    """What the page says is enough: the message becomes a report of the twin."""
    topic, payload, twin, values = RECIPES[device]
    subscriptions = tomllib.loads(block_with("tele/+/SENSOR"))["mqtt"]["main"]["subscribe"]
    with connect(mosquitto.port, subscribe=subscriptions) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish(topic, payload)
        gateway.until(lambda: gateway.handled)
        ((to, verb, report),) = gateway.handled
        assert (to, verb, report.values, report.qualities) == (twin, "report", values, {})
