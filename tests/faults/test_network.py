"""A network that is not there at the boot, names that nobody knows, a Wi-Fi that comes and goes: with a real cable and a real broker."""

import time
from pathlib import Path

from tests.brokers import Mosquitto, Peer, free_port
from tests.daemons import DaemonProcess
from tests.islands import NAME, Island

CYCLES = 20
"""A minute each they would be a good part of an hour; what a cycle does is the same however long it is."""
FEW = 100.0
"""So often a second all threads together may wake up while there is no broker: a loop without rest does it thousands of times."""

COUNTED = 50


def config(port: int) -> str:
    """A connection that notices soon that nobody is there, and tries again soon."""
    return (
        f'[mqtt.main]\nhost = "{NAME}"\nport = {port}\nprefix = "pi"\nkeepalive_s = 1\nack_timeout_s = 1.0\n'
        "reconnect_min_s = 0.1\nreconnect_max_s = 0.5\n"
    )


def publish(daemon: DaemonProcess, n: int) -> None:
    """Have the gateway take a message for the broker; it is on disk then."""
    told = daemon.ask(do="tell", to="mqtt/main", verb="publish", payload={"topic": "n", "body": str(n)}, timeout_s=60)
    assert told["ok"], told


def mqtt_of(daemon: DaemonProcess) -> str:
    """How its connection is."""
    (found,) = [one for one in daemon.ask(do="show")["show"]["host_bound"] if one["id"] == "mqtt/main"]
    return f"{found['health']}: {found['detail']}"


def wake_ups(pid: int) -> int:
    """How often the threads of a process have gone to sleep by themselves."""
    texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("voluntary_ctxt_switches"))


def open_broker(folder: Path, island: Island) -> tuple[Mosquitto, int]:
    """A broker that also listens at this host's end of the cable, and its port there."""
    port = free_port()
    return Mosquitto(folder, options=[f"listener {port} {island.here}"]), port


def test_a_network_that_comes_minutes_after_the_boot_finds_all_that_was_said(tmp_path: Path) -> None:
    """First there is no network, then nobody knows the name, then its first address is nobody's: it goes on to the second one."""
    with Island(tmp_path) as island:
        broker, port = open_broker(tmp_path, island)
        with broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, config(port), through=island.through) as daemon:
            peer.listen("n")
            daemon.until_listening()
            daemon.until(lambda: NAME in mqtt_of(daemon) and mqtt_of(daemon).startswith("missing"))
            for n in range(20):
                publish(daemon, n)
            island.plug()
            daemon.until(lambda: mqtt_of(daemon).startswith("missing"))
            island.name(island.nobody, island.here)
            daemon.until(lambda: mqtt_of(daemon).startswith("ok"))
            peer.until(lambda: len(peer.payloads("n")) >= 20)
            assert [int(body) for body in peer.payloads("n")] == list(range(20))
            assert daemon.stop() == 0


def test_a_wifi_that_comes_and_goes_loses_nothing_and_keeps_nobody_busy(tmp_path: Path) -> None:
    """Each message that was taken is heard, in order, though some twice; while the broker is away, threads sleep."""
    with Island(tmp_path) as island:
        broker, port = open_broker(tmp_path, island)
        island.name(island.here)
        island.plug()
        with broker, Peer(broker.port) as peer, DaemonProcess(tmp_path, config(port), through=island.through) as daemon:
            peer.listen("n")
            daemon.until_listening()
            sent = 0
            for cycle in range(CYCLES):
                daemon.until(lambda: mqtt_of(daemon).startswith("ok"))
                publish(daemon, sent)
                island.pull()
                for n in range(1, 4):
                    publish(daemon, sent + n)
                sent += 4
                if cycle % 3:  # each third time it is back before anybody has noticed
                    daemon.until(lambda: mqtt_of(daemon).startswith("missing"))
                if cycle == 1:
                    assert wakes_a_second(daemon) < FEW
                island.plug()
            peer.until(lambda: str(sent - 1).encode() in peer.payloads("n"))
            heard = list(dict.fromkeys(int(body) for body in peer.payloads("n")))
            assert heard == list(range(sent))
            assert daemon.stop() == 0


def wakes_a_second(daemon: DaemonProcess) -> float:
    """How often it wakes up in a second, while nobody asks anything: as many seconds as it takes to do it some times."""
    before, began_s = wake_ups(daemon.pid), time.monotonic()
    daemon.until(lambda: wake_ups(daemon.pid) >= before + COUNTED)
    return (wake_ups(daemon.pid) - before) / (time.monotonic() - began_s)
