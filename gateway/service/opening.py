"""Opening the store: one that is corrupt is moved aside, and what can be read of it taken over; it never keeps the gateway from starting.

It is checked only after an unclean end, since that reads all of it.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull
from gateway.config import StoreSettings
from gateway.config.driver import why_no_driver
from gateway.runtime.clock import NOTE, noted_wall_ms
from gateway.runtime.recovery import ended_cleanly
from gateway.store.ballast import Ballast, ballast_of
from gateway.store.moving import refuse_unfinished
from gateway.store.naming import naming
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Changes, Store
from gateway.store.succession import appoint, new_name, real, remove, succeed

log = logging.getLogger(__name__)

Progress = Callable[[], None]
"""Is called now and then while what takes long goes on."""
_FAULT = "store.fault"
"""Key of the note that says what was wrong with the store before this one, until people can read it elsewhere."""


def _to_nobody() -> None:
    """Progress that nobody wants to hear of."""


class OpenedStore(NamedTuple):
    """An open store, and what was wrong with the store before it; empty where nothing was."""

    store: Store
    fault: str


def open_store(settings: StoreSettings, *, simulated: bool, progress: Progress = _to_nobody) -> OpenedStore:
    """Open the store of a simulated gateway or a real one, or move it aside and begin a fresh one.

    `progress` is called now and then, while it is checked and what can be read of it is taken over.
    Raises StoreForeign where it is the other's, StoreFailed where it can be neither opened nor begun.
    """
    opened = _opened(settings, simulated=simulated, progress=progress)
    try:
        refuse_unfinished(opened.store, settings.url or str(settings.path))
    except StoreFailed:
        opened.store.close()
        raise
    return opened


def _opened(settings: StoreSettings, *, simulated: bool, progress: Progress) -> OpenedStore:
    if settings.url:
        return OpenedStore(open_database(settings, simulated=simulated), "")
    succeed(settings.path)
    try:
        store = _open(settings, simulated=simulated)
    except StoreCorrupt as error:
        return start_afresh(settings, str(error), simulated=simulated, progress=progress)
    fault = _fault_of(store, progress)
    if not fault:
        return OpenedStore(store, _untold(store) or _missing(store))
    return start_afresh(settings, fault, store, simulated=simulated, progress=progress)


def _untold(store: SqliteStore) -> str:
    """What was wrong with the store before this one, where the start that found it was cut short before it could tell."""
    text = store.notes().get(_FAULT, "")
    if text:
        log.critical("%s", text)
    return text


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


def start_afresh(
    settings: StoreSettings, fault: str, corrupt: Store | None = None, *, simulated: bool, progress: Progress = _to_nobody
) -> OpenedStore:
    """Make a fresh store of what can be read of a corrupt one, which is moved aside once that is whole: cut short, it begins again."""
    from gateway.store.salvage import salvage, set_note  # noqa: PLC0415  # hardly ever, and not for nothing in memory

    if isinstance(corrupt, SqliteStore):
        corrupt.abandon()
    store = real(settings.path)
    aside = new_name(store, "corrupt")
    fresh = store.with_name(f"{store.name}.salvaged")
    _begin(fresh, settings, simulated=simulated)
    try:
        taken = salvage(store, fresh, progress).text
    except StoreFailed as error:
        taken = f"not all that can be read in it is here: {error}"
        _ballast(settings).free()  # what follows needs some room
    text = f"the store was corrupt ({fault}): it was moved to {aside}, and a fresh one begun; {taken}"
    try:
        set_note(fresh, _FAULT, text)
    except StoreFailed as error:
        log.error("a start that is cut short will not be told of by the next: %s", error)
    appoint(fresh, store, aside)
    log.critical("%s", text)
    return OpenedStore(_open(settings, simulated=simulated), text)


def was_told(store: Store) -> None:
    """Forget what was wrong with the store before this one: people can read it elsewhere now."""
    if store.notes().get(_FAULT):
        with suppress(StoreFull):  # the next life tells it again
            store.commit(Changes(notes={_FAULT: ""}))


def _begin(fresh: Path, settings: StoreSettings, *, simulated: bool) -> None:
    """Make an empty store, in the place of one that was not finished. On a full disk the ballast gives its room."""
    with naming("write", fresh):
        remove(fresh)
    try:
        SqliteStore(fresh, simulated=simulated).close()
    except StoreFailed:
        if not _ballast(settings).free():
            raise
        remove(fresh)
        SqliteStore(fresh, simulated=simulated).close()


def _ballast(settings: StoreSettings) -> Ballast:
    return ballast_of(settings.path, settings.ballast_mb)


def open_database(settings: StoreSettings, *, simulated: bool) -> Store:
    """Open a store in a PostgreSQL database. Raises StoreFailed where it cannot be opened. Its driver is imported here."""
    if lacks := why_no_driver():
        raise StoreFailed(f"cannot open {settings.url}: {lacks}")
    try:
        from gateway.store.postgres.postgres import PostgresStore  # noqa: PLC0415  # as said
    except ImportError as error:
        raise StoreFailed(f"cannot open {settings.url}: psycopg cannot be imported: {error}; apt install libpq5") from error
    return PostgresStore(
        settings.url,
        password_file=Path(settings.password_file) if settings.password_file else None,
        loss_window_s=settings.loss_window_s,
        simulated=simulated,
    )


def _open(settings: StoreSettings, *, simulated: bool) -> SqliteStore:
    return SqliteStore(
        settings.path,
        loss_window_s=settings.loss_window_s,
        max_mb=settings.max_mb,
        ballast_mb=settings.ballast_mb,
        simulated=simulated,
    )


def _fault_of(store: SqliteStore, progress: Progress) -> str:
    """What is wrong with an open store; asked only after an unclean end."""
    try:
        if ended_cleanly(store.notes()):
            return ""
        began_s = time.monotonic()
        fault = store.check(progress)
        log.info("the last life did not end cleanly: the store was checked in %.1f s", time.monotonic() - began_s)
    except StoreCorrupt as error:
        return str(error)
    return fault
