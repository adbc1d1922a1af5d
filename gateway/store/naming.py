"""The errors of SQLite, by our names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull


@contextmanager
def naming(verb: str, path: Path) -> Iterator[None]:
    """A context that turns SQLite's errors into ours, which say what failed, where, and what the medium said."""
    try:
        yield
    except StoreFailed:
        raise  # named already
    except apsw.FullError as error:
        raise StoreFull(f"cannot {verb} {path}: {error}; make room on the disk, or raise store.max_mb") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreCorrupt(f"cannot {verb} {path}: {error}; it is moved aside when the gateway starts again") from error
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
    return StoreFailed(f"cannot {verb} {path}: {error} ({type(error).__name__})")
