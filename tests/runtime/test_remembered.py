"""What a host-bound actor has kept for its next life is there in it, however this one ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.actors import BadPayload
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Store
from gateway.testing import FrailStore, Rig
from tests.runtime.actors import Book, Shelf


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Two shelves in the test's own hands, on each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    ids = ["shelf/a", "shelf/b"]
    with Rig([Book()], dict.fromkeys(ids, Shelf), store=FrailStore(store), by_hand=ids) as made:
        yield made
    store.close()


def test_a_text_is_kept_for_the_actor_that_gave_it(rig: Rig) -> None:
    """The last one, for that actor alone, in this life and the next; the actor hears when it is on disk."""
    written: list[str] = []
    rig.hosted["shelf/a"].remember("first", then=lambda: written.append("first"))
    rig.hosted["shelf/a"].remember("second", then=lambda: written.append("second"))
    assert rig.hosted["shelf/a"].remembered == "second"
    rig.settle()
    assert written == ["first", "second"]
    rig.crash()
    rig.start()
    assert (rig.hosted["shelf/a"].remembered, rig.hosted["shelf/b"].remembered) == ("second", "")


def test_a_text_that_no_store_takes_is_refused(rig: Rig) -> None:
    """Its actor is told so; the engine goes on, and what was kept stays."""
    shelf = rig.hosted["shelf/a"]
    shelf.remember("first", then=lambda: None)
    with pytest.raises(BadPayload, match=r"^cannot keep '\\udc80' for shelf/a: it is no Unicode text$"):
        shelf.remember("\udc80", then=lambda: None)
    rig.settle()
    assert shelf.remembered == "first"
