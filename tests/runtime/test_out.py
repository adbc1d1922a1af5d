"""Out: durable until done; again after a crash, or never."""

from typing import Any

import pytest
from pydantic import model_serializer

from gateway.actors import Payload
from gateway.testing import OUTSIDE, Rig


def _taken(rig: Rig) -> list[Any]:
    rig.settle()
    return rig.hosted["shelf/a"].take()


def _done(rig: Rig, deliveries: list[Any]) -> None:
    for delivery in deliveries:
        delivery.done()
    rig.advance(1)


def _one_by_one(rig: Rig) -> list[str]:
    """What is handed out, the first of it done each time."""
    seen = []
    while taken := _taken(rig):
        seen += _texts(taken)
        _done(rig, taken)
    return seen


def _texts(deliveries: list[Any]) -> list[str]:
    return [d.message.payload.text for d in deliveries]


def test_it_waits_until_it_is_done(rig: Rig) -> None:
    """Handed out and not done, it comes again in the next life, under the same id; done, it does not."""
    rig.tell("book/a", "write", {"text": "!x"})
    (first,) = _taken(rig)
    rig.crash()
    rig.start()
    (second,) = _taken(rig)
    assert second.message.id == first.message.id
    _done(rig, [second])
    rig.crash()
    rig.start()
    assert _taken(rig) == []
    assert rig.store.boxes() == []


def test_no_more_than_the_window_is_in_hand(rig: Rig) -> None:
    """The rest follows as room is made, in order."""
    for n in range(10):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    seen = []
    while taken := _taken(rig):
        assert len(taken) <= 4
        seen += _texts(taken)
        _done(rig, taken)
    assert seen == [str(n) for n in range(10)]


def test_a_failure_is_tried_again_after_a_while(rig: Rig) -> None:
    """With backoff, its attempt counted."""
    rig.tell("book/a", "write", {"text": "!x"})
    (delivery,) = _taken(rig)
    delivery.failed("the broker is away")
    assert _taken(rig) == []
    rig.advance(1)
    (again,) = _taken(rig)
    assert again.attempt == 2


def test_what_is_refused_for_good_is_a_dead_letter_and_answered(rig: Rig) -> None:
    """With the reason, also when that is no Unicode."""
    rig.tell("shelf/a", "put", {"text": "x"}, reply_to="book/a")
    (delivery,) = _taken(rig)
    delivery.failed("no such file: \udcff", retry=False)
    rig.settle()
    assert rig.state("book/a").words == ("no such file: \\udcff",)
    (dead,) = rig.store.dead(0, 10)
    assert (dead.box, dead.reason) == ("shelf/a", "no such file: \\udcff")


def test_an_attempt_at_most_once_is_on_disk_before_the_act(rig: Rig) -> None:
    """When the sink has it in its hands, the store has its attempt."""
    rig.tell("book/a", "write", {"text": "?x"})
    (delivery,) = _taken(rig)
    (row,) = rig.store.mail("shelf/a", 0, 10)
    assert (row.seq, row.attempt) == (delivery.seq, 1)


def test_an_attempt_found_after_a_crash_is_answered_unknown(rig: Rig) -> None:
    """It is not made again; who asked is told to look."""
    rig.tell("book/a", "write", {"text": "?x"})
    assert len(_taken(rig)) == 1
    rig.crash()
    rig.start()
    assert _taken(rig) == []
    unknown = "outcome unknown: the gateway stopped while it was being done; look before you repeat it"
    assert rig.state("book/a").words == ("?x", unknown)
    assert [row.reason for row in rig.store.dead(0, 10)] == [unknown]


def test_a_good_end_leaves_nothing_unknown_that_nobody_began(rig: Rig) -> None:
    """Handed out, but never taken when the actor closed: the next life does it."""
    rig.tell("book/a", "write", {"text": "?x"})
    rig.settle()
    rig.restart()
    assert _texts(_taken(rig)) == ["x"]
    assert len(rig.store.dead(0, 99)) == 0


def test_mail_that_comes_while_closing_is_not_begun(rig: Rig) -> None:
    """The sink has closed, the last turns run: what they send waits untouched for the next life."""
    rig.settle()
    rig.engine.reclaim("shelf/a", for_good=True)
    rig.tell("book/a", "write", {"text": "?x"})
    rig.restart()
    assert _texts(_taken(rig)) == ["x"]


def test_what_an_actor_had_in_hands_when_it_died_comes_again_in_order(rig: Rig) -> None:
    """What it had seen may have been done, at most once is then unknown; what it had not seen was not."""
    for n in range(6):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    rig.settle()
    first = rig.hosted["shelf/a"].take(2)
    assert _texts(first) == ["0", "1"]
    rig.engine.reclaim("shelf/a")
    again = _taken(rig)
    assert _texts(again) == ["0", "1", "2", "3"]
    assert [d.attempt for d in again] == [2, 2, 1, 1]
    _done(rig, again)
    assert _texts(_taken(rig)) == ["4", "5"]


