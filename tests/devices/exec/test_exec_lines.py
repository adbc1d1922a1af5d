"""What a program prints: real processes, which print lines into a pipe."""

import fcntl
import logging
import struct
import termios
import threading
from pathlib import Path
from typing import Any

import pytest

from devices.codecs.nmea import write_sentence
from gateway.actors import Health, UnknownTarget
from gateway.actors.receipts import Receipt
from gateway.actors.vocabulary import Fix, Quality
from gateway.testing import Bench
from tests.devices.exec.conftest import Run, Write

STATION = (
    '{"time" : "2026-11-28 12:00:0%d", "model" : "Nexus-TH", "id" : 5, "channel" : 1, "temperature_C" : %s, "rssi" : -%d, "mic" : null}\n'
)


def stays(lines: str) -> str:
    """A program that prints lines, and stays."""
    return f"cat <<'END'\n{lines}END\nexec sleep 1000"


def test_a_weather_station_becomes_a_twin_and_each_thing_is_said_once(write: Write, run: Run) -> None:
    """It is heard three times, with other times and levels, and reported once; what it says anew is reported anew."""
    said = "".join(STATION % (n, "21.5", n) for n in (1, 2, 3)) + STATION % (4, "21.6", 1)
    with run(write(stays(said), "rtl_433"), "-F", "json", to="twin/{model}-{id}", coalesce_s=60.0) as bench:
        bench.until(lambda: bench.counters["lines"] == 2)
        assert [(one.to, one.verb, one.payload.values["temperature_C"]) for one in bench.sent] == [
            ("twin/Nexus-TH-5", "report", 21.5),
            ("twin/Nexus-TH-5", "report", 21.6),
        ]
        assert set(bench.sent[0].payload.values) == {"time", "channel", "temperature_C", "rssi", "mic"}
        assert bench.counters["repeats"] == 2
        health, detail = bench.health[-1]
        assert (health, detail.startswith("rtl_433 runs as process ")) == (Health.OK, True)


