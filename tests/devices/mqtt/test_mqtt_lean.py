"""The lean client: what it relies on in paho, and what it does with bytes however they come."""

import select
import socket
import ssl
from collections.abc import Iterator
from importlib.metadata import version
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from devices.mqtt.lean import PRIVATE, LeanClient
from devices.mqtt.packets import IncomingPublish, fixed_header, text


class Wire:
    """A lean client on one end of a socket pair, and what it reports."""

    def __init__(self, *, v5: bool = True, max_packet_bytes: int = 1000) -> None:
        self.pubacks: list[tuple[int, int]] = []
        self.arrivals: list[IncomingPublish] = []
        self.in_use: set[int] = set()
        self.client = LeanClient(
            "test",
            v5=v5,
            max_packet_bytes=max_packet_bytes,
            in_use=self.in_use,
            on_puback=lambda packet_id, code: self.pubacks.append((packet_id, code)),
            on_pubacks=lambda packet_ids: self.pubacks.extend((packet_id, 0) for packet_id in packet_ids),
            on_arrival=self.arrivals.append,
        )
        self.client.on_socket_register_write = lambda *_: None
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.far = socket.create_connection(listener.getsockname())
            ours, _ = listener.accept()
        ours.setblocking(False)
        self.client._sock = ours


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.far.close()
    made.client.drop()


def test_every_private_attribute_of_paho_that_is_relied_upon_exists() -> None:
    """An upgrade of paho that renames one of them fails here, by name."""
    client = Client(CallbackAPIVersion.VERSION2)
    assert [name for name in PRIVATE if not hasattr(client, name)] == []


def test_paho_is_a_version_that_was_looked_at() -> None:
    """The pin is paho-mqtt>=2.1,<2.3."""
    assert version("paho-mqtt").split(".")[:2] in (["2", "1"], ["2", "2"])


def test_paho_keeps_its_counters_and_its_reader_as_they_were() -> None:
    """The types of what the lean client writes into."""
    client = Client(CallbackAPIVersion.VERSION2)
    assert set(client._in_packet) == {
        "command",
        "have_remaining",
        "remaining_count",
        "remaining_mult",
        "remaining_length",
        "packet",
        "to_process",
        "pos",
    }
    assert (client._last_mid, client._mid_generate()) == (0, 1)
    assert isinstance(client._last_msg_out, float)
    assert not client._out_packet


STREAM = [
    b"\x40\x02\x00\x01",
    b"\x40\x03\x00\x02\x10",
    b"\x40\x04\x00\x03\x87\x00",
    fixed_header(0x32, 200) + text(b"a/b") + b"\x00\x09\x00" + b"x" * 192,
    fixed_header(0x3B, 5003) + text(b"big") + b"\x00\x0a\x00" + b"y" * 4995,
    b"\x30\x06\x00\x03c/d\x00",
    b"\x40\x02\x00\x04",
    b"\x40\x02\x40\x02",
    b"\x40\x02\xff\xff",
    b"\x40\x02\x00\x0a",
]


@given(st.lists(st.integers(1, sum(map(len, STREAM))), max_size=12))
def test_packets_are_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    """One byte at a time or all at once: the same acknowledgements, the same messages, the large one refused whole."""
    made = Wire()
    stream = b"".join(STREAM)
    for start, end in pairwise(sorted({0, *cuts, len(stream)})):
        assert made.client._take(stream[start:end]) is MQTTErrorCode.MQTT_ERR_SUCCESS
        assert len(made.client._rest) < 1100
    made.far.close()
    made.client.drop()
    assert made.pubacks == [(1, 0), (2, 0x10), (3, 0x87), (4, 0), (0x4002, 0), (0xFFFF, 0), (10, 0)]
    assert [(one.topic, one.packet_id, one.payload, one.fault) for one in made.arrivals] == [
        ("a/b", 9, b"x" * 192, ""),
        ("big", 10, b"", "it is larger than max_packet_bytes = 1000"),
        ("c/d", 0, b"", ""),
    ]


