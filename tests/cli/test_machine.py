"""`gateway show --machine`, and the phase of a connection in `gateway show mqtt/main`."""

import json
from collections.abc import Iterator

import pytest

from tests.actors.rides import RIDE
from tests.brokers import Mosquitto
from tests.daemons import DaemonProcess, install_kinds


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon with a connection and a kind that has a machine."""
    folder = tmp_path_factory.mktemp("m")
    kinds = install_kinds(folder, ride="tests.actors.test_machine:Ride", counter="tests.daemon.kinds:Counter")
    with Mosquitto(folder) as broker:
        config = f'[mqtt.main]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        with DaemonProcess(folder, config, environ=kinds) as running:
            running.until_listening()
            running.until(lambda: "mqtt/main is ok" in running.said())
            running.until(lambda: "subscribed to" in running.gateway("show", "mqtt/main").stdout)
            yield running
            assert running.stop() == 0


def test_the_machine_of_a_kind(daemon: DaemonProcess) -> None:
    """Drawn without anybody in it."""
    found = daemon.gateway("show", "--machine", "ride")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == RIDE.partition("\n    classDef")[0] + "\n"


def test_the_machine_of_one_actor(daemon: DaemonProcess) -> None:
    """With the phase marked that it is in, in memory or not; nobody has begun: nothing is marked."""
    daemon.gateway("tell", "ride/van", "move")
    assert daemon.gateway("show", "--machine", "ride/van").stdout.endswith("    class MOVING now\n")
    assert json.loads(daemon.gateway("show", "--machine", "ride/van", "--json").stdout)["now"] == "MOVING"
    assert "now" not in daemon.gateway("show", "--machine", "ride/never").stdout


def test_the_machine_of_a_connection(daemon: DaemonProcess) -> None:
    """A host-bound actor says where it stands itself."""
    found = daemon.gateway("show", "--machine", "mqtt/main").stdout
    assert found.endswith("    class READY now\n")
    assert "    CONNECTED --> BACKING_OFF : no answer to a ping in time\n" in found
    assert "class READY now" not in daemon.gateway("show", "--machine", "mqtt").stdout


def test_show_tells_the_phase_of_a_connection(daemon: DaemonProcess) -> None:
    """Its name, what brought it there, and since when."""
    phase = json.loads(daemon.gateway("show", "mqtt/main", "--json").stdout)["phase"]
    assert (phase["name"], phase["because"]) == ("ready", "the broker took our subscriptions")
    assert phase["since_ms"] > 1_700_000_000_000
    assert "ready" in daemon.gateway("show", "mqtt/main").stdout


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ((), 2, "gateway: say whose: gateway show --machine KIND, or ID\n"),
        (("counter",), 1, "gateway: cannot draw counter: counter has no machine\n"),
        (("counter/a",), 1, "gateway: cannot draw counter/a: counter has no machine\n"),
        (("rid",), 1, "gateway: cannot draw rid: there is no such kind; did you mean 'ride'?\n"),
        (("rid/e",), 1, "gateway: cannot draw rid/e: there is no such kind; did you mean 'ride'?\n"),
    ],
)
def test_what_has_no_picture(daemon: DaemonProcess, words: tuple[str, ...], code: int, error: str) -> None:
    """Said in one line."""
    found = daemon.gateway("show", "--machine", *words)
    assert (found.returncode, found.stdout) == (code, "")
    assert found.stderr.startswith(error)
