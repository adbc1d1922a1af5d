"""What is written to units: judged by a server of pymodbus, and by a unit that misbehaves as it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.modbus.bus import ModbusBus
from devices.modbus.settings import ModbusSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Mode
from gateway.testing import Bench
from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess
from tests.devices.modbus.conftest import Cable, judge, polled
from tests.devices.modbus.judge import UNIT

WRITTEN: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "word": ({"register": 0}, [7, 65535, 0x1234]),
    "minus": ({"register": 1, "type": "i16", "scale": 0.1, "precision": 1, "writable": [-50, 50]}, [-12.5, 21.5, -0.2]),
    "running": ({"register": 2, "bit": 1}, [False, True]),
    "energy_wh": ({"register": 10, "type": "i32"}, [-7, -123456]),
    "temperature_c": ({"register": 12, "type": "f32"}, [-3.25, 21.5]),
    "double": ({"register": 14, "type": "f64"}, [1e300, -2.25]),
    "long": ({"register": 18, "type": "u64"}, [2**64 - 1, 2**63 + 1]),
    "model": ({"register": 30, "type": "text", "length": 2}, ["ab", "", "ABC"]),
    "turned": ({"register": 40, "type": "u32", "words": "little"}, [5, 0x20001]),
    "pump": ({"register": 0, "area": "coil"}, [False, True]),
}


def settings(values: dict[str, Any], **bus: Any) -> ModbusSettings:
    unit = {"unit": UNIT, "to": "twin/a", "every_s": 3600, "values": {"first": {"register": 0}, **values}}
    return ModbusSettings.model_validate({"timeout_s": 5.0, "units": {"a": unit}, **bus})


def bench_of(told: ModbusSettings) -> Bench:
    return Bench(ModbusBus("bus", told))


def write(bench: Bench, name: str, value: Any, *, unit: str = "a") -> tuple[str, Any]:
    """Set a value; how that ended, and the value that was kept."""
    delivery = bench.tell("write", {"unit": unit, "name": name, "value": value})
    said = delivery.wait()
    return said, delivery.body["value"] if isinstance(delivery.body, dict) else None


def writable(values: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: {"writable": True, **value} for name, value in values.items()}


def test_each_type(tcp_judge: int):
    """What is written is kept, read back and reported."""
    with bench_of(settings(writable({name: value for name, (value, _) in WRITTEN.items()}), host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        for name, (_, several) in WRITTEN.items():
            for value in several:
                assert write(bench, name, value) == ("done", value), name
                assert {name: value} in [sent.payload.values for sent in bench.sent]
        assert bench.counters["unwritten"] == 0


def test_another_master_reads_what_was_written():
    """mbpoll, which is none of ours, nor of the server's."""
    values = writable({"word": {"register": 0}, "minus": {"register": 1, "type": "i16"}, "pump": {"register": 1, "area": "coil"}})
    with judge("socket") as port, bench_of(settings(values, host="127.0.0.1", tcp_port=port)) as bench:
        assert [write(bench, name, value)[0] for name, value in (("word", 4711), ("minus", -3), ("pump", True))] == ["done"] * 3
        assert polled(port, "4", 1, 2) == ["4711", "65533"]
        assert polled(port, "0", 1, 2) == ["1", "1"]


