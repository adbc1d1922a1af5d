"""Once: what is asked under one key is sent on once, and its answer is kept for whoever asks again."""

from typing import Any

import pytest

from gateway.actors import Reply
from gateway.business.once import KEPT_S, Once
from gateway.testing import Turns

ASKED: dict[str, Any] = {"to": "toggle/hall", "verb": "set", "payload": {"on": True}, "digest": "d"}


@pytest.fixture
def once() -> Turns:
    return Turns(Once(), "once/key")


def _replied(once: Turns) -> list[Any]:
    return [message.payload.body for message in once.mail if message.verb == "reply"]


def test_what_is_asked_is_sent_on_once(once: Turns) -> None:
    """However often it is asked before the answer is there; then each of those who asked is answered."""
    once.tell("carry", ASKED, reply_to="test/one")
    once.tell("carry", ASKED, reply_to="test/two")
    assert [message.to for message in once.mail] == ["toggle/hall"]
    once.tell("reply", Reply(of=once.mail[0].id, body={"on": True}))
    answer = {"answer": {"ok": True, "reason": "", "body": {"on": True}}}
    assert [(message.to, message.payload.body) for message in once.mail[1:]] == [("test/one", answer), ("test/two", answer)]


def test_whoever_asks_later_gets_the_same_answer(once: Turns) -> None:
    """A no is an answer too."""
    once.tell("carry", ASKED, reply_to="test/one")
    once.tell("reply", Reply(of=once.mail[0].id, ok=False, reason="it is tired"))
    once.tell("carry", ASKED, reply_to="test/two")
    assert _replied(once) == [{"answer": {"ok": False, "reason": "it is tired", "body": None}}] * 2


def test_other_content_is_told_apart(once: Turns) -> None:
    """Nothing is sent, and what was kept stays."""
    once.tell("carry", ASKED, reply_to="test/one")
    once.tell("carry", {**ASKED, "digest": "other"}, reply_to="test/two")
    assert _replied(once) == [{"other": True}]
    assert len([message for message in once.mail if message.to == "toggle/hall"]) == 1


def test_an_answer_to_something_else_is_none(once: Turns) -> None:
    """Only the message that was sent on is waited for."""
    once.tell("carry", ASKED, reply_to="test/one")
    once.tell("reply", Reply(of="another", body={"on": False}))
    assert once.state.answer is None


def test_what_is_told_has_one_id(once: Turns) -> None:
    """The first time it is new."""
    for _ in range(2):
        once.tell("pass_on", ASKED, reply_to="test/one")
    sent = once.mail[0].id
    assert _replied(once) == [{"sent": sent, "again": False}, {"sent": sent, "again": True}]


def test_a_key_is_forgotten_after_a_day(once: Turns) -> None:
    """Nothing of it stays."""
    once.tell("pass_on", ASKED, reply_to="test/one")
    once.advance(KEPT_S)
    assert once.stopped