def test_a_table_of_values_says_what_its_lines_mean(write: Write, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """As of every other input: values are named and bounded, what is bad is said, what is ignored is none, a name becomes a key."""
    table = {"t_c": {"from": "temperature_C", "valid": [-40, 60], "ignore": [0]}}
    lines = "".join(STATION.replace("Nexus-TH", "Nexus TH") % (1, celsius, 1) for celsius in ("21.5", "0", "99"))
    with run(write(stays(lines)), to="twin/{model}", values=table, unmapped="ignore") as bench:
        bench.until(lambda: len(bench.sent) == 2)
        assert [(one.to, one.payload.values, one.payload.qualities) for one in bench.sent] == [
            ("twin/Nexus_TH", {"t_c": 21.5, "name": "Nexus TH"}, {}),
            ("twin/Nexus_TH", {"t_c": 99, "name": "Nexus TH"}, {"t_c": Quality.BAD}),
        ]
        assert bench.counters["ignored_values"] == 1
        bench.until(lambda: "t_c: 99 is not within -40 to 60" in caplog.text)


def test_without_coalesce_s_every_line_counts(write: Write, run: Run) -> None:
    """Equal lines are equal readings."""
    with run(write(stays('{"a": 1}\n' * 3))) as bench:
        bench.until(lambda: bench.counters["lines"] == 3)
        assert bench.counters["repeats"] == 0


@pytest.mark.parametrize(
    ("codec", "said", "found"),
    [
        ({"name": "csv", "columns": ["", "t"]}, "noon,20.5\n", [{"t": 20.5}]),
        ("keyvalue", "T=20.5 H=40\nnonsense\nT=21\n", [{"T": 20.5, "H": 40}, {"T": 21}]),
        ("csv", "t,h\n20.5,40\n", [{"t": 20.5, "h": 40}]),
    ],
)
def test_any_codec_reads_the_lines(codec: str | dict[str, object], said: str, found: list[dict], write: Write, run: Run) -> None:
    """The codecs are those of serial lines; a line that says nothing by itself, and one that cannot be read, cost themselves."""
    with run(write(stays(said)), codec=codec) as bench:
        bench.until(lambda: len(bench.sent) == len(found))
        assert [(one.verb, one.payload.values) for one in bench.sent] == [("report", values) for values in found]


def test_the_sentences_of_a_receiver_are_positions(write: Write, run: Run) -> None:
    """As gpspipe -r prints them."""
    said = "".join(f"{write_sentence(f'GPRMC,10150{n}.00,A,4807.038,N,01131.000,E,0.0,,010624,,,A').decode()}\n" for n in range(6))
    with run(write(stays(said)), codec="nmea", to="trip/van") as bench:
        bench.until(lambda: len(bench.sent) >= 4)
        assert {(one.to, one.verb) for one in bench.sent} == {("trip/van", "position")}
        assert Fix.model_validate(bench.sent[0].payload).at_ms == 1_717_236_900_000


def test_no_shell_reads_the_words(write: Write, run: Run) -> None:
    """What would be a variable, a pipe or a second command is a word."""
    echo = write('printf "%s\\n" "$@"; exec sleep 1000')
    with run(echo, "$HOME", "a b", "; reboot", "| tee", "", codec="text") as bench:
        bench.until(lambda: bench.counters["lines"] == 4)
        assert [one.payload.text for one in bench.sent] == ["$HOME", "a b", "; reboot", "| tee"]
        assert {one.verb for one in bench.sent} == {"line"}


def test_all_fields_go_as_they_are_where_the_settings_say_so(write: Write, run: Run) -> None:
    """Nested ones too, under a verb of the receiver's own."""
    with run(write(stays('{"class": "TPV", "lat": 46.9, "sats": [1, 2]}\n')), verb="seen", payload="fields") as bench:
        bench.until(lambda: bench.sent)
        assert (bench.sent[0].verb, bench.sent[0].payload) == ("seen", {"class": "TPV", "lat": 46.9, "sats": [1, 2]})


def test_a_line_that_cannot_be_read_is_counted_and_costs_no_other(write: Write, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """No JSON, no field for the address, too long: each is said, with its line."""
    lines = (
        f'rtl_433 version 22\n{{"id": 1, "t": 1}}\n{"x" * 5000}\n{{"model": true, "id": 1, "t": 1}}\n{{"model": "C", "id": 2, "t": 3}}\n'
    )
    with caplog.at_level(logging.WARNING), run(write(stays(lines)), to="twin/{model}-{id}") as bench:
        bench.until(lambda: bench.sent)
        assert bench.sent[0].to == "twin/C-2"
        assert (bench.counters["bad_lines"], bench.counters["overflows"]) == (3, 1)
        said = [record.getMessage() for record in caplog.records]
        assert "exec/it: cannot address a line: its field 'model' is missing; the line was b'{\"id\": 1, \"t\": 1}'" in said


def test_fields_that_are_called_as_ours_are_values_like_others(write: Write, run: Run) -> None:
    """A time that is one is the time of the report."""
    lines = '{"units": "kg", "quality": 7, "at_ms": "noon"}\n{"at_ms": 1764000000000, "kg": 2}\n'
    with run(write(stays(lines))) as bench:
        bench.until(lambda: bench.counters["lines"] == 2)
        first, second = (one.payload for one in bench.sent)
        assert (first.values, first.at_ms) == ({"units": "kg", "quality": 7, "at_ms": "noon"}, 0)
        assert (second.values, second.at_ms) == ({"kg": 2}, 1_764_000_000_000)


class Full(Bench):
    """A host that takes nothing until it is told to: whoever sends waits."""

    room = threading.Event()

    def send(self, *given: object, **more: object) -> Receipt:
        self.room.wait(60)
        return super().send(*given, **more)  # type: ignore[arg-type]


def test_a_gateway_that_takes_no_more_stops_reading_and_the_program_waits(write: Write, run: Run) -> None:
    """What it has not read stays in the pipe, which is full; and all of it comes, in order, once there is room."""
    count = 20_000
    numbers = write(f"i=0\nwhile [ $i -lt {count} ]; do echo $i; i=$((i+1)); done\nexec sleep 1000")
    with run(numbers, host=Full, codec="text") as bench:
        actor = bench.actor
        try:
            bench.until(lambda: getattr(actor, "_process", None) is not None)
            out = actor._process.out  # type: ignore[attr-defined]  # its end of the pipe
            bench.until(lambda: struct.unpack("i", fcntl.ioctl(out, termios.FIONREAD, b"\0\0\0\0"))[0] > 60_000)
            assert not bench.sent
        finally:
            Full.room.set()
        bench.until(lambda: len(bench.sent) == count)
        assert [int(one.payload.text) for one in bench.sent] == list(range(count))


class Strict(Bench):
    """A host that knows no such actor."""

    def send(self, to: str, verb: str, *given: object, **more: object) -> Receipt:
        raise UnknownTarget(f"cannot send to {to}: there is none")


def test_what_the_gateway_refuses_is_said(write: Write, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """And reading goes on."""
    with caplog.at_level(logging.WARNING), run(write(stays("a\nb\n")), host=Strict, codec="text") as bench:
        bench.until(lambda: bench.counters["refused"] == 2)
        assert caplog.records[0].getMessage() == "exec/it: cannot send to twin/it: there is none"


def test_a_simulated_program_is_a_process_too(run: Run) -> None:
    """It says what a radio hears, three times each, whatever fields the address wants; the real one need not be there."""
    with run("no-such-radio", to="twin/{brand}-{id}", coalesce_s=30.0, simulate={"interval_s": 3600, "stations": 2}) as bench:
        bench.until(lambda: len(bench.sent) == 2 and bench.counters["repeats"] == 4)
        assert [one.to for one in bench.sent] == ["twin/simulated-40", "twin/simulated-41"]
        assert {"temperature_C", "humidity", "battery_ok"} <= set(bench.sent[0].payload.values)
        assert bench.health[-1][1].endswith(" (simulated)")


def test_a_simulated_receiver_drives_on(run: Run) -> None:
    """Each of its fixes has a place further north; when it was there, it leaves to the gateway's clock."""
    with run("no-such-receiver", codec="nmea", simulate={"interval_s": 0.01, "said": 1}) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert bench.counters["bad_lines"] == 0
        fixes = [one.payload if isinstance(one.payload, dict) else one.payload.model_dump() for one in bench.sent[:3]]
    north = [fix["latitude_deg"] for fix in fixes]
    assert north == sorted(set(north))
    assert not any(fix.get("at_ms") for fix in fixes)


def test_what_a_program_left_in_its_pipe_is_taken_when_it_has_ended(write: Write, run: Run, tmp_path: Path) -> None:
    """One that prints and ends at once loses nothing; a last line without an end is none."""
    once = write(f'[ -e {tmp_path}/been ] && exec sleep 1000; touch {tmp_path}/been; seq 1 3000; printf "cut o"')
    with run(once, codec="text") as bench:
        bench.until(lambda: bench.counters["lost"] == 1)
        assert [one.payload.text for one in bench.sent] == [str(n) for n in range(1, 3001)]


@pytest.mark.parametrize(
    "codec", ["number", "csv", "keyvalue", "text", "bytes", {"name": "regex", "pattern": "T=(?P<t>[0-9.]+)"}, "json"], ids=repr
)
def test_a_simulated_program_prints_what_the_codec_reads(run: Run, codec: Any) -> None:
    """Its lines are usable whatever the codec, and have the values that the table names."""
    table = {} if codec in ("text", "bytes") or isinstance(codec, dict) else {"values": {"value": {"valid": [1, 2]}}}
    with run("no-such-radio", codec=codec, simulate={"interval_s": 0.01}, **table) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert bench.counters["bad_lines"] + bench.counters["bad_values"] == 0
    if table:
        assert all(1 <= one.payload.values["value"] <= 2 for one in bench.sent)
