"""A file with problems without number is refused as fast as one with few: the first are told, the others are counted."""

import json
import time
from pathlib import Path

import pytest

from gateway.cli.check import check
from gateway.config import ConfigProblems, read
from tests.waiting import within

MANY = 10_000
TEXTS = {
    "keys": ("[gateway]\n", "key{n} = 1\n"),
    "tables": ("", "[t{n}]\n"),
    "devices": ("", "[mqtt.k{n}]\nhots = 1\n"),
    "addresses": ("", '[serial.k{n}]\nport = "/dev/tty{n}"\ncodec = "json"\nto = "serial/{n}"\n'),
    "actors": ("[actors]\n", "k{n} = 1\n"),
}


def refused(path: Path) -> ConfigProblems:
    with pytest.raises(ConfigProblems) as raised:
        read(path)
    return raised.value


def test_the_first_problems_are_told_in_the_order_of_the_file_and_the_others_counted(tmp_path: Path) -> None:
    """Each of those that are told with what was probably meant."""
    path = tmp_path / "gateway.toml"
    path.write_text("[gateway]\n" + "".join(f"log_leve{n} = 1\n" for n in range(250)))
    first, *lines, last = str(refused(path)).splitlines()
    assert (first, last) == (f"cannot start: 250 problems in {path}", "  and 150 more")
    assert [line.split(maxsplit=1)[1] for line in lines] == [
        f"gateway.log_leve{n}: no such key; did you mean 'log_level'?" for n in range(100)
    ]
    assert [line.split(":")[0].strip() for line in lines] == [str(n + 2) for n in range(100)]


@pytest.mark.parametrize("kind", TEXTS)
def test_many_problems_are_refused_in_time(tmp_path: Path, kind: str) -> None:
    """Whatever they are of. What is worked out for each of them grows with their number, and nothing with its square."""
    path, (head, line) = tmp_path / "gateway.toml", TEXTS[kind]
    path.write_text(head + "".join(line.replace("{n}", str(n)) for n in range(MANY)))

    def once() -> float:
        began_s = time.process_time()
        said = str(refused(path))
        assert len(said.splitlines()) == 102
        assert said.splitlines()[-1].endswith(" more")
        return time.process_time() - began_s

    within(20.0, once)


def test_many_problems_hide_no_others_that_are_told(tmp_path: Path) -> None:
    """However many mistakes a file has at its end, those at its begin are told as in a file that has no more; and all are counted."""
    few = '[serial.a]\nport = "/dev/a"\ncodec = "jsno"\nto = "twin/a"\n[serial.b]\nport = "/dev/a"\ncodec = "jsno"\nto = "twin/a"\n'
    path = tmp_path / "gateway.toml"
    path.write_text(few)
    _, *first = str(refused(path)).splitlines()
    path.write_text(few + "[gateway]\n" + "".join(f"k{n} = 1\n" for n in range(200)))
    many = refused(path)
    assert [line.split() for line in str(many).splitlines()[1 : len(first) + 1]] == [line.split() for line in first]
    assert (len(first), many.count) == (3, 203)


def test_a_program_is_told_too_how_many_others_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list that is cut, and does not say so, would be taken for all there is."""
    path = tmp_path / "gateway.toml"
    path.write_text("[gateway]\n" + "".join(f"k{n} = 1\n" for n in range(6_000)))
    assert check(path, as_json=True) == 78
    *rows, last = json.loads(capsys.readouterr().out)
    assert [row["line"] for row in rows] == list(range(2, 102))
    assert last == {"line": None, "column": None, "key": "", "text": "and 5,900 more"}
