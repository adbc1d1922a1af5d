"""Turns, what users test their actors with: a turn leaves all or nothing, and the clock does what the test says."""

from typing import Any

import pytest

from gateway.actors import Actor, BadPayload, Decision, Fault, Payload, Stage, State, UnknownTarget, Verdict, verb
from gateway.actors.verbs import Verb
from gateway.actors.vocabulary import Switch
from gateway.testing import Turns
from gateway.testing.turns import row


class Lamp(State):
    flashes: list[str] = []
    pair: Any = None


class Delay(Payload):
    seconds: float
    name: str = ""


class Flasher(Actor[Lamp]):
    """Flashes when its timers fire."""

    @verb
    def flash(self, stage: Stage[Lamp]) -> None:
        """Flash now."""
        stage.state = stage.state.changed(flashes=[*stage.state.flashes, f"{stage.clock_ms} late {stage.late_s:g}"])

    @verb
    def later(self, delay: Delay, stage: Stage[Lamp]) -> None:
        """Flash later."""
        stage.after(delay.seconds, "flash", name=delay.name)

    @verb
    def every(self, delay: Delay, stage: Stage[Lamp]) -> None:
        """Flash again and again."""
        self.flash(stage)
        stage.after(delay.seconds, "every", delay)

    @verb
    def calm(self, stage: Stage[Lamp]) -> None:
        """Cancel the next flash."""
        stage.cancel("flash")

    @verb
    def fail(self, stage: Stage[Lamp]) -> None:
        """Do everything, then raise."""
        stage.state = stage.state.changed(flashes=["never"])
        stage.tell("gpio/lamp", "switch", Switch(on=True))
        stage.after(1, "flash")
        stage.stop()
        raise ValueError("the bulb is broken")

    @verb
    def pair(self, stage: Stage[Lamp]) -> None:
        """Keep what JSON does not know."""
        stage.state = stage.state.changed(pair=(1, 2))

    @verb
    def swap(self, stage: Stage[Lamp]) -> None:
        """Take another model for a state."""
        stage.state = State()  # type: ignore[assignment]

    @verb
    def end(self, stage: Stage[Lamp]) -> None:
        """Stop."""
        stage.after(1, "flash")
        stage.stop()

    @verb
    def echo(self, stage: Stage[Lamp]) -> None:
        """Answer twice, when there have been flashes."""
        for flash in stage.state.flashes:
            stage.reply({"flash": flash})


def test_timers_fire_in_order() -> None:
    """Timers that fall due fire in the order of their times, each at its own moment."""
    turns = Turns(Flasher())
    for seconds, name in ((3, "c"), (1, "a"), (2, "b"), (9, "z")):
        turns.tell("later", Delay(seconds=seconds, name=name))
    start_ms, wall_ms = turns.clock_ms, turns.now_ms
    turns.advance(5)
    assert turns.state.flashes == [f"{start_ms + ms} late 0" for ms in (1000, 2000, 3000)]
    assert (turns.clock_ms, turns.now_ms) == (start_ms + 5000, wall_ms + 5000)
    assert turns.timers.keys() == {"z"}


def test_timers_come_late() -> None:
    """When the gateway was asleep, timers fire at its end and know how late they are."""
    turns = Turns(Flasher())
    turns.tell("later", {"seconds": 2})
    turns.advance(60, asleep=True)
    assert turns.state.flashes == [f"{turns.clock_ms} late 58"]


def test_timers_that_set_timers() -> None:
    """A timer set by a timer's turn fires in the same advance when it falls due in it."""
    turns = Turns(Flasher())
    turns.tell("every", {"seconds": 1})
    turns.advance(3.5)
    assert len(turns.state.flashes) == 4
    assert turns.timers["every"].due_ms == turns.clock_ms + 500


def test_timers_are_replaced_and_cancelled() -> None:
    """A timer of the same name is moved, and a cancelled one never fires."""
    turns = Turns(Flasher())
    turns.tell("later", {"seconds": 1})
    turns.tell("later", {"seconds": 5})
    turns.advance(4)
    assert turns.state.flashes == []
    turns.tell("calm")
    turns.advance(10)
    assert turns.state.flashes == []


def test_a_turn_that_raises() -> None:
    """A turn that raises leaves no trace, and its error comes out."""
    turns = Turns(Flasher())
    turns.tell("flash")
    before = (turns.state, list(turns.mail), dict(turns.timers), turns.stopped)
    with pytest.raises(ValueError, match=r"^the bulb is broken$"):
        turns.tell("fail")
    assert (turns.state, turns.mail, turns.timers, turns.stopped) == before


