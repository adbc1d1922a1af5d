"""The wire of a Modbus bus: people listen to it, record it, and have a record read again."""

import json
from pathlib import Path
from typing import Any

import pytest

from devices.codecs.crc16 import modbus
from devices.modbus.bus import ModbusBus
from devices.modbus.frames import RtuFrames, TcpFrames, UnitRequest, UnitWrite
from devices.serial.simulated_line import SimulatedLine
from gateway.actors.wire import Piece, Replayed
from tests.cli.test_capture import _capture, _interrupt
from tests.cli.test_listen import Listener
from tests.daemons import DaemonProcess
from tests.devices.modbus.judge import UNIT
from tests.devices.modbus.test_writing import settings

UNIT_A = (
    f'[modbus.bus.units.a]\nunit = {UNIT}\nto = "twin/a"\nevery_s = 0.2\n'
    'values.word = {register = 0}\nvalues.pump = {register = 0, area = "coil"}\n'
)
WORD, PUMP = UnitRequest(UNIT, "holding", 0, 1), UnitRequest(UNIT, "coil", 0, 1)


def test_a_gateway_that_runs_is_listened_to(tmp_path: Path) -> None:
    """What it asks and what it is answered; of simulated units, what a line would carry."""
    with DaemonProcess(tmp_path, f"[modbus.bus]\nsimulate = true\n{UNIT_A}") as daemon:
        daemon.until_listening()
        with Listener(daemon, "modbus/bus", "--json") as listener:
            daemon.until(lambda: len(listener.lines) >= 8)
            asked, answered = listener.heard("out"), listener.heard("in")
        assert RtuFrames().packed(WORD) in asked
        assert RtuFrames().found(answered, WORD) is not None
        assert daemon.stop() == 0


def test_a_record_comes_to_the_same_without_the_bus(tmp_path: Path, tcp_judge: int) -> None:
    """The values of a replay are those of the gateway that asked."""
    file = tmp_path / "bus.txt"
    with DaemonProcess(tmp_path, f'[modbus.bus]\nhost = "127.0.0.1"\ntcp_port = {tcp_judge}\n{UNIT_A}') as daemon:
        daemon.until_listening()
        process = _capture(daemon, file, id="modbus/bus")
        daemon.until(lambda: file.exists() and file.read_text().count("\n") > 8)
        _interrupt(process)
        live = json.loads(daemon.gateway("export", "twin/a").stdout)
        assert daemon.stop() == 0
    found = json.loads(daemon.gateway("replay", str(file), "--json").stdout)
    assert (found["as"], found["faults"]) == ("modbus/bus", 0)
    replayed = found["actors"]["twin/a"]["values"]
    assert {name: one["value"] for name, one in replayed.items()} == {name: one["value"] for name, one in live["values"].items()}
    assert set(replayed) == {"word", "pump"}


def test_a_line_that_nobody_has_open_is_only_heard(tmp_path: Path, line: SimulatedLine) -> None:
    """What another asks there, and is answered: nothing is written."""
    daemon = DaemonProcess(tmp_path, f'[modbus.bus]\nport = "{line.path}"\n{UNIT_A}')
    asked = RtuFrames().packed(WORD)
    with Listener(daemon, "modbus/bus", "--json") as listener:
        daemon.until(lambda: line.send(asked) and listener.lines)
        assert listener.heard("in").startswith(asked)
    assert line.hear() == b""


@pytest.mark.parametrize(
    ("bus", "said"),
    [
        ('host = "127.0.0.1"', "over a connection of our own nobody says anything unless it is asked; start the gateway, then listen"),
        ("simulate = true", "it is simulated: the simulator runs in the gateway; start that, then listen"),
    ],
)
def test_where_nothing_can_be_heard_it_is_said(tmp_path: Path, bus: str, said: str) -> None:
    """While no gateway runs."""
    found = DaemonProcess(tmp_path, f"[modbus.bus]\n{bus}\n{UNIT_A}").gateway("listen", "modbus/bus")
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == f"gateway: cannot listen to modbus/bus: {said}"


# --- records


VALUES = {"word": {"register": 0}, "minus": {"register": 1, "type": "i16", "scale": 0.1}, "pump": {"register": 0, "area": "coil"}}


def replayed(wire: list[Piece], **bus: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The values of each report of a record, and the faults."""
    found: list[Replayed] = list(ModbusBus.replay(settings(VALUES, **bus), wire, lambda to, verb: None))
    return [one.payload.values for each in found for one in each.said], [fault for each in found for fault in each.faults]


def pieces(*said: tuple[str, bytes]) -> list[Piece]:
    return [Piece(float(at), way, content) for at, (way, content) in enumerate(said)]  # type: ignore[arg-type]  # in and out


BOTH = UnitRequest(UNIT, "holding", 0, 2)
ANSWER = RtuFrames().answered(BOTH, bytes.fromhex("0007ff83"))
ASKED = RtuFrames().packed(BOTH)


def test_an_answer_is_read_by_the_request_before_it() -> None:
    """Whatever pieces it comes in, behind noise and an echo; what was written, and what nobody asked, is no reading."""
    wrote = RtuFrames().packed(UnitWrite(UNIT, "holding", 0, (9,)))
    wire = pieces(
        *(("in", ANSWER), ("out", ASKED), ("in", b"\xff" + ASKED), ("in", ANSWER[:4]), ("in", ANSWER[4:]), ("in", ANSWER)),
        *(("out", wrote), ("in", wrote), ("out", RtuFrames().packed(PUMP)), ("in", RtuFrames().answered(PUMP, b"\x01"))),
    )
    found = [{"first": 7, "word": 7, "minus": -12.5}, {"pump": True}], []
    for bus in ({"port": "/dev/none"}, {"host": "127.0.0.1", "framing": "rtu"}, {"host": "127.0.0.1", "simulate": True}):
        assert replayed(wire, **bus) == found


def test_what_a_record_lacks_is_a_fault() -> None:
    """No answer, and a refusal by its name; one of several values is only asked for again."""
    refused = bytes([UNIT, 0x81, 2])
    refused += modbus(refused).to_bytes(2, "little")
    wire = pieces(("out", ASKED), ("out", RtuFrames().packed(PUMP)), ("in", refused), ("out", ASKED))
    silent = f"unit {UNIT} (a): holding 0 to 1: it does not answer"
    assert replayed(wire, port="/dev/none") == ([], [silent, f"unit {UNIT} (a): coil 0 to 0: it says 'illegal data address'", silent])


def test_an_answer_by_tcp_has_the_number_of_its_request() -> None:
    """One that came late is passed over."""
    asking, units = TcpFrames(), [bytes.fromhex("0002"), bytes.fromhex("0005")]
    first, second = asking.packed(BOTH), asking.packed(BOTH)

    def answer(request: bytes, content: bytes) -> bytes:
        return request[:4] + b"\x00\x07" + bytes([UNIT, 3, 4]) + content

    wire = pieces(
        *(("out", first), ("out", second)),
        *(("in", answer(first, units[0] * 2)), ("in", answer(second, units[1] * 2))),
    )
    found, faults = replayed(wire, host="127.0.0.1")
    assert [values["word"] for values in found] == [5]
    assert len(faults) == 1
    assert replayed(pieces(("out", b"\0" * 9), ("in", b"\0" * 9), ("out", b""), ("in", b"x")), host="127.0.0.1") == ([], [])
