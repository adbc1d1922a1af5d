"""Ids that are served elsewhere: a host-bound actor carries what is sent to them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import Actor, By, HostBound, Stage, State, UnknownTarget, verb
from gateway.actors.vocabulary import Report
from gateway.business.twin import Twin, TwinSettings
from gateway.runtime.settings import EngineSettings
from gateway.testing import OUTSIDE, Rig
from tests.runtime.actors import Book, Word

CARRIER = "carrier/a"
MOST = 5


class Carrier(HostBound):
    """Carries mail to others."""

    passes_on = True


class Scout(Actor[State]):
    """Tells another host how things stand, and cries where there is danger."""

    @verb
    def see(self, word: Word, stage: Stage[State]) -> None:
        stage.tell("host/pi-house/twin/field", "report", Report(values={"seen": word.text}))

    @verb
    def cry(self, word: Word, stage: Stage[State]) -> None:
        stage.tell("host/pi-house/book/dangers", "write", word)


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A gateway of which books are elsewhere, and what is on other hosts."""
    settings = EngineSettings(mailbox_messages=MOST)
    with Rig([Book(), Scout(), Twin(TwinSettings())], {CARRIER: Carrier}, by_hand=[CARRIER], settings=settings) as rig:
        rig.engine.directory.carry(CARRIER, ["book", "host"])
        yield rig


def _taken(rig: Rig) -> list[Any]:
    rig.settle()
    return list(rig.hosted[CARRIER].take())


def _waiting(rig: Rig) -> list[str]:
    """The verbs of what waits for the carrier, with what each says."""
    rig.settle()
    head = rig.look(lambda: [mail.message for mail in rig.engine.room.outboxes[CARRIER].box.head])
    return [f"{one.verb} {getattr(one.payload, 'text', '') or one.payload.values['seen']}" for one in head]  # type: ignore[attr-defined]


def test_it_is_carried_by_its_name_and_answered_by_nobody_here(rig: Rig) -> None:
    """In order with what is for others; that it is done is no answer."""
    answers: list[Any] = []
    rig.hosted[OUTSIDE].ask("book/a", "write", {"text": "x"}, on_reply=answers.append)
    rig.tell("host/pi-house/book/a", "write", {"text": "y"})
    rig.tell("host/pi-house/twin/door", "report", {"values": {"open": True}})
    taken = _taken(rig)
    assert [one.message.to for one in taken] == ["book/a", "host/pi-house/book/a", "host/pi-house/twin/door"]
    assert [one.seq for one in taken] == sorted({one.seq for one in taken})
    for one in taken:
        one.done()
    rig.advance(1)
    assert answers == []
    rig.tell("host/pi-house/ask/7", "reply", {"of": "1"}, by=By.ACTORS)
    assert [one.message.verb for one in _taken(rig)] == ["reply"]


@pytest.mark.parametrize(
    ("to", "verb", "said"),
    [
        ("book/a", "wriet", "it has no such verb; did you mean 'write'?"),
        ("host/pi-house/lodger/a", "write", "cannot find kind 'lodger': it is not installed here; install it here too"),
        ("host/pi-house", "write", "it has no such verb"),
    ],
)
def test_what_does_not_fit_is_found_here(rig: Rig, to: str, verb: str, said: str) -> None:
    """A verb that its kind has not, a kind that is not installed, and who is no actor."""
    with pytest.raises(UnknownTarget, match=re.escape(said)):
        rig.send(to, verb, {"text": "x"})


def test_where_nobody_carries_it_its_sender_is_told(rig: Rig) -> None:
    """What is on other hosts is no actor of this one; a kind that was elsewhere is here again."""
    rig.engine.directory.carry(CARRIER, [])
    with pytest.raises(UnknownTarget, match=re.escape("this gateway is not linked with others; give it a section [link]")):
        rig.send("host/pi-house/book/a", "write", {"text": "x"})
    rig.tell("book/a", "write", {"text": "mine"})
    assert rig.state("book/a").words == ("mine",)


def test_where_it_is_away_for_long_the_oldest_telemetry_gives_way_and_nothing_else(rig: Rig) -> None:
    """It is counted; where there is none left, whoever has more to say waits, and goes on once there is room."""
    rig.engine.away(CARRIER, "the test said so")
    for n in range(MOST):
        rig.tell("scout/a", "see", {"text": str(n)})
    rig.until(lambda: CARRIER in rig.engine.room.fullness.full)
    for n in range(MOST):
        rig.tell("scout/a", "cry", {"text": str(n)})
    rig.until(lambda: _waiting(rig) == [f"write {n}" for n in range(MOST)])
    assert rig.engine.room.giving_way.counts[CARRIER] == MOST
    rig.tell("scout/a", "cry", {"text": "late"})
    assert _waiting(rig) == [f"write {n}" for n in range(MOST)]
    rig.engine.back(CARRIER)
    for n in (*range(MOST), "late"):
        (one,) = rig.until(lambda: rig.hosted[CARRIER].take(1))
        assert one.message.payload.text == str(n)  # type: ignore[attr-defined]
        one.done()