def test_what_storage_does_not_keep() -> None:
    """State that would come back from the store as something else fails the test that made it."""
    turns = Turns(Flasher())
    with pytest.raises(BadPayload) as caught:
        turns.tell("pair")
    assert str(caught.value) == (
        "cannot keep the state of flasher/one: pair: (1, 2) comes back from JSON as [1, 2]; "
        "name its type in the model, or keep texts, numbers, lists, and dicts whose keys are texts"
    )
    assert turns.state == Lamp()


def test_a_state_of_another_model() -> None:
    """A state must be of the actor's own model."""
    with pytest.raises(BadPayload) as caught:
        Turns(Flasher()).tell("swap")
    assert str(caught.value) == "cannot keep the state of flasher/one: State is no Lamp"


def test_the_end() -> None:
    """An actor that stops loses its state and timers; the next message begins a new life."""
    turns = Turns(Flasher())
    turns.tell("flash")
    turns.tell("later", {"seconds": 1})
    turns.tell("end")
    assert (turns.stopped, turns.state, turns.timers) == (True, Lamp(), {})
    turns.tell("flash")
    assert not turns.stopped
    assert len(turns.state.flashes) == 1


def test_wrong_mail() -> None:
    """A verb the actor does not have and a payload that does not fit are refused as the runtime refuses them."""
    turns = Turns(Flasher(), me="flasher/porch")
    with pytest.raises(UnknownTarget) as caught:
        turns.tell("flush")
    assert str(caught.value) == (
        "cannot send flush to flasher/porch: flasher answers calm, echo, end, every, fail, flash, later, pair, swap"
    )
    with pytest.raises(BadPayload, match=r"^cannot read the payload of later to flasher/porch: seconds: missing$"):
        turns.tell("later", b"{}")


def test_asking() -> None:
    """Ask gives the one reply, and says so when there is none or more than one."""
    turns = Turns(Flasher())
    with pytest.raises(AssertionError, match=r"^flasher/one gave 0 replies to echo, not 1$"):
        turns.ask("echo")
    turns.tell("flash")
    assert turns.ask("echo").body == {"flash": f"{turns.clock_ms} late 0"}
    turns.tell("flash")
    with pytest.raises(AssertionError, match=r"^flasher/one gave 2 replies to echo, not 1$"):
        turns.ask("echo")


class Caller(Actor[State]):
    """Writes to a robot."""

    @verb
    def call(self, stage: Stage[State]) -> None:
        """Move the arm."""
        stage.tell("robot/arm", "switch", {"on": True})


def test_who_can_be_reached() -> None:
    """The test says whom the actor may write to; by default that is what comes in the box."""
    robots: dict[str, dict[str, Verb]] = {"robot": {"switch": row("switch", Switch)}}
    turns = Turns(Caller(), reachable=robots)
    turns.tell("call", id="outside-7", sender="mqtt/main")
    assert turns.mail_to("robot/arm") == [Switch(on=True)]
    assert turns.mail[0].trace == "outside-7"
    with pytest.raises(UnknownTarget, match=r"^cannot send switch to robot/arm: no kind 'robot' here"):
        Turns(Caller()).tell("call")


class House(Actor[Lamp]):
    """Decides about its rooms, and notes what failed in them."""

    def child_failed(self, fault: Fault, stage: Stage[Lamp]) -> Decision | Verdict:
        """Reset what is dark; leave the rest to the default."""
        stage.state = stage.state.changed(flashes=[*stage.state.flashes, f"{fault.child}: {fault.verb}: {fault.reason}"])
        return Decision.RESET if "dark" in fault.reason else Decision.SKIP


def test_a_child_fails_when_the_test_says_so() -> None:
    """What its parent decided is given back, and what the parent did besides is kept."""
    house = Turns(House(), me="house/here")
    assert house.child_fails("house/here/room/attic", "too dark").decision is Decision.RESET
    assert house.child_fails("house/here/room/attic", "too cold", verb="heat").decision is Decision.SKIP
    assert house.state.flashes == ["house/here/room/attic: work: too dark", "house/here/room/attic: heat: too cold"]


def test_who_has_no_word_for_a_childs_fault_skips_the_message() -> None:
    """As Actor does by default."""
    assert Turns(Caller()).child_fails("caller/x/flasher/y", "no").decision is Decision.SKIP
