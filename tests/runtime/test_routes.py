"""Routes: a message visits one actor after the other, through restarts too; what fails on the way is known to whoever wants to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Message, Reply, Route, RouteFailed
from gateway.actors.messages import Deadline
from gateway.runtime.mail import Due, decode, due_of, encode
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig
from tests.runtime.desks import Aside, Desk, Press, Walk

PRESS = "press/a"
ERROR = ("desk/error", "went_wrong")


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Desks and a press, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Desk(), Aside()], {PRESS: Press}, store=store, by_hand=[PRESS]) as made:
        yield made
    store.close()


def walk(rig: Rig, *stops: tuple[str, str], **more: Any) -> None:
    """Send a walk off, and let it come as far as it does."""
    rig.tell("desk/home", "set_out", {"stops": stops, **more}, reply_to="desk/asker")
    rig.advance(1)


def failures(rig: Rig) -> list[RouteFailed]:
    """What the error desk has got."""
    return list(rig.state("desk/error").failures)


def dead(rig: Rig) -> list[tuple[str, str]]:
    """(box, reason) of the dead letters."""
    return [(row.box, row.reason) for row in rig.store.dead(0, 99)]


def test_a_walk_is_enriched_and_answers_whoever_asked_where_it_ends(rig: Rig) -> None:
    """Each stop sees what the one before made of it; one that says nothing passes it on; the answer is for the first message."""
    walk(rig, ("desk/a", "stamp"), ("desk/b", "watch"), ("aside/c", "stamp"), ("desk/home", "arrive"))
    assert rig.state("desk/b").walks == (("a",),)
    assert rig.state("desk/home").walks == (("a", "c"),)
    (answer,) = rig.state("desk/asker").answers
    assert answer.ok
    assert answer.body == {"seen": ["a", "c"], "note": ""}
    assert rig.state("desk/a").traces == rig.state("desk/home").traces != ("",)
    assert dead(rig) == []


def test_the_answer_on_a_route_names_the_message_that_set_out(rig: Rig) -> None:
    """Not the one at the stop that answers: an error stop says the same id."""
    walk(rig, ("desk/a", "stamp"), ("desk/home", "arrive"))
    walk(rig, ("desk/a", "stamp"), ("desk/b", "break_down"), error=ERROR)
    (first, second) = rig.state("desk/asker").answers
    assert first.of
    assert second.of == failures(rig)[0].of != first.of


def test_a_stop_has_it_go_by_way_of_others_first(rig: Rig) -> None:
    """Then the route goes on where it was; and they may do the same."""
    walk(rig, ("desk/a", "detour"), ("desk/d", "stamp"), ("desk/home", "arrive"), note="desk/b desk/c")
    assert rig.state("desk/home").walks == (("a", "b", "c", "d"),)
    (answer,) = rig.state("desk/asker").answers
    assert answer.body["seen"] == ["a", "b", "c", "d"]


def test_the_last_stop_may_have_it_go_further(rig: Rig) -> None:
    """And an error on the way is told to the route's error stop."""
    walk(rig, ("desk/a", "detour"), note="desk/b desk/c", error=ERROR)
    assert rig.state("desk/c").walks == (("a", "b"),)
    walk(rig, ("desk/a", "detour"), note="nobody/home", error=ERROR)
    (failure,) = failures(rig)
    assert failure.at == "desk/a"
    assert failure.reason.startswith("UnknownTarget: cannot send to nobody/home: no kind 'nobody'")


def test_a_route_is_kept_in_a_state_and_goes_on_after_a_restart(rig: Rig) -> None:
    """With its history and its error stop; meanwhile nothing goes on by itself."""
    walk(rig, ("desk/a", "stamp"), ("desk/b", "keep"), ("desk/c", "stamp"), ("desk/d", "break_down"), error=ERROR)
    assert rig.state("desk/c").walks == ()
    rig.restart()
    rig.tell("desk/b", "go_on")
    rig.advance(1)
    assert rig.state("desk/c").walks == (("a",),)
    (failure,) = failures(rig)
    assert [(visit.actor, visit.verb) for visit in failure.history] == [("desk/a", "stamp"), ("desk/b", "keep"), ("desk/c", "stamp")]
    assert (failure.at, failure.verb, failure.reason) == ("desk/d", "break_down", "RuntimeError: the desk broke down")
    assert failure.payload == {"seen": ["a", "c"], "note": "kept"}


