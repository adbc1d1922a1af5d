"""The states of the actors in a store, and how those of two stores differ."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gateway.actors.errors import GatewayError, StoreCorrupt
from gateway.console.exits import NO, Failed
from gateway.store.backup import Holding, back_up, look_into
from gateway.store.sqlite import SqliteStore

_PAGE = 500


class Difference(NamedTuple):
    """One place at which two states differ; None stands for what is not there."""

    id: str
    field: str
    """The way to it, as in `speed.value`; empty: the whole actor."""
    before: Any
    now: Any


def states_of(store: SqliteStore) -> dict[str, Any]:
    """The states that a store holds, by the ids of their actors."""
    found: dict[str, Any] = {}
    after = ""
    while ids := store.actors("", after, _PAGE):
        for id, row in store.load_many(ids, 1 << 40).items():
            if row is not None:
                found[id] = json.loads(row.state)
        after = ids[-1]
    return found


def states_in(path: Path) -> dict[str, Any]:
    """The states in the file of a store, or a backup of one, which stays as it is; a gateway may run on it. Raises Failed."""
    if not path.exists():
        raise Failed(f"cannot compare with {path}: there is no such file; name another", NO)
    try:
        with tempfile.TemporaryDirectory(prefix="gateway-replay-") as folder:
            copy = Path(folder) / "store.db"
            holding = _copied(path, copy)
            store = SqliteStore(copy, simulated=holding.simulated)
            try:
                return states_of(store)
            finally:
                store.close()
    except (GatewayError, OSError) as error:
        raise Failed(f"cannot compare with {path}: {str(error).removeprefix(f'cannot use {path}: ')}", NO) from None


def _copied(path: Path, copy: Path) -> Holding:
    """Copy a store. What would become of a corrupt one at a gateway's start is not said of this file: it may be none."""
    try:
        return back_up(path, copy)
    except StoreCorrupt:
        look_into(path)
        raise


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """What is not the same in two stores, by actor and field."""
    return [Difference(id, *one) for id in sorted(before.keys() | now.keys()) for one in _apart(before.get(id), now.get(id), "")]


def _apart(before: Any, now: Any, field: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            yield from _apart(before.get(name), now.get(name), f"{field}.{name}" if field else name)
    elif before != now or type(before) is not type(now):
        yield field, before, now
