"""Asked, an actor that nobody ever wrote to says so with its answer."""

from typing import Any

import pytest

from gateway.actors import Actor, Copy, Payload, Stage, State, verb
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig, Turns

NOBODY = "nobody has ever written to {}, or nothing of that was kept"


class Word(Payload):
    word: str = ""


class Notes(State):
    words: tuple[str, ...] = ()


class Note(Actor[Notes]):
    """Remembers words."""

    @verb
    def read(self, stage: Stage[Notes]) -> None:
        """Answer with them."""
        stage.reply(stage.state)

    @verb
    def write(self, word: Word, stage: Stage[Notes]) -> None:
        """Remember one, and answer with all."""
        stage.state = stage.state.changed(words=(*stage.state.words, word.word))
        stage.reply(stage.state)

    @verb
    def wake(self, stage: Stage[Notes]) -> None:
        """Only set a timer."""
        stage.after(1000, "read")
        stage.reply()

    @verb
    def end(self, stage: Stage[Notes]) -> None:
        """End, and answer."""
        stage.stop()
        stage.reply()

    @verb
    def say(self, stage: Stage[Notes]) -> None:
        """Only tell somebody else."""
        stage.tell("note/other", "write", Word(word="said"))
        stage.reply()

    @verb
    def below(self, stage: Stage[Notes]) -> None:
        """Have a child answer."""
        stage.tell(stage.child("note", "child"), "read", reply_to=stage.message.reply_to)

    @verb
    def refuse(self, stage: Stage[Notes]) -> None:
        """Say no."""
        stage.refuse("I will not")


class Echo(Actor[State]):
    """Remembers nothing."""

    @verb
    def read(self, stage: Stage[Any]) -> None:
        """Answer."""
        stage.reply({"heard": True})


class Keeper(Actor[Notes]):
    """Keeps a copy of a note."""

    copies = {"note": Copy("note", "words")}

    @verb
    def keep(self, stage: Stage[Notes]) -> None:
        """Begin to."""
        stage.keep_copy("note", "note/watched")

    @verb
    def read(self, stage: Stage[Notes]) -> None:
        """Answer."""
        stage.reply(stage.state)


def test_an_answer_of_nobody_says_so_and_is_given() -> None:
    """However often it is asked, and over a restart; what it answers is its beginning."""
    with Rig([Note()]) as rig:
        for _ in range(2):
            for _ in range(2):
                reply = rig.ask("note/never", "read")
                assert (reply.ok, reply.reason, reply.body) == (True, NOBODY.format("note/never"), {"words": []})
            rig.restart()
        assert rig.store.count_actors() == 0


@pytest.mark.parametrize(
    ("word", "reason"), [("write", ""), ("wake", ""), ("say", ""), ("end", NOBODY.format("note/x")), ("refuse", "I will not")]
)
def test_a_verb_that_does_something_is_answered_as_ever(word: str, reason: str) -> None:
    """It makes the actor, or writes to others; one that ends nobody says that there was nobody. A refusal has its own reason."""
    with Rig([Note()]) as rig:
        assert rig.ask("note/x", word).reason == reason
    assert Turns(Note(), "note/x").ask(word).reason == reason


def test_who_has_a_life_is_somebody_until_it_ends() -> None:
    """In memory or not."""
    with Rig([Note()], settings=EngineSettings(idle_s=10)) as rig:
        rig.tell("note/x", "write")
        assert rig.ask("note/x", "read").reason == ""
        rig.advance(60)
        assert rig.look(lambda: len(rig.engine.cells)) == 0
        assert rig.ask("note/x", "read").reason == ""
        assert rig.ask("note/x", "end").reason == ""
        assert rig.ask("note/x", "read").reason == NOBODY.format("note/x")
    turns = Turns(Note(), "note/x")
    turns.tell("write")
    assert turns.ask("read").reason == ""


def test_a_parent_of_somebody_is_somebody() -> None:
    """Whoever wrote to the child meant the family; in memory or not."""
    with Rig([Note()]) as rig:
        rig.tell("note/x/note/child", "write")
        assert rig.ask("note/x", "read").reason == ""
        rig.restart()
        assert rig.ask("note/x", "read").reason == ""
        assert rig.ask("note/x/note/other", "read").reason == NOBODY.format("note/x/note/other")


def test_who_was_not_asked_says_nothing() -> None:
    """A parent sends on what it was asked: that its child is nobody is no concern of whoever asked the parent."""
    with Rig([Note()]) as rig:
        assert rig.ask("note/x", "below").reason == ""


def test_a_kind_that_remembers_nothing_has_nobody_to_be_missed() -> None:
    """It answers the same to everybody, always."""
    with Rig([Echo()]) as rig:
        assert rig.ask("echo/x", "read").reason == ""


def test_who_is_waited_for_is_named_with_who_waits() -> None:
    """To keep a copy is to have been told to; to be copied is not to have been written to."""
    with Rig([Note(), Keeper()]) as rig:
        rig.tell("keeper/a", "keep")
        for _ in range(2):
            assert rig.ask("keeper/a", "read").reason == ""
            waits = "; keeper/a waits to hear of it"
            assert rig.ask("note/watched", "read").reason == NOBODY.format("note/watched") + waits
            rig.restart()
        rig.tell("note/watched", "write")
        assert rig.ask("note/watched", "read").reason == ""
