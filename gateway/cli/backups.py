"""`gateway backup` and `gateway restore`: a copy of all that the gateway knows, made while it runs, and put back while it does not."""

import os
import time
from pathlib import Path

from gateway.actors.errors import Refused, StoreFailed, StoreForeign
from gateway.console.client import Client
from gateway.console.exits import FINE, NO_GATEWAY, NO_STORE, NOT_ALLOWED, NOT_NOW, USAGE, Failed
from gateway.console.output import say, say_json, size
from gateway.console.place import SocketPlace, find
from gateway.console.stored_at import StorePlace, find_store
from gateway.service.restoring import restore
from gateway.store.backup import back_up


def places(socket: Path | None, config: Path, *, named: bool) -> tuple[SocketPlace, StorePlace]:
    """Where a gateway answers, if it runs, and where its store is, if it does not. Raises Failed where the configuration cannot be read."""
    return find(socket, config, named=named), find_store(config, named=named)


def back_up_to(target: Path, place: SocketPlace, configured: StorePlace, *, as_json: bool) -> int:
    """Back up the store of the gateway at a socket, or, where none runs, the one that is configured."""
    path, url = store_of_running(place) or (configured.path, configured.url)
    _refuse_database(url, "back up", f"its own tools make one (pg_dump --schema=gateway --file={target})")
    store = Path(path)
    if target.is_dir():
        target /= f"{store.stem}-{time.strftime('%Y%m%dT%H%M%S')}.db"
    check_readable(store)
    try:
        found = back_up(store, target)
    except StoreFailed as error:
        raise Failed(str(error), NO_STORE) from None
    if as_json:
        say_json({"file": str(target), "store": str(store), "bytes": found.bytes, "rows": found.rows})
    else:
        say(f"backed up {store} to {target}: {found.total} rows, {size(found.bytes)}, read back and whole")
    return FINE


def restore_from(backup: Path, place: SocketPlace, configured: StorePlace, *, as_json: bool) -> int:
    """Put a backup in the place of the configured store. Raises Failed while a gateway has it."""
    running = store_of_running(place)
    if running is not None:
        raise Failed(
            f"cannot restore: the gateway runs, on {running[1] or running[0]}; stop it first (sudo systemctl stop gateway)", NOT_NOW
        )
    _refuse_database(configured.url, "restore", "its own tools do (psql, after DROP SCHEMA gateway CASCADE)")
    check_readable(backup)
    try:
        found = restore(backup, configured.path, simulated=configured.simulated)
    except Refused as error:
        raise Failed(str(error), NOT_NOW) from None
    except (StoreForeign, StoreFailed) as error:
        raise Failed(str(error), NO_STORE) from None
    kept = f"; what was there before is {found.replaced}" if found.replaced else ""
    if as_json:
        replaced = str(found.replaced) if found.replaced else None
        say_json({"store": str(configured.path), "replaced": replaced, "bytes": found.holding.bytes, "rows": found.holding.rows})
    else:
        say(f"restored {configured.path} from {backup}: {found.holding.total} rows{kept}")
        say("start the gateway now; what it had sent out since the backup, and what waited then, it sends again")
    return FINE


def _refuse_database(url: str, verb: str, instead: str) -> None:
    """Raise Failed where the store is a database, whose server has ways of its own."""
    if url:
        raise Failed(f"cannot {verb} {url}: this is for a store in a file; of a database {instead}", USAGE)


def store_of_running(place: SocketPlace) -> tuple[str, str] | None:
    """The path and the URL of the store of the gateway that answers at a socket, one of them empty; None where none does."""
    try:
        with Client(place.path) as client:
            store = client.ask({"do": "show"})["show"]["store"]
    except Failed as error:
        if error.code == NO_GATEWAY:
            return None
        raise
    return store.get("path", ""), store.get("url", "")


def check_readable(path: Path) -> None:
    """Raise Failed where this user may not read a file, or there is none."""
    try:
        path.open("rb").close()
    except PermissionError:
        raise Failed(f"cannot read {path}: this user may not; use sudo", NOT_ALLOWED) from None
    except OSError as error:
        raise Failed(f"cannot read {path}: {os.strerror(error.errno or 0)}; name another file", NO_STORE) from None
