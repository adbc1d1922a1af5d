"""Writing: done when the system has all bytes, failed when the peer is stuck; echoes; acknowledgements after the commit."""

import pytest
from pydantic import ValidationError

from devices.codecs.nmea import write_sentence
from devices.serial.port import SerialPort
from devices.serial.simulated_devices import GpsTracker, JsonMeter
from devices.serial.simulated_line import SimulatedLine
from devices.serial.simulator import Simulation
from gateway.actors import Health, Mode
from gateway.actors.vocabulary import Write
from tests.devices.serial.conftest import Open, is_well, texts
from tests.waiting import until


def heard(line: SimulatedLine, count: int) -> list[bytes]:
    """The next `count` lines that the gateway writes."""
    found: list[bytes] = []

    def all_of_them() -> bool:
        found.extend(line.hear_lines(0.1))
        return len(found) >= count

    until(all_of_them, said=lambda: f"only {found} was written")
    return found


@pytest.mark.parametrize(
    ("ending", "written"), [("\n", b"on \xc3\xa9\n"), ("\r\n", b"on \xc3\xa9\r\n"), ("\r", b"on \xc3\xa9\r"), ("", b"on \xc3\xa9")]
)
def test_write(ending: str, written: bytes, line: SimulatedLine, open_port: Open):
    """A text is written as UTF-8 with the port's line ending; then the delivery is done."""
    bench = open_port(line_ending=ending)
    assert bench.tell("write", {"text": "on é"}).wait() == "done"
    assert line.hear(1.0) == written


def test_write_in_order(line: SimulatedLine, open_port: Open):
    """Texts go out in the order they were given."""
    bench = open_port()
    deliveries = [bench.tell("write", {"text": f"set {n}"}, id=f"m{n}") for n in range(100)]
    assert heard(line, 100) == [b"set %d" % n for n in range(100)]
    assert {delivery.wait() for delivery in deliveries} == {"done"}


def test_stuck_peer(line: SimulatedLine, open_port: Open):
    """A peer that takes nothing fails the delivery after the write timeout; the actor lives, reads on, and recovers (fault 13)."""
    bench = open_port(write_timeout_s=0.2)
    deliveries = [bench.tell("write", {"text": "x" * 4000}, id=f"m{n}") for n in range(20)]
    assert deliveries[-1].wait() == f"cannot write to {line.path}: nothing was taken for 0.2 s; is the peer stuck?"
    assert deliveries[-1].retry
    assert deliveries[0].outcome == "done"
    bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
    assert bench.health[-1][1] == f"nothing can be written to {line.path}: no byte was taken for 0.2 s"
    line.send(b"still here\n")
    bench.until(lambda: bench.sent)
    while line.hear(0.1):
        pass
    assert bench.tell("write", {"text": "again"}).wait() == "done"
    bench.until(lambda: is_well(bench))


def test_echo_removed(line: SimulatedLine, open_port: Open):
    """With `rs485_echo`, our own bytes are taken out of what is read, even between a device's lines and in pieces (fault 12)."""
    bench = open_port(rs485_echo=True)
    assert bench.tell("write", {"text": "READ 1"}).wait() == "done"
    line.send(b"spoke first\n" + line.hear(1.0)[:3])
    bench.until(lambda: bench.sent)
    line.send(b"D 1\n21.5\n")
    bench.until(lambda: len(bench.sent) == 2)
    assert texts(bench) == ["spoke first", "21.5"]


