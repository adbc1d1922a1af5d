"""The errors of SQLite, by our names."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def naming(verb: str, path: Path) -> Iterator[None]:
    """A context that turns SQLite's errors into ours, which say what failed, where, and what the medium said."""
    try:
        yield
    except StoreFailed:
        raise  # named already
    except apsw.FullError as error:
        limit = "" if verb == "write" else ", or raise store.max_mb"  # what is written beside the store has no such limit
        raise StoreFull(f"cannot {verb} {path}: {_fact(error)}; make room on the disk{limit}") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreCorrupt(f"cannot {verb} {path}: {_fact(error)}; it is moved aside when the gateway starts again") from error
    except apsw.IOError as error:
        if getattr(error, "extendedresult", 0) != apsw.SQLITE_IOERR_DATA:
            raise _failed(verb, path, error) from error
        fact = "a page is not as it was written: its checksum is wrong"
        raise StoreCorrupt(f"cannot {verb} {path}: {fact}; it is moved aside when the gateway starts again") from error
    except apsw.Error as error:
        raise _failed(verb, path, error) from error
    except OSError as error:
        raise StoreFailed(f"cannot {verb} {path}: {error.strerror or error}") from error


def _failed(verb: str, path: Path, error: apsw.Error) -> StoreFailed:
    return StoreFailed(f"cannot {verb} {path}: {_fact(error)} ({type(error).__name__})")


def _fact(error: apsw.Error) -> str:
    """What SQLite says. Of a step of a backup its connection knows nothing, and says "not an error"; so we say it by the error's class."""
    text = str(error)
    return _FACTS.get(type(error), f"SQLite says {type(error).__name__}") if "not an error" in text else text
