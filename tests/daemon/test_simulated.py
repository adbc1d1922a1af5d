"""A simulated gateway never shares with a real one: not its store, not its name at the broker, not its topics; and it says what it is."""

import json
import signal
from pathlib import Path

import pytest

from gateway.config import read
from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess, ServiceSide

LAMP = '[gpio.lamp]\ntype = "led"\npin = 17\n'
SIMULATED = "simulate = true\n"


def gateway(folder: Path, config: str, *, simulated: bool, environ: dict[str, str] | None = None) -> DaemonProcess:
    """A daemon that is simulated as a whole, or not; its store is where the file says, the same for both."""
    return DaemonProcess(folder, config, gateway=SIMULATED if simulated else "", environ=environ)


def test_its_store_is_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the file says where: beside the real one's, in the service's state directory too."""
    path = tmp_path / "gateway.toml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    for word, store in (("false", "gateway.db"), ("true", "simulated/gateway.db")):
        path.write_text(f"[gateway]\nsimulate = {word}\n")
        assert read(path).store.path == tmp_path / "var" / store
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/gateway")
    assert read(path).store.path == Path("/var/lib/gateway/simulated/gateway.db")
    path.write_text('[gateway]\nsimulate = true\n[store]\npath = "/srv/mine.db"\n')
    assert read(path).store.path == Path("/srv/mine.db")


@pytest.mark.parametrize("end", ["stopped", "killed", "corrupt"])
@pytest.mark.parametrize("first", ["real", "simulated"])
def test_neither_opens_the_store_of_the_other(tmp_path: Path, first: str, end: str) -> None:
    """It ends with 78, which waits for a person, says why, and leaves the store as it is; whose it is goes on with it."""
    simulated = first == "simulated"
    with gateway(tmp_path, "", simulated=simulated) as owner:
        owner.until_listening()
        owner.ask(do="tell", to="twin/a", verb="report", payload={"values": {"v": 1}}, timeout_s=60)
        owner.kill() if end == "killed" else owner.stop()
        if end == "corrupt":
            with owner.store.open("r+b") as file:
                file.seek(2048)
                file.write(bytes(2048))
        files = {path: path.read_bytes() for path in tmp_path.glob("gateway.db*") if path.suffix != ".lock"}
        other = gateway(tmp_path, "", simulated=not simulated).start()
        assert other.wait() == 78
        assert {path: path.read_bytes() for path in tmp_path.glob("gateway.db*") if path.suffix != ".lock"} == files
        if simulated:
            why = "it is a simulated gateway's, and this one is real; give it another store.path"
        else:
            why = "no simulated gateway has made it, and this one is simulated; leave store.path out, or give it another"
        assert f"cannot open {owner.store}: {why}" in other.said()
        owner.write("", gateway=SIMULATED if simulated else "")
        owner.again()
        assert owner.stop() == 0
        assert ("the store was corrupt" in owner.said()) is (end == "corrupt")


def test_a_fresh_store_of_a_corrupt_simulated_one_is_marked_too(tmp_path: Path) -> None:
    """So that no real one opens that."""
    with gateway(tmp_path, "", simulated=True) as owner:
        owner.stop()
        with owner.store.open("r+b") as file:
            file.seek(2048)
            file.write(bytes(2048))
        owner.again()
        owner.stop()
    assert gateway(tmp_path, "", simulated=False).start().wait() == 78


def test_it_says_that_it_is_simulated(tmp_path: Path) -> None:
    """At the top of show, in the service's status and in the log."""
    with ServiceSide(tmp_path) as systemd, gateway(tmp_path, LAMP, simulated=True, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        daemon.until_listening()
        assert daemon.gateway("show").stdout.startswith("test, simulated: ")
        view = json.loads(daemon.gateway("show", "--json").stdout)
        assert (view["simulated"], view["simulated_devices"]) == (True, ["gpio/lamp"])
        assert daemon.gateway("check").stdout.startswith("fine, simulated: 1 device, ")
        systemd.until("STATUS=simulated; 1 of 1 well")
        assert "starting with " + str(daemon.config) + ", simulated: gpio/lamp" in daemon.said()
        daemon.stop()


def test_a_real_one_says_which_of_its_devices_are_simulated(tmp_path: Path) -> None:
    """After its first words, for it is as real as the others are."""
    with gateway(tmp_path, LAMP + "simulate = true\n[gpio.bell]\ntype='button'\npin = 5\nsimulate = true\n", simulated=False) as daemon:
        daemon.until_listening()
        daemon.until(lambda: daemon.said().count(" is ok: GPIO") == 2)
        first = daemon.gateway("show").stdout.splitlines()[0]
        assert first.startswith("test: well; up ")
        assert first.endswith("; simulated: gpio/lamp, gpio/bell")
        daemon.write(LAMP + "simulate = {}\n[gpio.bell]\ntype='button'\npin = 5\nsimulate = true\n")
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: "reloaded" in daemon.said())
        assert daemon.gateway("show").stdout.splitlines()[0].endswith("; simulated: gpio/lamp, gpio/bell")
        daemon.stop()


