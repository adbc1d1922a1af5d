"""Salvage: one bad page of a corrupt store costs what is on it, and no more."""

import random
import shutil
from pathlib import Path

import pytest

from gateway.store import Changes, DeadRow, EventRow, MailRow, SeenRow, StateRow
from gateway.store.pages import Pages
from gateway.store.salvage import salvage
from gateway.store.sqlite import SqliteStore

PAGE = 2048
ROWS = 400


def _changes() -> Changes:
    """Rows of every table, of all sizes: some take pages of their own."""
    sizes = [40, 300, 1700, 9000, 90_000]
    return Changes(
        states=[StateRow(f"twin/t{n:04}", 1, b'{"n":%d,"x":"%s"}' % (n, b"y" * sizes[n % 3]), None, None) for n in range(ROWS)],
        mail=[MailRow("mqtt/main", n, n % 3, b"x" * sizes[n % 5 if n % 50 == 0 else n % 4]) for n in range(ROWS)],
        seen=[SeenRow("mqtt/main", n, f"id-{n}") for n in range(ROWS)],
        dead=[DeadRow(n, -n, "twin/a", "it broke: é", 2, b"z" * sizes[n % 3]) for n in range(1, ROWS)],
        events=[EventRow(n, "contacts/a", 10**13 + n, "added", 1, b"{}") for n in range(1, ROWS)],
        notes={"life": "7", "clock": "1 b 2 3 1"},
    )


def _filled(path: Path, *, closed: bool = True) -> SqliteStore:
    store = SqliteStore(path)
    store.commit(_changes())
    store.commit(Changes(gone=["twin/t0007"]))
    if closed:
        store.close()
    return store


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    path = tmp_path / "fresh.db"
    SqliteStore(path).close()
    return path


def _rows(path: Path) -> dict[str, list[object]]:
    store = SqliteStore(path)
    try:
        return {
            "actor": [store.load(id) for id in store.actors("", "", 10_000)],
            "mail": list(store.mail("mqtt/main", -1, 10_000)),
            "seen": list(store.seen()),
            "dead": list(store.dead(0, 10_000)),
            "event": list(store.events("contacts/a", 0, 10_000)),
            "note": list(store.notes().items()),
        }
    finally:
        store.close()


def test_of_a_whole_store_every_row_is_read(tmp_path: Path, fresh: Path) -> None:
    """Of every size, over pages of their own; what was deleted stays so."""
    _filled(tmp_path / "gateway.db")
    found = salvage(tmp_path / "gateway.db", fresh)
    assert (_rows(fresh) == _rows(tmp_path / "gateway.db")) is True
    assert found.bad == {}
    assert (found.rows["mail"], found.rows["actor"]) == (ROWS, ROWS - 1)


def test_what_is_in_the_wal_only_is_read_too(tmp_path: Path, fresh: Path) -> None:
    """Of a process that was killed."""
    store = _filled(tmp_path / "gateway.db", closed=False)
    (tmp_path / "copy").mkdir()
    for name in ("gateway.db", "gateway.db-wal"):
        shutil.copy(tmp_path / name, tmp_path / "copy" / name)
    store.close()
    salvage(tmp_path / "copy" / "gateway.db", fresh)
    assert (_rows(fresh) == _rows(tmp_path / "gateway.db")) is True


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_page_costs_what_is_on_it(tmp_path: Path, fresh: Path, seed: int) -> None:
    """Of one table only; no row comes that was not there; the page is said."""
    path = tmp_path / "gateway.db"
    _filled(path)
    before = _rows(path)
    leaves = _leaves(path)
    blob = bytearray(path.read_bytes())
    blob[(random.Random(seed).choice(leaves) - 1) * PAGE + seed * 100 + 50] ^= 4
    path.write_bytes(bytes(blob))
    found = salvage(path, fresh)
    after = _rows(fresh)
    for table, rows in after.items():
        assert all(row in before[table] for row in rows)
        assert len(before[table]) - len(rows) < 60
    assert [len(after[table]) < len(before[table]) for table in after].count(True) <= 1
    assert len(found.bad) == [len(after[table]) < len(before[table]) for table in after].count(True)  # a page of an index costs nothing


def _leaves(path: Path) -> list[int]:
    """The pages that lead to no others and hold rows."""
    blob = path.read_bytes()
    return [at // PAGE + 1 for at in range(PAGE, len(blob), PAGE) if blob[at] in (10, 13) and blob[at + 4] + 256 * blob[at + 3] > 1]


def test_a_first_page_that_is_lost_costs_nothing_more(tmp_path: Path, fresh: Path) -> None:
    """It says where the tables are: so does that of every store with the same steps."""
    path = tmp_path / "gateway.db"
    _filled(path)
    before = _rows(path)
    blob = bytearray(path.read_bytes())
    blob[:100] = bytes(100)
    path.write_bytes(bytes(blob))
    salvage(path, fresh)
    assert (_rows(fresh) == before) is True


@pytest.mark.parametrize("seed", range(20))
def test_garbage_ends_nothing(tmp_path: Path, fresh: Path, seed: int) -> None:
    """Whatever stands in the file, it is read to the end, and raises nothing."""
    path = tmp_path / "gateway.db"
    _filled(path)
    rng = random.Random(seed)
    blob = bytearray(path.read_bytes())
    blob[20] = 0  # without checksums, what is wrong must be seen in the pages themselves
    for _ in range(300):
        blob[rng.randrange(100, len(blob))] = rng.randrange(256)
    path.write_bytes(bytes(blob))
    salvage(path, fresh)
    pages = Pages(path, page_bytes=PAGE)
    assert all(isinstance(row, list) for root in range(1, 60) for row in pages.rows(root))
    pages.close()
