"""The errors of SQLite and of the system about the store, by our names, each with what to do."""

import errno
import os
from pathlib import Path

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull
from gateway.store.ballast import free_bytes

_FACTS: dict[type[apsw.Error], str] = {
    apsw.IOError: "disk I/O error",
    apsw.CorruptError: "database disk image is malformed",
    apsw.NotADBError: "file is not a database",
    apsw.ReadOnlyError: "attempt to write a readonly database",
    apsw.BusyError: "database is locked",
}
_MEDIUM = "sudo dmesg | tail says whether the card or disk fails: if so, back up (gateway backup) and replace it"
_READ_ONLY = (
    "findmnt -T on its folder says whether the disk was made read-only (ro), as Linux does after an error: sudo dmesg | tail says which; "
    "else let the gateway's user write there"
)
_SEALED = "a service writes where its unit lets it: sudo systemctl edit gateway, there [Service] and ReadWritePaths=FOLDER; or "
_ACCESS = "see with ls -ld that its folder is there, and that the gateway's user may write to it and to the file; else mend store.path"
_OTHERS = "another program holds it: sudo fuser -v on the file says which; end that"
_ROOM = "make room on the disk: sudo apt clean; sudo journalctl --vacuum-size=50M; df -h"
_MEMORY = "free -h says what memory is left; restart the gateway, and see what takes it"
_SMALLER = "a state or a message has outgrown what a row can hold: make it smaller"
_OURS = "restart the gateway; if it comes again, report it with this line"

_BY_CLASS: dict[type[apsw.Error], str] = {
    apsw.IOError: _MEDIUM,
    apsw.CantOpenError: _ACCESS,
    apsw.PermissionsError: _ACCESS,
    apsw.AuthError: _ACCESS,
    apsw.BusyError: _OTHERS,
    apsw.LockedError: _OTHERS,
    apsw.ProtocolError: _OTHERS,
    apsw.NoMemError: _MEMORY,
    apsw.TooBigError: _SMALLER,
}
"""What to do about an error of SQLite, by its class; about any other: `_OURS`."""
_BY_NUMBER: dict[int, str] = {
    errno.EIO: _MEDIUM,
    errno.ENXIO: _MEDIUM,
    errno.ENODEV: _MEDIUM,
    errno.EACCES: _ACCESS,
    errno.EPERM: _ACCESS,
    errno.ENOENT: _ACCESS,
    errno.EEXIST: _ACCESS,
    errno.ENOTDIR: _ACCESS,
    errno.EISDIR: _ACCESS,
    errno.ENAMETOOLONG: "name a shorter path",
    errno.EBUSY: _OTHERS,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: "too many files are open: raise LimitNOFILE of the service, and see with ls /proc/PID/fd what they are",
    errno.ENFILE: "too many files are open on this host: see with sudo lsof which program has them",
}
"""What to do about an error of the system, by its number; about any other: `_MEDIUM`."""
_NO_ROOM_BYTES = 64 * 1024


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
            return StoreFull(f"cannot {verb} {path}: the disk is full; {_ROOM}")
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreCorrupt(f"cannot {verb} {path}: {_fact(error)}; it is moved aside when the gateway starts again")
        case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
            fact = "a page is not as it was written: its checksum is wrong"
            return StoreCorrupt(f"cannot {verb} {path}: {fact}; it is moved aside when the gateway starts again")
        case apsw.Error():
            return StoreFailed(f"cannot {verb} {path}: {_fact(error)} ({type(error).__name__}); {what_to_do(error, path)}")
        case OSError():
            return StoreFailed(f"cannot {verb} {path}: {error.strerror or error}; {what_to_do(error, path)}")
    return None


def what_to_do(error: OSError | apsw.Error, path: Path) -> str:
    """What to do about an error of SQLite or of the system with a file of the store, as the end of a sentence."""
    if isinstance(error, apsw.IOError) and _is_full(path):
        return _ROOM  # SQLite says so of what it writes beside the file, and where a quota ends
    if isinstance(error, apsw.ReadOnlyError) or (isinstance(error, OSError) and error.errno == errno.EROFS):
        state = os.environ.get("STATE_DIRECTORY")  # systemd says it to services only
        return f"{_SEALED}{_READ_ONLY}" if state and not path.is_relative_to(state) else _READ_ONLY
    if isinstance(error, apsw.Error):
        return next((text for kind, text in _BY_CLASS.items() if isinstance(error, kind)), _OURS)
    return _BY_NUMBER.get(error.errno or 0, _MEDIUM)


def _is_full(path: Path) -> bool:
    try:
        return free_bytes(path.parent) < _NO_ROOM_BYTES
    except OSError:
        return False


def _fact(error: apsw.Error) -> str:
    """What SQLite says. Of a step of a backup its connection knows nothing, and says "not an error"; so we say it by the error's class."""
    text = str(error)
    return _FACTS.get(type(error), f"SQLite says {type(error).__name__}") if "not an error" in text else text
