"""A store gives way to another: to what could be read of it when it is corrupt, or to a backup. No kill and no power cut loses either.

The successor is made under a name of its own. Once it is whole and on the medium it gets a name that appoints it, such as
`gateway.db.next.corrupt-20260131T120000Z`: from then on it is the store, and its name says what the older one will be called. Whoever
opens the store next finishes what is left to do.
"""

import contextlib
import glob
import os
import time
from pathlib import Path

from gateway.store.naming import naming

KEPT_ASIDE = 3
"""How many corrupt stores are kept; older ones are deleted, so that a dying card does not fill up with them."""
_PARTS = ("-wal", "-shm", ".commits", "")
"""What belongs to a store, by the end of its name; in the order in which it is moved."""
_NEXT = ".next."


def real(store: Path) -> Path:
    """Where the file of a store is: SQLite follows links, and what lies beside a store lies beside the file."""
    return Path(os.path.realpath(store))


def is_there(store: Path) -> bool:
    """Whether there is a store of that name, or something that belongs to one."""
    return any(store.with_name(store.name + part).exists() for part in _PARTS)


def remove(store: Path) -> None:
    """Delete a store and what belongs to it, as far as it is there."""
    for part in _PARTS:
        store.with_name(store.name + part).unlink(missing_ok=True)


def new_name(store: Path, why: str) -> Path:
    """What a store will be called when it gives way: `gateway.db.corrupt-20260131T120000Z`, or more where there is such a one."""
    aside = store.with_name(f"{store.name}.{why}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    number, first = 1, aside.name
    while is_there(aside):
        number += 1
        aside = aside.with_name(f"{first}.n{number}")
    return aside


def appoint(successor: Path, store: Path, aside: Path) -> None:
    """Have a store give way to the file `successor`, which nobody has open. Raises StoreFailed where the medium does not take it.

    `aside`: what the older one will be called. Where this raises before the successor has its name, nothing has changed.
    """
    with naming("write", successor):
        for part in filter(None, _PARTS):
            successor.with_name(successor.name + part).unlink(missing_ok=True)
        _sync(successor)
        successor.rename(store.with_name(f"{store.name}{_NEXT}{aside.name.removeprefix(f'{store.name}.')}"))
        _sync(store.parent)
    succeed(store)


def succeed(store: Path) -> None:
    """Put the successor that was appointed, if there is one, in the place of a store. Raises StoreFailed where that cannot be done."""
    store = real(store)
    begin = f"{store.name}{_NEXT}"
    with naming("replace", store):
        for successor in sorted(store.parent.glob(f"{glob.escape(begin)}*")):
            aside = f"{store.name}.{successor.name.removeprefix(begin)}"
            for part in _PARTS:
                with contextlib.suppress(FileNotFoundError):
                    store.with_name(store.name + part).rename(store.with_name(aside + part))
            successor.rename(store)
            _sync(store.parent)
            _forget_old(store)


def _forget_old(store: Path) -> None:
    parts = list(store.parent.glob(f"{glob.escape(store.name)}.corrupt-*"))
    aside = {found.name.removesuffix("-wal").removesuffix("-shm").removesuffix(".commits") for found in parts}
    for old in sorted(aside)[:-KEPT_ASIDE]:
        remove(store.with_name(old))


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the medium."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
