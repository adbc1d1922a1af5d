"""Configurations that are reloaded one after the other end where a fresh start with the last one does; and nothing is lost on the way."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto, Peer, free_port
from tests.daemon.test_life import mqtt
from tests.daemons import DaemonProcess

PINS = {"a": (17, 27), "b": (18, 22), "c": (23, 24)}


def configuration(chance: random.Random) -> str:
    """Some devices with some settings, and some settings of ordinary actors."""
    parts = [
        f'[gpio.{key}]\ntype = "{chance.choice(["led", "relay"])}"\npin = {chance.choice(pins)}\nsimulate = true\n'
        f'active_low = {chance.choice(["true", "false"])}\non_start = "off"\n'
        for key, pins in PINS.items()
        if chance.random() < 0.7
    ]
    if chance.random() < 0.5:
        parts.append(f'[serial.gps]\nport = "/dev/none{chance.randrange(2)}"\ncodec = "nmea"\nto = "trip/gps"\n')
    chance.shuffle(parts)
    if chance.random() < 0.5:
        parts.append(f"[actors.twin]\nmost = {chance.randrange(100, 102)}\n")
    return "".join(parts)


def stand(daemon: DaemonProcess) -> list[tuple[str, str, str]]:
    """Each device, in its order: its id, how it is, and what it says of itself."""
    found: list[dict[str, Any]] = daemon.ask(do="show")["show"]["host_bound"]
    return [(one["id"], one["health"], one["detail"]) for one in found if one["id"].startswith(("gpio/", "serial/"))]


def settled(daemon: DaemonProcess) -> list[tuple[str, str, str]]:
    """How the devices stand, once each has started."""
    daemon.until(lambda: all(health not in {"starting", "closed"} for _, health, _ in stand(daemon)))
    return stand(daemon)


@pytest.mark.parametrize("seed", range(3))
def test_reloads_end_where_a_fresh_start_does(tmp_path: Path, seed: int) -> None:
    """Whatever came before, and no restart is asked for."""
    chance = random.Random(seed)
    with DaemonProcess(tmp_path, configuration(chance), gateway="reload_probation_s = 0.0") as daemon:
        daemon.until_listening()
        for _ in range(6):
            daemon.write(configuration(chance), gateway="reload_probation_s = 0.0")
            told = daemon.gateway("reload")
            assert (told.returncode, "restart" in told.stdout) == (0, False), told
        reloaded = settled(daemon)
        assert daemon.stop() == 0
        daemon.start()
        daemon.until_listening()
        assert settled(daemon) == reloaded
        assert daemon.stop() == 0


@pytest.mark.parametrize("at", ["reloaded: ", "mqtt/main is closed", "gpio/a is closed"])
def test_a_kill_in_a_reload_loses_nothing(tmp_path: Path, at: str) -> None:
    """Mail for a connection that goes, and comes again with the next reload, arrives once and in order."""
    lamp = '[gpio.a]\ntype = "led"\npin = 17\nsimulate = true\npublish_to = ""\n'
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, mqtt(free_port()) + lamp) as daemon:
        peer.listen("told/#")
        daemon.until_listening()
        for n in range(20):
            told = daemon.ask(do="tell", to="mqtt/main", verb="publish", payload={"topic": f"told/{n}", "body": "x"}, timeout_s=30)
            assert told["ok"], told
        daemon.write("")
        daemon.signal(1)
        daemon.until(lambda: at in daemon.said())
        daemon.kill()
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="show")["show"]["stranded"][0]["waiting"] == 20
        daemon.write(mqtt(broker.port))
        assert daemon.gateway("reload").returncode == 0
        peer.until(lambda: len(peer.heard) >= 20)
        assert [one.topic for one in peer.heard] == [f"told/{n}" for n in range(20)]
        assert daemon.stop() == 0
