"""What a program prints need be no lines: its output is cut into frames as a serial line is, by the framing of its codec or of the file."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.codecs.simulated_meters import block, sml_file, telegram
from devices.exec.settings import ExecSettings
from tests.devices.exec.conftest import Run, Write

VE_DIRECT = {"name": "keyvalue", "profile": "ve_direct"}


@pytest.fixture
def passes_on(tmp_path: Path, write: Write) -> Path:
    """A program that passes on what is in a file, as nc and socat do with what comes over a network, and stays."""
    return write(f"cat {tmp_path}/said; exec sleep 1000")


@pytest.mark.parametrize(
    ("codec", "said", "values"),
    [
        ("dsmr", [telegram(n) + b"\r\n" for n in range(20)], {"energy_import_t1_kwh": 4000.019, "gas_m3": 2000.0}),
        ("sml", [sml_file(n) for n in range(20)], {"energy_import_kwh": 4123.4579}),
        (VE_DIRECT, [block(n) for n in range(20)], {"battery_v": 12.819}),
    ],
)
def test_a_codec_has_its_own_framing(codec: Any, said: list[bytes], values: dict[str, float], passes_on: Path, run: Run) -> None:
    """Telegrams of many lines, and frames that are binary. What comes first is half of one: the line talks already."""
    (passes_on.parent / "said").write_bytes(b"".join(said)[len(said[0]) // 2 :])
    with run(passes_on, codec=codec) as bench:
        bench.until(lambda: bench.counters["lines"] >= 19)
        seen = {name: value for one in bench.sent for name, value in one.payload.values.items()}
        assert {name: seen[name] for name in values} == values
        assert bench.counters["bad_lines"] <= 1, "none but the first, which is half a block"


@pytest.mark.parametrize(
    ("framing", "said"),
    [
        ("cr", b"1\r2\r3\r"),
        ({"name": "delimiter", "ends": ";"}, b"1;2;3;"),
        ("stx_etx", b"\x021\x03?\x022\x03\x023\x03"),
        ("slip", b"\xc01\xc0\xc02\xc0\xc03\xc0"),
        ({"name": "length", "size_bytes": 1}, b"\x011\x012\x013"),
        ({"name": "fixed", "bytes": 1}, b"123"),
    ],
)
def test_the_file_may_name_another(framing: Any, said: bytes, passes_on: Path, run: Run) -> None:
    """Any that a serial port takes."""
    (passes_on.parent / "said").write_bytes(said)
    with run(passes_on, codec="text", framing=framing) as bench:
        bench.until(lambda: len(bench.sent) == 3)
        assert [one.payload.text for one in bench.sent] == ["1", "2", "3"]


def test_a_silence_ends_a_frame_where_the_framing_says_so(tmp_path: Path, write: Write, run: Run) -> None:
    """Though the program says nothing more, and lives."""
    more = tmp_path / "more"
    script = f"printf 'one'\nuntil [ -e {more} ]; do sleep 0.01; done\nprintf 'two'\nexec sleep 1000"
    with run(write(script), codec="text", framing={"name": "idle", "gap_s": 0.05}) as bench:
        bench.until(lambda: len(bench.sent) == 1)
        more.touch()
        bench.until(lambda: len(bench.sent) == 2)
        assert [one.payload.text for one in bench.sent] == ["one", "two"]


def test_the_end_of_a_program_is_a_silence(write: Write, run: Run) -> None:
    """What it said last is whole where a silence ends a frame, and is broken off where a delimiter does."""
    with run(write("printf 21"), codec="text", framing={"name": "idle", "gap_s": 3600}) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert {one.payload.text for one in bench.sent} == {"21"}
    with run(write("printf '21\\n22'"), codec="text") as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert {one.payload.text for one in bench.sent} == {"21"}


def test_a_pause_inside_a_line_is_no_end_of_it(tmp_path: Path, write: Write, run: Run) -> None:
    """However long it is: a pipe loses nothing."""
    more = tmp_path / "more"
    script = f"printf '2'\nuntil [ -e {more} ]; do sleep 0.01; done\nprintf '1\\n'\nexec sleep 1000"
    with run(write(script), codec="text") as bench:
        bench.until(lambda: bench.health)  # it has printed
        more.touch()
        bench.until(lambda: bench.sent)
        assert bench.sent[0].payload.text == "21"


def test_what_comes_first_may_be_left_out(passes_on: Path, run: Run) -> None:
    """Where the program passes on a line on which somebody is in mid-word; each time that it is started."""
    (passes_on.parent / "said").write_bytes(b"21.5\n22.5\n")
    with run(passes_on, codec={"name": "number", "value": "t_c"}, skip_first=True) as bench:
        bench.until(lambda: bench.sent)
        assert bench.sent[0].payload.values == {"t_c": 22.5}


def test_what_a_framing_drops_is_counted(passes_on: Path, run: Run) -> None:
    """Under the words of a serial port."""
    (passes_on.parent / "said").write_bytes(
        b"/half a telegram\r\n" + telegram(1) + b"\r\n/" + b"x" * 5000 + b"\r\n" + telegram(2) + b"\r\n"
    )
    with run(passes_on, codec="dsmr") as bench:
        bench.until(lambda: bench.counters["lines"] == 2)
        assert (bench.counters["bad_frames"], bench.counters["overflows"]) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"framing": "cff"}, "framing: there is no framing 'cff'; "),
        ({"framing": "delimiter"}, 'framing: "delimiter" needs ends; write framing = {name = "delimiter", ends = ...}'),
    ],
)
def test_a_framing_that_is_none_is_refused(wrong: dict[str, Any], said: str) -> None:
    """As a serial port's is."""
    with pytest.raises(ValidationError) as caught:
        ExecSettings.model_validate({"command": ["true"], "to": "twin/it", **wrong})
    assert caught.value.errors()[0]["msg"].startswith(f"Value error, {said}")


@pytest.mark.parametrize("codec", ["dsmr", "sml", VE_DIRECT])
def test_a_simulated_program_says_what_its_codec_reads(codec: Any, run: Run) -> None:
    """In its framing."""
    with run("no-such-meter", codec=codec, simulate={"interval_s": 0.05, "said": 1}) as bench:
        bench.until(lambda: len(bench.sent) >= 3)
        assert bench.counters["bad_lines"] == 0
