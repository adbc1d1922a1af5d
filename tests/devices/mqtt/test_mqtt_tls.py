"""TLS: with the right CA, the wrong one, and a client certificate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Health
from tests.brokers import Certificates, Mosquitto

Connect = Callable[..., Any]
NO_TLS = "cannot speak TLS with 127.0.0.1:{port}: {why} in the handshake; mend mqtt.main.tls, cert_file or port"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once for all tests here."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_trusted_broker_is_spoken_with(tmp_path: Path, connect: Connect, certificates: Certificates, protocol: str) -> None:
    """Hundreds of publishes and messages larger than one TLS record, both ways."""
    tls = {"tls": True, "ca_file": str(certificates.ca), "protocol": protocol}
    listening = [{"topic": "large/+", "to": "twin/{1}", "verb": "report"}]
    with Mosquitto(tmp_path, certificates=certificates) as broker, connect(broker.port, subscribe=listening, **tls) as gateway:
        gateway.until_subscribed()
        body = '{"x": "' + "y" * 100_000 + '"}'
        given = [gateway.tell("publish", {"topic": "small", "body": str(n)}, id=f"s{n}") for n in range(400)]
        given += [gateway.tell("publish", {"topic": f"large/{n}", "body": body}, id=f"l{n}") for n in range(10)]
        assert {delivery.wait() for delivery in given} == {"done"}
        gateway.until(lambda: len(gateway.handled) == 10)
        assert {payload for _, _, payload in gateway.handled} == {body.encode()}


def test_a_broker_of_another_ca_is_not_trusted(tmp_path: Path, connect: Connect, certificates: Certificates) -> None:
    """The fault names the key, and there is no way around it."""
    tls = {"tls": True, "ca_file": str(certificates.other_ca)}
    with Mosquitto(tmp_path, certificates=certificates) as broker, connect(broker.port, **tls) as gateway:
        said = gateway.until_health("cannot trust")
        assert said.startswith(f"cannot trust the broker at 127.0.0.1:{broker.port}: ")
        assert said.endswith("; mend mqtt.main.ca_file or mqtt.main.host")
        assert gateway.health[-1][0] is Health.FAULTY


def test_a_ca_file_that_is_none_is_a_fault_with_a_name(tmp_path: Path, connect: Connect) -> None:
    """Missing, or not a certificate."""
    with connect(1, tls=True, ca_file=str(tmp_path / "none.pem")) as gateway:
        said = f"cannot use {tmp_path}/none.pem as a CA: No such file or directory; mend mqtt.main.ca_file"
        assert gateway.until_health("as a CA") == said
    (tmp_path / "bad.pem").write_text("nonsense")
    with connect(1, tls=True, ca_file=str(tmp_path / "bad.pem")) as gateway:
        assert gateway.until_health("as a CA").endswith("; mend mqtt.main.ca_file")


def test_tls_to_a_port_without_is_a_fault_with_a_name(mosquitto: Mosquitto, connect: Connect, certificates: Certificates) -> None:
    """A broker that was reached and resets the connection is there, but speaks no TLS: the keys to look at are named."""
    with connect(mosquitto.port, tls=True, ca_file=str(certificates.ca)) as gateway:
        assert gateway.until_health("cannot") == NO_TLS.format(port=mosquitto.port, why="Connection reset by peer")
        assert gateway.health[-1][0] is Health.FAULTY


def test_a_client_certificate_lets_us_in(tmp_path: Path, connect: Connect, certificates: Certificates) -> None:
    """A broker that asks for one gets it; without, or with a file that is none, the fault names the keys."""
    tls = {"tls": True, "ca_file": str(certificates.ca)}
    ours = {"cert_file": str(certificates.client), "key_file": str(certificates.client_key)}
    with Mosquitto(tmp_path, certificates=certificates, options=["require_certificate true"]) as broker:
        with connect(broker.port, **tls, **ours) as gateway:
            gateway.until_subscribed()
        with connect(broker.port, **tls, **{**ours, "key_file": str(certificates.server_key)}) as gateway:
            assert gateway.until_health("cannot use").endswith("; mend mqtt.main.cert_file and key_file")
