"""A file with problems without number is refused as fast as one with few: the first are told, the others are counted."""

import time
from pathlib import Path

import pytest

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
