"""Collections on the engine: durable through crashes, and small in memory however many entries they have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.collection import Collection, Entry, Key, Listing, Page
from gateway.registry import installed
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Changes, StateRow
from gateway.testing import Rig

TRIPS = "collection/trips"
PLENTY = 100_000
PER_PAGE = 200


def kinds() -> list[Any]:
    return [Collection(), Page()]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    store = SqliteStore(tmp_path / "gateway.db")
    with Rig(kinds(), store=store, settings=EngineSettings(cautious_turns=4)) as made:
        yield made
    store.close()


def listed(rig: Rig, prefix: str = "") -> list[str]:
    """Every key, list by list."""
    found: list[str] = []
    while True:
        answer = rig.ask(TRIPS, "list", Listing(prefix=prefix, after=found[-1] if found else "", limit=200)).body
        found += [entry["key"] for entry in answer["entries"]]
        if not answer["more"]:
            return found


def test_they_come_in_the_box() -> None:
    """The kinds that make a collection are registered as any other is: its id is enough to begin one."""
    ordinary = installed().ordinary
    assert [ordinary.load(name) for name in ("collection", "collection_page")] == [Collection, Page]


def test_asked_from_outside(rig: Rig) -> None:
    """Whoever asks the collection is answered by the page that has the key; not found is an answer and no refusal."""
    assert rig.ask(TRIPS, "add", {"key": "B-MX 4711", "value": "trip/van7", "note": {"since": 2020}}).body["added"] is True
    found = rig.ask(TRIPS, "find", {"key": "B-MX 4711"})
    assert (found.ok, found.body) == (True, {"key": "B-MX 4711", "found": True, "value": "trip/van7", "note": {"since": 2020}})
    missed = rig.ask(TRIPS, "find", {"key": "B-MX 4712"})
    assert (missed.ok, missed.body["found"]) == (True, False)
    assert rig.ask(TRIPS, "remove", {"key": "B-MX 4711"}).body == {"key": "B-MX 4711", "removed": True, "value": "trip/van7"}
    assert rig.ask(TRIPS, "count").body == {"count": 0}


def test_crash_after_crash(rig: Rig) -> None:
    """Through power cuts amid splits, every entry that was acknowledged is found, none stands twice, and the count is right."""
    durable: set[str] = set()
    for life in range(4):
        keys = [f"{number * 7919 % 100_003:06}" for number in range(life * 400, life * 400 + 400)]
        sent = {key: rig.send(TRIPS, "add", Entry(key=key, value=f"trip/{key}")) for key in keys}
        while sum(receipt.resolved for receipt in sent.values()) <= life * 80:
            rig.look(lambda: None)
        rig.crash()
        durable |= {key for key, receipt in sent.items() if receipt.resolved}
        rig.start()
        rig.settle()
    found = listed(rig)
    assert found == sorted(set(found))
    assert durable <= set(found)
    assert rig.ask(TRIPS, "count").body == {"count": len(found)}
    assert all(rig.ask(TRIPS, "find", Key(key=key)).body["value"] == f"trip/{key}" for key in sorted(durable)[::50])


def stocked() -> MemoryStore:
    """A store with a collection of plenty of entries, as pages have put them there."""
    store, lows, pages = MemoryStore(), [""], ["first"]
    count = PLENTY // PER_PAGE
    for number in range(count):
        keys = [f"{key:06}" for key in range(number * PER_PAGE, (number + 1) * PER_PAGE)]
        low, page = (keys[0], f"p{number}") if number else ("", "first")
        last = number == count - 1
        state = Page.state_model.model_validate(
            {
                "low": low,
                "high": None if last else f"{(number + 1) * PER_PAGE:06}",
                "right": "" if last else f"p{number + 1}",
                "next": "" if last else f"p{number + 1}",
                "begun": True,
                "joined": True,
                "values": {key: f"trip/{key}" for key in keys},
            }
        )
        _store(store, f"{TRIPS}/collection_page/{page}", state)
        if number:
            lows.append(low)
            pages.append(page)
    _store(store, TRIPS, Collection.state_model.model_validate({"lows": lows, "pages": pages}))
    return store


def _store(store: MemoryStore, id: str, state: Any) -> None:
    store.commit(Changes(states=[StateRow(id, 1, state.to_json(), None, None)]))


def in_memory(rig: Rig) -> set[str]:
    return {cell.id for cell in rig.look(lambda: list(rig.engine.cells))}


def test_a_hundred_thousand_entries() -> None:
    """Among 100,000 entries a find loads the collection and one page; a list what it reads; all leave memory, and are found again."""
    with Rig(kinds(), store=stocked(), settings=EngineSettings(idle_s=60)) as rig:
        assert rig.ask(TRIPS, "find", Key(key="054321")).body["value"] == "trip/054321"
        assert in_memory(rig) == {TRIPS, f"{TRIPS}/collection_page/p271"}
        assert len(rig.ask(TRIPS, "list", Listing(prefix="0999", limit=200)).body["entries"]) == 100
        assert in_memory(rig) == {TRIPS, f"{TRIPS}/collection_page/p271", f"{TRIPS}/collection_page/p499"}
        rig.advance(120)
        assert in_memory(rig) == set()
        assert rig.ask(TRIPS, "find", Key(key="054321")).body["found"] is True
        for number in range(100):  # more than the page has room for
            rig.tell(TRIPS, "add", Entry(key=f"054321-{number:02}", value="x"))
        rig.advance(120)
        assert len(rig.ask(TRIPS, "list", Listing(prefix="054321", limit=200)).body["entries"]) == 101
        assert rig.ask(TRIPS, "count").body == {"count": PLENTY + 100}
        assert len(rig.state(TRIPS).pages) == PLENTY // PER_PAGE + 1


def test_splits_under_a_burst(rig: Rig) -> None:
    """Sent without a pause, while pages split, what was put last stands."""
    for turn in range(3):
        for number in range(700):
            rig.send(TRIPS, "put", Entry(key=f"{number * 389 % 701:04}", value=f"{turn}"))
    rig.settle()
    answer = rig.ask(TRIPS, "list", Listing(limit=200)).body
    assert {entry["value"] for entry in answer["entries"]} == {"2"}
    assert rig.ask(TRIPS, "count").body == {"count": 700}
    assert len(rig.state(TRIPS).pages) > 2