@given(st.binary(max_size=80))
def test_garbage_ends_the_connection_and_nothing_else(chunk: bytes) -> None:
    """No bytes make the reader raise."""
    made = Wire()
    assert made.client._take(chunk) in MQTTErrorCode
    made.far.close()
    made.client.drop()


def test_what_the_socket_does_not_take_waits_in_order(wire: Wire) -> None:
    """A stalled broker stops the writing, not the thread; nothing is lost or torn."""
    wire.client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)  # type: ignore[union-attr]  # it is connected
    first, second = b"1" * 3_000_000, b"2" * 1000
    wire.client.write(first)
    wire.client.write(second)
    assert wire.client.want_write()
    got = bytearray()
    while len(got) < len(first) + len(second):
        readable, writable, _ = select.select([wire.far], [wire.client.socket()] if wire.client.want_write() else [], [], 10)
        if writable:
            wire.client.loop_write()
        if readable:
            got += wire.far.recv(1_000_000)
    assert bytes(got) == first + second
    assert not wire.client.want_write()


def test_packet_ids_go_round_and_leave_out_those_in_use(wire: Wire) -> None:
    """Publishes and paho's subscribes share one counter, and never an id."""
    wire.in_use |= {1, 3}
    assert wire.client.subscribe_to([("a", 1)]) == [2]
    assert wire.client._subscribing == {2}
    wire.client._last_mid = 65535
    assert wire.client.new_packet_id() == 4
    wire.client._last_mid = 65534
    assert [wire.client.new_packet_id() for _ in range(2)] == [65535, 4]
    wire.client.subscribed(2)
    wire.client._last_mid = 0
    assert wire.client.new_packet_id() == 2


def test_a_handshake_that_nobody_answers_is_tls_that_failed(wire: Wire) -> None:
    """The port took the connection: it is there, and no broker that speaks TLS."""
    wire.client.tls_set_context(ssl.create_default_context())
    wire.client.connect_timeout = 0.05
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ssl.SSLError) as failed:
        wire.client.connect(*listener.getsockname(), clean_start=False)
    assert str(failed.value) == "no answer in time in the handshake"


def test_a_ping_is_sent_when_it_is_time_and_any_word_is_an_answer(wire: Wire) -> None:
    """The clock is the broker's keepalive. A ping goes out again before the broker thinks us dead; one without an answer ends it."""
    client = wire.client
    client._keepalive = 10
    start_s = client._last_msg_out = client._heard_s
    wire.far.settimeout(10)
    assert client.ping_due_s == start_s + 10
    assert client.keep_alive(start_s + 9, unread=False)
    assert client.keep_alive(start_s + 10, unread=False)
    assert wire.far.recv(10) == b"\xc0\x00"
    client._last_msg_out = start_s + 10
    assert client.ping_due_s == start_s + 20
    client._heard_s = start_s + 11
    assert client.keep_alive(start_s + 20, unread=False)
    client._last_msg_out = start_s + 20
    assert client.keep_alive(start_s + 29, unread=False)
    assert not client.keep_alive(start_s + 30, unread=False)


def test_an_answer_that_lies_unread_is_waited_for(wire: Wire) -> None:
    """While we do not read, pings go out, and none is missed; the broker's time begins when we read again."""
    client = wire.client
    client._keepalive = 10
    start_s = client._last_msg_out = client._heard_s
    wire.far.settimeout(10)
    for tens in range(1, 5):
        assert client.keep_alive(start_s + 10 * tens, unread=True)
        assert wire.far.recv(10) == b"\xc0\x00"
        client._last_msg_out = start_s + 10 * tens
    assert client.keep_alive(start_s + 50, unread=False)
    assert client.keep_alive(start_s + 59, unread=False)
    assert not client.keep_alive(start_s + 60, unread=False)


def test_a_lost_connection_is_reported_once(wire: Wire) -> None:
    """The end of the stream closes the socket and is told to the owner."""
    told: list[object] = []
    wire.client.on_disconnect = lambda *rest: told.append(rest)
    wire.far.close()
    assert wire.client.loop_read() is not MQTTErrorCode.MQTT_ERR_SUCCESS
    assert wire.client.loop_read() is MQTTErrorCode.MQTT_ERR_NO_CONN
    assert len(told) == 1
