"""A store at its limit: what drains, forgets or drops always has room, in the next life too, and nothing else takes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.actors import Refused
from gateway.business.twin import Twin, TwinSettings
from gateway.control.forget import forget
from gateway.runtime.settings import EngineSettings
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig
from tests.runtime.actors import Book, Shelf

LARGE = "x" * 60_000
_MIB = 1024 * 1024


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A gateway that may have two megabytes on disk, and a shelf that takes nothing for now."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=2)
    actors = [Book(), Twin(TwinSettings(publish_to=""))]
    with Rig(actors, {"shelf/a": Shelf}, store=store, by_hand=["shelf/a"]) as rig:
        rig.engine.away("shelf/a", "the test said so")
        yield rig
    store.close()


def _fill(rig: Rig, to: str, verb: str) -> int:
    """Send until nothing more is taken in, because the store is full; how many were."""
    ingress, sent = rig.engine.ingress, 0
    while not ingress.why_shut:
        try:
            rig.send(to.format(sent), verb, {"text": LARGE} if verb == "put" else {"values": {"text": LARGE}}, wait=False)
            sent += 1
        except Refused:  # maybe only because much is under way
            rig.until(lambda: ingress.why_shut or not ingress.held)
    return sent


def _drain(rig: Rig) -> int:
    rig.engine.back("shelf/a")
    drained = 0
    while rig.engine.room.outboxes["shelf/a"].waiting:
        for delivery in rig.hosted["shelf/a"].take():
            drained += 1
            delivery.done()
        rig.settle()
    return drained


@pytest.mark.parametrize("kills", [0, 4])
def test_what_waits_drains_whatever_the_lives_before_have_filled(rig: Rig, kills: int) -> None:
    """Each of them was killed while it took in what it could; the last begins with the door shut, and drains."""
    sent = _fill(rig, "shelf/a", "put")
    for _ in range(kills):
        rig.crash()
        rig.start()
        rig.engine.away("shelf/a", "the test said so")
        sent += _fill(rig, "shelf/a", "put")
    rig.settle()
    waiting = rig.look(lambda: rig.engine.room.outboxes["shelf/a"].waiting)
    assert 2 * 1024 * 1024 // len(LARGE) // 2 <= waiting <= sent  # what was on its way to the disk a kill may take
    assert _drain(rig) == waiting
    rig.advance(2)
    assert rig.engine.ingress.why_shut == ""
    rig.tell("shelf/a", "put", {"text": LARGE}, wait=False)


def test_who_has_filled_the_store_can_be_forgotten(rig: Rig) -> None:
    """By its owner, in the life after a kill."""
    count = _fill(rig, "twin/{}", "report")
    rig.crash()
    rig.start()
    rig.until(lambda: rig.engine.ingress.why_shut)
    for n in range(count):
        if rig.store.load(f"twin/{n}") is not None:
            rig.look(lambda n=n: forget(rig.engine, f"twin/{n}"))  # type: ignore[misc]
    rig.settle()
    assert rig.store.actors("twin/", "", 99) == []
    rig.advance(2)
    rig.tell("twin/new", "report", {"values": {"n": 1}}, wait=False)


def test_large_rows_keep_to_the_limit_and_what_is_reached_is_said(tmp_path: Path) -> None:
    """However long somebody goes on sending: no file of the store is above it by more than was under way, and its -wal by one commit."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=16)
    settings = EngineSettings(ingress_bytes=2 * _MIB)
    with Rig([Book()], {"shelf/a": Shelf}, settings=settings, store=store, by_hand=["shelf/a"]) as rig:
        rig.engine.away("shelf/a", "the test said so")
        ingress = rig.engine.ingress
        more = 500
        while more:
            more -= 1 if ingress.why_shut else 0
            try:
                rig.send("shelf/a", "put", {"text": "x" * 100_000}, wait=False, size=100_200)
            except Refused:  # maybe only because much is under way
                rig.until(lambda: ingress.why_shut or not ingress.held)
        rig.settle()
        why = "store.max_mb = 16 is reached (the disk has room): raise it, or see in gateway show what waits"
        assert ingress.why_shut == why
        assert ingress.said.endswith(f"taken in: {why}")
        assert (tmp_path / "gateway.db").stat().st_size <= 16 * _MIB
        assert (tmp_path / "gateway.db-wal").stat().st_size <= 8 * _MIB
        assert _drain(rig) > 100
    store.close()


def test_dead_letters_have_bytes_of_their_own() -> None:
    """Beyond these one letter a mailbox counts; a look at them, or dropping them, makes room."""
    settings = EngineSettings(dead_letters_bytes=200_000)
    with Rig([Book()], {"shelf/a": Shelf}, settings=settings, by_hand=["shelf/a"]) as rig:

        def refuse(count: int) -> None:
            for n in range(count):
                rig.tell("shelf/a", "put", {"text": f"{n} {LARGE}"})
                rig.until(rig.hosted["shelf/a"].take)[0].failed("no", retry=False)
                rig.until(lambda: not rig.engine.room.outboxes["shelf/a"].waiting)
            rig.settle()  # committed

        refuse(10)
        assert len(rig.store.dead(0, 99)) == 5
        assert rig.store.dead(0, 99)[-1].reason == "no (and 5 more since, too many to be kept: look at these and drop them)"
        assert sum(size for _, size in rig.store.dead_sizes()) < 310_000
        rig.restart()
        assert rig.look(lambda: rig.engine.dead_letters.bytes) == sum(size for _, size in rig.store.dead_sizes())
        rig.look(lambda: [rig.engine.dead_letters.drop(n, rig.engine.round) for n in (1, 2, 3)])
        refuse(1)
        assert rig.store.dead(0, 99)[-1].reason == "no"
