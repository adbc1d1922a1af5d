"""Tests of a whole gateway that announces its devices at a real broker, over kills, reloads and restarts."""

import json
import time
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess
from tests.waiting import until

LAMP = '[gpio.lamp]\ntype = "relay"\npin = 17\nsimulate = true\n'
SECTION = "[homeassistant]\n"
CONFIGS = "homeassistant/device/+/config"


def file_of(port: int, text: str = "") -> str:
    return f'[mqtt.main]\nhost = "127.0.0.1"\nport = {port}\nprefix = "gateway/pi"\nreconnect_min_s = 0.1\nreconnect_max_s = 0.5\n{text}'


def announced(peer: Peer) -> dict[str, Any]:
    """What the broker has for a newcomer: by device, the payload."""
    found: dict[str, Any] = {}
    for one in list(peer.heard):
        if one.topic.startswith("homeassistant/device/"):
            device = one.topic.split("/")[2].removeprefix("gateway_pi-")
            found[device] = json.loads(one.payload) if one.payload else None
    return {device: payload for device, payload in found.items() if payload}


def topics_of(payloads: dict[str, Any]) -> set[str]:
    """Where all those devices are seen."""
    components = [one for payload in payloads.values() for one in payload["components"].values()]
    found = {one[key] for one in components for key in ("state_topic", "json_attributes_topic") if key in one}
    return found | {one["topic"] for payload in payloads.values() for one in payload["availability"]}


def says(peer: Peer, twin: str, **values: Any) -> None:
    peer.publish(f"gateway/pi/tell/twin/{twin}/report", json.dumps({"values": values}))


def until_subscribed(daemon: DaemonProcess) -> None:
    daemon.until(lambda: "subscribed to" in daemon.said())
    daemon.until_listening()


def test_a_device_is_announced_and_taken_back_with_its_section(tmp_path: Path) -> None:
    """By a reload; a twin is taken back when it is forgotten, and all of it when the section goes."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        with DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION)) as daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant", "gpio_lamp", "twin_boiler"})
            assert daemon.gateway("forget", "twin/boiler", "--yes").returncode == 0
            peer.until(lambda: "twin_boiler" not in announced(peer))
            says(peer, "boiler", t_c=60.5)
            peer.until(lambda: "twin_boiler" in announced(peer))
            daemon.write(file_of(broker.port, SECTION))
            assert daemon.gateway("reload").returncode == 0
            peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant", "twin_boiler"})
            daemon.write(file_of(broker.port))
            assert daemon.gateway("reload").returncode == 0
            peer.until(lambda: announced(peer) == {})
            assert daemon.stop() == 0


def test_what_was_there_before_the_section_is_announced_with_it(tmp_path: Path) -> None:
    """A reload turns it on: also for a twin and a trip that have nothing to say just now."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, file_of(broker.port, LAMP)) as daemon:
        peer.listen(CONFIGS)
        until_subscribed(daemon)
        says(peer, "boiler", t_c=60.5)
        peer.publish("gateway/pi/tell/trip/van/position", json.dumps({"latitude_deg": 52.5, "longitude_deg": 13.4}))
        daemon.until(lambda: daemon.gateway("show", "trip/van").returncode == 0)
        daemon.write(file_of(broker.port, LAMP + SECTION))
        assert daemon.gateway("reload").returncode == 0
        peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant", "gpio_lamp", "twin_boiler", "trip_van"})
        daemon.write(file_of(broker.port, LAMP + SECTION + 'hide = ["trip/*", "twin/boiler#t_c", "gpio/*"]\n'))
        assert daemon.gateway("reload").returncode == 0
        peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant"})
        assert daemon.stop() == 0