@pytest.mark.parametrize("echo", [False, True])
def test_a_serial_line(echo: bool, line: SimulatedLine, cable: Cable):
    """Also where the adapter's echo looks like the unit's answer: a refusal is heard behind it."""
    cable.echo = echo
    values = writable({"word": {"register": 0}, "pump": {"register": 0, "area": "coil"}, "long": {"register": 18, "type": "u64"}})
    with bench_of(settings(values, port=line.path)) as bench:
        for name, several in (("word", [7, 0x1234]), ("pump", [False, True]), ("long", [3, 2**63 + 1])):
            assert [write(bench, name, value) for value in several] == [("done", value) for value in several]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("word", 65536, "cannot write 65536 to word of a: it takes 0 to 65535, by its type u16"),
        ("word", "on", "cannot write 'on' to word of a: it is a number; write one"),
        ("word", True, "cannot write True to word of a: it is a number; write one"),
        ("small", 31, "cannot write 31 to small of a: it takes 5 to 30"),
        ("f", 1e39, "cannot write 1e+39 to f of a: it takes -3.40282e+38 to 3.40282e+38, by its type f32"),
        ("pump", 2, "cannot write 2 to pump of a: it is on or off; write true or false"),
        ("model", "much too long", "cannot write 'much too long' to model of a: it takes 4 characters of Latin-1; write fewer, or others"),
        ("model", 5, "cannot write 5 to model of a: it is a text; write one"),
        ("first", 1, "cannot write first of a: it is only read; set writable = true where the device takes it"),
        ("wort", 1, "cannot write: a has no value 'wort' that is written; did you mean 'word'?"),
        ("nothing", 1, "cannot read nothing of a: unit 7 says 'illegal data address'; nothing was written"),
    ],
)
def test_what_is_refused(name: str, value: Any, said: str, tcp_judge: int):
    """In words, and nothing is written."""
    values = {
        **{"word": {"register": 0}, "pump": {"register": 0, "area": "coil"}, "small": {"register": 1, "writable": [5, 30]}},
        **{"f": {"register": 12, "type": "f32"}, "model": {"register": 30, "type": "text", "length": 2}, "nothing": {"register": 500}},
    }
    told = settings({**writable(values), "first": {"register": 0}}, host="127.0.0.1", tcp_port=tcp_judge)
    with bench_of(told) as bench:
        assert said in write(bench, name, value)[0]
        assert bench.counters["written"] == 0


def test_a_unit_that_nobody_named(tcp_judge: int):
    with bench_of(settings({}, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert "cannot write: there is no unit 'b' here; did you mean 'a'?" in write(bench, "first", 1, unit="b")[0]


class OddUnit:
    """A unit by TCP with one register, which answers what `answer` makes of a write: bytes of a PDU, or None for silence."""

    def __init__(self, answer: Callable[["OddUnit", int], bytes | None]) -> None:
        self.held = 1
        self.writes: list[int] = []
        self.wrote = threading.Event()
        self.dead = False
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="unit", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            with peer:
                self._serve(peer)

    def _serve(self, peer: socket.socket) -> None:
        while True:
            try:
                asked = peer.recv(256)
            except OSError:
                return
            if not asked:
                return
            pdu = asked[7:]
            said: bytes | None
            if pdu[0] == 3:
                said = None if self.dead else struct.pack(">BBH", 3, 2, self.held)
            else:
                value = struct.unpack(">H", pdu[3:5])[0]
                self.writes.append(value)
                said = self._answer(self, value)
                self.wrote.set()
            if said is not None:
                peer.sendall(struct.pack(">HHHB", struct.unpack(">H", asked[:2])[0], 0, len(said) + 1, asked[6]) + said)


@contextmanager
def odd(answer: Callable[[OddUnit, int], bytes | None]) -> Iterator[OddUnit]:
    unit = OddUnit(answer)
    try:
        yield unit
    finally:
        unit.close()


def keeps(unit: OddUnit, value: int) -> bytes:
    unit.held = value
    return struct.pack(">BHH", 6, 0, value)


def keeps_silently(unit: OddUnit, value: int) -> None:
    unit.held = value


def forgets(unit: OddUnit, value: int) -> bytes:
    del unit
    return struct.pack(">BHH", 6, 0, value)


def refuses(unit: OddUnit, value: int) -> bytes:
    del unit, value
    return bytes([0x86, 3])


def dies(unit: OddUnit, value: int) -> None:
    del value
    unit.dead = True


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (keeps, "done"),
        (keeps_silently, "done"),
        (forgets, "cannot write 9 to level of a: unit 7 keeps 1; does it take this value, and now?"),
        (refuses, "cannot write level of a: unit 7 says 'illegal data value'"),
        (dies, "cannot read level of a: unit 7 does not answer; outcome unknown; look before you repeat it"),
    ],
)
def test_what_a_unit_makes_of_it(answer: Callable[[OddUnit, int], bytes | None], said: str):
    """Whatever it says, it is told once; the reading after it tells what came of it."""
    with odd(answer) as unit:
        values = {"level": {"register": 0, "writable": True}}
        with bench_of(settings(values, host="127.0.0.1", tcp_port=unit.port, timeout_s=0.3)) as bench:
            outcome, _ = write(bench, "level", 9)
            assert said in outcome
            assert unit.writes == [9]


