"""Codecs and framings on a port: what any of them reads becomes a report; and bytes that nobody can use are said to be so, with why."""

from collections.abc import Callable
from typing import Any

import pytest

from devices.codecs.framing import FIRST_QUIET_S
from devices.codecs.nmea import write_sentence
from devices.serial.doubt import AFTER_S, likely_cause
from devices.serial.simulated_line import SimulatedLine
from devices.serial.untold import AFTER_S as UNTOLD_S
from gateway.actors import Health
from gateway.actors.vocabulary import Report
from tests.devices.serial.conftest import Open, is_well, texts


@pytest.mark.parametrize(
    ("settings", "said", "values"),
    [
        ({"codec": {"name": "csv", "columns": ["", "t_c", "rh"]}}, b"17:03,21.5,40\n", {"t_c": 21.5, "rh": 40}),
        ({"codec": "csv"}, b"t,h\n21.5,40\n", {"t": 21.5, "h": 40}),
        ({"codec": "keyvalue"}, b"T=21.5 H=40\r\n", {"T": 21.5, "H": 40}),
        ({"codec": {"name": "regex", "pattern": r"T:(?P<t>[-0-9.]+)"}}, b"> T:-3.5C\n", {"t": -3.5}),
        ({"codec": {"name": "onoff"}, "framing": "cr"}, b"OPEN\r", {"on": True}),
        ({"codec": "bytes", "framing": {"name": "fixed", "bytes": 3, "begins": "0xaa"}}, b"\x01\xaa\x0a\xff", {"bytes": "aa0aff"}),
        ({"codec": "number", "framing": "stx_etx"}, b"\x02+ 12.5 kg\x03", {"value": 12.5}),
        ({"codec": "number", "framing": {"name": "idle", "gap_s": 0.05}}, b"12.5 kg", {"value": 12.5}),
        ({"codec": "json", "framing": {"name": "length", "size_bytes": 1}}, b'\x07{"t":3}', {"t": 3}),
        ({"codec": "json", "framing": "slip"}, b'\xc0{"t":3}\xc0', {"t": 3}),
        ({"codec": "json", "framing": "cobs"}, b'\x08{"t":3}\x00', {"t": 3}),
        ({"codec": "json", "framing": {"name": "delimiter", "ends": ";"}}, b'{"t":3};', {"t": 3}),
        ({"codec": {"name": "json", "skip_prefix": True}}, b'[I] {"t":20.5}\n', {"t": 20.5}),
    ],
)
def test_what_any_codec_reads_is_a_report(settings: dict, said: bytes, values: dict, line: SimulatedLine, open_port: Open):
    """Each codec, and each framing, on a real line."""
    bench = open_port(**settings)
    line.send(said)
    bench.until(lambda: bench.sent)
    assert [(sent.to, sent.verb, sent.payload) for sent in bench.sent] == [("twin/t", "report", Report(values=values))]


@pytest.mark.parametrize(
    ("codec", "said", "values"),
    [
        ("keyvalue", b"T=21.5 H=40", {"T": 21.5, "H": 40}),
        ({"name": "regex", "pattern": "^T=(?P<t>.*)$"}, b"T=5", {"t": 5}),
        ({"name": "csv", "columns": ["t", "h"]}, b"1,2", {"t": 1, "h": 2}),
        ("onoff", b"ON", {"on": True}),
    ],
)
def test_lines_that_end_with_lf_and_cr(codec: Any, said: bytes, values: dict, line: SimulatedLine, open_port: Open):
    """Each is read whole: its first value is not lost for the CR that stands before it."""
    bench = open_port(codec=codec)
    line.send((said + b"\n\r") * 3)
    bench.until(lambda: len(bench.sent) == 3)
    assert [sent.payload.values for sent in bench.sent] == [values] * 3
    assert bench.actor._framer.due_s is None