def test_what_goes_while_the_gateway_is_down_is_taken_back_at_its_start(tmp_path: Path) -> None:
    """A device that the file names no more; and all, where the section is gone, whatever the broker keeps."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        daemon = DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION))
        with daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            peer.until(lambda: "twin_boiler" in announced(peer))
            daemon.kill()
            daemon.write(file_of(broker.port, SECTION))
            daemon.again()
            peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant", "twin_boiler"})
            daemon.kill()
            daemon.write(file_of(broker.port))
            daemon.again()
            peer.until(lambda: announced(peer) == {})
            assert daemon.stop() == 0


def test_what_was_taken_back_while_home_assistant_was_away_is_told_again_when_it_starts(tmp_path: Path) -> None:
    """In full, and then the end of it; over a kill of the gateway between."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        with DaemonProcess(tmp_path, file_of(broker.port, SECTION)) as daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            peer.until(lambda: "twin_boiler" in announced(peer))
            assert daemon.gateway("forget", "twin/boiler", "--yes").returncode == 0
            peer.until(lambda: "twin_boiler" not in announced(peer))
            daemon.kill()
            topic = "homeassistant/device/gateway_pi-twin_boiler/config"

            def ended(since: int) -> bool:
                """Whether it was announced in full, and then taken back."""
                bodies = [one.payload for one in peer.heard[since:] if one.topic == topic]
                full = [json.loads(body) for body in bodies if body]
                return bool(full) and bodies[-1] == b"" and all(list(one["components"]) == ["t_c"] for one in full)

            at_start = len(peer.heard)
            daemon.again()
            until_subscribed(daemon)
            peer.until(lambda: ended(at_start))
            at_birth = len(peer.heard)
            peer.publish("homeassistant/status", "online", qos=0)
            peer.until(lambda: ended(at_birth))
            assert daemon.stop() == 0


def test_a_hundred_twins_are_announced_with_a_hundred_messages(tmp_path: Path) -> None:
    """One message a device, however many values it has; again at the next start of Home Assistant, and not in between."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        with DaemonProcess(tmp_path, file_of(broker.port, SECTION)) as daemon:
            until_subscribed(daemon)
            for number in range(100):
                says(peer, f"b{number}", t_c=60.5, p_bar=1.5, on=True)
            peer.until(lambda: len(announced(peer)) == 101)
            of_twins = [one for one in peer.heard if "-twin_" in one.topic]
            assert len(of_twins) == 100
            assert all(one.qos == 1 for one in of_twins)
            since = len(peer.heard)
            peer.publish("homeassistant/status", "online", qos=0)
            peer.until(lambda: len([one for one in peer.heard[since:] if "-twin_" in one.topic]) >= 100)
            assert len([one for one in peer.heard[since:] if "-twin_" in one.topic]) == 100
            assert daemon.stop() == 0


def test_a_section_that_comes_makes_no_new_connection_and_says_everything_once(tmp_path: Path) -> None:
    """A reload brings it: a hundred twins and the gateway are a hundred and one messages on the connection that is open."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS).listen("gateway/pi/status")
        with DaemonProcess(tmp_path, file_of(broker.port)) as daemon:
            until_subscribed(daemon)
            for number in range(100):
                says(peer, f"b{number}", t_c=60.5, p_bar=1.5, on=True)
            daemon.until(lambda: daemon.gateway("show", "twin/b99").returncode == 0)
            daemon.write(file_of(broker.port, SECTION))
            assert daemon.gateway("reload").returncode == 0
            peer.until(lambda: len(announced(peer)) == 101)
            says(peer, "last", t_c=60.5)
            peer.until(lambda: len(announced(peer)) == 102)
            assert len([one for one in peer.heard if one.topic.startswith("homeassistant/device/")]) == 102
            assert peer.payloads("gateway/pi/status") == [b"online"]
            assert daemon.stop() == 0


