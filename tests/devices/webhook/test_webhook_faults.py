"""What may go wrong between us and a server: each is named, and nothing is lost."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.webhook.simulator import CannedAnswer, Receiver
from gateway.actors import Health
from gateway.testing import Bench
from gateway.testing.clock import PATIENCE_S
from tests.brokers import Certificates, free_port
from tests.devices.webhook.conftest import Hook


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once for all tests here."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def secured(certificates: Certificates) -> Iterator[Receiver]:
    """A server that speaks TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server, certificates.server_key)
    with Receiver(tls=context) as made:
        yield made


@contextmanager
def odd_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes each connection and does `talk` with it; its url."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        open_ones: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                open_ones.append(one)
                try:
                    talk(one)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, name="odd server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for one in open_ones:
                one.close()
            thread.join(PATIENCE_S)


def until_ill(bench: Bench) -> tuple[Health, str]:
    """Its health as soon as it is not well."""
    found: tuple[Health, str] = bench.until(lambda: next((one for one in bench.health if one[0] is not Health.OK), None))
    return found


def test_a_trusted_server_is_posted_to(secured: Receiver, hook: Hook, certificates: Certificates) -> None:
    """Over TLS, and the connection is kept."""
    with hook(secured.url, ca_file=str(certificates.ca)) as bench:
        for number in range(3):
            assert bench.tell("post", {"body": str(number) * 100_000}).wait() == "done"
    assert ([len(posted.body) for posted in secured.posts], secured.connections) == ([100_000] * 3, 1)


def test_a_server_of_another_ca_gets_nothing(secured: Receiver, hook: Hook, certificates: Certificates) -> None:
    """Nor does one of another name: there is no way around it."""
    with hook(secured.url, ca_file=str(certificates.other_ca)) as bench:
        bench.tell("post", {"body": "x"})
        health, said = until_ill(bench)
        assert health is Health.FAULTY
        assert said.startswith(f"cannot trust 127.0.0.1:{secured.port}: ")
        assert said.endswith("; mend webhook.alerts.ca_file or webhook.alerts.url")
    other = secured.url.replace("127.0.0.1", "127.0.0.2")
    with hook(other, ca_file=str(certificates.ca)) as bench:
        bench.tell("post", {"body": "x"})
        until_ill(bench)
    assert not secured.posts


def test_tls_to_a_server_without_is_named(receiver: Receiver, hook: Hook) -> None:
    """The key to look at is named."""
    with hook(receiver.url.replace("http:", "https:")) as bench:
        bench.tell("post", {"body": "x"})
        health, said = until_ill(bench)
        assert health is Health.FAULTY
        assert said.startswith(f"cannot speak TLS with 127.0.0.1:{receiver.port}: ")


def test_while_the_server_is_away_messages_wait_with_the_host(hook: Hook) -> None:
    """It takes no mail, one request now and then looks whether the server is back, and then all goes out."""
    port = free_port()
    with hook(f"http://127.0.0.1:{port}", retry_max_s=0.1) as bench:
        given = [bench.tell("post", {"body": str(n)}, id=f"m{n}") for n in range(20)]
        assert bench.until(lambda: bench.why_away).startswith(f"127.0.0.1:{port} refuses connections")
        bench.until(lambda: bench.counters["away"] >= 3)
        assert {delivery.outcome for delivery in given} == {""}
        with Receiver(port=port) as receiver:
            assert {delivery.wait() for delivery in given} == {"done"}
            assert sorted(int(posted.body) for posted in receiver.posts) == list(range(20))
        assert bench.why_away == ""


def test_a_host_that_nobody_knows_is_named(hook: Hook) -> None:
    """By the name server's own words."""
    with hook("http://no-such-host.invalid/") as bench:
        bench.tell("post", {"body": "x"})
        health, said = until_ill(bench)
        assert health is Health.MISSING
        assert said.startswith("cannot find no-such-host.invalid (DNS): ")


def test_a_ca_file_that_is_none_is_named(secured: Receiver, hook: Hook, certificates: Certificates, tmp_path: Path) -> None:
    """Missing, or no certificate; mending it is enough."""
    path = tmp_path / "ca.pem"
    with hook(secured.url, ca_file=str(path)) as bench:
        delivery = bench.tell("post", {"body": "x"})
        said = f"cannot use {path} as a CA: No such file or directory; mend webhook.alerts.ca_file"
        assert until_ill(bench) == (Health.FAULTY, said)
        path.write_text("nonsense")
        bench.until(lambda: bench.health[-1][1] not in {said, f"posting to {secured.url}"})
        assert bench.health[-1][1].startswith(f"cannot use {path} as a CA: ")
        path.write_bytes(certificates.ca.read_bytes())
        assert delivery.wait() == "done"


