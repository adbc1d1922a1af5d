"""The rig of these tests: books, and a shelf that the test holds in its hands."""

from collections.abc import Iterator

import pytest

from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig
from tests.runtime.actors import Book, Shelf


@pytest.fixture
def rig() -> Iterator[Rig]:
    """One life, on a store that can be made to fail."""
    with Rig([Book()], {"shelf/a": Shelf}, store=FrailStore(MemoryStore()), by_hand=["shelf/a"]) as made:
        yield made
