"""Reading: what a device says reaches the actor it names, once and whole; what is broken is counted and changes nothing."""

import logging

import pytest

from devices.codecs.framing import BadFrame
from devices.codecs.nmea import checksum
from devices.serial.readings import HeldReader, Reading
from devices.serial.simulated_devices import GpsTracker, JsonMeter
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.actors.vocabulary import Fix, Quality, Report, TextLine
from tests.devices.serial.conftest import Open, texts


def test_text_lines(line: SimulatedLine, open_port: Open):
    """Each line of text is one message `line`, without its end."""
    bench = open_port()
    line.send("21.5 °C\r\nsecond\n".encode())
    bench.until(lambda: len(bench.sent) == 2)
    assert [(sent.to, sent.verb, sent.payload, sent.id) for sent in bench.sent] == [
        ("twin/t", "line", TextLine(text="21.5 °C"), ""),
        ("twin/t", "line", TextLine(text="second"), ""),
    ]


def test_json_report(line: SimulatedLine, open_port: Open):
    """The scalar fields of a JSON line are a report to the actor it names; id, time, units and quality are the report's own."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send(b'{"device":"m1","id":7,"at_ms":1700000000000,"power_w":431.5,"on":true,"note":"x","list":[1],"none":null}\n')
    line.send(b'{"device":"m2","t":21,"units":{"t":"Cel"},"quality":"uncertain"}\n')
    bench.until(lambda: len(bench.sent) == 2)
    assert [(sent.to, sent.verb, sent.payload) for sent in bench.sent] == [
        ("twin/m1", "report", Report(values={"power_w": 431.5, "on": True, "note": "x", "none": None, "list.0": 1}, at_ms=1700000000000)),
        ("twin/m2", "report", Report(values={"t": 21}, units={"t": "Cel"}, quality=Quality.UNCERTAIN)),
    ]
    assert (
        bench.sent[0].payload.to_json()
        == Report(values={"power_w": 431.5, "on": True, "note": "x", "none": None, "list.0": 1}, at_ms=1700000000000).to_json()
    )


def test_what_a_device_calls_by_a_word_of_reports_is_a_value(line: SimulatedLine, open_port: Open):
    """Where `units`, `quality` or `at_ms` do not say what a report means by them, the line is taken, and they are values of the device."""
    bench = open_port(codec="json", to="twin/{device}")
    said = [
        b'{"device":"a","load":12.5,"units":"lb"}',
        b'{"device":"a","co":3,"quality":88.5}',
        b'{"device":"a","co":3,"quality":"fair"}',
        b'{"device":"a","v":1,"at_ms":"2025-02-03T04:05:06Z"}',
        b'{"device":"a","v":1,"at_ms":-5}',
        b'{"device":"a","v":1,"at_ms":true}',
        b'{"device":"a","v":1,"at_ms":99999999999999999}',
        b'{"device":"a","v":1,"at_ms":1700000000000.0}',
        b'{"device":"a","v":1,"units":{"v":1},"quality":null}',
        b'{"device":"a","units":"only this"}',
    ]
    line.send_all(b"\n".join(said) + b"\n")
    bench.until(lambda: len(bench.sent) == len(said))
    assert [sent.payload for sent in bench.sent] == [
        Report(values={"load": 12.5, "units": "lb"}),
        Report(values={"co": 3, "quality": 88.5}),
        Report(values={"co": 3, "quality": "fair"}),
        Report(values={"v": 1, "at_ms": "2025-02-03T04:05:06Z"}),
        Report(values={"v": 1, "at_ms": -5}),
        Report(values={"v": 1, "at_ms": True}),
        Report(values={"v": 1, "at_ms": 99999999999999999}),
        Report(values={"v": 1}, at_ms=1700000000000),
        Report(values={"v": 1, "quality": None, "units.v": 1}),
        Report(values={"units": "only this"}),
    ]
    assert bench.counters["bad_lines"] == 0


def test_json_fields(line: SimulatedLine, open_port: Open):
    """For a verb of its own, an actor gets all fields of the line as they are."""
    bench = open_port(codec="json", to="meter/{site}-{device}", verb="measured")
    line.send(b'{"site":3,"device":"m1","phases":[1.5,2.5]}\n')
    bench.until(lambda: bench.sent)
    assert bench.sent[0][:3] == ("meter/3-m1", "measured", b'{"site":3,"device":"m1","phases":[1.5,2.5]}')


def test_nmea_position(line: SimulatedLine, open_port: Open):
    """RMC and GGA of one moment are one message `position`."""
    bench = open_port(codec="nmea", to="trip/van")
    tracker = GpsTracker(line, began_ms=1_709_251_199_000)
    tracker.turn(0.0)
    bench.until(lambda: bench.sent)
    (sent,) = bench.sent
    fix = sent.payload
    assert (sent.to, sent.verb, type(fix), fix.at_ms) == ("trip/van", "position", Fix, 1_709_251_199_000)
    assert (fix.latitude_deg, fix.longitude_deg) == pytest.approx((46.948, 7.46205), abs=1e-5)


def test_an_epoch_that_stays_incomplete(line: SimulatedLine, open_port: Open):
    """A receiver that falls silent after its RMC is told all the same, after the gap."""
    bench = open_port(codec="nmea", to="trip/van", max_gap_s=0.1)
    line.send(GpsTracker(line).compose(0)[0] + b"\r\n")
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload.altitude_m is None


def test_half_a_line_and_the_rest(line: SimulatedLine, open_port: Open):
    """Half a line, a short pause, and the rest are one correct line (fault 8)."""
    bench = open_port(max_gap_s=5.0)
    port = bench.actor
    line.send(b"hello ")
    bench.until(lambda: port._framer.due_s)
    line.send(b"world\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["hello world"]
    assert bench.counters["gaps"] == 0


def test_dribble_then_silence(line: SimulatedLine, open_port: Open):
    """Single bytes, then silence: the gap discards them, and they are never published as a line (fault 7)."""
    bench = open_port(max_gap_s=60.0)
    port = bench.actor
    for n in range(1, 6):
        line.send(b"x")
        bench.until(lambda n=n: len(port._framer._partial) == n)
    port._listened_s += 60.0
    bench.wake()
    bench.until(lambda: bench.counters["gaps"])
    line.send(b"good\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["good"]
    assert bench.counters["gaps"] == 1


def test_bytes_that_waited_for_us_are_no_gap(line: SimulatedLine, open_port: Open):
    """While we are held up by back-pressure no gap is counted: the rest of a line was there all the time."""
    bench = open_port(max_gap_s=0.05)
    port = bench.actor
    port._listened_s, real = 0.0, port._take_in
    late = iter([True])

    def held_up(chunk: bytes, now_s: float) -> None:
        real(chunk, now_s)
        if next(late, False):
            line.send(b"of a line\n")
            bench.until(lambda: True)
            port.host.wait(0.2)

    port._take_in = held_up
    line.send(b"half ")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["half of a line"]


def test_endless_bytes(line: SimulatedLine, open_port: Open):
    """Bytes without end are dropped at the limit, memory stays flat, one overflow is counted, and the next line is whole (fault 6)."""
    bench = open_port(max_line_bytes=1000)
    line.send_all(b"x" * 500_000)
    assert len(bench.actor._framer._partial) <= 1000
    line.send_all(b"\ngood\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["good"]
    assert bench.counters["overflows"] == 1


@pytest.mark.parametrize("bad", [b"a\xffb", b"a\0b", b"\xef\xbb\xbfab"])
def test_undecodable_rejected(bad: bytes, line: SimulatedLine, open_port: Open):
    """Invalid UTF-8, a NUL and a byte order mark are rejected and counted (fault 9)."""
    bench = open_port()
    line.send(bad + b"\ngood\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["good"]
    assert (bench.counters["bad_lines"], bench.counters["not_text"]) == (1, 1)


@pytest.mark.parametrize(("bad", "read"), [(b"a\xffb", "a\ufffdb"), (b"a\0b", "a\ufffdb"), (b"\xef\xbb\xbfab", "ab")])
def test_undecodable_replaced(bad: bytes, read: str, line: SimulatedLine, open_port: Open):
    """Where it is configured, they are replaced and counted (fault 9)."""
    bench = open_port(undecodable="replace")
    line.send(bad + b"\ngood\n")
    bench.until(lambda: len(bench.sent) == 2)
    assert texts(bench) == [read, "good"]
    assert (bench.counters["bad_lines"], bench.counters["replaced"]) == (0, 1)


def test_undecodable_json_replaced(line: SimulatedLine, open_port: Open):
    """Replacing works inside of JSON as well."""
    bench = open_port(codec="json", undecodable="replace")
    line.send(b'\xef\xbb\xbf{"note":"a\xffb"}\n')
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload.values == {"note": "a\ufffdb"}


def test_bad_checksum(line: SimulatedLine, open_port: Open, caplog: pytest.LogCaptureFixture):
    """Bad checksums are dropped and counted, the last good state stays, and a few lines are logged, not twenty (fault 10)."""
    bench = open_port(codec="nmea", to="trip/van")
    tracker = GpsTracker(line)
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            line.send(tracker.compose(0)[0][:-2] + b"zz\r\n" + tracker.compose(0)[0].replace(b",A,", b",B,") + b"\r\n")
        tracker.turn(0.0)
        bench.until(lambda: bench.sent)
    assert len(bench.sent) == 1
    assert (bench.counters["checksum"], bench.counters["not_nmea"]) == (20, 20)
    said = [record.message.split(":")[1] for record in caplog.records]
    no_nmea, wrong = f" lines that are no NMEA on {line.path}", f" lines with a wrong checksum on {line.path}"
    assert said == [no_nmea, wrong] + [no_nmea] * 4


HARMFUL = [
    (b'{"device":' + b"[" * 1000 + b"]" * 1000 + b"}", "too_deep"),
    (b'{"device":"a","v":1e999}', "number"),
    (b'{"device":"a","v":%s}' % (b"9" * 30), "number"),
    (b'{"device":"a","v":NaN1}', "not_json"),
    (b'{"device":"a","v":[NaN}', "not_json"),
    (b'{"device":"a","v":1,"v":2}', "twice"),
    (b'{"device":"a","v":"\\ud800"}', "not_json"),
    (b'{"device":" ","v":1}', "no_address"),
    (b'{"device":true,"v":1}', "no_address"),
    (b'{"v":1}', "no_address"),
    (b'{"device":"a"}', "no_report"),
    (b'{"device":"a","units":{"v":"V"},"quality":"bad","at_ms":1}', "no_report"),
    (b'{"device":"a",' + b",".join(b'"v%d":1' % n for n in range(65)) + b"}", "no_report"),
]


@pytest.mark.parametrize(("bad", "fault"), HARMFUL, ids=range(len(HARMFUL)))
def test_harmful_json(bad: bytes, fault: str, line: SimulatedLine, open_port: Open):
    """Harmful or useless JSON is rejected by its own name, and the actor goes on (fault 34)."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send(bad + b'\n{"device":"good","v":1}\n')
    bench.until(lambda: bench.sent)
    assert [sent.to for sent in bench.sent] == ["twin/good"]
    assert bench.counters[fault] == 1