def test_a_server_that_does_not_answer_is_given_so_long(receiver: Receiver, hook: Hook) -> None:
    """Then the message is posted again; the others are not held up."""
    receiver.will_answer(CannedAnswer(after_s=30.0))
    with hook(receiver.url, timeout_s=0.3) as bench:
        delivery = bench.tell("post", {"body": "slow"})
        said = f"127.0.0.1:{receiver.port} gave no answer in time; look whether it is overloaded, or raise webhook.alerts.timeout_s"
        assert until_ill(bench) == (Health.MISSING, said)
        assert bench.tell("post", {"body": "other"}).wait() == "done"
        assert delivery.wait() == "done"


def test_a_server_that_dribbles_is_cut_off(hook: Hook) -> None:
    """The limit is for the whole of a request, not for each byte of it."""

    def dribble(one: socket.socket) -> None:
        while True:
            one.sendall(b"H")
            threading.Event().wait(0.05)

    with odd_server(dribble) as url, hook(url, timeout_s=0.5) as bench:
        began_s = time.monotonic()
        bench.tell("post", {"body": "x"})
        assert until_ill(bench)[0] is Health.MISSING
        assert time.monotonic() - began_s >= 0.5


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "{host} does not answer in HTTP: BadStatusLine; mend webhook.alerts.url"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, "{host} does not answer in HTTP: HTTPException; mend webhook.alerts.url"),
        (b"HTTP/1.1 200 " + b"x" * 100_000, "{host} does not answer in HTTP: LineTooLong; mend webhook.alerts.url"),
    ],
)
def test_a_server_that_is_none_is_named(hook: Hook, answer: bytes, said: str) -> None:
    """What it says is bounded, and the message waits."""

    def talk(one: socket.socket) -> None:
        one.recv(65536)
        one.sendall(answer)
        one.close()

    with odd_server(talk) as url, hook(url, in_flight=1) as bench:
        delivery = bench.tell("post", {"body": "x"})
        assert until_ill(bench) == (Health.FAULTY, said.format(host=url.removeprefix("http://")))
        assert delivery.outcome == ""


def test_an_answer_without_end_costs_its_connection_only(hook: Hook) -> None:
    """The status counts; the rest is not waited for."""

    def talk(one: socket.socket) -> None:
        one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 200_000)

    with odd_server(talk) as url, hook(url) as bench:
        assert bench.tell("post", {"body": "x"}).wait() == "done"


def test_a_server_that_hangs_up_is_tried_again(receiver: Receiver, hook: Hook) -> None:
    """It may be this one message that it does not survive: the others go on."""
    receiver.will_answer(*[CannedAnswer(dropped=True)] * 3)
    with hook(receiver.url, in_flight=1) as bench:
        assert bench.tell("post", {"body": "x"}).wait() == "done"
        assert bench.counters["again"] == 3


def test_closing_waits_for_no_server(receiver: Receiver, hook: Hook) -> None:
    """What is under way is cut off and not settled: the host has it on disk."""
    receiver.will_answer(*[CannedAnswer(after_s=60.0)] * 4)
    with hook(receiver.url, timeout_s=60) as bench:
        given = [bench.tell("post", {"body": str(number)}) for number in range(10)]
        receiver.until(lambda: len(receiver.posts) == 4)
        bench.stop(timeout_s=30)
    assert {delivery.outcome for delivery in given} == {""}


def test_closing_a_webhook_that_posted_nothing(hook: Hook) -> None:
    """There is nothing to give back."""
    with hook("http://127.0.0.1:1") as bench:
        bench.until(lambda: bench.health)
    assert bench.error is None


def test_http_in_clear_is_taken_and_said(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """To any host but this one."""
    caplog.set_level(logging.WARNING)
    with hook("http://192.0.2.1/in") as bench:
        bench.until(lambda: bench.health == [(Health.OK, "posting to http://192.0.2.1, in clear")])
    assert "webhook/alerts: what is posted to http://192.0.2.1 can be read on its way; write https" in caplog.text
    caplog.clear()
    with hook("http://[::1]:8080/in") as bench:
        bench.until(lambda: bench.health == [(Health.OK, "posting to http://[::1]:8080")])
    assert not caplog.records
