"""Problems of a configuration file: all of them at once, each with its place, what was seen, and what to do."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gateway.actors.errors import GatewayError
from gateway.config.locator import KeyPath, Position

SHOWN_AT_MOST = 100
"""So many problems are told one by one, the first ones of the file: whoever has mended those knows what the others are."""

Noted = tuple[Position | None, str, str | Callable[[], str]]
"""A Problem's fields; its sentence may be one that is worked out only if it is told: what was probably meant takes time."""


class Problem(NamedTuple):
    """One problem of a configuration file. Without a position it concerns the file as a whole."""

    position: Position | None
    key_path: str
    """The key as it would be written with dots; empty where the file cannot be read as far as that."""
    text: str
    """What was seen; what to do."""

    def __str__(self) -> str:
        return f"{self.key_path}: {self.text}" if self.key_path else self.text


class KeepsFromStarting(Problem):
    """A problem outside of the file with which the gateway cannot start; with any other it can, and it may be mended while it runs."""

    __slots__ = ()


class ConfigProblems(GatewayError, ValueError):
    """Raised where a configuration cannot be used: mend what is listed."""

    def __init__(self, path: str, problems: Iterable[Noted]) -> None:
        self.path = path
        found = sorted(problems, key=lambda problem: problem[0] or Position(0, 0))
        self.count = len(found)
        """How many problems there are."""
        self.problems = [_told(noted) for noted in found[:SHOWN_AT_MOST]]
        """The first of them, in the order of the file."""
        super().__init__(self.report("cannot start"))

    @property
    def counted(self) -> str:
        """How many problems there are, and in which file: `2 problems in config/gateway.toml`."""
        return counted(self.count, self.path)

    @property
    def more(self) -> str:
        """How many problems there are besides those that are told: `and 150 more`; empty where there are no others."""
        untold = self.count - len(self.problems)
        return f"and {untold:,} more" if untold else ""

    def report(self, cannot: str) -> str:
        """The problems, a line each, below what cannot be done because of them: `cannot start`, `cannot reload`."""
        return "\n".join([f"{cannot}: {self.counted}", *listed(self.problems), *([f"  {self.more}"] if self.more else [])])


def _told(noted: Noted) -> Problem:
    position, key_path, text = noted
    return Problem(position, key_path, text if isinstance(text, str) else text())


def counted(count: int, path: str) -> str:
    """How many problems there are, and in which file."""
    return f"{count:,} problem{'' if count == 1 else 's'} in {path}"


def listed(problems: Sequence[Problem]) -> list[str]:
    """A line for each problem, with its place."""
    places = [f"{p.position.line}:{p.position.column}" if p.position else "" for p in problems]
    width = max(map(len, places), default=0)
    gap = "   " if width else ""
    return [f"  {place:<{width}}{gap}{problem}" for place, problem in zip(places, problems, strict=True)]


def dotted(path: KeyPath) -> str:
    """A key path as people write it: `serial.gps.baud`, `serial.gps.rules[0].to`, quoted where TOML needs it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{_quoted(part)}" if text else _quoted(part)
    return text


def _quoted(name: str) -> str:
    return name if name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name) else repr(name)
