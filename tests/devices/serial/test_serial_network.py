"""Ports of other computers: bytes alone over TCP, and with their settings by RFC 2217."""

import contextlib
import os
import socket
import termios
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pydantic import ValidationError

from devices.serial.comport import ComPort
from devices.serial.dialler import keep_alive
from devices.serial.names import meaning, why_no_port
from devices.serial.overheard import overheard
from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.serial.conftest import is_well, texts
from tests.devices.serial.servers import RawServer, RfcServer
from tests.waiting import within

Connect = Callable[..., Bench]


@pytest.fixture
def server() -> Iterator[RawServer]:
    """A server whose line is raw."""
    with RawServer() as server:
        yield server


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Put a port on a bench: `connect("socket://127.0.0.1:3333")`."""
    with contextlib.ExitStack() as stack:

        def connected(port: str, **settings: object) -> Bench:
            read = SerialSettings.model_validate({"port": port, "to": "twin/t", "skip_first": False, **settings})
            return stack.enter_context(Bench(SerialPort("bench", read)))

        yield connected


def test_bytes_over_tcp(server: RawServer, connect: Connect):
    """Lines come in as they do from a device of this host, and texts go out; its health names no baud, for none is set from here."""
    bench = connect(f"socket://127.0.0.1:{server.port}")
    client = server.accept()
    client.sendall(b"first\r\nsec")
    client.sendall(b"ond\n\xff\n")
    bench.until(lambda: len(bench.sent) == 2 and bench.counters["bad_lines"])
    assert texts(bench) == ["first", "second"]
    assert bench.health == [(Health.OK, f"socket://127.0.0.1:{server.port} is open")]
    assert bench.tell("write", {"text": "on"}).wait() == "done"
    assert server.hear(3) == b"on\n"


def test_connected_again(server: RawServer, connect: Connect):
    """A connection that its other end closes is lost and made again; what was to be written meanwhile is written then."""
    url = f"socket://127.0.0.1:{server.port}"
    bench = connect(url)
    server.accept()
    bench.until(lambda: bench.health)
    server.drop()
    bench.until(lambda: bench.counters["lost"])
    lost = f"the connection to {url} was lost (its other end closed the connection); it is opened again when it answers"
    assert bench.health[1] == (Health.MISSING, lost)
    delivery = bench.tell("write", {"text": "late"})
    server.accept()
    assert delivery.wait() == "done"
    assert server.hear(5) == b"late\n"
    assert is_well(bench)


def test_reset(server: RawServer, connect: Connect):
    """A connection that its other end breaks off is lost too."""
    bench = connect(f"socket://127.0.0.1:{server.port}")
    client = server.accept()
    bench.until(lambda: bench.health)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.drop()
    bench.until(lambda: bench.counters["lost"])
    assert bench.error is None


def test_nobody_listens(connect: Connect):
    """Where nothing listens, that is said, and looked again; the same port is found when it comes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    url = f"socket://127.0.0.1:{number}"
    bench = connect(url)
    bench.until(lambda: bench.health)
    assert bench.health[0] == (
        Health.MISSING,
        f"cannot open {url}: nothing listens at 127.0.0.1 port {number}; start what serves the line, or mend the number",
    )
    with socket.create_server(("127.0.0.1", number)):
        bench.until(lambda: is_well(bench))
        bench.stop()


def test_a_name_without_an_address(connect: Connect):
    """A name that nobody knows is told from a computer that is off."""
    bench = connect("socket://no-such-host.invalid:3333")
    bench.until(lambda: bench.health)
    assert bench.health[0][0] is Health.MISSING
    assert bench.health[0][1].startswith(
        "cannot open socket://no-such-host.invalid:3333: no address is known for the name no-such-host.invalid"
    )


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a port that answers to nothing: its queue of connections is full."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}"


