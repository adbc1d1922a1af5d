"""Whose a store is: that of a simulated gateway bears a mark, and every other is taken for a real one's.

The mark stands in the first bytes of the file, from its birth on. So it is known before the file is opened: nothing of a store that
is the other's is taken up to a newer shape, checked or moved aside as corrupt.

Source: https://sqlite.org/fileformat2.html, section 1.3.14, the application id.
"""

from pathlib import Path

import apsw

from gateway.actors.errors import StoreForeign

_SIMULATED = int.from_bytes(b"gwSi", "big")
_WHERE = slice(68, 72)


def check_mark(path: Path, *, simulated: bool) -> None:
    """Raise StoreForeign where the store at `path` is a simulated gateway's and this one is not, or the other way round."""
    try:
        with path.open("rb") as file:
            header = file.read(_WHERE.stop)
    except OSError:
        return  # there is none, or it cannot be read: whoever opens it says so
    if not header or (int.from_bytes(header[_WHERE], "big") == _SIMULATED) is simulated:
        return
    if simulated:
        why = "no simulated gateway has made it, and this one is simulated; leave store.path out, or give it another"
    else:
        why = "it is a simulated gateway's, and this one is real; give it another store.path"
    raise StoreForeign(f"cannot open {path}: {why}")


def set_mark(connection: apsw.Connection) -> None:
    """Mark a new store as a simulated gateway's. To be done before the first write, and before the journal is a WAL."""
    if connection.pragma("application_id") != _SIMULATED:
        connection.pragma("application_id", _SIMULATED)


def is_simulated(connection: apsw.Connection) -> bool:
    """Whether an open store bears the mark."""
    return bool(connection.pragma("application_id") == _SIMULATED)
