"""What is said of a store that cannot be read or written: each error has what to do in it."""

import errno
import os
from pathlib import Path

import apsw
import pytest

from gateway.actors import StoreFailed
from gateway.store.naming import naming

_ROW_OF = {
    apsw.IOError: "disk I/O error (IOError); sudo dmesg | tail says whether the card or disk fails",
    apsw.CantOpenError: "unable to open database file (CantOpenError); see with ls -ld that its folder is there",
    apsw.ReadOnlyError: "attempt to write a readonly database (ReadOnlyError); findmnt -T on its folder says whether the disk",
    apsw.BusyError: "database is locked (BusyError); another program holds it: sudo fuser -v on the file says which; end that",
}


def _said(error: BaseException, folder: Path) -> str:
    with pytest.raises(StoreFailed) as caught, naming("commit to", folder / "gateway.db"):
        raise error
    return str(caught.value)


@pytest.mark.parametrize("kind", _ROW_OF)
def test_what_the_medium_said_comes_with_what_to_do(kind: type[apsw.Error], tmp_path: Path) -> None:
    """By the class of SQLite's error."""
    fact = _ROW_OF[kind].partition(" (")[0]
    assert _said(kind(fact), tmp_path).startswith(f"cannot commit to {tmp_path}/gateway.db: {_ROW_OF[kind]}")


@pytest.mark.parametrize("name", [name for name in dir(apsw) if name.endswith("Error") and name != "Error"])
def test_no_class_of_sqlite_is_without_what_to_do(name: str, tmp_path: Path) -> None:
    """One that is new in a later SQLite, too."""
    assert "; " in _said(getattr(apsw, name)("it says so"), tmp_path)


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_error_of_the_system_is_without_what_to_do(number: int, tmp_path: Path) -> None:
    """By its number."""
    text = _said(OSError(number, os.strerror(number)), tmp_path)
    assert text.startswith(f"cannot commit to {tmp_path}/gateway.db: {os.strerror(number)}; ")
    assert len(text.partition("; ")[2]) > 10