def test_the_end_waits_for_no_answer(silent: str, connect: Connect):
    """Stopping while a computer is dialled that does not answer ends within a second."""

    def stopped_s() -> float:
        bench = connect(silent)
        bench.until(lambda: any(name.startswith("dials") for name in names()))
        began_s = time.monotonic()
        bench.stop()
        return time.monotonic() - began_s

    within(1.0, stopped_s)


def names() -> list[str]:
    """The names of this process's threads."""
    return [thread.name for thread in threading.enumerate()]


def test_a_dead_peer_is_looked_for(server: RawServer):
    """A peer that has gone without a word is found within half a minute, by the kernel."""
    with socket.create_connection(("127.0.0.1", server.port)) as made:
        keep_alive(made)
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle_s, each_s, times = (
            made.getsockopt(socket.IPPROTO_TCP, name) for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle_s + each_s * times <= 30
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000


def test_settings_by_rfc2217(line: SimulatedLine, connect: Connect):
    """Its settings are made at the other end, and bytes of 255 go both ways as they are."""
    with RfcServer(line.path) as server:
        bench = connect(f"rfc2217://127.0.0.1:{server.port}", baud=19200, stopbits=2, codec="bytes")
        bench.until(lambda: bench.health)
        assert bench.health == [(Health.OK, f"rfc2217://127.0.0.1:{server.port} is open at 19200 baud")]
        assert (server.serial.baudrate, server.serial.stopbits) == (19200, 2)
        assert termios.tcgetattr(server.serial.fileno())[4] == termios.B19200
        line.send(b"\xff\x00\xff\xff\xf0\n")
        bench.until(lambda: bench.sent)
        assert bench.sent[0].payload.values == {"bytes": "ff00fffff0"}
        assert bench.tell("write", {"text": "ÿ on"}).wait() == "done"
        assert line.hear_lines(5.0) == ["ÿ on".encode()]
        assert bench.counters["robbed"] == 0
        bench.stop()


def test_levels_by_rfc2217(line: SimulatedLine, connect: Connect):
    """The levels of DTR and RTS that the file names are made at the other end; others are left as they are."""
    with RfcServer(line.path) as server:
        bench = connect(f"rfc2217://127.0.0.1:{server.port}", dtr=False)
        bench.until(lambda: bench.health and is_well(bench) and server.serial.dtr is not None)
        assert (server.serial.dtr, server.serial.rts) == (False, None)
        bench.stop()


def test_rfc2217_at_a_raw_port(server: RawServer, connect: Connect):
    """A port that speaks no RFC 2217 is told, with what to write."""
    url = f"rfc2217://127.0.0.1:{server.port}"
    bench = connect(url)
    server.accept().sendall(b"\xff\xfe\x2c")
    bench.until(lambda: bench.health)
    said = f"cannot open {url}: its other end does not speak RFC 2217; write socket:// where it is a raw port"
    assert bench.health[0] == (Health.FAULTY, said)


def test_rfc2217_that_never_answers(server: RawServer, connect: Connect):
    """So is one that says nothing of it at all."""
    bench = connect(f"rfc2217://127.0.0.1:{server.port}")
    server.accept().sendall(b"just a line\n")
    bench.until(lambda: bench.health)
    assert bench.health[0][0] is Health.FAULTY
    assert "does not agree on the settings by RFC 2217" in bench.health[0][1]


def test_rfc2217_at_a_raw_port_that_never_pauses(server: RawServer, connect: Connect):
    """A raw port whose device speaks all the time is told as such, too: to listen to it has an end."""
    bench = connect(f"rfc2217://127.0.0.1:{server.port}")
    client, over = server.accept(), threading.Event()

    def speak() -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                client.sendall(b"21.5\r\n" * 1000)

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        bench.until(lambda: bench.health)
        assert "is it a raw port? Then write socket:// for it" in bench.health[0][1]
    finally:
        over.set()
        server.drop()
        speaker.join()


def test_a_setting_that_is_refused():
    """Another baud than the one that was asked for is no line that can be read."""
    said = ComPort(SerialSettings(port="rfc2217://h:1", to="twin/t", baud=115200))
    said.feed(b"\xff\xfd\x2c")
    assert b"\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0" in said.take_answers()
    said.feed(b"\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0")
    assert said.refusal == "its other end does not set baud as it is here (its answer is 9600); mend baud, or set it there"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_words_in_pieces(size: int):
    """Words of Telnet are taken out of the bytes of a line, whatever the pieces they come in."""
    stream = b"a\xff\xff\xff\xfb\x01b\xff\xf1c\xff\xfa\x2c\x6a\xff\xff\xff\xf0d\xff\xfd\x18e"
    said = ComPort(SerialSettings(port="rfc2217://h:1", to="twin/t"))
    said.take_answers()
    assert b"".join(said.feed(stream[at : at + size]) for at in range(0, len(stream), size)) == b"a\xffbcde"
    assert said.take_answers() == b"\xff\xfe\x01\xff\xfc\x18"


def test_a_word_without_an_end():
    """A word that never ends is kept up to a bound, and costs no more than its length."""
    said = ComPort(SerialSettings(port="rfc2217://h:1", to="twin/t"))
    said.feed(b"\xff\xfa" + b"x" * 1_000_000)
    assert said.feed(b"on") == b"on"


def test_overheard(server: RawServer):
    """A port of another computer can be listened to without a gateway."""
    heard = overheard(SerialSettings(port=f"socket://127.0.0.1:{server.port}", to="twin/t"))
    talker = threading.Thread(target=lambda: server.accept().sendall(b"hello\n"))
    talker.start()
    assert next(heard) == b"hello\n"
    talker.join()
    heard.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("socket://192.0.2.7:3333", ""),
        ("rfc2217://[fe80::1%eth0]:3333", ""),
        ("SOCKET://bridge.local:1/", ""),
        ("socket://192.0.2.7", "socket://192.0.2.7 has no host and number of a TCP port"),
        ("socket://:3333", "socket://:3333 has no host"),
        ("socket://h:0", "0 is no number of a TCP port"),
        ("socket://h:70000", "70000 is no number of a TCP port"),
        ("socket://me@h:1", "socket:// knows no users"),
        ("socket://h:1?logging=debug", 'write "socket://h:1"'),
        ("tcp://h:1", "write socket://HOST:PORT for its bytes alone"),
        (" socket://h:1", "there is a space around"),
    ],
)
def test_addresses(url: str, why: str):
    """An address that cannot be is told with what to write."""
    assert why in why_no_port(url)
    assert bool(why_no_port(url)) == bool(why)


