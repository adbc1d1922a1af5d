"""`gateway move`: all that a gateway knows, from a file into a PostgreSQL database, or back; while it does not run."""

import glob
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway.actors.errors import StoreFailed
from gateway.cli.backups import check_readable, places, store_of_running
from gateway.config import StoreSettings
from gateway.console.exits import FINE, NO_STORE, NOT_NOW, USAGE, Failed
from gateway.console.output import say, say_json
from gateway.console.stored_at import StorePlace
from gateway.service.lock import AlreadyRunning, Lock
from gateway.service.opening import open_database
from gateway.service.restoring import give
from gateway.store.moving import copy, is_empty, refuse_unfinished
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Store
from gateway.store.succession import is_there, remove, succeed


def move(to: str, socket: Path | None, config: Path, *, named: bool, as_json: bool) -> int:
    """Copy the configured store to an empty database or a new file. Raises Failed while a gateway has it."""
    place, configured = places(socket, config, named=named)
    running = store_of_running(place)
    if running is not None:
        raise Failed(f"cannot move: the gateway runs, on {running[1] or running[0]}; stop it first (sudo systemctl stop gateway)", NOT_NOW)
    source = configured.url or str(configured.path)
    if source == to:
        raise Failed(f"cannot move {source} to itself; name a database (postgresql://...), or a new file", USAGE)
    try:
        with _source(configured) as old, _target(to, configured) as new:
            rows = copy(old, new)
    except StoreFailed as error:
        raise Failed(str(error), NO_STORE) from None
    if as_json:
        say_json({"from": source, "to": to, "rows": rows})
        return FINE
    line = f'url = "{to}"' if "://" in to else f'path = "{Path(to).absolute()}", and no url'
    say(f"moved {source} to {to}: {rows} rows")
    say(f"write {line} into [store] now, and start the gateway; never start one on {source} again, which stays as it was")
    return FINE


@contextmanager
def _source(configured: StorePlace) -> Iterator[Store]:
    """The store that is configured, open, while no other gateway can have it."""
    with ExitStack() as at_end:
        if configured.url:
            settings = _settings(configured.url, configured.password_file)
            store: Store = open_database(settings, simulated=configured.simulated)
        else:
            check_readable(configured.path)
            _lock(configured.path, at_end)
            succeed(configured.path)
            store = SqliteStore(configured.path, simulated=configured.simulated)
        at_end.callback(store.close)
        refuse_unfinished(store, configured.url or str(configured.path))
        yield store


@contextmanager
def _target(to: str, configured: StorePlace) -> Iterator[Store]:
    """An empty store to copy to; a file that does not become whole is deleted, and belongs to who owns its folder."""
    if "://" in to:
        store = open_database(_settings(to), simulated=configured.simulated)
        try:
            if not is_empty(store):
                raise Failed(f"cannot move to {to}: it holds a store already; name an empty database (DROP SCHEMA gateway CASCADE)", USAGE)
            yield store
        finally:
            store.close()
        return
    path = Path(to).absolute()
    if is_there(path):
        raise Failed(f"cannot move to {path}: there is something already; name a new file", USAGE)
    with ExitStack() as at_end:
        _lock(path, at_end)
        try:
            file = SqliteStore(path, simulated=configured.simulated)
            at_end.callback(_give_all, path)
            at_end.callback(file.close)
            yield file
        except BaseException:
            at_end.close()
            remove(path)
            raise


def _settings(url: str, password_file: str = "") -> StoreSettings:
    """What a configuration would say of a database. Raises Failed where no configuration may say it, and does not repeat a password."""
    try:
        return StoreSettings(url=url, password_file=password_file)
    except ValueError:
        raise Failed(
            "cannot move: the URL of a database begins with postgresql:// and holds no password; PGPASSWORD or ~/.pgpass has that", USAGE
        ) from None


def _give_all(path: Path) -> None:
    """Have what was made beside a file belong to who owns the folder."""
    for one in path.parent.glob(f"{glob.escape(path.name)}*"):
        give(one, path.parent)


def _lock(path: Path, at_end: ExitStack) -> None:
    try:
        at_end.callback(Lock(path).release)
    except AlreadyRunning as error:
        raise Failed(str(error).replace("cannot start", "cannot move"), NOT_NOW) from None
    except OSError as error:
        raise Failed(f"cannot write beside {path}: {error.strerror}; use sudo, or name another file", NO_STORE) from None