def test_a_unit_that_is_off():
    """It is known that nothing was written."""
    with odd(keeps) as unit:
        unit.dead = True
        values = {"level": {"register": 0, "writable": True}}
        with bench_of(settings(values, host="127.0.0.1", tcp_port=unit.port, timeout_s=0.05)) as bench:
            outcome, _ = write(bench, "level", 9)
            assert "cannot read level of a: unit 7 does not answer; nothing was written" in outcome
            assert unit.writes == []


def test_many_in_their_order():
    """Each after the one before it, with the silence between requests that units need."""
    with odd(keeps) as unit:
        values = {"level": {"register": 0, "writable": True}}
        with bench_of(settings(values, host="127.0.0.1", tcp_port=unit.port, spacing_s=0.01)) as bench:
            began_s = bench.actor.clock()  # type: ignore[attr-defined]  # every link has one
            told = [bench.tell("write", {"unit": "a", "name": "level", "value": n}, id=f"m{n}") for n in range(2, 12)]
            assert [delivery.wait() for delivery in told] == ["done"] * 10
            assert bench.actor.clock() - began_s >= 29 * 0.01  # type: ignore[attr-defined]
        assert unit.writes == list(range(2, 12))


def test_killed_while_it_writes(tmp_path: Path):
    """The attempt is on disk before the write, which is never made again; who asked is told that nobody knows."""
    assert ModbusBus.verbs["write"].mode is Mode.AT_MOST_ONCE
    with odd(dies) as unit:
        config = (
            f'[modbus.bus]\nhost = "127.0.0.1"\ntcp_port = {unit.port}\ntimeout_s = 10\n[modbus.bus.units.a]\nunit = 7\nto = "twin/a"\n'
            "every_s = 3600\nvalues.level = {register = 0, writable = true}\n"
        )
        with DaemonProcess(tmp_path, config) as daemon:
            daemon.until_listening()
            daemon.ask(do="tell", to="modbus/bus", verb="write", payload={"unit": "a", "name": "level", "value": 9}, timeout_s=60)
            assert unit.wrote.wait(PATIENCE_S)
            daemon.kill()
            unit.dead = False
            daemon.again()
            daemon.until(lambda: "outcome unknown" in daemon.gateway("dead-letters").stdout)
            assert unit.writes == [9]
            daemon.stop()


def test_how_it_is_set():
    """A point says by which verb, so that whoever shows it can set it."""
    told = settings({"level": {"register": 5, "scale": 0.1, "precision": 1, "writable": [5, 30]}}, host="a")
    ((_, points),) = told.points("modbus/bus")
    first, level = list(points)
    assert (first.setter, level.setter, level.verb, level.field) == ("", "modbus/bus", "write", "value")
    assert (level.payload, level.low, level.high) == ({"unit": "a", "name": "level"}, 5, 30)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"register": 0, "area": "input", "writable": True}, "writable: nothing can be written to input; take it out"),
        ({"register": 0, "bit": 1, "writable": [0, 1]}, "writable: least and most are for a number; write true"),
        ({"register": 0, "writable": [30, 5]}, "writable: write true, or the least and the most that may be written: [5, 30]"),
        ({"register": 0, "writable": [5]}, "writable: write true, or the least and the most"),
    ],
)
def test_what_cannot_be_writable(value: dict[str, Any], said: str):
    with pytest.raises(ValidationError) as raised:
        settings({"level": value}, host="a")
    assert said in str(raised.value)


def test_a_simulated_unit_keeps_what_is_written():
    with bench_of(settings({"level": {"register": 3, "writable": True}}, simulate=True)) as bench:
        assert write(bench, "level", 42) == ("done", 42)
