"""What comes from outside, and means no good: it is refused with a reason, and stops nobody."""

from typing import Any

import pytest

from gateway.actors import Actor, Answer, BadPayload, By, Delivery, HostBound, Payload, Settings, Stage, State, UnknownTarget, verb
from gateway.actors.collection import Collection, Page
from gateway.registry import installed
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


class Ordered(Payload):
    to: str
    verb: str
    how: str


class Desk(State):
    heard: tuple[str, ...] = ()


class Clerk(Actor[Desk]):
    """Sends what it is told to send, and remembers what came that is not for everybody."""

    attempts = 1

    @verb
    def order(self, ordered: Ordered, stage: Stage[Desk]) -> None:
        if ordered.how == "tell":
            stage.tell(ordered.to, ordered.verb)
        else:
            stage.send_along(stage.route([(ordered.to, ordered.verb)]))

    @verb(by=By.KIN)
    def heard(self, stage: Stage[Desk]) -> None:
        stage.state = Desk(heard=(*stage.state.heard, "heard"))

    @verb(by=By.ITSELF)
    def rung(self, stage: Stage[Desk]) -> None:
        stage.state = Desk(heard=(*stage.state.heard, "rung"))

    @verb
    def answered(self, answer: Answer, stage: Stage[Desk]) -> None:
        """No word on who may send it: what it takes says so."""


def in_the_box() -> list[Actor[Any]]:
    """The ordinary kinds that the gateway brings."""
    kinds = installed().ordinary
    found = [kinds.load(name) for name in kinds.names]
    return [kind(kind.settings_model()) if kind.settings_model is not Settings else kind() for kind in found]


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


@pytest.mark.parametrize("to", ["collection/c/collection_page/first", "book/a/gather/x"])
def test_nobody_outside_writes_to_the_inside_of_others(to: str) -> None:
    """A page of a collection could be wiped so, and a gather be told anything."""
    with Rig([Book(), Collection(), Page()]) as rig:
        with pytest.raises(UnknownTarget, match="only other actors write to it; write to "):
            rig.send(to, "begin", {})
        assert rig.ask("collection/c", "add", {"key": "a", "value": "b"}).body["added"]


@pytest.mark.parametrize(
    ("to", "verb"),
    [
        ("collection/c", "opened"),
        ("alarm/freezer", "delivered"),
        ("alarm/freezer", "unroutable"),
        ("alarm/freezer", "inform"),
        ("alarm/freezer", "waited"),
        ("alarm/freezer", "worsen"),
        ("alarm/freezer", "escalate"),
        ("census/all", "follow"),
        ("census/all", "catch_up"),
        ("census/all", "reply"),
        ("trip/van", "write_out"),
        ("trip/van", "signal_lost"),
        ("trip/van", "grace_over"),
        ("trip/van", "forget"),
        ("trips/home", "gone"),
        ("trips/home", "reply"),
        ("twin/door", "silent"),
        ("job/main~evening", "define"),
        ("job/main~evening", "fire"),
        ("clerk/a", "heard"),
        ("clerk/a", "answered"),
        ("clerk/a", "rung"),
        ("outside/test", "reply"),
    ],
)
def test_nobody_outside_sends_what_actors_keep_for_themselves(to: str, verb: str) -> None:
    """A message over MQTT could break a collection for good, fire a timer, or say what became of a notice."""
    with (
        Rig([*in_the_box(), Clerk()]) as rig,
        pytest.raises(UnknownTarget, match=rf"cannot send '{verb}' to {to} from outside: only .* may send it; "),
    ):
        rig.send(to, verb, {})


def test_actors_send_what_is_for_their_kin_or_themselves_to_nobody_else() -> None:
    """A turn that tries fails where it stands; a route counts as its maker's."""
    with Rig([*in_the_box(), Clerk()]) as rig:
        for to, verb, who in [
            ("clerk/b", "rung", "the actor itself"),
            ("clerk/b", "heard", "its own family"),
            ("twin/x", "silent", "the actor itself"),
        ]:
            for how in ("tell", "route"):
                rig.tell("clerk/a", "order", {"to": to, "verb": verb, "how": how})
                *_, letter = rig.store.dead(0, 10)
                assert letter.reason == f"UnknownTarget: cannot send '{verb}' to {to}: clerk/a may not; only {who} sends it"
        for to, verb in [("clerk/a", "rung"), ("clerk/a", "heard"), ("clerk/a/clerk/b", "heard")]:
            for how in ("tell", "route"):
                rig.tell("clerk/a", "order", {"to": to, "verb": verb, "how": how})
        assert (rig.state("clerk/a").heard, rig.state("clerk/a/clerk/b").heard) == (("rung", "rung", "heard", "heard"), ("heard", "heard"))


def test_a_host_bound_actor_says_of_its_own_what_actors_may_say() -> None:
    """The clock fires its jobs; what belongs to one family is not for it either."""
    with Rig([*in_the_box(), Clerk()]) as rig:
        rig.tell("job/main~evening", "define", {"schedule": "at noon", "to": "twin/x", "verb": "read", "now_ms": 1}, by=By.ACTORS)
        assert rig.state("job/main~evening").verb == "read"
        with pytest.raises(UnknownTarget, match="cannot send 'heard' to clerk/a: only its own family may send it"):
            rig.send("clerk/a", "heard", {}, by=By.ACTORS)


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
