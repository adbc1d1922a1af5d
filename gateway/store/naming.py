"""The errors of SQLite, by our names."""

from pathlib import Path

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull

_FACTS: dict[type[apsw.Error], str] = {
    apsw.FullError: "database or disk is full",
    apsw.IOError: "disk I/O error",
    apsw.CorruptError: "database disk image is malformed",
    apsw.NotADBError: "file is not a database",
    apsw.ReadOnlyError: "attempt to write a readonly database",
    apsw.BusyError: "database is locked",
}


class naming:  # noqa: N801  # it reads as a word: with naming("read", path)
    """A context that turns SQLite's errors into ours, which say what failed, where, and what the medium said."""

    # A class, for a generator took as long as a small commit's statements.
    __slots__ = ("_path", "_verb")

    def __init__(self, verb: str, path: Path) -> None:
        self._verb = verb
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and (named := _named(self._verb, self._path, error)) is not None:
            raise named from error


def _named(verb: str, path: Path, error: BaseException) -> StoreFailed | None:
    """Our error for one of SQLite's; None for what is named already, or is no fault of the store."""
    match error:
        case StoreFailed():
            return None
        case apsw.FullError():
            limit = "" if verb == "write" else ", or raise store.max_mb"  # what is written beside the store has no such limit
            return StoreFull(f"cannot {verb} {path}: {_fact(error)}; make room on the disk{limit}")
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreCorrupt(f"cannot {verb} {path}: {_fact(error)}; it is moved aside when the gateway starts again")
        case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
            fact = "a page is not as it was written: its checksum is wrong"
            return StoreCorrupt(f"cannot {verb} {path}: {fact}; it is moved aside when the gateway starts again")
        case apsw.Error():
            return StoreFailed(f"cannot {verb} {path}: {_fact(error)} ({type(error).__name__})")
        case OSError():
            return StoreFailed(f"cannot {verb} {path}: {error.strerror or error}")
    return None


def _fact(error: apsw.Error) -> str:
    """What SQLite says. Of a step of a backup its connection knows nothing, and says "not an error"; so we say it by the error's class."""
    text = str(error)
    return _FACTS.get(type(error), f"SQLite says {type(error).__name__}") if "not an error" in text else text