def test_a_line_says_whom_it_is_for(line: SimulatedLine, open_port: Open):
    """Fields of any codec address it, and for another verb than report they are sent as they are."""
    bench = open_port(codec="keyvalue", to="meter/{device}", verb="measured", ack="ok {id}")
    line.send(b"device=m1 id=7 t=20.5\n")
    bench.until(lambda: bench.counters["acknowledged"])
    assert [(sent.to, sent.verb, sent.payload, sent.id) for sent in bench.sent] == [
        ("meter/m1", "measured", {"device": "m1", "id": 7, "t": 20.5}, "7")
    ]


def test_a_header_line_is_acknowledged(line: SimulatedLine, open_port: Open):
    """A line that says nothing by itself is acknowledged at once."""
    bench = open_port(codec="csv", ack="ok")
    line.send(b"t,h\n21.5,40\n")
    bench.until(lambda: bench.counters["acknowledged"] == 2)
    assert len(bench.sent) == 1


@pytest.mark.parametrize(
    ("settings", "rest", "whole"),
    [
        ({"codec": "text"}, b".45 kg\n", b"1.5 kg\n"),
        ({"codec": "number"}, b".45 kg\n", b"1.5 kg\n"),
        ({"codec": "keyvalue"}, b"eight=5\n", b"weight=15\n"),
        ({"codec": {"name": "csv", "columns": ["a", "b"]}}, b"5,2\n", b"15,2\n"),
        ({"codec": {"name": "regex", "pattern": "(?P<w>[0-9.]+) kg"}, "framing": "cr"}, b".45 kg\r", b"1.5 kg\r"),
    ],
)
def test_the_rest_of_a_line_is_no_line(settings: dict, rest: bytes, whole: bytes, line: SimulatedLine, open_port: Open):
    """A port that is opened in mid-line reads from the next line on, where no checksum would show that half a line is none."""
    bench = open_port(skip_first=None, **settings)
    line.send(rest)
    line.send(whole * 2)
    bench.until(lambda: len(bench.sent) == 2)
    assert bench.sent[0].payload == bench.sent[1].payload
    line.unplug()
    bench.until(lambda: bench.health[-1][0] is Health.MISSING)
    line.plug()
    bench.until(lambda: is_well(bench))
    line.send(rest + whole)
    bench.until(lambda: len(bench.sent) == 3)
    assert bench.sent[2].payload == bench.sent[0].payload
    assert bench.counters["bad_lines"] == 0


@pytest.mark.parametrize(("settings", "said"), [({"codec": "json"}, b'{"v":1}\n'), ({"codec": "text", "skip_first": False}, b"one\n")])
def test_the_first_line_is_read_where_it_is_sure(settings: dict, said: bytes, line: SimulatedLine, open_port: Open):
    """A part of a JSON object is none; and who knows better may say so."""
    bench = open_port(**{"skip_first": None, **settings})
    line.send(said)
    bench.until(lambda: bench.sent)


def test_an_answer_after_a_silence_is_read(line: SimulatedLine, open_port: Open):
    """A device that has said nothing for long was in no line: its first answer is whole."""
    bench = open_port(skip_first=None)
    port = bench.actor
    port._listened_s += FIRST_QUIET_S + 0.1
    line.send(b"12.5 kg\n")
    bench.until(lambda: bench.sent)
    assert texts(bench) == ["12.5 kg"]


