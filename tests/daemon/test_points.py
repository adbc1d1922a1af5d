"""Points and rules in a whole gateway: from a message of somebody else's device to a relay, over a reload."""

import json
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Peer
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

FILE = """[[mqtt.main.subscribe]]
topic = "tele/+/SENSOR"
to = "twin/{1}"
values = {temp = {from = "DS18B20.Temperature", unit = "°C", class = "temperature", valid = [-40, 110]}}
[gpio.pump]
type = "relay"
pin = 17
simulate = true
[actors.rule.pump]
of = "twin/boiler"
value = "temp"
above = 60
tell = {to = "gpio/pump", verb = "switch", payload = {on = true}}
tell_at_end = {to = "gpio/pump", verb = "switch", payload = {on = false}}
"""


def read(daemon: DaemonProcess, actor: str, verb: str = "read") -> Any:
    return json.loads(daemon.gateway("ask", actor, verb, "--json").stdout)


def says(peer: Peer, celsius: Any) -> None:
    """The boiler says how warm it is."""
    peer.publish("tele/boiler/SENSOR", json.dumps({"DS18B20": {"Temperature": celsius}}))


def test_a_message_of_a_boiler_switches_its_pump(tmp_path: Path) -> None:
    """The value has unit and class by the file; the rule follows it, and leaves the pump as it is while the value is bad."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, mqtt(broker.port) + FILE) as daemon:
        daemon.until(lambda: "subscribed to" in daemon.said())
        daemon.until_listening()
        daemon.until(lambda: read(daemon, "rule/pump")["phase"] == "watching")
        says(peer, 61.5)
        daemon.until(lambda: read(daemon, "rule/pump")["phase"] == "holds")
        value = read(daemon, "twin/boiler")["values"]["temp"]
        assert (value["value"], value["unit"], value["class"], value["quality"]) == (61.5, "°C", "temperature", "good")
        says(peer, 999)
        daemon.until(lambda: read(daemon, "rule/pump")["findings"]["cannot"] == "temp of twin/boiler is bad")
        assert (read(daemon, "rule/pump")["phase"], read(daemon, "rule/pump")["told"]) == ("holds", 1)
        says(peer, 20)
        daemon.until(lambda: read(daemon, "rule/pump")["told"] == 2)
        assert daemon.stop() == 0


def test_a_reload_takes_over_what_values_are(tmp_path: Path) -> None:
    """A unit that is mended in the file is the twin's from the next report on."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, mqtt(broker.port) + FILE) as daemon:
        daemon.until(lambda: "subscribed to" in daemon.said())
        daemon.until_listening()
        says(peer, 20)
        daemon.until(lambda: "temp" in read(daemon, "twin/boiler")["values"])
        daemon.write(mqtt(broker.port) + FILE.replace("°C", "°F"))
        assert daemon.gateway("reload").returncode == 0
        assert read(daemon, "twin/boiler", "describe")["temp"]["unit"] == "°F"
        says(peer, 21)
        daemon.until(lambda: read(daemon, "twin/boiler")["values"]["temp"]["unit"] == "°F")
        assert daemon.stop() == 0
