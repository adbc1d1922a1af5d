"""Where each key of a TOML text stands: key path → line and column.

`tomllib` says what a text means and not where; this walks the same text once more, and notes positions. It reads only
texts that tomllib has accepted, so it checks nothing and stays small. A key with a value is located at its value, a
table at its name in its header, an item of an array at the item.
Source: TOML v1.0.0, sections Keys, String, Array, Table, Inline Table, Array of Tables.
"""

import re
import tomllib
from bisect import bisect_right
from typing import NamedTuple

KeyPath = tuple[str | int, ...]


class Position(NamedTuple):
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


def locate(text: str) -> dict[KeyPath, Position]:
    """The position of every table, key and array item of `text`, which tomllib must have accepted."""
    walk = _Walk(text.replace("\r\n", "\n"))
    walk.document()
    return walk.positions()


_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})'  # up to two quotes may stand before the closing three
    r"|'''[\s\S]*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
)


class _Walk:
    """One walk through a text: `at` is the offset of the next character, `found` the offset of each path."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}
        """How many tables each array of tables has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        while self.skip(_BLANK):
            if self.text.startswith("[[", self.at):
                table = self.array_header()
            elif self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def positions(self) -> dict[KeyPath, Position]:
        starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        return {path: _position(starts, offset) for path, offset in self.found.items()}

    def header(self) -> KeyPath:
        self.at += 1
        keys = self.keys()
        path = self.descend((), keys)
        if path[-1] == keys[-1][0]:
            self.found[path] = keys[-1][1]  # its own header is a better place than one it is only a part of
        self.at += 1
        return path

    def array_header(self) -> KeyPath:
        self.at += 2
        keys = self.keys()
        path = (*self.descend((), keys[:-1]), keys[-1][0])
        self.at += 2
        index = self.lengths.get(path, 0)
        self.lengths[path] = index + 1
        self.found.setdefault(path, keys[-1][1])
        self.found[(*path, index)] = keys[-1][1]
        return (*path, index)

    def descend(self, path: KeyPath, keys: list[tuple[str, int]]) -> KeyPath:
        """Follow the keys from `path`; an array of tables stands for its last table."""
        for name, offset in keys:
            path = (*path, name)
            self.found.setdefault(path, offset)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def pair(self, table: KeyPath) -> None:
        keys = self.keys()
        for name, offset in keys[:-1]:
            table = (*table, name)
            self.found.setdefault(table, offset)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        self.value((*table, keys[-1][0]))

    def keys(self) -> list[tuple[str, int]]:
        """Read a dotted key: its names with their offsets; stop at what follows it."""
        names = []
        while True:
            self.skip(_SPACE)
            names.append((self.name(), self.last))
            self.skip(_SPACE)
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def name(self) -> str:
        if self.text[self.at] not in "\"'":
            return self.take(_BARE_KEY)
        return str(tomllib.loads(f"name = {self.take(_STRING)}")["name"])

    def value(self, path: KeyPath) -> None:
        self.found[path] = self.at
        first = self.text[self.at]
        if first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        else:
            self.take(_STRING if first in "\"'" else _PLAIN)

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.more("]"):
            self.value((*path, index))
            index += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self.more("}"):
            self.pair(path)

    def more(self, closing: str) -> bool:
        """Skip to the next item of an array or inline table; return False past its end."""
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None, f"tomllib accepts what this walk does not at offset {self.at}"
        self.last, self.at = match.span()
        return match.group()

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Skip what matches a pattern; return whether any text is left."""
        self.take(pattern)
        return self.at < len(self.text)


def _position(starts: list[int], offset: int) -> Position:
    line = bisect_right(starts, offset)
    return Position(line, offset - starts[line - 1] + 1)
