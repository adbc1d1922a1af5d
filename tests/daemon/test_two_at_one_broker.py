"""Two gateways at one broker: every topic of each begins with its prefix, and whatever they have of one name stays apart."""

import json
from pathlib import Path

from tests.brokers import Mosquitto, Peer
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

FILE = """[statistics.local]
publish_to = "mqtt/main"
every_s = 1
[gpio.lamp]
type = "led"
pin = 17
simulate = true
[actors.alarm]
rules.hot = {of = "twin/boiler", value = "t_c", above = 30, for_s = 0}
"""
SAID = {
    *("status", "refused", "statistics/local", "gpio/lamp", "twin/boiler"),
    *("toggle/hall", "trip/van/position", "trip/van/status", "alarm/hot"),
}


def test_all_that_a_gateway_says_begins_with_its_prefix(tmp_path: Path) -> None:
    """Twins, toggles, trips, alarms, outputs, figures, the status and what was refused, of two gateways with the same names for all."""
    folders = [tmp_path / name for name in ("broker", "one", "two")]
    for folder in folders:
        folder.mkdir()
    with Mosquitto(folders[0]) as broker, Peer(broker.port) as peer:
        config = [mqtt(broker.port).replace('"gw"', f'"{name}"\nclient_id = "{name}"') + FILE for name in ("one", "two")]
        peer.listen("#")
        with DaemonProcess(folders[1], config[0]) as one, DaemonProcess(folders[2], config[1]) as two:
            for number, (name, daemon) in enumerate([("one", one), ("two", two)]):
                daemon.until(lambda daemon=daemon: "subscribed to" in daemon.said())
                tell = f"{name}/tell"
                peer.publish(f"{tell}/twin/boiler/report", json.dumps({"values": {"t_c": 40 + number}}))
                peer.publish(f"{tell}/toggle/hall/pressed")
                peer.publish(f"{tell}/trip/van/position", '{"latitude_deg": 52.5, "longitude_deg": 13.4}')
                peer.publish(f"{tell}/nobody/at/all", "{}")
                peer.until(lambda name=name: {f"{name}/{topic}" for topic in SAID} <= {one.topic for one in peer.heard})
            of_boiler = [json.loads(peer.payloads(f"{name}/twin/boiler")[-1])["values"]["t_c"]["value"] for name in ("one", "two")]
            assert of_boiler == [40, 41]
            assert (one.stop(), two.stop()) == (0, 0)
        assert [one.topic for one in peer.heard if not one.topic.startswith(("one/", "two/"))] == []
