"""Opening the store: one that is corrupt is moved aside, and what can be read of it taken over; it never keeps the gateway from starting.

It is checked only after an unclean end, since that reads all of it.
"""

import contextlib
import logging
import time
from pathlib import Path
from typing import NamedTuple

from gateway.actors.errors import StoreCorrupt, StoreFailed
from gateway.config import StoreSettings
from gateway.runtime.clock import NOTE, noted_wall_ms
from gateway.runtime.recovery import ended_cleanly
from gateway.store.sqlite import SqliteStore

log = logging.getLogger(__name__)

KEPT_ASIDE = 3
"""How many corrupt stores are kept; older ones are deleted, so that a dying card does not fill up with them."""
_PARTS = ("", "-wal", "-shm", ".commits")


class OpenedStore(NamedTuple):
    """An open store, and what was wrong with the store before it; empty where nothing was."""

    store: SqliteStore
    fault: str


def open_store(settings: StoreSettings, *, simulated: bool) -> OpenedStore:
    """Open the store of a simulated gateway or a real one, or move it aside and begin a fresh one.

    Raises StoreForeign where it is the other's, StoreFailed where it can be neither opened nor begun.
    """
    try:
        store = _open(settings, simulated=simulated)
    except StoreCorrupt as error:
        return start_afresh(settings, str(error), simulated=simulated)
    fault = _fault_of(store)
    if not fault:
        return OpenedStore(store, _missing(store))
    return start_afresh(settings, fault, store, simulated=simulated)


def _missing(store: SqliteStore) -> str:
    """What earlier lives have committed, and is not there any more; empty where nothing is missing."""
    if not store.missing:
        return ""
    noted_ms = noted_wall_ms(store.notes().get(NOTE, ""))
    since = f"those after {_moment(noted_ms)}, until" if noted_ms else "until"
    text = (
        f"the store has lost what was committed last: {store.missing} commits, {since} {_moment(store.missing_until_ms)}; "
        "its files were cut, changed or replaced while the gateway did not run, or its disk fails"
    )
    log.critical("%s", text)
    return text


def _moment(at_ms: int) -> str:
    """Local time of milliseconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000))


def start_afresh(settings: StoreSettings, fault: str, corrupt: SqliteStore | None = None, *, simulated: bool) -> OpenedStore:
    """Move a corrupt store aside, and open a fresh one with what can be read of it."""
    aside = move_aside(settings.path)
    if corrupt is not None:
        with contextlib.suppress(StoreFailed):
            corrupt.close()
    _open(settings, simulated=simulated).close()
    try:
        from gateway.store.salvage import salvage  # noqa: PLC0415  # hardly ever, and not for nothing in memory

        taken = salvage(aside, settings.path).text
    except StoreFailed as error:
        taken = f"not all that can be read in it is here: {error}"
    text = f"the store was corrupt ({fault}): it was moved to {aside}, and a fresh one begun; {taken}"
    log.critical("%s", text)
    return OpenedStore(_open(settings, simulated=simulated), text)


def move_aside(path: Path, why: str = "corrupt") -> Path:
    """Give a store's files another name: `gateway.db.corrupt-20260131T120000Z`, with -wal and -shm behind it; of the corrupt a few stay."""
    aside = path.with_name(f"{path.name}.{why}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    number = 1
    while aside.exists():
        number += 1
        aside = aside.with_name(f"{aside.name.split('.n')[0]}.n{number}")
    for part in _PARTS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(aside.with_name(aside.name + part))
    _forget_old(path)
    return aside


def _open(settings: StoreSettings, *, simulated: bool) -> SqliteStore:
    return SqliteStore(
        settings.path,
        loss_window_s=settings.loss_window_s,
        max_mb=settings.max_mb,
        ballast_mb=settings.ballast_mb,
        simulated=simulated,
    )


def _fault_of(store: SqliteStore) -> str:
    """What is wrong with an open store; asked only after an unclean end."""
    try:
        if ended_cleanly(store.notes()):
            return ""
        began_s = time.monotonic()
        fault = store.check()
        log.info("the last life did not end cleanly: the store was checked in %.1f s", time.monotonic() - began_s)
    except StoreCorrupt as error:
        return str(error)
    return fault


def _forget_old(path: Path) -> None:
    ends = tuple(part for part in _PARTS if part)
    aside = sorted(found for found in path.parent.glob(f"{path.name}.corrupt-*") if not found.name.endswith(ends))
    for old in aside[:-KEPT_ASIDE]:
        for part in _PARTS:
            old.with_name(old.name + part).unlink(missing_ok=True)
