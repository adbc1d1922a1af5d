"""Troubleshooting: each sentence that the chapter quotes is one that the program can say."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.guide import ROOT, page

OPEN = "…"
"""What stands for what is the user's."""
FILLED = re.compile(r"%[-0-9.]*[sdrf]|\{[^{}]*\}")
"""What a log line or a template has filled in later."""
QUOTES = [row.split(" | ")[0].removeprefix("| ") for row in page("troubleshooting").splitlines() if row.startswith("| `")]


def sentences() -> Iterator[str]:
    """Every text in the sources, with `…` for what is filled in."""
    for room in ("gateway", "devices"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else OPEN for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield FILLED.sub(OPEN, node.value)


def plain(text: str) -> str:
    """A sentence, however many things are filled in side by side, and whatever marks stand around a word."""
    return re.sub(f"{OPEN}+", OPEN, text.replace("`", ""))


@pytest.fixture(scope="module")
def said() -> str:
    """All of them, a line each."""
    return "\n".join(plain(one.replace("\n", " ")) for one in sentences())


@pytest.mark.parametrize("quote", QUOTES)
def test_it_is_one_that_the_program_says(quote: str, said: str) -> None:
    """Word by word, or who searches for what is on the screen does not find it."""
    words = plain(quote.removeprefix("`").removesuffix("`").replace("\\|", "|"))
    assert len(words.replace(OPEN, "")) > 10, "too short to be found"
    assert words in said, f"no text in the sources has {words!r} in it"


def test_no_sentence_stands_twice() -> None:
    """Each has one row."""
    assert len(QUOTES) == len(set(QUOTES)) > 60
