"""Codecs and framings in the file: named alone or with options, and every mistake at its place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read
from tests.daemons import ROOT, install_distribution

HEAD = '[serial.a]\nport = "/dev/a"\nto = "twin/a"\n'


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "gateway.toml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigProblems) as raised:
        read(path)
    return [" ".join(line.split()) for line in str(raised.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('codec = "cvs"', ["4:9 serial.a.codec: there is no codec 'cvs'; did you mean 'csv'?"]),
        ('codec = {name = "jsn"}', ["4:17 serial.a.codec.name: there is no codec 'jsn'; did you mean 'json'?"]),
        (
            'codec = "modbus"',
            [
                "4:9 serial.a.codec: there is no codec 'modbus'; "
                "there is bytes, csv, dsmr, json, keyvalue, nmea, number, onoff, regex, sml, text"
            ],
        ),
        ('codec = {columns = ["a"]}', ['4:9 serial.a.codec: the table has no name; write codec = {name = "...", ...}']),
        ('codec = {name = "csv", delimitr = ";"}', ["4:35 serial.a.codec.delimitr: no such key; did you mean 'delimiter'?"]),
        ('[serial.a.codec]\nname = "csv"\ncolumns = "a"', ['6:11 serial.a.codec.columns: expected a list, saw "a"; put it in [ ]']),
        (
            'codec = {name = "csv", columns = ["a", "a"]}',
            ["4:34 serial.a.codec.columns: 'a' comes twice; give each column a name of its own"],
        ),
        (
            'codec = "regex"',
            ['4:9 serial.a.codec: "regex" needs pattern; write codec = {name = "regex", pattern = \'T=(?P<temperature_c>[-0-9.]+)\'}'],
        ),
        (
            "codec = {name = \"regex\", pattern = '(?P<a>(x+)+)y'}",
            [
                "4:36 serial.a.codec.pattern: may take for ever on a text that nearly fits: at 11, behind '(?P<a>(x+)+': "
                "a repeat within a repeat, and no sign of its own between; part them by one that neither of them takes"
            ],
        ),
        ('framing = "crl"', ["4:11 serial.a.framing: there is no framing 'crl'; did you mean 'cr'?"]),
        (
            "",
            [
                "3:6 serial.a.to: cannot send 'line' to twin: it has no such verb; no codec is named, so a line goes as a text: "
                'add codec = "json", or csv, keyvalue, regex, number or onoff'
            ],
        ),
        (
            'codec = "text"',
            [
                "3:6 serial.a.to: cannot send 'line' to twin: it has no such verb; codec = \"text\" reads no values: "
                "json, csv, keyvalue, regex, number and onoff do"
            ],
        ),
        (
            'codec = "json"\nverb = "raport"',
            ["3:6 serial.a.to: cannot send 'raport' to twin: it has no such verb; did you mean 'report'?"],
        ),
        (
            'codec = "csv"\ncolumns = ["t_c"]',
            ['5:11 serial.a.columns: no such key; write it as an option of the codec: codec = {name = "csv", columns = ["t_c", "rh"]}'],
        ),
        (
            "codec = \"json\"\npattern = 'x'",
            ["5:11 serial.a.pattern: no such key; write it as an option of the codec: codec = {name = \"regex\", pattern = '...'}"],
        ),
        (
            'codec = "csv"\ndelimiter = ";"',
            [
                '5:13 serial.a.delimiter: no such key; write codec = {name = "csv", delimiter = ";"} for what parts values, '
                'framing = {name = "delimiter", ends = ";"} for what ends a line'
            ],
        ),
        (
            'codec = "json"\nunit = "°C"',
            ['5:8 serial.a.unit: no such key; write it for the value that it is about: values = { NAME = { unit = "..." } }'],
        ),
        ('framing = {name = "fixed", size = 3}', ["4:35 serial.a.framing.size: no such key; there is begins, bytes, gap_s"]),
        (
            'framing = {name = "delimiter", ends = "0x0"}',
            ["4:39 serial.a.framing.ends: '0x0' is no hex; write two digits for each byte, as in 0x0d0a"],
        ),
        ("codec = {name = 3}", ["4:17 serial.a.codec.name: expected text, saw 3; put it in quotes"]),
        ("codec = 3", ["4:9 serial.a.codec: expected text or a table, saw 3; put it in quotes"]),
        (
            'codec = "cvs"\nframing = "slp"\nbuad = 3',
            [
                "4:9 serial.a.codec: there is no codec 'cvs'; did you mean 'csv'?",
                "5:11 serial.a.framing: there is no framing 'slp'; did you mean 'slip'?",
                "6:8 serial.a.buad: no such key; did you mean 'baud'?",
            ],
        ),
    ],
)
def test_each_mistake_stands_at_its_place(tmp_path: Path, text: str, said: list[str]) -> None:
    """Unknown names have their near ones, and options are checked as keys of the section are."""
    found = problems(tmp_path, text)
    assert [line for line in found if line in said] == said, found


@pytest.mark.parametrize(
    "text",
    [
        'codec = "csv"\nframing = "cr"',
        '[serial.a.codec]\nname = "csv"\ncolumns = ["", "t"]\ndelimiter = ";"\ndecimal_comma = true',
        'codec = "json"\nmax_depth = 3',
        'codec = "nmea"\nchecksum_required = false\nverb = "report"',
        'framing = {name = "length", size_bytes = 4, order = "little", begins = "0xaa55", adds = 2}\ncodec = "bytes"',
    ],
)
def test_what_is_right(tmp_path: Path, text: str) -> None:
    """A name alone and a table are both taken, and keys that were there before go on to work."""
    path = tmp_path / "gateway.toml"
    path.write_text(HEAD + text)
    assert [part.id for part in read(path).host_bound] == ["serial/a"]


OWN = """
from devices.codecs.codec import Codec, CodecSettings
from devices.codecs.framing import BadFrame

class Settings(CodecSettings):
    factor: int = 1

class Hexadecimal(Codec):
    settings_model = Settings

    def decode(self, frame):
        try:
            return {"value": int(frame, 16) * self.settings.factor}
        except ValueError:
            raise BadFrame("not_hex", "cannot read a line as hex digits") from None
"""


def test_a_codec_of_a_users_package(tmp_path: Path) -> None:
    """It comes by its entry point, is checked with its own options, and two packages of one name are told apart."""
    environ = install_distribution(tmp_path, {"gateway.codecs": {"hexadecimal": "own_codec:Hexadecimal", "text": "own_codec:Hexadecimal"}})
    (tmp_path / "site" / "own_codec.py").write_text(OWN)
    checks = {
        'codec = {name = "hexadecimal", factor = 2}': 0,
        'codec = {name = "hexadecimal", facto = 2}': "serial.a.codec.facto: no such key; did you mean 'factor'?",
        'codec = "hexadecimall"': "serial.a.codec: there is no codec 'hexadecimall'; did you mean 'hexadecimal'?",
        'codec = "text"': "bring it; uninstall one of them",
    }
    for text, said in checks.items():
        (tmp_path / "gateway.toml").write_text(HEAD + text)
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "check", "--config", "gateway.toml"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{environ['PYTHONPATH']}:{ROOT}"},
        )
        if said:
            assert str(said) in done.stdout + done.stderr
            assert done.returncode != 0
        else:
            assert done.returncode == 0, done.stdout + done.stderr
    code = "from devices.codecs.choice import codec_of; print(codec_of({'name': 'hexadecimal', 'factor': 2}).decode(b'ff'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{environ['PYTHONPATH']}:{ROOT}"},
    )
    assert done.stdout == "{'value': 510}\n"
