"""Routes through host-bound actors: what they give back goes on, what they cannot do is told to the error stop."""

from collections.abc import Iterator

import pytest

from gateway.testing import Rig
from tests.runtime.desks import Desk, Press
from tests.runtime.test_routes import ERROR, PRESS, dead, failures, walk


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Desks, and a press in the test's hands."""
    with Rig([Desk()], {PRESS: Press}, by_hand=[PRESS]) as made:
        yield made


def test_what_it_gives_back_goes_on(rig: Rig) -> None:
    """With a body that, without one the payload as it was; whoever asked is answered at the end, not on the way."""
    for body in ({"seen": ["press"]}, None):
        walk(rig, ("desk/a", "stamp"), (PRESS, "print"), ("desk/b", "arrive"))
        (delivery,) = rig.hosted[PRESS].take()
        delivery.done(body)
        rig.settle()
    assert rig.state("desk/b").walks == (("press",), ("a",))
    assert [answer.body["seen"] for answer in rig.state("desk/asker").answers] == [["press"], ["a"]]


def test_as_the_last_stop_it_answers(rig: Rig) -> None:
    """The answer is for the message that set out."""
    walk(rig, ("desk/a", "stamp"), (PRESS, "print"))
    (delivery,) = rig.hosted[PRESS].take()
    delivery.done({"pages": 3})
    rig.settle()
    (answer,) = rig.state("desk/asker").answers
    assert answer.body == {"pages": 3}
    assert answer.of == delivery.message.asked != delivery.message.id


def test_a_body_that_does_not_fit_the_next_stop_is_a_failure(rig: Rig) -> None:
    """It was done all the same, and is not done again."""
    walk(rig, (PRESS, "print"), ("desk/b", "stamp"), error=ERROR)
    (delivery,) = rig.hosted[PRESS].take()
    delivery.done({"number": 1})
    rig.settle()
    (failure,) = failures(rig)
    assert failure.at == PRESS
    said = "cannot read the payload of stamp to desk/b: number: no such field; there is note, seen"
    assert failure.reason == f"it was done, but cannot go on along its route: {said}"
    rig.restart()
    rig.settle()
    assert rig.hosted[PRESS].take() == []


def test_what_failed_for_good_is_told_to_the_error_stop(rig: Rig) -> None:
    """A failure that may be tried again is."""
    walk(rig, (PRESS, "print"), ("desk/b", "stamp"), error=ERROR)
    (delivery,) = rig.hosted[PRESS].take()
    delivery.failed("out of ink")
    rig.advance(1)
    assert failures(rig) == []
    (delivery,) = rig.hosted[PRESS].take()
    delivery.failed("out of paper", retry=False)
    rig.settle()
    assert [(failure.at, failure.reason) for failure in failures(rig)] == [(PRESS, "out of paper")]
    assert dead(rig) == []


def test_what_may_be_done_once_only_is_unknown_after_a_crash(rig: Rig) -> None:
    """It is not done again, and does not go on: the error stop looks."""
    walk(rig, (PRESS, "punch"), ("desk/b", "stamp"), error=ERROR)
    assert len(rig.hosted[PRESS].take()) == 1
    rig.crash()
    rig.start()
    rig.settle()
    assert rig.hosted[PRESS].take() == []
    said = "outcome unknown: the gateway stopped while it was being done; look before you repeat it"
    assert [(failure.at, failure.verb, failure.reason) for failure in failures(rig)] == [(PRESS, "punch", said)]
    assert rig.store.load("desk/b") is None


def test_what_may_be_repeated_goes_on_after_a_crash(rig: Rig) -> None:
    """Once: the crash came before it was done."""
    walk(rig, (PRESS, "print"), ("desk/b", "stamp"), error=ERROR)
    assert len(rig.hosted[PRESS].take()) == 1
    rig.crash()
    rig.start()
    (delivery,) = rig.until(rig.hosted[PRESS].take)
    delivery.done()
    rig.settle()
    assert rig.state("desk/b").walks == ((),)
    assert failures(rig) == []


def test_what_has_expired_is_not_put_into_its_hands(rig: Rig) -> None:
    """A command from before the outage is never done late: whoever asked, and the error stop, hear that it expired."""
    walk(rig, (PRESS, "punch"), error=ERROR, expires_ms=rig.clock.now_ms() + 2000)
    rig.clock.advance(60)
    assert rig.hosted[PRESS].take() == []
    rig.settle()
    assert [failure.reason for failure in failures(rig)] == ["expired 59 s ago"]
    assert [answer.reason for answer in rig.state("desk/asker").answers] == ["expired 59 s ago"]
