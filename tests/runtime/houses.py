"""Doors with phases and beginnings, and houses that decide about rooms: for the tests of guards and of supervision."""

import enum
from typing import Any

from gateway.actors import Actor, Decision, Else, Fault, Payload, Stage, State, Verdict, verb
from gateway.actors.machine import Machine


class Text(Payload):
    """One word."""

    text: str = ""


class Phase(enum.Enum):
    """Where a door is."""

    SHUT = "shut"
    AJAR = "ajar"
    OPEN = "open"


class DoorState(State):
    """What went through it."""

    phase: Phase = Phase.SHUT
    through: tuple[str, ...] = ()


class Door(Actor[DoorState]):
    """Begins when it is hung; what goes through waits until it is open."""

    machine = Machine(initial=Phase.SHUT)

    @verb(begins=True)
    def hang(self, stage: Stage[DoorState]) -> None:
        """Begin, and change nothing."""

    @verb(when=Phase, to=Phase)
    def move(self, to: Text, stage: Stage[DoorState]) -> None:
        """Go to a phase."""
        stage.enter(Phase(to.text))

    @verb(when={Phase.OPEN}, unless=Else.DEFER)
    def go(self, who: Text, stage: Stage[DoorState]) -> None:
        """Go through; who is `shutting` shuts it behind."""
        self._through(who, stage)

    @verb(when={Phase.OPEN})
    def push(self, who: Text, stage: Stage[DoorState]) -> None:
        """Go through, or be refused."""
        self._through(who, stage)
        stage.reply({"through": True})

    @verb(when={Phase.OPEN}, unless=Else.IGNORE)
    def knock(self, who: Text, stage: Stage[DoorState]) -> None:
        """Go through, or not."""
        self._through(who, stage)

    @verb
    def unhang(self, stage: Stage[DoorState]) -> None:
        """End."""
        stage.stop()

    def _through(self, who: Text, stage: Stage[DoorState]) -> None:
        stage.state = stage.state.changed(through=(*stage.state.through, who.text))
        if who.text == "shutting":
            stage.enter(Phase.SHUT)


class Gateway(Door):
    """A door that is there without being hung."""

    @verb
    def hang(self, stage: Stage[DoorState]) -> None:
        """Nothing to begin."""


class RoomState(State):
    """What it did."""

    did: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Order(Payload):
    """What is to be ordered of whom."""

    what: str
    whom: str


class Room(Actor[RoomState]):
    """Fails where it is told so; what it decides about that is in the word, the rest is for those above: `fail escalate>reset`."""

    attempts = 2
    retry_s = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.mended: set[str] = set()
        """Words that fail no more."""

    @verb
    def work(self, word: Text, stage: Stage[RoomState]) -> None:
        """Do it, or fail."""
        stage.state = stage.state.changed(did=(*stage.state.did, word.text))
        if word.text.startswith("fail") and word.text not in self.mended:
            raise RuntimeError(word.text.removeprefix("fail "))

    @verb
    def order(self, order: Order, stage: Stage[RoomState]) -> None:
        """Order something about a child; `then fail` fails behind it."""
        getattr(stage, f"{order.what.split()[0]}_child")(order.whom)
        if order.what.endswith("then fail"):
            raise RuntimeError("it was told so")

    @verb
    def read(self, stage: Stage[RoomState]) -> None:
        """Answer with what it did."""
        stage.reply(stage.state)

    @verb
    def leave(self, stage: Stage[RoomState]) -> None:
        """End."""
        stage.stop()

    def failed(self, fault: Fault, state: RoomState) -> Decision:
        """As the word said."""
        return decision_of(fault, 0).decision


class House(Room):
    """Decides about those below, and remembers the faults."""

    def child_failed(self, fault: Fault, stage: Stage[RoomState]) -> Decision | Verdict:
        """As the word said; `third` decides by what is remembered."""
        stage.state = stage.state.changed(faults=(*stage.state.faults, f"{fault.child} {fault.actor}"))
        if fault.reason.endswith("third"):
            return Decision.PAUSE if len(stage.state.faults) >= 3 else Decision.SKIP
        return decision_of(fault, (fault.actor.count("/") - stage.me.count("/")) // 2)


def decision_of(fault: Fault, place: int) -> Verdict:
    """The decision of the word at one place; a word that is none raises."""
    words = fault.reason.removeprefix("RuntimeError: ").split(">")
    word, _, whom = (words[place] if place < len(words) else "skip").partition(" ")
    return Verdict(Decision(word), all_children=whom == "all")


def dead(rig: Any) -> list[tuple[str, str]]:
    """(box, reason) of the dead letters."""
    return [(row.box, row.reason) for row in rig.store.dead(0, 99)]
