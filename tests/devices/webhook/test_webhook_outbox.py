"""The outbox alone: who is tried when, and who is given up."""

from typing import Any

from devices.webhook.outbox import STRIKES, PostsInHand
from devices.webhook.outcomes import End, PostOutcome
from devices.webhook.posts import PostRequest
from gateway.actors import Message, Payload
from gateway.actors.itinerary import Route, Stop
from gateway.testing import BenchDelivery

DONE = PostOutcome(End.DONE, 204)
FAILS = PostOutcome(End.AGAIN, 500, "the server said 500")
AWAY = PostOutcome(End.AWAY, 0, "refused")
BAD_GATEWAY = PostOutcome(End.AWAY, 502, "the server said 502")


def delivery(id: str = "m", **rest: Any) -> BenchDelivery:
    """One message in hand."""
    return BenchDelivery(Message(id, "webhook/a", "post", Payload(), **rest))


def outbox(count: int) -> tuple[PostsInHand, list[BenchDelivery]]:
    """An outbox that waits its full second, with some messages in it, numbered from 1."""
    made = PostsInHand(1.0, 8.0, chance=lambda: 1.0)
    given = [delivery(f"m{n}") for n in range(count)]
    for one in given:
        made.add(one, PostRequest("m", "", "text/plain", b""))
    return made, given


def number(found: tuple[int, PostRequest] | None) -> int:
    """Which message is to be tried; 0: none."""
    return found[0] if found else 0


def test_what_is_under_way_is_not_tried_again() -> None:
    """Each once, the oldest first."""
    box, _ = outbox(2)
    assert [number(box.next(0.0)) for _ in range(3)] == [1, 2, 0]


def test_while_the_server_is_away_one_request_looks_for_it() -> None:
    """The waits are doubled up to the longest; when it is back all go at once."""
    box, given = outbox(3)
    now_s, waits = 0.0, []
    for _ in range(5):
        assert [number(box.next(now_s)), number(box.next(now_s)) if box.away else 0] == [1, 0]
        box.settle(1, AWAY, now_s)
        waits.append(box.next_s() - now_s)
        now_s = box.next_s()
        assert number(box.next(now_s - 0.01)) == 0
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert number(box.next(now_s)) == 1
    box.settle(1, DONE, now_s)
    assert [number(box.next(now_s)) for _ in range(3)] == [2, 3, 0]
    assert given[0].outcome == "done"


def test_a_server_that_is_away_for_weeks_loses_nothing() -> None:
    """No attempt is counted while it cannot be reached."""
    box, given = outbox(1)
    now_s = 0.0
    for _ in range(1000):
        assert number(box.next(now_s)) == 1
        box.settle(1, AWAY, now_s)
        now_s = box.next_s()
    assert given[0].outcome == ""


def test_what_the_server_fails_at_is_tried_later_and_the_others_meanwhile() -> None:
    """It has a backoff of its own."""
    box, given = outbox(2)
    assert number(box.next(0.0)) == 1
    box.settle(1, FAILS, 0.0)
    assert number(box.next(0.0)) == 2
    box.settle(2, DONE, 0.0)
    assert (number(box.next(0.9)), number(box.next(1.0))) == (0, 1)
    assert [one.outcome for one in given] == ["", "done"]


def test_a_message_that_always_fails_is_given_up_once_others_went_through() -> None:
    """For good, with the last reason."""
    box, given = outbox(2)
    assert [number(box.next(0.0)), number(box.next(0.0))] == [1, 2]
    left = [box.settle(1, FAILS, 0.0)]
    box.settle(2, DONE, 0.0)
    for _ in range(STRIKES - 1):
        now_s = box.next_s()
        assert number(box.next(now_s)) == 1
        left.append(box.settle(1, FAILS, now_s))
    assert left == [False] * (STRIKES - 1) + [True]
    said = "cannot post it: it failed 10 times while others went through; the server said 500"
    assert (given[0].outcome, given[0].retry) == (said, False)


def test_a_server_that_fails_at_everything_loses_nothing() -> None:
    """Where nobody goes through, it is the server's fault and not the message's."""
    box, given = outbox(1)
    now_s = 0.0
    for _ in range(3 * STRIKES):
        assert number(box.next(now_s)) == 1
        assert not box.settle(1, FAILS, now_s)
        now_s = box.next_s()
    assert given[0].outcome == ""


def test_a_message_that_never_passes_does_not_keep_the_others_from_looking() -> None:
    """A 502 may be this one's alone: another looks next."""
    box, given = outbox(2)
    assert number(box.next(0.0)) == 1
    box.settle(1, BAD_GATEWAY, 0.0)
    assert number(box.next(10.0)) == 2
    box.settle(2, DONE, 10.0)
    assert given[1].outcome == "done"


def test_along_a_route_the_payload_goes_on_as_it_came() -> None:
    """The next stop is not sent a status in its place."""
    box = PostsInHand(1.0, 8.0)
    ahead, last = (delivery(route=Route(ahead=stops, of="m")) for stops in ((Stop(to="twin/a", verb="report"),), ()))
    for one in (ahead, last):
        box.add(one, PostRequest("m", "", "text/plain", b""))
        box.settle(number(box.next(0.0)), DONE, 0.0)
    assert (ahead.body, last.body) == (None, {"status": 204})


def test_what_is_here_goes_back_to_the_host_while_the_server_is_away() -> None:
    """Not while a request is under way; and what failed is known when it comes again."""
    box = PostsInHand(1.0, 8.0, chance=lambda: 1.0)
    one, two = delivery(id="one"), delivery(id="two")
    for given in (one, two):
        box.add(given, PostRequest("m", "", "text/plain", b""))
    assert [number(box.next(0.0)), number(box.next(0.0))] == [1, 2]
    box.settle(1, BAD_GATEWAY, 0.0)
    assert not box.give_back()
    box.settle(2, AWAY, 0.0)
    assert (box.give_back(), len(box), one.outcome, two.outcome) == (True, 0, "", "")
    for given in (one, two):
        box.add(given, PostRequest("m", "", "text/plain", b""))
    assert number(box.next(box.resume_s - 0.01)) == 0
    assert number(box.next(box.resume_s)) == 4  # the one that has not failed by itself looks first


def test_a_wait_that_the_server_asks_for_is_bounded() -> None:
    """It may be longer than our own longest, and no longer than an hour."""
    box, _ = outbox(1)
    box.next(0.0)
    box.settle(1, AWAY._replace(after_s=999_999.0), 0.0)
    assert box.next_s() == 3600.0
