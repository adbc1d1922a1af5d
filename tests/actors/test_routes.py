"""Routes on a stage: every stop is checked when the route is made."""

import pytest

from gateway.actors import BadDefinition, BadId, BadPayload, Route, Stop, UnknownTarget
from gateway.testing import Turns
from tests.runtime.desks import Desk, DeskState, Walk

GOOD = ("desk/a", "stamp")


def out(stops: list[tuple[str, str]], error: tuple[str, str] | None = None) -> Turns[DeskState]:
    """A desk that has sent a walk off."""
    turns = Turns(Desk(), "desk/home")
    turns.tell("set_out", {"stops": stops, "error": error})
    return turns


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("stop", "error", "said"),
    [
        (("desk/a", "stemp"), UnknownTarget, "cannot send stemp to desk/a: desk answers "),
        (("disk/a", "stamp"), UnknownTarget, "cannot send stamp to disk/a: no kind 'disk' here; name it in Turns(reachable=...)"),
        (("desk", "stamp"), BadId, "cannot use 'desk' as an actor id: it must read kind/key"),
    ],
)
def test_a_bad_stop_is_said_at_once_wherever_it_stands(place: int, stop: tuple[str, str], error: type[Exception], said: str) -> None:
    """A verb, a kind or an id that is wrong fails the turn that makes the route."""
    stops = [GOOD, GOOD, GOOD]
    stops[place] = stop
    with pytest.raises(error) as caught:
        out(stops)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("count", [0, 33])
def test_a_route_has_1_to_32_stops(count: int) -> None:
    """No more, no fewer."""
    with pytest.raises(BadDefinition, match=f"^cannot make a route of {count} stops: it takes 1 to 32$"):
        out([GOOD] * count)
    assert len(out([GOOD] * 32).mail) == 1


def test_an_error_stop_takes_route_failed() -> None:
    """Any other verb is refused, and so is one that is not there."""
    with pytest.raises(BadDefinition, match=r"^cannot send what fails to desk/a: its verb 'stamp' takes no RouteFailed$"):
        out([GOOD], ("desk/a", "stamp"))
    with pytest.raises(UnknownTarget, match="went_elsewhere"):
        out([GOOD], ("desk/a", "went_elsewhere"))


def test_a_payload_that_does_not_fit_the_next_stop_fails_the_turn() -> None:
    """As `tell` does."""
    turns = Turns(Desk(), "desk/b")
    route = Route(ahead=(Stop(to="desk/c", verb="take_number"),), of="m")
    with pytest.raises(BadPayload, match=r"^cannot read the payload of take_number to desk/c: number: missing; "):
        turns.tell("watch", Walk(), route=route)
    assert turns.mail == []


def test_what_travels_travels() -> None:
    """The first message's id, its trace, whom to answer, the history; the message itself has a new id and sender."""
    turns = Turns(Desk(), "desk/b")
    turns.tell("stamp", Walk(), route=Route(ahead=(Stop(to="desk/c", verb="watch"),), of="first"), reply_to="book/a", id="here")
    (sent,) = turns.mail
    assert sent.route is not None
    assert (sent.route.of, sent.trace, sent.reply_to, sent.sender) == ("first", "here", "book/a", "desk/b")
    assert [(visit.actor, visit.verb, visit.at_ms) for visit in sent.route.history] == [("desk/b", "stamp", turns.now_ms)]
    assert sent.route.ahead == ()


def test_a_kept_route_with_nothing_ahead_is_none() -> None:
    """At the last stop there is nothing to go on with, and a route at its end cannot be sent along."""
    turns = Turns(Desk(), "desk/b")
    turns.tell("keep", Walk(), route=Route(ahead=(), of="first"))
    assert turns.state.kept is None
    turns.state = turns.state.changed(kept=Route(ahead=(), of="first"))
    with pytest.raises(BadDefinition, match=r"^cannot send along a route without a stop ahead: it has come to its end$"):
        turns.tell("go_on")


def test_who_cannot_take_an_answer_cannot_be_asked_to_be_answered() -> None:
    """`reply_to` is checked where a walk is sent off, as in `tell`."""
    turns = Turns(Desk(), "desk/b")
    with pytest.raises(BadId, match="'nobody'"):
        turns.tell("set_out", {"stops": [GOOD]}, reply_to="nobody")


def test_a_detour_is_for_a_message_on_a_route_and_once() -> None:
    """What is on none cannot be sent round; what has gone on is not sent twice; and a route does not grow for ever."""
    turns = Turns(Desk(), "desk/b")
    with pytest.raises(BadDefinition, match=r"^cannot send detour of desk/b by a detour: it is on no route; use tell or send_along$"):
        turns.tell("detour", Walk(note="desk/c"))
    route = Route(ahead=(Stop(to="desk/c", verb="stamp"),) * 31, of="m")
    with pytest.raises(BadDefinition, match=r"^cannot send detour of desk/b by a detour: the route would have more than 32 stops ahead$"):
        turns.tell("detour", Walk(note="desk/c desk/d"), route=route)
    turns.tell("detour", Walk(note="desk/d"), route=route)
    assert turns.mail[0].to == "desk/d"
    assert turns.mail[0].route is not None
    assert turns.mail[0].route.ahead == route.ahead