def test_a_stop_that_fails_for_good_leaves_no_trace_but_its_failure(rig: Rig) -> None:
    """Nothing that its turn staged: no state, no mail, no timer, no order, and the route does not go on."""
    rig.tell("desk/a/desk/child", "watch", Walk())
    walk(rig, ("desk/a", "break_down"), ("desk/b", "arrive"), error=ERROR)
    assert len(failures(rig)) == 1
    assert rig.store.load("desk/a") is None
    assert rig.store.load("desk/b") is None
    assert rig.store.load("desk/other") is None
    assert rig.state("desk/a/desk/child").walks == ((),)
    assert dead(rig) == []
    assert [answer.reason for answer in rig.state("desk/asker").answers] == ["RuntimeError: the desk broke down"]


def test_a_turn_that_fails_after_it_sent_a_walk_off_has_sent_none(rig: Rig) -> None:
    """What is on the stage of a turn that raises did not happen, routes included."""
    walk(rig, ("desk/a", "stamp"), fails=True)
    assert rig.store.load("desk/a") is None
    assert dead(rig) == [("desk/home", "RuntimeError: it was told so")]


def test_without_an_error_stop_a_failure_is_a_dead_letter(rig: Rig) -> None:
    """As for any other message."""
    walk(rig, ("desk/a", "stamp"), ("desk/b", "break_down"))
    assert dead(rig) == [("desk/b", "RuntimeError: the desk broke down")]


def test_an_error_stop_that_fails_itself_is_a_dead_letter_and_no_loop(rig: Rig) -> None:
    """Its message is on no route."""
    walk(rig, ("desk/b", "break_down"), error=("desk/error", "went_worse"))
    rig.advance(10)
    assert dead(rig) == [("desk/error", "RuntimeError: the error desk broke down")]


def test_a_stop_that_refuses_ends_the_route(rig: Rig) -> None:
    """What its turn did stays done; the error stop is told; without one it is a dead letter, unless somebody asked."""
    walk(rig, ("desk/a", "refuse_it"), ("desk/b", "arrive"), error=ERROR)
    assert [failure.reason for failure in failures(rig)] == ["a takes no walks"]
    assert [answer.reason for answer in rig.state("desk/asker").answers] == ["a takes no walks"]
    assert rig.state("desk/a").walks == ((),)
    rig.tell("desk/home", "set_out", {"stops": [("desk/c", "refuse_it"), ("desk/b", "arrive")]})
    rig.advance(1)
    assert dead(rig) == [("desk/c", "c takes no walks")]
    assert rig.store.load("desk/b") is None


def test_a_route_goes_on_once(rig: Rig) -> None:
    """A turn that would double the message fails."""
    walk(rig, ("desk/a", "twice"), ("desk/b", "arrive"))
    said = "BadDefinition: cannot send twice of desk/a on along its route: this turn has done so, or has kept the route"
    assert dead(rig) == [("desk/a", said)]
    assert rig.store.load("desk/b") is None


def test_an_actor_that_ends_at_its_stop_sends_the_walk_on(rig: Rig) -> None:
    """Its end is no failure."""
    walk(rig, ("desk/a", "leave"), ("desk/b", "arrive"))
    assert rig.state("desk/b").walks == ((),)


def test_a_walk_that_has_expired_is_told_to_the_error_stop(rig: Rig) -> None:
    """At the stop where it was found so; without an error stop it is a dead letter; the asker is told each time."""
    expires_ms = rig.clock.now_ms() - 5000
    walk(rig, ("desk/a", "stamp"), error=ERROR, expires_ms=expires_ms)
    walk(rig, ("desk/a", "stamp"), expires_ms=expires_ms)
    assert [(failure.at, failure.reason) for failure in failures(rig)] == [("desk/a", "expired 5 s ago")]
    assert dead(rig) == [("desk/a", "expired 6 s ago")]
    assert [answer.reason for answer in rig.state("desk/asker").answers] == ["expired 5 s ago", "expired 6 s ago"]


def test_the_expiry_travels(rig: Rig) -> None:
    """A walk that was in time at its first stop is late at its second."""
    walk(rig, (PRESS, "print"), ("desk/b", "stamp"), error=ERROR, expires_ms=rig.clock.now_ms() + 3000)
    (delivery,) = rig.hosted[PRESS].take()
    rig.clock.advance(10)
    delivery.done()
    rig.settle()
    assert [(failure.at, failure.reason) for failure in failures(rig)] == [("desk/b", "expired 8 s ago")]


