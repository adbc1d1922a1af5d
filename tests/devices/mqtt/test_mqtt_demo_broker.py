"""The demo's broker, whichever program it is."""

import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.broker import DemoBroker, NoBroker
from gateway.testing.clock import PATIENCE_S

Connect = Callable[..., Any]
SENSORS = [{"topic": "sensors/+/state", "to": "twin/{1}", "verb": "report"}]


def has_iotcore() -> bool:
    return find_spec("iotcore") is not None


@pytest.mark.parametrize(
    "program", ["", pytest.param("iotcore", marks=pytest.mark.skipif(not has_iotcore(), reason="iotcore is not installed"))]
)
def test_the_demo_broker_brings_what_is_published(tmp_path: Path, connect: Connect, program: str) -> None:
    """A connection to it publishes, and hears itself; when the block ends, the port is free."""
    with DemoBroker(tmp_path / "broker", program=program) as broker:
        with connect(broker.port, protocol=broker.protocol, subscribe=SENSORS) as gateway:
            gateway.until_subscribed()
            given = [gateway.tell("publish", {"topic": f"sensors/{n}/state", "body": "{}"}, id=f"m{n}") for n in range(100)]
            assert {delivery.wait() for delivery in given} == {"done"}
            gateway.until(lambda: len(gateway.handled) == 100)
        with pytest.raises(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", broker.port))
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE_S):
        pass


def test_a_program_that_does_not_start_is_named(tmp_path: Path) -> None:
    """With where its own words are."""
    with pytest.raises(NoBroker) as caught, DemoBroker(tmp_path, program="/bin/false"):
        pass
    assert str(caught.value) == f"cannot start the demo's broker: /bin/false does not listen; see {tmp_path}/broker.log"
