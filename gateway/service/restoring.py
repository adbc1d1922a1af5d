"""Restoring a store from a backup, while no gateway has it. What it replaces stays beside it."""

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from gateway.actors.errors import Refused, StoreForeign
from gateway.runtime.cautious import ALONE
from gateway.runtime.recovery import ENDED, UNCLEAN
from gateway.service.lock import AlreadyRunning, Lock
from gateway.store.backup import Holding, back_up, look_into
from gateway.store.checksums import connect
from gateway.store.migrations import refuse_newer
from gateway.store.naming import naming
from gateway.store.succession import appoint, is_there, new_name, real, succeed


class Restored(NamedTuple):
    """What came, and where that is which was there before; None where there was nothing."""

    holding: Holding
    replaced: Path | None


def restore(backup: Path, store: Path, *, simulated: bool) -> Restored:
    """Put a backup in the place of a store, of a simulated gateway or a real one.

    Raises Refused where a gateway has the store, StoreForeign where the backup is of the other, StoreFailed where it cannot be
    used or written: the store is as it was then.
    """
    holding = look_into(backup)
    if holding.simulated is not simulated:
        whose, ours = ("a simulated", "real") if holding.simulated else ("a real", "simulated")
        raise StoreForeign(f"cannot restore {backup}: it is {whose} gateway's, and this one is {ours}; name another backup, or --config")
    refuse_newer(backup, holding.shape)
    with naming("write", store):
        new_folder = not store.parent.exists()
        lock = _locked(store)
    store = real(store)
    fresh = store.with_name(f"{store.name}.restored")
    try:
        succeed(store)  # where a start or a restore was cut short
        with naming("write", fresh):
            fresh.unlink(missing_ok=True)
        back_up(backup, fresh)
        _begin_anew(fresh)
        with naming("replace", store):
            give(fresh, store.parent)
            if not new_folder:
                give(lock.path, store.parent)
            replaced = new_name(store, "replaced") if is_there(store) else None
        appoint(fresh, store, replaced or new_name(store, "replaced"))
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        lock.release()
    return Restored(holding, replaced)


def _locked(store: Path) -> Lock:
    try:
        return Lock(store)
    except AlreadyRunning:
        raise Refused(
            f"cannot restore: a gateway runs on {store}; stop it first (sudo systemctl stop gateway), and start it afterwards"
        ) from None


def _begin_anew(path: Path) -> None:
    """A backup was made of a gateway that ran: for the next life that was a good end."""
    with naming("write", path), closing(connect(path)) as writer:
        notes = ((ENDED, "clean"), (UNCLEAN, "0"), (ALONE, ""))
        writer.executemany("INSERT OR REPLACE INTO note VALUES (?, ?)", notes)


def give(path: Path, folder: Path) -> None:
    """What root writes belongs to who owns the folder: the gateway is not root."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
