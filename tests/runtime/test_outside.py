"""What comes from outside, and means no good: it is refused with a reason, and stops nobody."""

import pytest

from gateway.actors import BadPayload, Delivery, HostBound, Payload, UnknownTarget, verb
from gateway.actors.collection import Collection, Page, Tally
from gateway.runtime import despatch
from gateway.testing import Rig
from tests.runtime.actors import Book


class Number(Payload):
    """What the box takes."""

    n: int


class Box(HostBound):
    """Breaks on 13, as code does that nobody has tried with it."""

    kind = "box"
    took: list[int] = []

    @verb
    def put(self, number: Number, delivery: Delivery) -> None:
        if number.n == 13:
            raise ValueError("unlucky")
        self.took.append(number.n)


def test_a_message_that_breaks_a_host_bound_actor_becomes_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made anew each time, and after so many attempts its neighbours come to their turn."""
    monkeypatch.setattr(despatch, "_ATTEMPTS", 3)
    monkeypatch.setattr(Box, "took", [])
    with Rig([Book()], {"box/a": Box}) as rig:
        for n in (1, 13, 2):
            rig.tell("box/a", "put", {"n": n})
        rig.until(lambda: (rig.advance(1), Box.took == [1, 2])[1])
        (letter,) = rig.store.dead(0, 10)
        assert (letter.box, letter.reason) == ("box/a", "ValueError: unlucky")


@pytest.mark.parametrize("to", ["collection/c/collection_page/first", "collection/c/collection_tally/all", "book/a/gather/x"])
def test_nobody_outside_writes_to_the_inside_of_others(to: str) -> None:
    """A page of a collection could be wiped so, and a gather be told anything."""
    with Rig([Book(), Collection(), Page(), Tally()]) as rig:
        with pytest.raises(UnknownTarget, match="only other actors write to it; write to "):
            rig.send(to, "begin", {})
        assert rig.ask("collection/c", "add", {"key": "a", "value": "b"}).body["added"]


def test_a_timer_that_no_clock_can_reach_fails_its_turn_only(rig: Rig) -> None:
    """The commit goes on for everybody else."""
    rig.tell("book/a", "write", {"text": "~1e17"})
    rig.tell("book/b", "write", {"text": "fine"})
    rig.advance(5)
    assert (rig.state("book/a").words, rig.state("book/b").words) == ((), ("fine",))
    (letter,) = rig.store.dead(0, 10)
    assert letter.reason.startswith("BadPayload: cannot set timer '~1e17' of book/a in 1e+17 s: a century (3.15576e+09 s) is the longest")


def test_a_payload_that_is_nested_too_deep_is_refused(rig: Rig) -> None:
    """Wrapped in a state, it could be written and never be read again."""
    deep = '{"text": ' + "[" * 70 + "]" * 70 + "}"
    with pytest.raises(BadPayload, match="cannot read the payload of write to book/a: it is nested deeper than 64 levels"):
        rig.send("book/a", "write", deep)  # type: ignore[arg-type]  # as a source brings it
    rig.tell("book/a", "write", {"text": "[" * 200})
    assert rig.state("book/a").words == ("[" * 200,)