def test_a_bare_nan_costs_one_value_and_not_the_line(line: SimulatedLine, open_port: Open):
    """In a report it is missing; a payload goes without the field."""
    bench = open_port(codec="json", to="twin/{device}")
    line.send(b'{"device":"a","t":nan,"h":40}\n')
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload.values == {"t": None, "h": 40}
    bench.stop()
    bench = open_port(codec="json", to="meter/{device}", verb="take")
    line.send(b'{"device":"a","t":-inf,"h":40}\n')
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload == {"device": "a", "h": 40}


def test_boot_banner(line: SimulatedLine, open_port: Open):
    """What comes in the settle window after opening is ignored, and so is the rest of a line that the window cuts (fault 11)."""
    bench = open_port(settle_s=60.0)
    line.send(b"ets Jul 29 2019\nrst:0x1 (POWERON")
    bench.until(lambda: bench.counters["settling_bytes"] == 32)
    bench.actor._settled_s -= 60.0
    line.send(b"_RESET)\nready\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["ready"]


def test_lines_said_before_opening(line: SimulatedLine, open_port: Open):
    """Opening throws nothing away: what a device said while nobody listened and the kernel kept is read, whole."""
    line.send(b"first\nsecond\n")
    bench = open_port()
    bench.until(lambda: len(bench.sent) == 2)
    assert texts(bench) == ["first", "second"]


def test_full_speed(line: SimulatedLine, open_port: Open):
    """10,000 JSON lines at full speed arrive all, in order, and none twice."""
    bench = open_port(codec="json", to="twin/{device}")
    JsonMeter(line, devices=7, began_ms=1_700_000_000_000).flood(10_000)
    bench.until(lambda: len(bench.sent) == 10_000)
    assert [sent.payload.values["energy_wh"] for sent in bench.sent] == list(range(1_000_000, 1_010_000))
    assert {sent.to for sent in bench.sent} == {f"twin/m{n}" for n in range(7)}
    assert bench.counters["lines"] == 10_000


def test_simulated_port(open_port: Open):
    """With a table `simulate`, a simulated device takes the place of the port."""
    bench = open_port(port="", simulate={"device": "gps", "interval_s": 0.01}, codec="nmea", to="trip/van")
    bench.until(lambda: len(bench.sent) >= 5)
    assert bench.health[0][0] is Health.OK
    assert all(a.payload.at_ms < b.payload.at_ms for a, b in zip(bench.sent, bench.sent[1:], strict=False))


def test_a_reader_that_breaks_costs_one_line():
    """Every reader of a port is held: an error of its codec's own is a bad line, with its name, in a line and in the silence after one."""

    class Broken:
        replaced = 3

        def read(self, frame: bytes) -> list[Reading]:
            raise OverflowError(f"{frame!r} is too large")

        def idle(self) -> list[Reading]:
            raise KeyError("fix")

    held = HeldReader(Broken())
    for act, said in [(lambda: held.read(b"x"), "OverflowError: b'x' is too large"), (held.idle, "KeyError: 'fix'")]:
        with pytest.raises(BadFrame) as raised:
            act()
        assert str(raised.value) == f"cannot read a frame: its codec raised {said}; report it, with the frame"
    assert held.replaced == 3


def test_thirty_digits_in_a_sentence_are_no_end_of_the_port(line: SimulatedLine, open_port: Open):
    """The line is taken, it says nothing, and the next one is read."""
    bench = open_port(codec="nmea", to="trip/van")
    for body in (b"GPZDA,000000.00,%s,06,2024,00,00" % (b"9" * 30), b"GPZDA,000000.00,01,%s,2024,00,00" % (b"9" * 30)):
        line.send(b"$%s*%02X\r\n" % (body, checksum(body)))
    GpsTracker(line, began_ms=1_709_251_199_000).turn(0.0)
    assert bench.until(lambda: bench.sent)[0].payload.at_ms == 1_709_251_199_000