def test_echo_that_never_comes(line: SimulatedLine, open_port: Open):
    """Where the adapter does not echo, what looked like an echo is a line after all, and it is counted."""
    bench = open_port(rs485_echo=True, write_timeout_s=0.1, baud=1_000_000, max_gap_s=10)
    assert bench.tell("write", {"text": "READ 1"}).wait() == "done"
    line.send(b"READ")
    bench.until(lambda: bench.counters["echo_missing"])
    line.send(b"Y\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["READY"]


def test_echo_not_configured(line: SimulatedLine, open_port: Open):
    """Without `rs485_echo`, a line of ours that comes back is no reading but a clear fault (fault 12)."""
    bench = open_port()
    assert bench.tell("write", {"text": "READ 1"}).wait() == "done"
    line.send(line.hear(1.0) + b"21.5\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["21.5"]
    assert bench.counters["echoed"] == 1
    assert bench.health[-1] == (
        Health.FAULTY,
        f"{line.path} reads back our own bytes: set rs485_echo = true, or switch the adapter's echo off",
    )


def test_ack_after_the_commit(line: SimulatedLine, open_port: Open):
    """A line is acknowledged when its message is on disk, and not before."""
    bench = open_port(commit=False, codec="json", to="twin/{device}", ack="ok {id}")
    line.send(b'{"device":"a","id":7,"v":1}\n{"device":"b","id":"x8","v":1}\n')
    bench.until(lambda: len(bench.sent) == 2)
    assert line.hear(0.1) == b""
    assert [(sent.id, sent.scope) for sent in bench.sent] == [("7", "twin/a"), ("x8", "twin/b")]
    bench.sent[1].receipt.resolve()
    assert heard(line, 1) == [b"ok x8"]
    bench.sent[0].receipt.resolve()
    assert heard(line, 1) == [b"ok 7"]
    bench.until(lambda: bench.counters["acknowledged"] == 2)


def test_the_lines_of_a_device_that_begins_its_ids_anew_are_told_apart(line: SimulatedLine, open_port: Open):
    """Each goes with what it said under its id; one that has no id of its own is told by its text, where all texts differ."""
    bench = open_port(codec="json", to="twin/m1", ack="ok", lines_differ=True)
    line.send(b'{"id":1,"n":1}\n{"id":1,"n":2}\n{"n":3}\n')
    bench.until(lambda: len(bench.sent) == 3)
    assert [(sent.id, sent.content) for sent in bench.sent] == [("1", b'{"id":1,"n":1}'), ("1", b'{"id":1,"n":2}'), ('{"n":3}', b"")]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"codec": "json", "ack": "ok"}, b'{"v":20.5}'),
        ({"codec": "json", "ack": "ACK {frame}"}, b'{"v":20.5}'),
        ({"codec": "text", "ack": "ok"}, b"20.5"),
    ],
)
def test_equal_lines_without_an_id_are_all_taken(settings: dict, said: bytes, line: SimulatedLine, open_port: Open):
    """A reading that is the same as the last one is no repeat of it: nothing is acknowledged that was not taken."""
    bench = open_port(**settings)
    line.send((said + b"\n") * 5)
    bench.until(lambda: bench.counters["acknowledged"] == 5)
    assert [sent.id for sent in bench.sent] == [""] * 5


def test_fixes_without_a_date_are_no_repeats_of_each_other(line: SimulatedLine, open_port: Open):
    """A vehicle that stands says the same place again and again: without a date its fixes have no ids."""
    bench = open_port(codec="nmea", to="trip/van", ack="ok")
    for second in range(6):
        line.send(write_sentence(f"GPGLL,4807.038,N,01131.000,E,10150{second},A,A") + b"\r\n")
    bench.until(lambda: len(bench.sent) >= 5)
    assert {(sent.id, sent.payload.at_ms) for sent in bench.sent} == {("", 0)}


def test_ack_of_an_earlier_connection(line: SimulatedLine, open_port: Open):
    """An acknowledgement that comes due after the line was replugged is dropped: the device on it may be another."""
    bench = open_port(commit=False, ack="ok")
    line.send(b"one\n")
    bench.until(lambda: bench.sent)
    line.unplug()
    bench.until(lambda: bench.health[-1][0] is Health.MISSING)
    line.plug()
    bench.until(lambda: is_well(bench))
    bench.sent[0].receipt.resolve()
    line.send(b"two\n")
    bench.until(lambda: len(bench.sent) == 2)
    bench.sent[1].receipt.resolve()
    assert heard(line, 1) == [b"ok"]
    assert line.hear(0.1) == b""


def test_a_bad_line_is_not_acknowledged(line: SimulatedLine, open_port: Open):
    """A line without the id that its acknowledgement needs is counted and not acknowledged."""
    bench = open_port(codec="json", ack="ok {id}")
    line.send(b'{"v":1}\n{"v":1,"id":true}\n{"v":1,"id":1}\n')
    assert heard(line, 1) == [b"ok 1"]
    assert bench.counters["no_id"] == 2


