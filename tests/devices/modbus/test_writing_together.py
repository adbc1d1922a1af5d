"""Several values that are written by one request: judged by a server of pymodbus, out of which mbpoll reads what was written."""

import socket
import struct
from typing import Any

import pytest

from devices.modbus.frames import RtuFrames, UnitWrite
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Mode
from gateway.testing import Bench
from tests.devices.modbus.conftest import Cable, judge, polled
from tests.devices.modbus.test_writing import OddUnit, bench_of, settings, writable

COILS = writable({name: {"register": at, "area": "coil"} for at, name in enumerate(("pump", "fan", "valve", "lamp"))})
REGISTERS = writable({"temperature_c": {"register": 12, "type": "f32"}, "double": {"register": 14, "type": "f64"}})
WORDS = writable({"word": {"register": 0}, "minus": {"register": 1, "type": "i16", "scale": 0.1, "precision": 1}})
APART = writable({"model": {"register": 30, "type": "text", "length": 2}, "bit": {"register": 2, "bit": 1}})


def together(bench: Bench, **values: Any) -> tuple[str, Any]:
    """Set values; how that ended, and what was kept."""
    delivery = bench.tell("write_together", {"unit": "a", "values": values})
    said = delivery.wait()
    return said, delivery.body["values"] if isinstance(delivery.body, dict) else None


@pytest.mark.parametrize("framer", ["socket", "rtu"])
def test_coils(framer: str) -> None:
    """All at once, in whatever order they are named; what is not named stays as it is, and a report says all that were."""
    with judge(framer) as port:
        told = settings(COILS, host="127.0.0.1", tcp_port=port, framing="rtu" if framer == "rtu" else "tcp")
        with bench_of(told) as bench:
            assert together(bench, fan=True, pump=False) == ("done", {"pump": False, "fan": True})
            assert {"pump": False, "fan": True} in [sent.payload.values for sent in bench.sent]
            assert together(bench, pump=True, fan=False, valve=True, lamp=False)[0] == "done"
            assert bench.counters["written"] == 6
        if framer == "socket":
            assert polled(port, "0", 1, 4) == ["1", "0", "1", "0"]


def test_registers() -> None:
    """Values of several registers, each with its own type."""
    with judge("socket") as port, bench_of(settings({**REGISTERS, **WORDS}, host="127.0.0.1", tcp_port=port)) as bench:
        assert together(bench, double=-2.5, temperature_c=19.5) == ("done", {"temperature_c": 19.5, "double": -2.5})
        assert together(bench, word=7, minus=-12.5) == ("done", {"word": 7, "minus": -12.5})
        assert polled(port, "4", 1, 2) == ["7", "65411"]


def test_one_alone(tcp_judge: int) -> None:
    """Goes by the request for one, which units know that know no other."""
    with bench_of(settings(COILS, host="127.0.0.1", tcp_port=tcp_judge)) as bench:
        assert together(bench, valve=True) == ("done", {"valve": True})


@pytest.mark.parametrize("echo", [False, True])
def test_a_serial_line(echo: bool, line: SimulatedLine, cable: Cable) -> None:
    """Also where an adapter's echo comes before the answer."""
    cable.echo = echo
    with bench_of(settings(COILS, port=line.path)) as bench:
        for on in (True, False):
            assert together(bench, pump=on, fan=not on, valve=on) == ("done", {"pump": on, "fan": not on, "valve": on})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"pump": True, "lamp": True}, "cannot write pump, lamp of a together: pump is coil 0, and lamp coil 3, which are no neighbours"),
        ({"word": 1, "pump": True}, "which are no neighbours; write them one by one"),
        ({"minus": 1, "bit": True}, "cannot write minus, bit of a together: a bit is written with its whole register; write it alone"),
        ({"pump": True, "fan": 2}, "cannot write 2 to fan of a: it is on or off; write true or false"),
        ({"pump": True, "fann": True}, "cannot write: a has no value 'fann' that is written; did you mean 'fan'?"),
        ({"first": 1, "word": 1}, "cannot write first of a: it is only read; set writable = true where the device takes it"),
    ],
)
def test_what_is_refused(values: dict[str, Any], said: str, tcp_judge: int) -> None:
    """In words, and none of them is written."""
    told = settings({**COILS, **WORDS, **APART, "first": {"register": 0}}, host="127.0.0.1", tcp_port=tcp_judge)
    with bench_of(told) as bench:
        assert said in together(bench, **values)[0]
        assert (bench.counters["written"], bench.counters["unwritten"]) == (0, 1)


def test_more_than_one_request_takes() -> None:
    """Is known before anything is asked."""
    texts = writable({f"text{n}": {"register": 64 * n, "type": "text", "length": 64} for n in range(2)})
    with bench_of(settings(texts, simulate=True)) as bench:
        said, _ = together(bench, text0="a", text1="b")
        assert "one request takes 123 registers; write fewer at a time" in said


class HalfUnit(OddUnit):
    """A unit with two registers, of which the second never keeps more than 20."""

    def _serve(self, peer: socket.socket) -> None:
        held = [1, 1]
        while asked := peer.recv(256):
            pdu = asked[7:]
            if pdu[0] == 16:
                first, second = struct.unpack(">HH", pdu[6:10])
                held = [first, min(20, second)]
            said = struct.pack(">BBHH", 3, 4, *held) if pdu[0] == 3 else pdu[:5]
            peer.sendall(asked[:4] + struct.pack(">HB", len(said) + 1, asked[6]) + said)


def test_one_of_them_that_is_not_kept() -> None:
    """It is named with what stands there; all are reported as they are."""
    unit = HalfUnit(lambda unit, value: None)
    try:
        values = writable({"level": {"register": 0}, "limit": {"register": 1}})
        with bench_of(settings(values, host="127.0.0.1", tcp_port=unit.port, timeout_s=0.3)) as bench:
            said, _ = together(bench, level=9, limit=30)
            assert "cannot write 30 to limit of a: unit 7 keeps 20; does it take this value, and now?" in said
            assert {"level": 9, "limit": 20} in [sent.payload.values for sent in bench.sent]
    finally:
        unit.close()


def test_the_frame_is_that_of_the_standard() -> None:
    """The example of the Modbus Application Protocol 1.1b3, section 6.11: ten coils from 20 on."""
    words = tuple(int(bit) for bit in "1011001110")
    assert UnitWrite(1, "coil", 19, words).pdu == bytes.fromhex("0f0013000a02cd01")
    assert RtuFrames().packed(UnitWrite(1, "coil", 19, words))[:1] == b"\x01"


def test_it_is_tried_at_most_once() -> None:
    """As a single value."""
    with bench_of(settings(COILS, simulate=True)) as bench:
        assert bench.actor.verbs["write_together"].mode is Mode.AT_MOST_ONCE
        assert together(bench, pump=True, fan=False) == ("done", {"pump": True, "fan": False})
