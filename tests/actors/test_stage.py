"""The stage: what a turn does is on it, and wrong addresses and payloads fail there and then."""

from typing import Any

import pytest

from gateway.actors import NOTHING, Actor, BadId, BadPayload, Message, Payload, Reply, Stage, State, UnknownTarget, verb
from gateway.actors.stage import Timer
from gateway.actors.vocabulary import Publish, Switch
from gateway.testing.turns import TestWorld, in_the_box


class Seen(State):
    words: list[str] = []


class Word(Payload):
    word: str


class Parrot(Actor[Seen]):
    """Repeats words."""

    @verb
    def hear(self, word: Word, stage: Stage[Seen]) -> None:
        """Remember a word."""

    @verb
    def tired(self, stage: Stage[Seen]) -> None:
        """Sleep."""


def stage_of(**parts: Any) -> Stage[Seen]:
    message = Message("m1", "parrot/polly", "hear", Word(word="hello"), **parts)
    world = TestWorld({**in_the_box(), "parrot": Parrot.verbs}, own="parrot")
    return Stage(world, "parrot/polly", Seen(), message, now_ms=1_750_000_000_000, clock_ms=5_000)


def test_tell() -> None:
    """A message on the stage has an id of its own, its sender, and the trace of what began it."""
    stage = stage_of()
    stage.tell("mqtt/main", "publish", {"topic": "a", "body": "b"}, expires_ms=7)
    stage.tell("parrot/ann", "tired")
    stage.tell("gpio/lamp", "switch", Switch(on=True))
    assert stage.mail == [
        Message("t000001", "mqtt/main", "publish", Publish(topic="a", body="b"), "parrot/polly", "", "m1", 7),
        Message("t000002", "parrot/ann", "tired", NOTHING, "parrot/polly", "", "m1", 0),
        Message("t000003", "gpio/lamp", "switch", Switch(on=True), "parrot/polly", "", "m1", 0),
    ]


def test_the_trace_is_handed_on() -> None:
    """A message keeps the trace of the message it follows from."""
    stage = stage_of(trace="outside-1")
    stage.tell("parrot/ann", "tired")
    assert stage.mail[0].trace == "outside-1"


def test_wrong_addresses() -> None:
    """An id that is none, a kind and a verb that nobody registered are errors where they are staged."""
    stage = stage_of()
    with pytest.raises(BadId, match=r"^cannot use 'nowhere' as an actor id"):
        stage.tell("nowhere", "hear")
    with pytest.raises(UnknownTarget) as caught:
        stage.tell("cat/tom", "hear")
    assert str(caught.value) == "cannot send hear to cat/tom: no kind 'cat' here; name it in Turns(reachable=...)"
    with pytest.raises(UnknownTarget) as caught:
        stage.tell("gpio/lamp", "swich", {"on": True})
    assert str(caught.value) == "cannot send swich to gpio/lamp: gpio answers pulse, switch"
    assert stage.mail == []


def test_wrong_payloads() -> None:
    """A payload that does not fit is an error where it is staged, with the address in it."""
    stage = stage_of()
    with pytest.raises(BadPayload) as caught:
        stage.tell("gpio/lamp", "switch", {"on": "yes"})
    assert str(caught.value) == "cannot read the payload of switch to gpio/lamp: on: expected true or false"
    with pytest.raises(BadPayload) as caught:
        stage.tell("gpio/lamp", "switch")
    assert str(caught.value) == "cannot read the payload of switch to gpio/lamp: on: missing"
    with pytest.raises(BadPayload) as caught:
        stage.after(3, "hear", {"wort": "x"})
    assert str(caught.value) == (
        "cannot read the payload of timer hear of parrot/polly: word: missing; wort: no such field; did you mean 'word'?"
    )
    assert (stage.mail, stage.timers) == ([], {})


def test_who_asks_must_take_the_reply() -> None:
    """Asking for a reply that nobody can take fails in the turn of the one that asks, not of the one that answers."""
    stage = stage_of()
    with pytest.raises(UnknownTarget) as caught:
        stage.tell("twin/boiler", "read", reply_to=stage.me)
    assert str(caught.value) == "cannot send reply to parrot/polly: parrot answers hear, tired"
    stage.tell("twin/boiler", "read", reply_to="mqtt/main")
    assert stage.mail[0].reply_to == "mqtt/main"


def test_replies() -> None:
    """A reply goes to who wanted it, names what it answers, and carries JSON values."""
    stage = stage_of(sender="cat/tom", reply_to="cat/ann")
    stage.reply({"n": (1, 2)})
    stage.reply(Seen(words=["a"]))
    stage.reply()
    stage.refuse("the parrot sleeps")
    assert {message.to for message in stage.mail} == {"cat/ann"}
    assert {message.verb for message in stage.mail} == {"reply"}
    assert [message.payload for message in stage.mail] == [
        Reply(of="m1", body={"n": [1, 2]}),
        Reply(of="m1", body={"words": ["a"]}),
        Reply(of="m1"),
        Reply(of="m1", ok=False, reason="the parrot sleeps"),
    ]


def test_no_reply_where_nobody_asked() -> None:
    """Replies and refusals nobody wants are not sent."""
    stage = stage_of()
    stage.reply({"n": 1})
    stage.refuse("no")
    assert stage.mail == []


def test_a_reply_that_is_no_json() -> None:
    """A reply that cannot be stored fails in the turn, not at the commit."""
    stage = stage_of(reply_to="cat/ann")
    with pytest.raises(BadPayload) as caught:
        stage.reply({"thing": object()})
    assert str(caught.value) == "cannot read the payload of reply to cat/ann: Unable to serialize unknown type: <class 'object'>"


def test_timers() -> None:
    """A timer is due on the gateway's clock, is named after its verb unless named, and is replaced by name."""
    stage = stage_of()
    stage.after(1.5, "tired")
    stage.after(2, "hear", {"word": "x"}, name="later")
    stage.after(-1, "hear", Word(word="y"), name="now")
    stage.after(9, "tired")
    stage.cancel("gone")
    assert stage.timers == {
        "tired": Timer(14_000, "tired", NOTHING),
        "later": Timer(7_000, "hear", Word(word="x")),
        "now": Timer(5_000, "hear", Word(word="y")),
        "gone": None,
    }
    with pytest.raises(UnknownTarget):
        stage.after(1, "sing")


def test_the_rest() -> None:
    """A stage knows its key, gives keys and random numbers, and ends the actor."""
    stage = stage_of()
    assert (stage.key, stage.stopped) == ("polly", False)
    assert stage.new_key() != stage.new_key()
    assert 0 <= stage.random() < 1
    stage.stop()
    assert stage.stopped