def test_frame_as_id(line: SimulatedLine, open_port: Open):
    """A line without an id of its own is known by its text, byte for byte as it was received, where all texts of the device differ."""
    bench = open_port(ack="ACK {frame}", undecodable="replace", lines_differ=True)
    line.send(b"caf\xe9 %s\n" + b"y" * 200 + b"\n")
    assert heard(line, 2) == [b"ACK caf\xe9 %s", b"ACK " + b"y" * 200]
    assert [len(sent.id) for sent in bench.sent] == [32, 32]


def test_lines_that_are_no_printable_text_are_known_apart(line: SimulatedLine, open_port: Open):
    """A TAB in a line keeps it from nothing, and lines that differ in undecodable bytes alone are no repeats of each other."""
    bench = open_port(ack="ACK {frame}", undecodable="replace", lines_differ=True)
    line.send(b"ST\t1.25 kg\n" + b"20 \xb0C\n" + b"20 \xf8C\n")
    assert heard(line, 3) == [b"ACK ST\t1.25 kg", b"ACK 20 \xb0C", b"ACK 20 \xf8C"]
    ids = [sent.id for sent in bench.sent]
    assert len(set(ids)) == 3
    assert all(id.isprintable() for id in ids)


def test_all_lines_of_an_epoch_are_acknowledged(line: SimulatedLine, open_port: Open):
    """RMC and GGA are acknowledged with their fix, after its commit; a sentence that holds no fix, at once."""
    bench = open_port(commit=False, codec="nmea", to="trip/van", ack="ACK {frame}")
    rmc, gga = GpsTracker(line, began_ms=1_700_000_000_000).compose(0)
    gsv = b"$GPGSV,1,1,00*79"
    line.send(rmc + b"\r\n" + gsv + b"\r\n")
    assert heard(line, 1) == [b"ACK " + gsv]
    line.send(gga + b"\r\n")
    bench.until(lambda: bench.sent)
    assert bench.sent[0].id == "1700000000000,46.9480000,7.4620485"
    assert line.hear(0.1) == b""
    bench.sent[0].receipt.resolve()
    assert heard(line, 2) == [b"ACK " + rmc, b"ACK " + gga]


def test_void_lines_are_acknowledged(line: SimulatedLine, open_port: Open):
    """A device that waits for the acknowledgement of each line gets on, though it has no fix to tell."""
    bench = open_port(codec="nmea", to="trip/van", ack="ACK {frame}")
    void = b"$GPRMC,,V,,,,,,,,,,N*53"
    line.send(void + b"\r\n")
    bench.until(lambda: bench.counters["lines"] == 1)
    line.send(void + b"\r\n")
    assert heard(line, 1) == [b"ACK " + void]
    assert bench.sent == []


def test_tracker_with_a_memory(line: SimulatedLine, open_port: Open):
    """A tracker that keeps its fixes until they are acknowledged loses none when the line is pulled out in between."""
    bench = open_port(codec="nmea", to="trip/van", ack="ACK {frame}")
    tracker = GpsTracker(line, interval_s=0.005, acked=True, repeat_s=0.05, began_ms=1_700_000_000_000)
    simulation = Simulation(tracker)
    try:
        bench.until(lambda: tracker.acknowledged >= 10)
        line.unplug()
        bench.until(lambda: bench.health[-1][0] is Health.MISSING)
        made = tracker.made
        line.plug()
        bench.until(lambda: tracker.acknowledged > made)
    finally:
        simulation.close()
    times = sorted({sent.payload.at_ms for sent in bench.sent})
    assert times[: tracker.acknowledged] == [1_700_000_000_000 + 5 * number for number in range(tracker.acknowledged)]


def test_acked_meters(line: SimulatedLine, open_port: Open):
    """Meters with a window of open lines get each one acknowledged once."""
    bench = open_port(codec="json", to="twin/{device}", ack="ok {id}")
    meter = JsonMeter(line, devices=3, interval_s=0.001, acked=True, window=20, repeat_s=3600.0)
    simulation = Simulation(meter)
    try:
        bench.until(lambda: meter.acknowledged >= 100)
    finally:
        simulation.close()
    ids = [int(sent.id) for sent in bench.sent]
    assert ids == list(range(len(ids)))


