"""Findings: what the doctor found, whether it is well, and what mends it where it is not."""

import enum
from pathlib import Path
from typing import NamedTuple


class Level(enum.Enum):
    """How bad a finding is."""

    FINE = "ok"
    NOTE = "note"
    """Nothing is wrong, and it is worth knowing."""
    WRONG = "wrong"


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: Level
    about: str
    """What was looked at, in one word or an id."""
    text: str
    mend: str = ""
    """The line that mends it: a command, or what to write; empty where there is nothing to mend."""


def fine(about: str, text: str) -> Finding:
    """What is as it should be."""
    return Finding(Level.FINE, about, text)


def note(about: str, text: str, mend: str = "") -> Finding:
    """What is worth knowing."""
    return Finding(Level.NOTE, about, text, mend)


def wrong(about: str, text: str, mend: str) -> Finding:
    """What is not as it should be."""
    return Finding(Level.WRONG, about, text, mend)


def parted(text: str) -> tuple[str, str]:
    """What was seen, and what mends it: that stands behind the last semicolon of a sentence that is in no brackets; empty where none is."""
    depth = 0
    for place in reversed(range(len(text))):
        depth += {")": 1, "(": -1}.get(text[place], 0)
        if depth <= 0 and text.startswith("; ", place):
            return text[:place], text[place + 2 :]
    return text, ""


def text_of(path: Path) -> str:
    """What stands in a file of the kernel, without the zeros and spaces at its end; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n")
    except OSError:
        return ""