def test_what_is_announced_is_there_a_newcomer_sees_its_state(tmp_path: Path) -> None:
    """Never a configuration without its state: each topic that an announcement names is kept at the broker."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        text = LAMP + '[actors.toggle]\noutputs = {hall = ["gpio/lamp"]}\n'
        text += '[actors.alarm.rules.cold]\nof = "twin/boiler"\nvalue = "t_c"\nbelow = 5\ncontacts = ""\n'
        peer.listen("#")
        with DaemonProcess(tmp_path, file_of(broker.port, text + SECTION)) as daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            peer.until(lambda: len(announced(peer)) == 5)
            topics = topics_of(announced(peer))
            peer.until(lambda: topics <= {one.topic for one in peer.heard})
            with Peer(broker.port) as newcomer:
                newcomer.listen("gateway/#")
                newcomer.until(lambda: topics <= {one.topic for one in newcomer.heard if one.retained})
            assert daemon.stop() == 0


def test_a_command_as_it_is_announced_switches_and_a_retained_one_never_does(tmp_path: Path) -> None:
    """The state is the real level: it follows the command, and nothing else."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.publish("gateway/pi/tell/gpio/lamp/switch", '{"on": true}', retain=True)
        peer.listen(CONFIGS).listen("gateway/pi/gpio/lamp")
        with DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION)) as daemon:
            until_subscribed(daemon)
            daemon.until(lambda: "old retained ones ignored" in daemon.gateway("show", "mqtt/main").stdout)
            peer.until(lambda: "gpio_lamp" in announced(peer))
            lamp = announced(peer)["gpio_lamp"]["components"]["on"]
            for payload, level in ((lamp["payload_on"], b'{"on": true}'), (lamp["payload_off"], b'{"on": false}')):
                peer.publish(lamp["command_topic"], payload, MessageExpiryInterval=lamp["message_expiry_interval"])
                peer.until(lambda level=level: peer.payloads(lamp["state_topic"])[-1:] == [level])
            assert [level for level, _ in groupby(peer.payloads(lamp["state_topic"]))] == [
                b'{"on": false}',
                b'{"on": true}',
                b'{"on": false}',
            ]
            assert daemon.stop() == 0