@pytest.mark.parametrize("digits", ["01 06 00 0a ff", "0106000AFF", "01:06:00:0a:ff", " 0x01, 0x06 000a ff\n"])
def test_write_bytes(digits: str, line: SimulatedLine, open_port: Open):
    """Bytes are written by their hex digits, and no line ending behind them."""
    bench = open_port()
    assert bench.tell("write", {"hex": digits}).wait() == "done"
    assert bench.tell("write_once", {"text": "x"}, id="m2").wait() == "done"
    written = bytearray()
    until(lambda: written.extend(line.hear(0.1)) or len(written) >= 7)
    assert written == b"\x01\x06\x00\x0a\xffx\n"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({}, "say one of text and hex"),
        ({"text": "a", "hex": "01"}, "say one of text and hex"),
        ({"hex": "1 06"}, "hex: '1' has half a byte"),
        ({"hex": "xy"}, "hex: 'xy' is no hex"),
        ({"hex": " "}, "hex: there is no byte in it"),
    ],
)
def test_no_bytes(payload: dict[str, str], why: str):
    """What is neither a text nor bytes is told with what to write."""
    with pytest.raises(ValidationError, match=why):
        Write.model_validate(payload)


def test_once_and_the_line_is_lost(line: SimulatedLine, open_port: Open):
    """What is written at most once is not written again when its line is back: its fate is said, by how much of it had gone out."""
    bench = open_port(write_timeout_s=60)
    pieces = [bench.tell("write_once", {"text": f"{n} " + "x" * 4000}, id=f"m{n}") for n in range(20)]
    bench.until(lambda: pieces[-1].kept)
    line.unplug()
    outcomes = [piece.wait() for piece in pieces]
    assert outcomes[0] == "done"
    assert outcomes[-1] == f"cannot write to {line.path}: it was closed before; nothing of it was written"
    assert not pieces[-1].retry
    cut = [outcome for outcome in outcomes if "unknown" in outcome]
    assert len(cut) <= 1
    line.plug()
    assert bench.tell("write", {"text": "next"}).wait() == "done"
    assert heard(line, 1) == [b"next"]


def test_once_and_the_peer_is_stuck(line: SimulatedLine, open_port: Open):
    """Nor is it tried again when its peer takes nothing, whatever part of it has gone out."""
    bench = open_port(write_timeout_s=0.2)
    pieces = [bench.tell("write_once", {"text": "x" * 4000}, id=f"m{n}") for n in range(20)]
    assert pieces[-1].wait().endswith("nothing of it was written")
    assert not any(piece.retry for piece in pieces)


def test_once_is_recorded_first():
    """Its attempt is on disk before it begins, as that of all that is done at most once."""
    assert SerialPort.verbs["write_once"].mode is Mode.AT_MOST_ONCE
    assert SerialPort.verbs["write"].mode is Mode.AT_LEAST_ONCE


@pytest.mark.parametrize("rs485", [True, {"rts_on_send": False, "delay_before_send_ms": 2}])
def test_two_wires_without_a_driver(rs485: object, line: SimulatedLine, open_port: Open):
    """A driver that cannot switch a two-wire transceiver is told, with what to do; a pseudo-terminal has none that can."""
    bench = open_port(rs485=rs485)
    assert bench.health[0][0] is Health.FAULTY
    assert bench.health[0][1].startswith(f"cannot open {line.path}: its driver cannot switch between sending and receiving (")
    assert bench.health[0][1].endswith("take rs485 out where the adapter switches by itself, as most USB adapters do")


def test_levels(line: SimulatedLine, open_port: Open):
    """A port without modem lines opens all the same when their levels are named."""
    assert is_well(open_port(dtr=False, rts=False))


def test_what_could_not_be_committed_is_not_read(line: SimulatedLine, open_port: Open):
    """It stays in the kernel, and mail is written all the same; what came meanwhile is read when it can be committed."""
    bench = open_port()
    bench.held_back = True
    assert bench.tell("write", {"text": "x"}).wait() == "done"  # what it waits for now, it decides behind this
    line.send(b"one\n")
    for n in range(3):
        assert bench.tell("write", {"text": "x"}, id=f"w{n}").wait() == "done"
    assert bench.sent == []
    bench.held_back = False
    bench.wake()
    bench.until(lambda: texts(bench) == ["one"])
