"""Answers that come late, or from another unit: none is taken for that of another request."""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from devices.codecs.crc16 import modbus
from devices.modbus.bus import ModbusBus
from devices.modbus.frames import RtuFrames, UnitAnswer, UnitRequest
from devices.modbus.settings import ModbusSettings
from devices.modbus.wire import open_wire
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench

TIMEOUT_S = 1.0
"""Long enough for a thread of a machine that is busy elsewhere."""


@contextmanager
def answering(line: SimulatedLine, answers: Callable[[int], tuple[float, bytes]]) -> Iterator[None]:
    """A unit at a line: of the first register that it is asked for, when it answers and with which body."""
    ended, end = os.pipe()

    master = line._master

    def run() -> None:
        while ended not in select.select([master, ended], [], [])[0]:
            asked = line.hear()
            if len(asked) == 8:
                after_s, body = answers(struct.unpack_from(">H", asked, 2)[0])
                time.sleep(after_s)
                line.send(body + modbus(body).to_bytes(2, "little"))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(end)
        thread.join(10)
        os.close(ended)


@contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[socket.socket]:
    """A host that serves each connection in its turn, and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def unit(name: str, register: int) -> dict[str, Any]:
    return {"unit": 1, "to": f"twin/{name}", "every_s": 0.2, "values": {name: {"register": register}}}


def behind(server: socket.socket, one: dict[str, Any], **more: Any) -> ModbusSettings:
    """A bus of one unit behind a host, which is waited for: a thread may be slow."""
    host = {"host": "127.0.0.1", "tcp_port": server.getsockname()[1], "timeout_s": 10}
    return ModbusSettings.model_validate({**host, "units": {"a": one}, **more})


def held(first: int, late: Iterator[float]) -> tuple[float, bytes]:
    return next(late, 0.0) if first == 0 else 0.0, struct.pack(">BBBH", 1, 3, 2, 1000 + first)


def test_a_late_answer_is_not_that_of_the_next_request(line: SimulatedLine):
    """A unit that stands twice in the file, at two paces, and answers behind its time: the answer says neither which register it is of, nor
    whether it is late."""
    told = ModbusSettings.model_validate({"port": line.path, "timeout_s": TIMEOUT_S, "units": {"a": unit("a", 0), "b": unit("b", 100)}})
    late = iter((TIMEOUT_S + 0.1,))
    with answering(line, lambda first: held(first, late)), Bench(ModbusBus("bus", told)) as bench:
        bench.until(lambda: {"a", "b"} <= {name for sent in bench.sent for name in sent.payload.values})
        assert {(name, value) for sent in bench.sent for name, value in sent.payload.values.items()} == {("a", 1000), ("b", 1100)}
        assert bench.counters["timeouts"] == 1


def test_an_answer_to_a_request_that_was_repeated():
    """The late answer to the first is taken for that to the second, for they say the same; that to the second is then none to what is
    asked next."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                assert len(connection.recv(8) + connection.recv(8)) == 16
                for register in (0, 0, 100):
                    connection.sendall(RtuFrames().answered(UnitRequest(1, "holding", register, 1), struct.pack(">H", 1000 + register)))
                    select.select([connection], [], [], 0.1)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        told = behind(server, unit("a", 0), framing="rtu")
        wire = open_wire(told, SimpleNamespace(quiet=False, taps=()), me="modbus/bus")
        asked = [(0, 1.0), (0, 20.0), (100, 20.0)]
        said = [wire.ask(UnitRequest(1, "holding", register, 1), timeout_s=timeout_s) for register, timeout_s in asked]
        wire.close()
        thread.join(10)
    assert said == [None, UnitAnswer(struct.pack(">H", 1000)), UnitAnswer(struct.pack(">H", 1100))]


def test_another_unit_behind_a_host():
    """What a host passes on of another unit, under the number of our request, is no answer; one that stands alone may call itself 0."""
    said = iter((9, 255, 0, 7))

    def serve(connection: socket.socket) -> None:
        while asked := connection.recv(64):
            number = next(said, 7)
            connection.sendall(asked[:4] + struct.pack(">HBBBH", 5, number, 3, 2, 1000 + number))

    one = {"unit": 7, "to": "twin/a", "every_s": 0.1, "values": {"a": {"register": 0}}}
    with served(serve) as server, Bench(ModbusBus("bus", behind(server, one, timeout_s=TIMEOUT_S))) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert [sent.payload.values["a"] for sent in bench.sent[:3]] == [1255, 1000, 1007]


def test_a_host_that_closes_after_each_answer():
    """It is asked over a connection of its own each time: all of a unit is read, and the bus is well all the while."""

    def serve(connection: socket.socket) -> None:
        if asked := connection.recv(64):
            connection.sendall(asked[:4] + struct.pack(">HBBBH", 5, 7, 3, 2, struct.unpack_from(">H", asked, 8)[0]))

    one = {"unit": 7, "to": "twin/a", "every_s": 0.1, "values": {"a": {"register": 10}, "b": {"register": 20}}}
    with served(serve) as server, Bench(ModbusBus("bus", behind(server, one))) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert [sent.payload.values for sent in bench.sent[:3]] == [{"a": 10, "b": 20}] * 3
        assert bench.counters["lost"] == 0
        assert {health for health, _ in bench.health} == {Health.OK}


def test_a_host_that_takes_a_connection_and_closes_it():
    """As one does that has a client already: it is missing, and looked for later each time."""
    taken: list[float] = []
    one = {"unit": 7, "to": "twin/a", "every_s": 0.1, "values": {"a": {"register": 10}}}
    with served(lambda connection: taken.append(time.monotonic())) as server, Bench(ModbusBus("bus", behind(server, one))) as bench:
        bench.until(lambda: bench.counters["lost"] >= 4)
        assert {health for health, _ in bench.health} == {Health.MISSING}
    assert taken[-1] - taken[0] > 0.8  # three waits, each for half of its step at least; of the first step all three take less


def test_a_unit_that_fails_for_a_while_is_read_as_before():
    """A device failure says nothing of its registers: what it refused in parts is asked for by one request again."""
    sizes: list[int] = []

    def serve(connection: socket.socket) -> None:
        while asked := connection.recv(64):
            size = asked[11]
            sizes.append(size)
            pdu = struct.pack(">BB", 0x83, 4) if len(sizes) <= 3 else struct.pack(f">BB{size}H", 3, 2 * size, *range(size))
            connection.sendall(asked[:4] + struct.pack(">HB", len(pdu) + 1, 7) + pdu)

    one = {"unit": 7, "to": "twin/a", "every_s": 0.1, "values": {"a": {"register": 0}, "b": {"register": 1}}}
    with served(serve) as server, Bench(ModbusBus("bus", behind(server, one))) as bench:
        bench.until(lambda: len(bench.sent) >= 2)
    assert sizes[:5] == [2, 1, 1, 2, 2]


def test_a_host_that_closes_instead_of_an_answer():
    """The connection was lost: nobody has pulled a plug."""

    def serve(connection: socket.socket) -> None:
        connection.recv(64)

    with served(serve) as server, Bench(ModbusBus("bus", behind(server, unit("a", 0)))) as bench:
        bench.until(lambda: bench.counters["lost"])
        said = [said for health, said in bench.health if health is Health.MISSING]
        assert said[0].startswith(f"the connection to 127.0.0.1:{server.getsockname()[1]} was lost (the other side closed the connection)")
