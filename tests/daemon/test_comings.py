"""Devices come and go in a running gateway: what is for them waits, what is untouched stays open, and nothing is lost."""

import json
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto, Peer, free_port
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

LAMP = '[gpio.{key}]\ntype = "led"\npin = {pin}\nsimulate = true\n'


def lamp(key: str, pin: int) -> str:
    """The section of a lamp."""
    return LAMP.format(key=key, pin=pin)


def reload(daemon: DaemonProcess) -> dict[str, Any]:
    """Reload, and return what came of it."""
    told = daemon.gateway("reload", "--json")
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_a_device_comes_and_goes_and_comes_again(tmp_path: Path) -> None:
    """It is asked like any other, then nobody knows it, as after a restart; the others are left alone."""
    with DaemonProcess(tmp_path, lamp("a", 17)) as daemon:
        daemon.until_listening()
        assert daemon.gateway("ask", "gpio/a", "switch", "on=true").returncode == 0
        for _ in range(3):
            daemon.write(lamp("b", 18) + lamp("a", 17))
            assert reload(daemon)["taken"] == ["gpio/b (new)"]
            assert daemon.gateway("ask", "gpio/b", "switch", "on=true").returncode == 0
            assert [one["id"] for one in daemon.ask(do="show")["show"]["host_bound"]][:2] == ["gpio/b", "gpio/a"]
            daemon.write(lamp("a", 17))
            assert reload(daemon)["taken"] == ["gpio/b (gone)"]
            nobody = daemon.gateway("ask", "gpio/b", "switch", "on=true")
            assert nobody.returncode != 0
            assert json.loads(daemon.gateway("ask", "gpio/a", "read", "--json").stdout) == {"on": True}
        assert daemon.said().count("gpio/a is ok") == 1
        assert daemon.stop() == 0
        daemon.start()
        daemon.until_listening()
        assert daemon.gateway("ask", "gpio/b", "switch", "on=true").stderr == nobody.stderr
        assert daemon.stop() == 0


def test_mail_waits_for_a_device_that_is_gone_and_comes_to_it_when_it_is_back(tmp_path: Path) -> None:
    """Over reloads, a kill and a restart alike, and `show` has the same words for it."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen("told/#")
        away = mqtt(free_port())
        with DaemonProcess(tmp_path, away) as daemon:
            daemon.until_listening()
            for n in range(5):
                assert daemon.gateway("tell", "mqtt/main", "publish", f"topic=told/{n}", "body=x").returncode == 0
            daemon.until(lambda: daemon.ask(do="show", id="mqtt/main")["hosted"]["waiting"] == 5)
            daemon.write("")
            assert reload(daemon)["taken"] == ["mqtt/main (gone)"]
            stranded = daemon.ask(do="show")["show"]["stranded"]
            assert stranded == [{"id": "mqtt/main", "waiting": 5, "why": "no kind 'mqtt' is registered"}]
            daemon.write(away)
            reload(daemon)
            assert daemon.ask(do="show")["show"]["stranded"] == []
            assert daemon.ask(do="show", id="mqtt/main")["hosted"]["waiting"] == 5
            daemon.write("")
            reload(daemon)
            daemon.kill()
            daemon.again()
            daemon.until_listening()
            assert daemon.ask(do="show")["show"]["stranded"] == stranded
            daemon.write(mqtt(broker.port))
            reload(daemon)
            peer.until(lambda: len([one for one in peer.heard if one.topic.startswith("told/")]) == 5)
            assert [one.topic for one in peer.heard] == [f"told/{n}" for n in range(5)]
            assert daemon.stop() == 0


def test_ordinary_actors_see_their_new_settings(tmp_path: Path) -> None:
    """One that is in memory too, and without a restart: a toggle drives the lamp that its section names now, and none without one."""
    drives = '[actors.toggle.outputs]\nhall = ["gpio/{lamp}"]\n'
    lamps = lamp("a", 17) + lamp("b", 18)

    def stand() -> list[bool]:
        return [json.loads(daemon.gateway("ask", f"gpio/{key}", "read", "--json").stdout)["on"] for key in "ab"]

    with DaemonProcess(tmp_path, lamps + drives.format(lamp="a")) as daemon:
        daemon.until_listening()
        assert daemon.gateway("tell", "toggle/hall", "pressed").returncode == 0
        daemon.until(lambda: stand() == [True, False])
        daemon.write(lamps + drives.format(lamp="b"))
        assert reload(daemon) == {"taken": ["actors.toggle"], "not_up": [], "closing": [], "needs_restart": []}
        for on in (False, True):
            assert daemon.gateway("tell", "toggle/hall", "pressed").returncode == 0
            daemon.until(lambda on=on: stand() == [True, on])  # type: ignore[misc]
        daemon.write(lamps)
        assert reload(daemon)["taken"] == ["actors.toggle"]
        assert daemon.gateway("reload").stdout == "reloaded: nothing has changed\n"
        assert daemon.gateway("ask", "toggle/hall", "pressed").returncode == 0
        assert stand() == [True, True]
        assert daemon.stop() == 0
