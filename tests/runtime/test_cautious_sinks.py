"""A delivery that ends the process is found out as a turn is, and nobody who is innocent is set aside for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import Actor, Delivery, HostBound, Mode, Stage, verb
from gateway.runtime.cautious import ALONE, KILLS
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig
from tests.runtime.actors import Page, Word

PATIENCE_S = 30.0
"""More than a delivery is waited for, after however many ends."""
BACK_S = 11.0
"""What was held back after `KILLS` ends is in hand again by then, and has not been waited for yet."""


class Brief(Actor[Page]):
    """Tries everything once."""

    attempts = 1

    @verb
    def write(self, word: Word, stage: Stage[Page]) -> None:
        if word.text == "raise":
            raise RuntimeError("as it was told")
        stage.state = stage.state.changed(words=(*stage.state.words, word.text))


class Sink(HostBound):
    """In the test's own hands."""

    window = 4

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        """At least once."""

    @verb(mode=Mode.AT_MOST_ONCE)
    def shoot(self, word: Word, delivery: Delivery) -> None:
        """At most once."""

    @verb(idle=True)
    def hold(self, word: Word, delivery: Delivery) -> None:
        """Only lies there."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    sinks = {"sink/a": Sink, "sink/b": Sink}
    with Rig([Brief()], sinks, store=FrailStore(MemoryStore()), by_hand=sinks) as made:
        yield made


def taken(rig: Rig, sink: str = "sink/a") -> list[str]:
    """What is in a sink's hands, unsettled."""
    rig.settle()
    return [delivery.message.payload.text for delivery in _take(rig, sink)]


def _take(rig: Rig, sink: str = "sink/a") -> list[Any]:
    return list(rig.hosted[sink].take())


def again(rig: Rig) -> None:
    """The process ends, and another begins."""
    rig.settle()
    rig.crash()
    rig.start()
    rig.settle()


def dead(rig: Rig) -> list[tuple[str, str]]:
    return [(row.box, row.reason) for row in rig.store.dead(0, 100)]


def record(rig: Rig) -> Any:
    return json.loads(rig.store.notes().get(ALONE) or "null")


def test_after_an_unclean_end_deliveries_are_handed_out_one_at_a_time(rig: Rig) -> None:
    """Of all sinks together; the next when it is settled, or has been waited for; and no turn meanwhile."""
    for sink in ("sink/a", "sink/b"):
        for text in "xy":
            rig.tell(sink, "put", {"text": text})
    again(rig)
    (first,) = _take(rig)
    assert _take(rig, "sink/b") == []
    rig.tell("brief/a", "write", {"text": "waits"})
    rig.settle()
    assert rig.state("brief/a").words == ()
    first.done()
    rig.settle()
    assert rig.state("brief/a").words == ("waits",)
    assert (taken(rig), taken(rig, "sink/b")) == ([], ["x"])
    rig.advance(0.15)  # it is not settled, and has been waited for
    assert (taken(rig), taken(rig, "sink/b")) == (["y"], [])


def test_an_idle_verb_keeps_nobody_waiting_and_is_never_suspected(rig: Rig) -> None:
    """Nothing is done for what only lies there."""
    for n in range(3):
        rig.tell("sink/a", "hold", {"text": str(n)})
    for _ in range(8):
        again(rig)
        assert taken(rig) == ["0", "1", "2"]
        assert record(rig) is None
    rig.tell("sink/b", "put", {"text": "x"})
    assert taken(rig, "sink/b") == ["x"]


def test_one_that_ends_the_process_is_held_back_and_then_given_up(rig: Rig) -> None:
    """With it the process ended, without it it lived, and with it it ended again: so it was the cause. Its neighbours go on."""
    rig.tell("sink/a", "put", {"text": "fatal"})
    rig.tell("sink/b", "put", {"text": "neighbour"})
    for n in range(5):
        rig.tell("brief/a", "write", {"text": str(n)})
    rig.settle()
    rig.crash()  # nobody knows why
    for _ in range(KILLS):
        rig.start()
        rig.settle()
        assert taken(rig) == ["fatal"]
        rig.crash()
    rig.start()
    assert (taken(rig), taken(rig, "sink/b")) == ([], ["neighbour"])
    assert dead(rig) == []
    rig.advance(BACK_S)
    assert (dead(rig), taken(rig)) == ([], ["fatal"])
    rig.crash()
    rig.start()
    assert taken(rig) == []
    assert dead(rig) == [("sink/a", f"the process ended {KILLS + 1} times while sink/a did it, and lived without it")]
    assert rig.state("brief/a").words == tuple("01234")
    assert record(rig) == ["sink/b 2", {}, []], "the neighbour is alone now, and nobody is suspected"


def test_one_without_which_the_process_lived_is_tried_again_before_it_is_given_up(rig: Rig) -> None:
    """The power came and went a few times, each time while the same one was alone, and then it stayed: nobody is given up for that."""
    rig.tell("sink/a", "put", {"text": "innocent"})
    rig.settle()
    rig.crash()
    for _ in range(KILLS):
        rig.start()
        assert taken(rig) == ["innocent"]
        rig.crash()
    rig.start()
    rig.advance(BACK_S)
    (delivery,) = _take(rig)
    delivery.done()
    rig.settle()
    rig.advance(1)
    assert (dead(rig), record(rig)) == ([], None)