def test_a_walk_to_a_full_mailbox_waits_for_room() -> None:
    """It is neither a dead letter nor a failure of its route."""
    with Rig([Desk(), Aside()], {PRESS: Press}, by_hand=[PRESS], settings=EngineSettings(mailbox_messages=1)) as rig:
        rig.tell(PRESS, "print", Walk())
        walk(rig, ("desk/a", "stamp"), (PRESS, "print"), ("desk/b", "stamp"), error=ERROR)
        assert rig.look(lambda: list(rig.engine.room.schedule.held)) == ["desk/a"]
        for _ in range(2):
            (delivery,) = rig.until(rig.hosted[PRESS].take)
            delivery.done()
            rig.settle()
        assert rig.state("desk/b").walks == (("a",),)
        assert failures(rig) == []


def test_a_stop_whose_kind_is_gone_after_a_restart_is_told_to_the_error_stop(rig: Rig) -> None:
    """The stop before it cannot send it on; that is a failure as any other."""
    walk(rig, (PRESS, "print"), ("desk/b", "stamp"), ("aside/c", "stamp"), error=ERROR)
    assert rig.stop()
    rig.actors = [actor for actor in rig.actors if not isinstance(actor, Aside)]
    rig.start()
    (delivery,) = rig.until(rig.hosted[PRESS].take)
    delivery.done()
    rig.advance(1)
    (failure,) = failures(rig)
    assert failure.at == "desk/b"
    assert failure.reason.startswith("UnknownTarget: cannot send to aside/c: no kind 'aside' and no host-bound actor of that id")


def test_a_failure_whose_error_stop_is_gone_is_a_dead_letter(rig: Rig) -> None:
    """Nobody is there to be told."""
    walk(rig, (PRESS, "print"), ("desk/b", "break_down"), error=("aside/error", "went_wrong"))
    assert rig.stop()
    rig.actors = [actor for actor in rig.actors if not isinstance(actor, Aside)]
    rig.start()
    (delivery,) = rig.until(rig.hosted[PRESS].take)
    delivery.done()
    rig.advance(1)
    assert dead(rig) == [("desk/b", "RuntimeError: the desk broke down")]


def test_mail_of_both_forms_reads_back() -> None:
    """A message without a route is stored as it ever was."""
    row = Desk.verbs["stamp"]
    plain = Message("1", "desk/a", "stamp", Walk(note="\x1f\n"), "desk/b", "desk/c", "t", 5)
    route = {"ahead": ({"to": "desk/b", "verb": "stamp"},), "error": {"to": "desk/e", "verb": "went_wrong"}, "of": "0"}
    routed = plain._replace(route=Route.model_validate(route))
    assert encode(plain).startswith(b"1\x1f1\x1fdesk/a\x1fstamp\x1fdesk/b\x1fdesk/c\x1ft\x1f5\n")
    assert encode(routed).startswith(b"2\x1f1\x1fdesk/a\x1f")
    for message in (plain, routed):
        assert decode(encode(message), lambda to, verb: row) == message
    assert (plain.asked, routed.asked) == ("1", "0")


@pytest.mark.parametrize("timer", [None, Due(77, "a name")])
@pytest.mark.parametrize("route", [None, Route.model_validate({"ahead": (), "of": "0"})])
@pytest.mark.parametrize("until", [None, Deadline(5), Deadline(5, 3), Deadline(0, 3, open=True)])
def test_mail_of_every_form_reads_back(timer: Due | None, route: Route | None, until: Deadline | None) -> None:
    """With its route, the timer it is from, and its deadline, or without any."""
    row = Desk.verbs["stamp"]
    message = Message("1", "desk/a", "stamp", Walk(note="\x1f\n"), "desk/b", "", "t", 5, route, until)
    blob = encode(message, timer)
    assert (decode(blob, lambda to, verb: row), due_of(blob)) == (message, timer)


def test_a_reply_may_be_a_stop(rig: Rig) -> None:
    """Whatever takes the payload is one."""
    walk(rig, (PRESS, "print"), ("desk/b", "reply"))
    (delivery,) = rig.hosted[PRESS].take()
    delivery.done(Reply(of="x"))
    rig.settle()
    assert [answer.of for answer in rig.state("desk/b").answers] == ["x"]
