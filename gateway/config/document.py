"""A TOML file as it was read: its table, where each key stands, and the problems found in it so far."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.config.limits import beyond
from gateway.config.locator import KeyPath, Position, locate
from gateway.config.problems import ConfigProblems, Noted, Problem, dotted
from gateway.entering import shut_above

MAX_BYTES = 1_000_000


class Document:
    """A file that is well-formed TOML, and a list that problems are added to until `check` raises them together."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.problems: list[Noted] = []
        if problem := beyond(text):
            raise ConfigProblems(path, [problem])
        try:
            self.table: dict[str, Any] = tomllib.loads(text)
            self.positions = locate(text)
        except tomllib.TOMLDecodeError as error:
            from gateway.config.syntax import syntax_problems  # noqa: PLC0415  # only for a file with mistakes

            raise ConfigProblems(path, syntax_problems(text, error)) from None

    def add(self, key_path: KeyPath, text: str | Callable[[], str]) -> None:
        """Note a problem at `key_path`; where that path is empty, a problem of the file as a whole. What takes time is a function."""
        self.problems.append((self.position(key_path), dotted(key_path), text))

    def position(self, key_path: KeyPath) -> Position:
        """The position of a key, or of the nearest table above it that the file names; of the file's begin where there is none."""
        while key_path and key_path not in self.positions:
            key_path = key_path[:-1]
        return self.positions.get(key_path, Position(1, 1))

    def value(self, key_path: KeyPath) -> Any:
        """The value at a path; None where there is none (TOML has no null)."""
        found: Any = self.table
        for part in key_path:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def replace(self, key_path: KeyPath, value: Any) -> None:
        """Put another value in the place of a wrong one that is noted, so that what else is wrong can be told."""
        self.value(key_path[:-1])[key_path[-1]] = value

    def unwrap(self, key_path: KeyPath) -> None:
        """Put the only table of a list in the place of the list; its keys are found where the file has them."""
        self.replace(key_path, self.value(key_path)[0])
        inner = (*key_path, 0)
        for path in [path for path in self.positions if path[: len(inner)] == inner]:
            self.positions[(*key_path, *path[len(inner) :])] = self.positions.pop(path)

    def check(self) -> None:
        """Raise ConfigProblems if any were noted."""
        if self.problems:
            raise ConfigProblems(self.path, self.problems)


def open_document(path: str | Path) -> Document:
    """Read a file; raises ConfigProblems where it is missing, unreadable, no UTF-8 or no TOML."""
    try:
        return Document(str(path), _decoded(_content(Path(path))))
    except _Unusable as error:
        raise ConfigProblems(str(path), [Problem(error.position, "", str(error))]) from None


class _Unusable(Exception):
    def __init__(self, text: str, position: Position | None = None) -> None:
        super().__init__(text)
        self.position = position


def _content(path: Path) -> bytes:
    try:
        if path.is_fifo():  # opening one would wait for a writer, for ever
            raise _Unusable("it is a pipe; write the configuration to a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _Unusable("there is no such file; name another with --config, or copy config/gateway.toml there") from None
    except PermissionError:
        if shut := shut_above(path):
            raise _Unusable(f"this user may not enter {shut}, where it is; let the gateway's user enter (chmod a+x {shut})") from None
        raise _Unusable("its permissions keep this user from reading it; let the gateway's user read it (chmod a+r)") from None
    except IsADirectoryError:
        raise _Unusable("it is a folder; name the file in it") from None
    except OSError as error:
        raise _Unusable(f"it cannot be read: {error.strerror}; look at the medium it is on") from None
    if len(content) > MAX_BYTES:
        raise _Unusable(f"it is longer than {MAX_BYTES} bytes; is it a configuration file?")
    return content


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unusable("it begins with a UTF-16 byte order mark; save it as UTF-8", Position(1, 1))
    try:
        return content.decode("utf-8-sig")  # an editor's UTF-8 mark does no harm
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        byte = content[error.start]
        raise _Unusable(f"byte 0x{byte:02x} is no UTF-8; save the file as UTF-8", _end_of(before)) from None


def _end_of(text: str) -> Position:
    return Position(text.count("\n") + 1, len(text) - text.rfind("\n"))
