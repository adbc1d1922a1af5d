"""Deduplication holds a bounded number of ids, and holds them fairly between the scopes of one host-bound actor."""

import tracemalloc
from collections.abc import Sequence

import pytest

from gateway.runtime.seen import Seen
from gateway.store.memory import MemoryStore
from gateway.store.store import Changes


def _say(seen: Seen, store: MemoryStore, source: str, *ids: int) -> None:
    changes = Changes()
    for id in ids:
        seen.add(source, str(id), changes)
    store.commit(changes)


def _known(seen: Seen, source: str, most: int = 5000) -> list[int]:
    return [id for id in range(most) if seen.has(source, str(id))]


def test_many_scopes_do_not_grow_memory_or_store() -> None:
    """A device for every line: as many ids are known as one source may keep, and the store has no more than is due to go."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    for device in range(5000):
        _say(seen, store, f"serial/a#twin/{device}", 1)
    assert 100 <= len(seen) <= 112
    assert len(store.seen()) <= 112 + 1000
    assert seen.has("serial/a#twin/4900", "1")
    assert not seen.has("serial/a#twin/4887", "1")


def test_a_device_that_talks_much_forgets_its_own() -> None:
    """The last ids of a silent device outlive any number of lines of another on the same port."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    _say(seen, store, "serial/a#twin/silent", *range(50))
    _say(seen, store, "serial/a#twin/loud", *range(4000))
    assert _known(seen, "serial/a#twin/silent") == list(range(50))
    known = _known(seen, "serial/a#twin/loud")
    assert known == list(range(4000 - len(known), 4000))
    assert 50 <= len(known) <= 62


def test_of_too_many_devices_those_are_forgotten_that_were_silent_longest() -> None:
    """And not those that were first: one that goes on talking stays, after a restart too."""
    store = MemoryStore()
    seen = Seen(store, kept=8)
    for device in range(50):
        _say(seen, store, f"serial/a#twin/{device}", 1)
        assert device == 0 or seen.has("serial/a#twin/old", str(device - 1))
        _say(seen, store, "serial/a#twin/old", device)
    for one in (seen, Seen(store, kept=8)):
        assert _known(one, "serial/a#twin/old") == [49]
        assert one.has("serial/a#twin/49", "1")


def test_host_bound_actors_do_not_share() -> None:
    """One port's lines push out none of another's."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    _say(seen, store, "serial/b", *range(100))
    _say(seen, store, "serial/a", *range(500))
    assert _known(seen, "serial/b") == list(range(100))


def test_the_same_is_known_after_a_restart() -> None:
    """What may not be forgotten is known after as before, and what was about to go goes."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    for n in range(1500):
        _say(seen, store, f"serial/a#twin/{n % 7}", n)
    again = Seen(store, kept=100)
    for one in (seen, again):
        assert all(one.has(f"serial/a#twin/{n % 7}", str(n)) for n in range(1500 - 7 * 14, 1500))
        assert 100 <= len(one) <= 112
    _say(again, store, "serial/a#twin/0", *range(2000, 3500))
    assert len(store.seen()) <= 112 + 1000


def test_a_forgotten_scope_can_begin_again() -> None:
    """Ids forgotten are new again, after a restart too, and those said since are known."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    _say(seen, store, "mqtt/main#session", 1, 2)
    _say(seen, store, "mqtt/main", 1)
    changes = Changes()
    seen.forget("mqtt/main#session", changes)
    seen.add("mqtt/main#session", "2", changes)
    store.commit(changes)
    for one in (seen, Seen(store, kept=100)):
        assert _known(one, "mqtt/main#session") == [2]
        assert _known(one, "mqtt/main") == [1]


@pytest.mark.parametrize("first", [[], [1], range(1, 61)])
def test_an_id_that_is_said_as_new_again_and_again_does_not_grow_the_store(first: Sequence[int]) -> None:
    """As a broker says the lowest packet id that is free: what it stood for before goes from the disk too, whatever older ids are known."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    _say(seen, store, "mqtt/main#session", *first)
    for n in range(10_000):
        _say(seen, store, "mqtt/main#session", 100 + n % 3)
        _say(seen, store, "mqtt/main", n)
        if n == 5000:
            seen = Seen(store, kept=100)
    assert len(store.seen()) <= 112 + 2 * (112 + 1000)
    for one in (seen, Seen(store, kept=100)):
        assert _known(one, "mqtt/main#session") == [*first[-47:], 100, 101, 102]


def test_ids_keep_their_order_where_they_are_written_anew() -> None:
    """What was said as new last is forgotten last, after a restart too."""
    store = MemoryStore()
    seen = Seen(store, kept=100)
    _say(seen, store, "mqtt/main#session", *range(90))
    for _ in range(1200):
        _say(seen, store, "mqtt/main#session", 5)
    assert len(store.seen()) < 90 + 1200
    for one in (Seen(store, kept=100), seen):
        _say(one, store, "mqtt/main#session", *range(200, 223))  # the last is the first that is one too many
        assert _known(one, "mqtt/main#session") == [5, *range(14, 90), *range(200, 223)]


def test_what_is_forgotten_leaves_no_memory() -> None:
    """A device that said much at once and no more has what its last ids take, and not the places of all."""
    store = MemoryStore()
    seen = Seen(store, kept=10_000)
    tracemalloc.start()
    try:
        for device in range(100):
            changes = Changes()
            for id in range(1250):
                seen.add(f"serial/a#twin/{device}", str(id), changes)
        del changes
        assert tracemalloc.get_traced_memory()[0] < 11_250 * 250
    finally:
        tracemalloc.stop()