@pytest.mark.parametrize("simulated", [True, False])
def test_a_reload_does_not_make_the_one_the_other(tmp_path: Path, simulated: bool) -> None:
    """No device is changed in flight: its store would be the other's."""
    config = LAMP + "simulate = true\n"
    with gateway(tmp_path, config, simulated=simulated) as daemon:
        daemon.until_listening()
        daemon.until(lambda: "gpio/lamp is ok" in daemon.said())
        daemon.write(config.replace("17", "18"), gateway="" if simulated else SIMULATED)
        daemon.signal(signal.SIGHUP)
        daemon.until(
            lambda: "reloaded: nothing was taken over; needs a restart: gateway.simulate, and with it all the rest" in daemon.said()
        )
        assert "GPIO 17 (led)" in daemon.gateway("show", "gpio/lamp").stdout
        assert daemon.gateway("show").stdout.startswith("test, simulated: " if simulated else "test: ")
        daemon.stop()


def test_at_the_broker_all_that_it_says_is_apart(tmp_path: Path) -> None:
    """Whatever the file says for the real one: its client id, and every topic; what it reads of others is theirs."""
    broker_folder = tmp_path / "broker"
    broker_folder.mkdir()
    with Mosquitto(broker_folder) as broker, Peer(broker.port) as peer:
        config = (
            f'[mqtt.main]\nhost = "127.0.0.1"\nport = {broker.port}\nclient_id = "house"\nprefix = "house/gw"\n'
            '[[mqtt.main.subscribe]]\ntopic = "meters/+"\nto = "twin/{1}"\nverb = "report"\n'
            f'[statistics.local]\npublish_to = "mqtt/main"\nevery_s = 1\n{LAMP}report_to = "twin/lamp"\n'
        )
        peer.listen("#")
        with gateway(tmp_path, config, simulated=True) as daemon:
            broker.until_logged("as house-simulated ")
            peer.until(lambda: peer.payloads("simulated/house/gw/status") == [b"online, simulated"])
            peer.publish("meters/a", '{"values": {"v": 1}}')
            peer.until(lambda: peer.payloads("simulated/house/gw/twin/a"))
            peer.publish("simulated/house/gw/tell/gpio/lamp/switch", '{"on": true}')
            peer.until(lambda: any(b'"value":true' in body for body in peer.payloads("simulated/house/gw/twin/lamp")))
            peer.publish("simulated/house/gw/ask/gpio/lamp/read", ResponseTopic="replies/me")
            peer.until(lambda: peer.payloads("replies/me"))
            peer.publish("house/gw/tell/gpio/lamp/switch", '{"on": false}')
            peer.until(lambda: peer.payloads("simulated/house/gw/statistics/local"))
            assert json.loads(peer.payloads("simulated/house/gw/statistics/local")[-1])["simulated"] is True
            assert daemon.stop() == 0
        peer.until(lambda: peer.payloads("simulated/house/gw/status")[-1] == b"offline, simulated")
    ours = {"meters/a", "house/gw/tell/gpio/lamp/switch", "replies/me"}
    assert [one.topic for one in peer.heard if not one.topic.startswith("simulated/") and one.topic not in ours] == []
