"""A value of the wrong kind anywhere in what people are shown: it is a problem of its line, and no fault of whoever reads it."""

import re
from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read
from tests.guide import GUIDE, ROOT, blocks

EXAMPLE = (ROOT / "config/gateway.toml").read_text(encoding="utf-8")
TEXTS = [*blocks(GUIDE, "toml"), (ROOT / "config/demo.toml").read_text(encoding="utf-8"), re.sub(r"(?m)^#(?=[\[\w])", "", EXAMPLE)]
"""All blocks of the guide, the demo's file, and the example with all that it offers."""
WRONG = [
    "5",
    '"x"',
    "[]",
    "{}",
    "true",
    "1.5",
    '""',
    "-1",
    '"twin/{device}"',
    '["a"]',
    "{a = 1}",
    "1979-01-01",
    "[{a = 1}]",
    '"a/b/c"',
    '"/"',
]
_VALUE = re.compile(r"\s*[\w\".-]+\s*=")
_LONG = 60
_FAULTS = ("cannot read the settings of", "looked at", "fault of its own")


def said(path: Path, text: str) -> str:
    """What the check says of a file that may have mistakes."""
    path.write_text(text, encoding="utf-8")
    try:
        return "\n".join(map(str, read(path, outside=True).outside))
    except ConfigProblems as error:
        return str(error)


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_wrong_value_is_a_problem_and_no_fault(tmp_path: Path, number: int) -> None:
    """Each value in its turn is one of other kinds, or is missing."""
    lines = TEXTS[number].splitlines()
    places = [at for at, line in enumerate(lines) if _VALUE.match(line)]
    for count, at in enumerate(places):
        key = lines[at].partition("=")[0]
        kinds = [WRONG[(count + number) % len(WRONG)], WRONG[(count + number + 7) % len(WRONG)], ""]
        for wrong in kinds if len(places) < _LONG else kinds[:1]:  # a long file takes its time to be read
            changed = [*lines[:at], *([f"{key}= {wrong}"] if wrong else []), *lines[at + 1 :]]
            found = said(tmp_path / "gateway.toml", "\n".join(changed))
            assert not any(words in found for words in _FAULTS), f"{key}= {wrong}: {found}"