def test_one_that_is_innocent_is_cleared_when_the_process_ends_without_it(rig: Rig) -> None:
    """Something else ends it at just that time, each time: nothing is given up, however often."""
    rig.tell("sink/a", "put", {"text": "innocent"})
    rig.settle()
    rig.crash()
    for _ in range(3):
        for _ in range(KILLS):
            rig.start()
            assert taken(rig) == ["innocent"]
            rig.crash()
        rig.start()
        assert taken(rig) == []
        rig.crash()  # without it, too
    rig.start()
    assert taken(rig) == ["innocent"]
    rig.advance(PATIENCE_S)
    assert dead(rig) == []


def test_one_that_was_settled_or_waited_for_is_not_suspected(rig: Rig) -> None:
    """The process ended while it was in hand, or after; but not just then."""
    rig.tell("sink/a", "put", {"text": "slow"})
    rig.settle()
    for _ in range(2 * KILLS):
        again(rig)
        assert taken(rig) == ["slow"]
        rig.advance(PATIENCE_S)
        assert record(rig) is None
    assert dead(rig) == []


def test_a_refused_one_that_was_suspected_is_cleared(rig: Rig) -> None:
    """It failed, and the process did not."""
    rig.tell("sink/a", "put", {"text": "x"})
    rig.settle()
    again(rig)
    assert taken(rig) == ["x"]
    rig.crash()
    rig.start()
    rig.settle()
    (delivery,) = _take(rig)
    delivery.failed("no")
    rig.advance(0.1)
    assert record(rig) is None


def test_what_may_be_done_once_is_unknown_after_the_first_end(rig: Rig) -> None:
    """It was begun, and is never begun again."""
    rig.tell("sink/a", "shoot", {"text": "x"})
    rig.settle()
    again(rig)
    assert taken(rig) == []
    (letter,) = dead(rig)
    assert letter[1].startswith("outcome unknown")


def test_a_turn_beside_a_fatal_delivery_is_never_set_aside(rig: Rig) -> None:
    """Ordinary mail that waits meanwhile is handled, all of it."""
    rig.tell("sink/a", "put", {"text": "fatal"})
    rig.settle()
    rig.crash()
    for n in range(KILLS):
        rig.start()
        for k in range(4):
            rig.tell(f"brief/{k}", "write", {"text": str(n)})
        assert taken(rig) == ["fatal"]
        rig.crash()
    rig.start()
    rig.advance(BACK_S)
    assert taken(rig) == ["fatal"]
    rig.crash()
    rig.start()
    rig.settle()
    assert [box for box, _ in dead(rig)] == ["sink/a"]
    for k in range(4):
        assert rig.state(f"brief/{k}").words == tuple(str(n) for n in range(KILLS))


def end_in_its_turn(rig: Rig) -> None:
    """The power goes when it is on disk that a turn runs alone, and not yet what came of it."""
    rig.until(lambda: rig.faults)
    rig.crash()
    rig.store.to_come.clear()  # type: ignore[attr-defined]


def send_fatal(rig: Rig) -> None:
    """In a life after an unclean end, a message in whose turn the process ends."""
    again(rig)
    rig.store.to_come = ["", "before"]  # type: ignore[attr-defined]
    rig.send("brief/a", "write", {"text": "x"})
    end_in_its_turn(rig)


def test_a_turn_of_one_attempt_is_not_set_aside_for_one_kill(rig: Rig) -> None:
    """It may have been anything."""
    send_fatal(rig)
    assert record(rig)[0] == "brief/a 1"
    rig.start()
    rig.settle()
    assert (dead(rig), rig.state("brief/a").words) == ([], ("x",))
    assert record(rig) is None


def test_a_turn_that_ends_the_process_each_time_is_set_aside_with_its_count(rig: Rig) -> None:
    """Two kills at least, whatever its class says of attempts."""
    send_fatal(rig)
    rig.store.to_come = ["", "before"]  # type: ignore[attr-defined]
    rig.start()
    end_in_its_turn(rig)
    rig.start()
    rig.settle()
    assert dead(rig) == [("brief/a", "the process ended 2 times while brief/a handled it")]


def test_a_turn_that_raised_before_is_not_blamed_for_it(rig: Rig) -> None:
    """Attempts that raised are no ends of the process."""
    rig.tell("brief/a", "write", {"text": "raise"})
    rig.settle()
    assert dead(rig) == [("brief/a", "RuntimeError: as it was told")]


def test_the_record_is_of_mail_that_waits(rig: Rig) -> None:
    """A suspect whose mailbox is empty now is forgotten."""
    rig.tell("sink/a", "put", {"text": "x"})
    rig.settle()
    again(rig)
    assert record(rig)[0] == "sink/a 1"
    (delivery,) = _take(rig)
    delivery.done()
    rig.advance(1)
    again(rig)
    assert record(rig) is None