def test_a_failure_and_a_restart_of_the_sink_keep_the_order_and_the_mail(rig: Rig) -> None:
    """One put back by a failure, others by a restart: their places are as they were, and no deletion takes one with it."""
    for n in range(6):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    taken = _taken(rig)
    taken[0].failed("not yet")
    taken[3].done()
    rig.settle()
    rig.engine.reclaim("shelf/a")
    rig.advance(2)
    assert _one_by_one(rig) == ["0", "1", "2", "4", "5"]
    assert rig.store.boxes() == []


def test_what_is_done_around_it_takes_nothing_with_it(rig: Rig) -> None:
    """The first and the last of four are done in one commit: those between, in hand or put back, are still on disk."""
    for n in range(4):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    taken = _taken(rig)
    taken[1].failed("not yet")
    _done(rig, [taken[0], taken[3]])
    rig.crash()
    rig.start()
    assert _one_by_one(rig) == ["1", "2"]


def test_a_dead_hand_does_nothing(rig: Rig) -> None:
    """What was handed to a sink that has gone is not given to its successor twice, and its word is not heard."""
    rig.tell("book/a", "write", {"text": "!x"})
    (stale,) = _taken(rig)
    rig.engine.reclaim("shelf/a")
    (fresh,) = _taken(rig)
    stale.done()
    rig.advance(1)
    assert rig.store.boxes()[0].count == 1
    _done(rig, [fresh])
    assert rig.store.boxes() == []


def test_an_answer_to_one_who_is_gone_is_dropped(rig: Rig) -> None:
    """The asker's kind is registered no more: the engine goes on."""
    rig.tell("shelf/a", "put", {"text": "x"}, reply_to="book/a")
    rig.crash()
    rig.actors = []
    rig.start()
    _done(rig, _taken(rig))
    assert rig.faults == []
    assert rig.store.boxes() == []


def _cycle() -> dict[str, Any]:
    body: dict[str, Any] = {}
    body["self"] = body
    return body


def _deep(levels: int) -> dict[str, Any]:
    return {"a": _deep(levels - 1)} if levels else {}


class Mute(Payload):
    """A body that cannot be read."""

    text: str = "x"

    @model_serializer
    def _fail(self) -> dict[str, Any]:
        raise RuntimeError("no word of it")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"handle": object()}, "Unable to serialize unknown type: <class 'object'>"),
        ({"t": float("nan")}, "a number must be finite, and this is nan"),
        ({"t": [1, {"u": float("-inf")}]}, "a number must be finite, and this is -inf"),
        ({"t": "\udcff"}, "surrogates not allowed"),
        ({"\ud800": 1}, "surrogates not allowed"),
        (_cycle(), "Circular reference detected"),
        (_deep(65), "it is nested deeper than 64 levels"),
        (_deep(900), "Maximum serialization depth exceeded"),
        ({"n": 10**5000}, "number out of range"),
        (Mute(), "no word of it"),
    ],
    ids=["object", "nan", "infinity", "surrogate", "surrogate key", "cycle", "deep", "very deep", "huge", "mute"],
)
def test_an_answer_that_cannot_be_sent_is_a_no_with_its_reason(rig: Rig, body: Any, why: str) -> None:
    """It is found on the thread that gives it, and the message is a dead letter: it was done, and must not be done again."""
    rig.tell("shelf/a", "put", {"text": "x"}, reply_to="book/a")
    (delivery,) = _taken(rig)
    delivery.done(body)
    rig.settle()
    (said,) = rig.state("book/a").words
    assert said.startswith("it was done, but its answer cannot be sent: ")
    assert why in said
    assert [row.reason for row in rig.store.dead(0, 9)] == [said]
    assert rig.store.boxes() == []
    assert rig.faults == []


def test_an_answer_is_as_it_was_when_it_was_given(rig: Rig) -> None:
    """What the actor does with its dictionary afterwards changes nothing."""
    heard: list[Any] = []
    rig.hosted[OUTSIDE].ask("shelf/a", "put", {"text": "x"}, on_reply=heard.append)
    (delivery,) = _taken(rig)
    body = {"at": 1}
    delivery.done(body)
    body["at"] = float("nan")  # type: ignore[assignment]  # what code may do
    rig.until(lambda: heard)
    assert heard[0].body == {"at": 1}


def test_mail_to_a_child_of_a_host_bound_actor_goes_to_it(rig: Rig) -> None:
    """The root takes it; the message says for whom it was."""
    rig.tell("shelf/a/token/1", "put", {"text": "x"})
    (delivery,) = _taken(rig)
    assert delivery.message.to == "shelf/a/token/1"
    assert delivery.message.sender == OUTSIDE