def test_one_place():
    """One port of another computer is one thing, however its address is written."""
    assert len({meaning(url) for url in ("socket://Bridge:1", "rfc2217://bridge.:1", "socket://bridge:1/")}) == 1
    assert meaning("socket://localhost:1") == meaning("rfc2217://127.0.0.1:1")
    assert meaning("socket://bridge:1") != meaning("socket://bridge:2")


def test_settings_without_effect():
    """Settings of a line that is made elsewhere are said to be without effect, all at once."""
    with pytest.raises(ValidationError) as caught:
        SerialSettings(port="socket://h:1", to="twin/t", baud=9600, parity="even", exclusive=True)
    assert [line.partition(" on ")[0] for line in str(caught.value.errors()[0]["ctx"]["error"]).splitlines()] == [
        "baud: is without effect",
        "parity: is without effect",
        "exclusive: is without effect",
    ]
    assert SerialSettings(port="rfc2217://h:1", to="twin/t", baud=115200, dtr=False).network is not None


def test_nothing_is_left_open(server: RawServer, connect: Connect):
    """After its end no descriptor of it is open."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names only
    bench = connect(f"socket://127.0.0.1:{server.port}")
    server.accept()
    bench.until(lambda: bench.health)
    bench.stop()
    server.drop()
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208  # the bench's own two
