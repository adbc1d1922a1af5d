"""The note of what is in hand speaks of places, and outlives the mail that had them: no other mail gets one of them."""

from typing import Any, ClassVar

from gateway.actors import Actor, Stage, State, verb
from gateway.runtime.hosted import Hosted
from gateway.runtime.lent import last_noted
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf, Word


class Forge(Actor[State]):
    """Cannot go on with its mail while it is cold."""

    retry_s = 100.0
    cold: ClassVar[bool]

    @verb
    def shoot(self, word: Word, stage: Stage[State]) -> None:
        """Shoot at the shelf."""
        if self.cold:
            raise RuntimeError("cold")
        stage.tell("shelf/a", "shoot", word)


def taken(rig: Rig) -> list[Any]:
    rig.settle()
    return rig.hosted["shelf/a"].take()


def test_new_mail_gets_no_place_of_which_the_last_life_noted_an_attempt() -> None:
    """What came after the first in hand is dealt with, and the note still speaks of it. A command of the next life was not begun."""
    Forge.cold = True
    settings = EngineSettings(cautious_turns=0)
    with Rig([Book(), Forge()], {"shelf/a": Shelf}, settings=settings, by_hand=["shelf/a"]) as rig:
        rig.tell("forge/a", "shoot", {"text": "new"})
        for n in range(8):
            rig.tell("book/a", "write", {"text": f"!{n}"})
        for delivery in taken(rig):
            delivery.done()
        for delivery in taken(rig)[1:]:
            delivery.done()
        rig.advance(1)
        (left,) = rig.store.mail("shelf/a", 0, 9)
        assert last_noted(rig.store.notes()) > left.seq
        rig.crash()
        Forge.cold = False
        rig.start()
        assert [(delivery.message.payload.text, delivery.attempt) for delivery in taken(rig)] == [("4", 2), ("new", 1)]
        assert rig.store.dead(0, 9) == []


def test_the_last_place_is_that_of_all_notes() -> None:
    """Those of actors that are not there in this life, too: they may join it."""
    notes = {"ended": "running", "in hand shelf/a": "7-8 10-10", "in hand shelf/b": "", "in hand shelf/gone": "3-12"}
    assert (last_noted(notes), last_noted({})) == (12, 0)


def test_who_was_not_there_at_the_start_is_told_which_of_its_mail_was_begun_before() -> None:
    """The attempts of the life before are counted at the start, though it joins later."""
    with Rig([Book()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as rig:
        rig.engine.away("shelf/a", "the test said so")
        for n in range(2):
            rig.tell("book/a", "write", {"text": f"!{n}"})
        rig.engine.back("shelf/a")
        assert [delivery.attempt for delivery in taken(rig)] == [1, 1]
        rig.crash()
        kind = rig.kinds.pop("shelf/a")
        rig.start()
        rig.settle()
        rig.kinds["shelf/a"] = kind
        rig.hosted["shelf/a"] = Hosted("shelf/a", kind, kind, rig.engine)
        rig.engine.inspect(lambda: rig.engine.roster.join("shelf/a", kind), timeout_s=PATIENCE_S)
        rig.engine.back("shelf/a")
        assert [delivery.attempt for delivery in rig.until(lambda: taken(rig))] == [2]  # one by one, after an unclean end
