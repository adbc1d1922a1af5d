"""Writing: done when the system has all bytes, failed when the peer is stuck; echoes; acknowledgements after the commit."""

import pytest

from devices.codecs.nmea import write_sentence
from devices.serial.simulator import GpsTracker, JsonMeter, SimulatedLine, Simulation
from gateway.actors import Health
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