def test_a_command_that_is_too_old_is_not_carried_out(tmp_path: Path) -> None:
    """It has expired at the broker while the gateway was down; a later one is carried out."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen("gateway/pi/gpio/lamp")
        with DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION)) as daemon:
            until_subscribed(daemon)
            daemon.kill()
            peer.publish("gateway/pi/tell/gpio/lamp/switch", '{"on": true}', MessageExpiryInterval=1)
            sent_s = time.monotonic()
            until(lambda: time.monotonic() > sent_s + 2)  # what the broker counts in
            since = len(peer.heard)
            daemon.again()
            until_subscribed(daemon)
            peer.publish("gateway/pi/tell/gpio/lamp/pulse", '{"seconds": 0.05}', MessageExpiryInterval=30)
            peer.until(lambda: b'{"on": true}' in peer.payloads("gateway/pi/gpio/lamp"))
            peer.until(lambda: peer.payloads("gateway/pi/gpio/lamp")[-1] == b'{"on": false}')
            levels = [level for level, _ in groupby(one.payload for one in peer.heard[since:])]
            assert levels == [b'{"on": false}', b'{"on": true}', b'{"on": false}']
            assert daemon.stop() == 0


def test_a_broker_that_has_forgotten_all_is_told_again(tmp_path: Path) -> None:
    """Announcements and states, of devices that say nothing by themselves too: at each connection of ours."""
    text = LAMP + '[actors.toggle]\noutputs = {hall = ["gpio/lamp"]}\n'
    devices = {"statistics_homeassistant", "gpio_lamp", "toggle_hall", "twin_boiler", "trip_van"}
    with Mosquitto(tmp_path) as broker, DaemonProcess(tmp_path, file_of(broker.port, text + SECTION)) as daemon:
        until_subscribed(daemon)
        with Peer(broker.port) as peer:
            peer.listen(CONFIGS)
            says(peer, "boiler", t_c=60.5)
            peer.publish("gateway/pi/tell/trip/van/position", json.dumps({"latitude_deg": 52.5, "longitude_deg": 13.4}))
            peer.until(lambda: announced(peer).keys() == devices)
            topics = topics_of(announced(peer))
        broker.restart()
        with Peer(broker.port) as newcomer:
            newcomer.listen("#")
            newcomer.until(lambda: announced(newcomer).keys() == devices)
            newcomer.until(lambda: {one.topic for one in newcomer.heard} >= topics)
        assert daemon.stop() == 0


def bodies_since(peer: Peer, since: int, device: str) -> list[bytes]:
    """What was said of one device since then; an empty one takes it back."""
    return [one.payload for one in peer.heard[since:] if one.topic == f"homeassistant/device/gateway_pi-{device}/config"]


def deleted(daemon: DaemonProcess) -> list[str]:
    """Which devices the gateway takes for deleted by a user."""
    return list(json.loads(daemon.gateway("ask", "homeassistant/main", "read", "--json").stdout or "{}").get("deleted", ()))


def test_a_device_that_a_user_deletes_stays_away_until_it_is_restored(tmp_path: Path) -> None:
    """Over a kill, and every start of Home Assistant; also where the gateway was down when that was. Others are there as ever."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        with DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION)) as daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            says(peer, "oven", t_c=200)
            daemon.until(lambda: "subscribed to 4 filters" in daemon.gateway("show", "mqtt/main").stdout)
            peer.until(lambda: {"gpio_lamp", "twin_boiler", "twin_oven"} <= announced(peer).keys())
            peer.publish("homeassistant/device/gateway_pi-gpio_lamp/config", b"", retain=True)
            daemon.until(lambda: deleted(daemon) == ["gpio/lamp"])
            daemon.kill()
            peer.publish("homeassistant/device/gateway_pi-twin_boiler/config", b"", retain=True)
            daemon.again()
            daemon.until(lambda: deleted(daemon) == ["gpio/lamp", "twin/boiler"])
            says(peer, "boiler", t_c=61.5, more=1)
            since = len(peer.heard)
            peer.publish("homeassistant/status", "online", qos=0)
            peer.until(lambda: bodies_since(peer, since, "twin_oven"))
            assert announced(peer).keys() == {"statistics_homeassistant", "twin_oven"}
            assert not any(bodies_since(peer, since, "twin_boiler") + bodies_since(peer, since, "gpio_lamp"))
            assert daemon.gateway("ask", "homeassistant/main", "restore", "id=gpio/lamp").returncode == 0
            peer.until(lambda: announced(peer).keys() == {"statistics_homeassistant", "twin_oven", "gpio_lamp"})
            assert daemon.gateway("ask", "homeassistant/main", "restore").returncode == 0
            peer.until(lambda: "more" in announced(peer).get("twin_boiler", {}).get("components", {}))
            assert daemon.stop() == 0


def test_a_section_that_goes_while_home_assistant_is_away_leaves_no_ghost(tmp_path: Path) -> None:
    """Its next start is heard, over a kill too: what was there is told in full once more, unretained, and then taken back."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        with DaemonProcess(tmp_path, file_of(broker.port, LAMP + SECTION)) as daemon:
            until_subscribed(daemon)
            says(peer, "boiler", t_c=60.5)
            devices = ("statistics_homeassistant", "gpio_lamp", "twin_boiler")
            peer.until(lambda: announced(peer).keys() == set(devices))
            daemon.write(file_of(broker.port, LAMP))
            assert daemon.gateway("reload").returncode == 0
            peer.until(lambda: announced(peer) == {})
            daemon.kill()
            daemon.again()
            daemon.until(lambda: "subscribed to 3 filters" in daemon.gateway("show", "mqtt/main").stdout)
            for device in devices:
                peer.until(lambda device=device: bodies_since(peer, 0, device)[-2:-1] != [b""] and not bodies_since(peer, 0, device)[-1])
            since = len(peer.heard)
            peer.publish("homeassistant/status", "online", qos=0)
            for device in devices:
                full, gone = peer.until(lambda device=device: len(found := bodies_since(peer, since, device)) == 2 and found)
                assert json.loads(full)["components"]
                assert gone == b""
            daemon.write(file_of(broker.port, LAMP + SECTION))
            assert daemon.gateway("reload").returncode == 0
            peer.until(lambda: announced(peer).keys() == set(devices))
            assert daemon.stop() == 0