UNUSABLE = [
    ({"codec": "json"}, b'{"t":20.5}\r', 'its lines end with CR alone: set framing = "cr"'),
    ({"codec": "text"}, b"20.5\r", 'its lines end with CR alone: set framing = "cr"'),
    ({"codec": "json"}, b'{"t":20.5}', 'no line end comes: set framing = "idle" where a silence ends each message, or name what ends it'),
    (
        {"codec": "json"},
        b'[I] {"t":20.5}\n',
        'something stands before the JSON, as the prefix of a log does: set codec = {name = "json", skip_prefix = true}',
    ),
    (
        {"codec": "json"},
        b'\x1b[0;32mI (123) main: {"t":20.5}\x1b[0m\n',
        'something stands before the JSON, as the prefix of a log does: set codec = {name = "json", skip_prefix = true}',
    ),
    (
        {"codec": "json"},
        b'{\r\n  "t": 20.5,\r\n  "h": 40\r\n}\r\n',
        'its JSON goes over several lines: set framing = "idle", for a silence ends each',
    ),
    ({"codec": "json"}, b'{"t":20.5}\0\n', 'a NUL ends its lines: set framing = {name = "delimiter", ends = "0x00"}'),
    ({"codec": "json"}, b'{"t":20.5}\0', 'a NUL ends its lines: set framing = {name = "delimiter", ends = "0x00"}'),
    (
        {"codec": "json"},
        b'{"room":"K\xfcche"}\n',
        'cannot read a JSON line: byte 0xfc at 10 is no UTF-8; undecodable = "replace" reads the rest of such a line; the last one was '
        'b\'{"room":"K\\xfcche"}\'',
    ),
    (
        {"codec": "nmea"},
        b"$GPGLL,4807.038,N,01131.000,E,101500,A\r\n",
        'its sentences have no checksum: set codec = {name = "nmea", checksum_required = false}',
    ),
    (
        {"codec": "json"},
        bytes(range(128, 255, 3)) + b"\x80\n\xff",
        'they are no text: is baud = 9600 what the device has, and its parity? Bytes of a protocol need codec = "bytes"',
    ),
    (
        {"codec": "dsmr"},
        bytes(range(128, 255, 3)) + b"\x80\n\xff",
        'they are no text: is baud = 9600 what the device has, and its parity? Bytes of a protocol need codec = "bytes"',
    ),
    ({"codec": "json"}, b"/X\r\n\r\n1-0:1.8.1(1*kWh)\r\n!\r\n", 'it speaks DSMR P1: set codec = "dsmr"'),
    ({"codec": "json"}, b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01\x76\n", 'it speaks SML: set codec = "sml"'),
    (
        {"codec": "json"},
        b"\r\nV\t12800\r\nChecksum\t\xd8",
        'it speaks VE.Direct: set codec = {name = "keyvalue", profile = "ve_direct"}',
    ),
    (
        {"codec": "keyvalue"},
        b"\r\nV\t12800\r\nChecksum\t\xd8",
        'it speaks VE.Direct: set codec = {name = "keyvalue", profile = "ve_direct"}',
    ),
    ({"codec": "json"}, b"$GPTXT,01,01,02,u-blox*1C\r\n", 'it speaks NMEA: set codec = "nmea"'),
    ({"codec": "nmea"}, b'{"t":20.5}\n', 'it speaks JSON: set codec = "json"'),
    ({"codec": "number"}, b"booting\n", "cannot read a number: the text has none; the last one was b'booting'"),
    (
        {"codec": "text", "framing": "stx_etx"},
        b"21.5\n",
        'nothing that framing = "stx_etx" begins or ends with comes in them; is it what the device sends?',
    ),
]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"codec": {"name": "json", "skip_prefix": True}}, b'\x1b[0;32mI (123) main: {"t":20.5}\x1b[0m\n'),
        ({"codec": "json", "framing": "idle"}, b'{\r\n  "t": 20.5\r\n}\r\n'),
        ({"codec": "json", "framing": {"name": "delimiter", "ends": "0x00"}}, b'{"t":20.5}\0\n{"t":20.5}\0'),
        ({"codec": "json", "undecodable": "replace"}, b'{"t":20.5,"room":"K\xfcche"}\n'),
    ],
)
def test_what_is_advised_reads_it(settings: dict, said: bytes, line: SimulatedLine, open_port: Open):
    """The setting that such a port asks for is one with which it is well."""
    bench = open_port(**settings)
    line.send(said)
    bench.until(lambda: bench.sent)
    assert bench.sent[0].payload.values["t"] == 20.5
    assert is_well(bench)


