"""What the store puts off, it does when nothing is to be committed."""

from pathlib import Path

from gateway.runtime.batch import Batch
from gateway.runtime.committer import Committer
from gateway.store import StateRow
from gateway.store.sqlite import SqliteStore
from gateway.testing.clock import PATIENCE_S
from tests.waiting import until

ROWS = 3000
LONG = b"x" * 1800
"""A state that takes a page of its own."""


def test_a_long_wal_is_brought_into_the_file_when_nothing_is_to_be_committed(tmp_path: Path) -> None:
    """No further commit has to come for it; and what is committed afterwards is safe like all before."""
    store = SqliteStore(tmp_path / "gateway.db")
    faults: list[BaseException] = []
    committer = Committer(store, committed=lambda batch: None, failed=faults.append, fatal=faults.append)
    committer.start()
    batch = Batch(1)
    batch.changes.states += [StateRow(f"twin/t{n:04}", 1, LONG, None, None) for n in range(ROWS)]
    committer.submit(batch)
    until(lambda: store.path.stat().st_size > ROWS * 2048, said=lambda: f"the file has {store.path.stat().st_size} bytes; {faults}")
    following = Batch(2)
    following.changes.states.append(StateRow("twin/last", 1, LONG, None, None))
    committer.submit(following)
    until(lambda: store.load("twin/last"), said=lambda: str(faults))
    assert committer.stop(PATIENCE_S)
    store.close()
    again = SqliteStore(store.path)
    assert (again.count_actors(), again.missing, again.check(), faults) == (ROWS + 1, 0, "", [])
    again.close()
