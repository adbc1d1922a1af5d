"""The store in memory: what only it has."""

import pytest

from gateway.actors import StoreFailed
from gateway.store import Changes
from gateway.store.memory import MemoryStore


def test_a_fault_to_come_leaves_nothing_behind() -> None:
    """A commit that fails "before" wrote nothing, and the next one works."""
    store = MemoryStore()
    store.fail_next = ["", "before"]
    store.commit(Changes(notes={"a": "1"}))
    with pytest.raises(StoreFailed) as caught:
        store.commit(Changes(notes={"a": "2"}))
    assert str(caught.value) == "cannot commit: the test said so; try again"
    assert store.notes() == {"a": "1"}
    store.commit(Changes(notes={"a": "3"}))
    assert store.notes() == {"a": "3"}
    assert not store.relieve()
    assert store.recovered()