def say_until(line: SimulatedLine, said: bytes, bench, is_so: Callable[[], object]) -> None:
    """Have the device say the same again and again."""

    def again() -> object:
        line.send(said)
        return is_so()

    bench.until(again)


@pytest.mark.parametrize(("settings", "said", "cause"), UNUSABLE)
def test_bytes_and_never_a_usable_line(settings: dict, said: bytes, cause: str, line: SimulatedLine, open_port: Open):
    """Such a port is not well: it is said what is likely wrong, and with the first usable line all is well again."""
    bench = open_port(skip_first=None, max_line_bytes=200, **settings)
    port = bench.actor
    line.send(said)
    bench.until(lambda: port._health.doubt)
    port._health.doubt._since_s -= AFTER_S
    say_until(line, said, bench, lambda: bench.health[-1][0] is Health.FAULTY)
    assert bench.health[-1] == (Health.FAULTY, f"bytes come from {line.path}, and never a line that can be used: {cause}")
    assert bench.sent == []


NO_FIX = "its receiver has no fix: the aerial wants to see the sky, and the first one takes minutes"
UNTOLD = [
    ({"codec": "nmea"}, write_sentence("GPRMC,100001.00,V,,,,,,,010624,,,N") + b"\r\n", NO_FIX),
    (
        {"codec": "nmea"},
        b"!AIVDM,1,1,,A,13aG4V0P00PF>:lMaQ@000000000,0*73\r\n",
        "none of its sentences has a position (RMC, GGA, GNS, GLL); have the receiver send them",
    ),
    ({"codec": "json"}, b"{}\n", "its lines have no values, or only such as are ignored"),
    (
        {"codec": "json", "values": {"t": {"ignore": [85.0]}}, "unmapped": "ignore"},
        b'{"t":85.0}\n',
        "its lines have no values, or only such as are ignored",
    ),
]


@pytest.mark.parametrize(("settings", "said", "why"), UNTOLD)
def test_lines_in_which_nothing_is(settings: dict, said: bytes, why: str, line: SimulatedLine, open_port: Open):
    """The port is well, and says why its actor hears nothing; with the first value that is over."""
    bench = open_port(**settings)
    untold = bench.actor._health.untold
    line.send(said)
    bench.until(lambda: untold._since_s is not None)
    untold._since_s -= UNTOLD_S
    say_until(line, said, bench, lambda: untold.words)
    opened = bench.health[0][1]
    bench.until(lambda: bench.health[-1] == (Health.OK, f"{opened}; nothing is told yet: {why}"))
    good = b'{"t":20.5}\n' if settings["codec"] == "json" else write_sentence("GPGLL,4807.038,N,01131.000,E,100002,A,A") + b"\r\n"
    say_until(line, good, bench, lambda: bench.sent)
    bench.until(lambda: bench.health[-1] == (Health.OK, opened))


def test_a_usable_line_ends_the_doubt(line: SimulatedLine, open_port: Open):
    """A few bad lines among good ones are no fault of the port; and after a fault one good line is enough."""
    bench = open_port(codec="json")
    for _ in range(5):
        line.send(b'nonsense\n{"v":1}\n')
    bench.until(lambda: len(bench.sent) == 5)
    assert is_well(bench)
    port = bench.actor
    line.send(b"nonsense\n")
    bench.until(lambda: port._health.doubt)
    port._health.doubt._since_s -= AFTER_S
    say_until(line, b"nonsense\n", bench, lambda: bench.health[-1][0] is Health.FAULTY)
    line.send(b'{"v":1}\n')
    bench.until(lambda: is_well(bench))


def test_text_in_any_language_is_no_wrong_baud_rate():
    """Umlauts and other scripts are text; control characters and broken UTF-8 are none."""
    for sample, is_baud in [
        ("Füllstand größer als möglich äöü".encode(), False),
        ("температура".encode() * 3, False),
        (b"\x80\xfe" * 9, True),
    ]:
        said = likely_cause(sample, codec="json", framing="lf", baud=9600)
        assert said.startswith("they are no text") is is_baud
