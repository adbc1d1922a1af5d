"""Explaining: what led to a message and what it led to, told from the trail; resuming what is paused."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import Actor, Answer, Decision, Fault, Stage, State, verb
from gateway.control.absent import Unwritten
from gateway.control.explain import explain
from gateway.control.resume import NotPaused, resume
from gateway.runtime.settings import EngineSettings
from gateway.runtime.trail import Unexplained
from gateway.testing import Rig
from tests.runtime.actors import Book, Shelf, Word


class Touched(State):
    """Whether it went well once."""

    well: bool = False


class Fragile(Actor[Touched]):
    """Fails until it is mended; then who is above decides: nobody is."""

    attempts = 1
    broken = True

    @verb
    def touch(self, word: Word, stage: Stage[Touched]) -> None:
        if self.broken:
            raise RuntimeError("it broke")
        stage.state = stage.state.changed(well=True)

    def failed(self, fault: Fault, state: Touched) -> Decision:
        return Decision.ESCALATE


class Chain(Actor[State]):
    """Sends itself on and on."""

    @verb
    def link(self, stage: Stage[State]) -> None:
        n = int(stage.key)
        if n:
            stage.tell(f"chain/{n - 1}", "link")


class Nap(Actor[State]):
    """Breaks while it sleeps, and nobody above it decides."""

    attempts = 1

    @verb
    def sleep(self, word: Word, stage: Stage[State]) -> None:
        stage.after(2, "wake", name="alarm clock")

    @verb
    def snap(self, word: Word, stage: Stage[State]) -> None:
        raise RuntimeError("it broke")

    @verb
    def wake(self, stage: Stage[State]) -> None:
        """Never comes here."""

    def failed(self, fault: Fault, state: State) -> Decision:
        return Decision.ESCALATE


class Curious(Actor[State]):
    """Asks the shelf, and hears what it says."""

    @verb
    def wonder(self, word: Word, stage: Stage[State]) -> None:
        stage.ask("shelf/a", "put", word, then="heard", within_s=5)

    @verb
    def heard(self, answer: Answer, stage: Stage[State]) -> None:
        pass


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Books, a shelf in the test's hands, and what breaks."""
    with Rig([Book(), Fragile(), Chain(), Nap(), Curious()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as made:
        yield made


def explained(rig: Rig, id: str, limit: int = 100) -> Any:
    """What is said of an id, when all is at rest."""
    rig.settle()
    return rig.look(lambda: explain(rig.engine, id, limit))


def lines(told: Any) -> list[str]:
    """depth, what, and its outcomes."""
    return [f"{node['depth']} {node['to']} {node['verb']}: {_became(node)}" for node in told["nodes"]]


def _became(node: Any) -> str:
    return "; ".join([*(step["outcome"] for step in node["steps"]), *filter(None, [node["waits"]])])


def test_a_message_is_told_with_what_it_led_to(rig: Rig) -> None:
    """Down to what a host-bound actor has not done yet."""
    rig.tell("book/a", "write", {"text": ">b"}, id="m1")
    rig.tell("book/b", "write", {"text": "!t"}, id="m2")
    (told,) = explained(rig, "m1")["told"]
    assert told["origin"] == {"from": "outside", "sender": "outside/test", "trace": "m1"}
    assert lines(told) == ["0 book/a write: ok", "1 book/b write: ok"]
    (told,) = explained(rig, "m2")["told"]
    assert lines(told) == ["0 book/b write: ok", "1 shelf/a put: in the hands of shelf/a"]
    rig.hosted["shelf/a"].take()[0].done()
    rig.until(lambda: lines(explained(rig, "m2")["told"][0])[1] == "1 shelf/a put: done")


def test_a_message_is_told_with_what_led_to_it(rig: Rig) -> None:
    """Up to what came from outside; its sisters are left to their own telling."""
    rig.tell("book/a", "write", {"text": "!t"}, id="m1")
    made = explained(rig, "m1")["told"][0]["nodes"][1]["message"]
    (told,) = explained(rig, made)["told"]
    assert lines(told) == ["0 book/a write: ok", "1 shelf/a put: in the hands of shelf/a"]
    assert [node["asked"] for node in told["nodes"]] == [False, True]
    assert told["origin"]["trace"] == "m1"


def test_a_timer_is_followed_to_the_turn_that_set_it(rig: Rig) -> None:
    """The last one that did, whatever else the actor has handled since, and whether it was asleep meanwhile."""
    for text, id in (("~400", "m1"), ("~400", "m2"), ("one", "m3"), ("~500", "m4"), ("two", "m5")):
        rig.tell("book/a", "write", {"text": text}, id=id)
    rig.advance(450)
    rang = explained(rig, "book/a")["steps"][-1]["message"]
    (told,) = explained(rig, rang)["told"]
    assert (told["origin"]["from"], told["origin"]["trace"]) == ("outside", "m2")
    assert lines(told) == ["0 book/a write: ok", "1 book/a ring: ok"]
    assert [node["timer"] for node in told["nodes"]] == ["", "~400"]
    assert lines(explained(rig, "m2")["told"][0]) == ["0 book/a write: ok", "1 book/a ring: ok"]
    assert lines(explained(rig, "m1")["told"][0]) == ["0 book/a write: ok"]


def test_a_timer_that_waits_is_followed_too(rig: Rig) -> None:
    """It has fired, and its actor is paused at another message."""
    rig.tell("nap/a", "sleep", {"text": "x"}, id="m1")
    rig.tell("nap/a", "snap", {"text": "x"}, id="m2")
    rig.advance(5)
    rang = explained(rig, "nap/a")["waiting"][-1]
    assert rang["verb"] == "wake"
    (told,) = explained(rig, rang["message"])["told"]
    assert lines(told)[0] == "0 nap/a sleep: ok"
    assert lines(told)[1].startswith("1 nap/a wake: waits for nap/a")
    assert told["nodes"][1]["timer"] == "alarm clock"


def test_a_timer_is_where_a_chain_begins_when_the_turn_that_set_it_is_not_kept(rig: Rig) -> None:
    """It was before the start of the gateway."""
    rig.tell("book/a", "write", {"text": "~2"})
    rig.settle()
    rig.restart()
    rig.advance(3)
    rang = explained(rig, "book/a")["steps"][0]["message"]
    (told,) = explained(rig, rang)["told"]
    assert (told["origin"]["from"], told["origin"]["sender"]) == ("timer", "book/a")
    assert lines(told) == ["0 book/a ring: ok"]


@pytest.mark.parametrize(("answered", "last"), [(True, "reply"), (False, "deadline")])
def test_the_end_of_a_gather_is_followed_to_its_question(rig: Rig, answered: bool, last: str) -> None:
    """Whether the last answer ended it, or its deadline."""
    rig.tell("curious/a", "wonder", {"text": "x"}, id="m1")
    rig.settle()
    if answered:
        rig.hosted["shelf/a"].take()[0].done()
    rig.advance(10)
    heard = explained(rig, "curious/a")["steps"][-1]
    assert heard["verb"] == "heard"
    (told,) = explained(rig, heard["message"])["told"]
    assert told["origin"] == {"from": "outside", "sender": "outside/test", "trace": "m1"}
    above = [node["verb"] for node in told["nodes"] if node["depth"] < 3]
    assert above == (["wonder", "put", "reply"] if answered else ["wonder", "begin", "deadline"])
    assert last == above[-1]
    assert "curious/a heard: ok" in {line.split(" ", 1)[1] for line in lines(explained(rig, "m1")["told"][0])}


def test_every_attempt_is_told_and_where_it_waits(rig: Rig) -> None:
    """Failed once, and on its way to the next."""
    rig.tell("book/a", "write", {"text": "fail"}, id="m1")
    (told,) = explained(rig, "m1")["told"]
    reason = "RuntimeError: the word said so"
    assert lines(told) == [f"0 book/a write: failed, attempt 1: {reason}; waits for book/a: write failed: {reason}"]
    rig.advance(5)
    (told,) = explained(rig, "m1")["told"]
    assert [step["outcome"] for step in told["nodes"][0]["steps"]][-1] == f"dead letter 1: {reason}"
    assert [step["well"] for step in told["nodes"][0]["steps"]] == [False] * 4


def test_an_actor_is_told_by_what_it_handled_lately(rig: Rig) -> None:
    """The last ones, and how many were before."""
    for text in ("one", ">b", "three"):
        rig.tell("book/a", "write", {"text": text}, id=text)
    found = explained(rig, "book/a", 2)
    assert [(step["message"], step["made"], step["outcome"]) for step in found["steps"]] == [(">b", 1, "ok"), ("three", 0, "ok")]
    assert (found["left_out"], all(step["on_disk"] for step in found["steps"])) == (1, True)


def test_a_long_chain_is_cut_where_it_is_said_to(rig: Rig) -> None:
    """The first cause stays, the rest is counted; no chain is too deep to be told."""
    rig.tell("chain/1500", "link", id="m1")
    rig.until(lambda: explained(rig, "chain/0"))
    (told,) = explained(rig, "m1", 3)["told"]
    assert lines(told) == ["0 chain/1500 link: ok", "1 chain/1499 link: ok", "2 chain/1498 link: ok"]
    assert told["left_out"] == 1498
    (told,) = explained(rig, explained(rig, "chain/0")["steps"][0]["message"], 2)["told"]
    assert lines(told) == ["0 chain/1500 link: ok", "1500 chain/0 link: ok"]
    assert len(explained(rig, "m1", 1000)["told"][0]["nodes"]) == 1000


def test_what_is_not_known_says_how_far_back_it_goes(rig: Rig) -> None:
    """So that nobody takes forgotten for never."""
    with pytest.raises(Unexplained) as none:
        explained(rig, "m1")
    nothing = "nothing has happened since the start of the gateway"
    assert str(none.value) == f"cannot explain m1: no message of that id, and none to an actor of that id, is known; {nothing}"
    rig.tell("book/a", "write", {"text": "x"})
    with pytest.raises(Unexplained, match=r"; what is kept goes back to the start of the gateway \(1 turns and deliveries\)$"):
        explained(rig, "m1")


def test_where_nothing_is_kept_it_says_what_to_set() -> None:
    """The key of the configuration."""
    with Rig([Book()], settings=EngineSettings(trail_bytes=0)) as rig, pytest.raises(Unexplained) as none:
        explained(rig, "m1")
    assert str(none.value) == "cannot explain m1: nothing is kept to tell from; set runtime.explain_kb above 0"


@pytest.mark.parametrize("skip", [False, True])
def test_a_paused_actor_goes_on_with_its_message_or_without(rig: Rig, skip: bool) -> None:
    """Paused by the host, for nobody above it decided."""
    (fragile,) = (actor for actor in rig.actors if isinstance(actor, Fragile))
    rig.tell("fragile/a", "touch", {"text": "x"}, id="m1")
    rig.settle()
    fragile.broken = False
    rig.look(lambda: resume(rig.engine, "fragile/a", skip=skip))
    rig.settle()
    assert rig.state("fragile/a").well is not skip
    last = explained(rig, "m1")["told"][0]["nodes"][0]["steps"][-1]["outcome"]
    assert last == (
        "ok" if not skip else "dead letter 1: somebody decided to skip it; its fault went up to the host: RuntimeError: it broke"
    )


@pytest.mark.parametrize(
    ("id", "why"),
    [
        ("book/a", "it is not paused"),
        ("book/failing", "it is not paused; its mail waits for another reason: write failed: RuntimeError: the word said so"),
        ("book/never", "nobody has ever written to it, or nothing of that was kept"),
        ("bok/a", "there is no such kind; did you mean 'book'?"),
        ("shelf/a", "it is host-bound: the gateway restarts it by itself"),
    ],
)
def test_what_is_not_paused_cannot_be_resumed(rig: Rig, id: str, why: str) -> None:
    """It says what is the matter instead."""
    rig.tell("book/a", "write", {"text": "x"})
    rig.tell("book/failing", "write", {"text": "fail"})
    rig.settle()
    with pytest.raises(Unwritten if id == "book/never" else NotPaused) as refused:
        rig.look(lambda: resume(rig.engine, id, skip=False))
    said = f"cannot resume {id}: {why}"
    assert str(refused.value) == said if id != "bok/a" else str(refused.value).startswith(said)


def test_after_a_kill_it_is_told_from_disk_what_waits(rig: Rig) -> None:
    """The trail went with the process: by the id of whom it waits for, and by its own."""
    rig.tell("book/a", "write", {"text": "warm up"})
    for text in ("one", "two"):
        rig.tell("shelf/a", "put", {"text": text}, id=f"put-{text}")
    rig.settle()
    rig.crash()
    rig.start()
    found = explained(rig, "shelf/a")
    assert [(one["verb"], one["message"] != "") for one in found["waiting"]] == [("put", True), ("put", True)]
    (told,) = explained(rig, found["waiting"][1]["message"])["told"]
    (node,) = told["nodes"]
    assert (node["to"], node["verb"], "shelf/a" in node["waits"]) == ("shelf/a", "put", True)
