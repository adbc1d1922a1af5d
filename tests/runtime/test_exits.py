"""Exits: a user's own code that says sys.exit(), wherever the engine calls it between turns, ends one thing and nobody else."""

import sys

import pytest
from pydantic import field_validator

from gateway.actors import Actor, Message, Payload, Stage, State, verb
from gateway.runtime.cells import Wait
from gateway.runtime.mail import encode, may_give_way
from gateway.store import Changes, MailRow, StateRow
from gateway.store.memory import MemoryStore
from gateway.testing import Rig


def _leave(where: str) -> str:
    sys.exit(where)


class Silent(Exception):
    """An error that leaves when it is asked what it is."""

    def __str__(self) -> str:
        return _leave("in __str__")


class Parcel(Payload):
    """Leaves where it is heavy, and when it is asked what it is for."""

    kg: int = 0

    @field_validator("kg")
    @classmethod
    def _weigh(cls, kg: int) -> int:
        if kg > 30:
            sys.exit("too heavy")
        return kg

    @property
    def is_telemetry(self) -> bool:
        """Nobody learns that."""
        sys.exit("in is_telemetry")


class Shelf(State):
    """Leaves where it is taken up."""

    VERSION = 2
    kg: int = 0

    @classmethod
    def upcast(cls, version: int, fields: dict[str, object]) -> dict[str, object]:
        """From no version."""
        sys.exit("in upcast")


class Porter(Actor[Shelf]):
    """Carries parcels."""

    @verb
    def carry(self, parcel: Parcel, stage: Stage[Shelf]) -> None:
        """Carry it, but for one of 7 kg."""
        if parcel.kg == 7:
            raise Silent
        stage.state = stage.state.changed(kg=stage.state.kg + parcel.kg)


def _goes_on(rig: Rig) -> bool:
    rig.tell("porter/other", "carry", {"kg": 2})
    return rig.faults == [] and rig.state("porter/other").kg == 2


def test_in_an_upcast() -> None:
    """The actor waits until that is mended."""
    store = MemoryStore()
    store.commit(Changes(states=[StateRow("porter/a", 1, b'{"lb":1}', b"", None)]))
    with Rig([Porter()], store=store) as rig:
        rig.tell("porter/a", "carry", {"kg": 1})
        rig.settle()
        assert rig.look(lambda: rig.engine.cells.get("porter/a").wait is Wait.UNREADABLE)  # type: ignore[union-attr]
        assert "failed: SystemExit: in upcast; mend upcast" in rig.look(lambda: rig.engine.cells.get("porter/a").fault)  # type: ignore[union-attr]
        assert _goes_on(rig)


def test_in_a_validator_of_what_waits() -> None:
    """The message is a dead letter."""
    whole = encode(Message("m1", "porter/a", "carry", Parcel(kg=3), "serial/a"))
    store = MemoryStore()
    store.commit(Changes(mail=[MailRow("porter/a", 1, 0, whole.replace(b'"kg":3', b'"kg":40'))]))
    with Rig([Porter()], store=store) as rig:
        rig.settle()
        (letter,) = store.dead(0, 10)
        assert "Parcel raised SystemExit: too heavy; mend it" in letter.reason
        assert _goes_on(rig)


@pytest.mark.parametrize("text", ['{"kg":40}', {"kg": 40}])
def test_in_a_validator_of_what_comes(text: object) -> None:
    """It is refused, as what does not fit."""
    with Rig([Porter()]) as rig:
        with pytest.raises(ValueError, match="Parcel raised SystemExit: too heavy"):
            rig.send("porter/a", "carry", text)  # type: ignore[arg-type]
        assert _goes_on(rig)


def test_in_what_says_whether_it_is_telemetry() -> None:
    """Then it is none."""
    assert not may_give_way(Message("m1", "porter/a", "carry", Parcel(kg=3), "serial/a"))


def test_in_what_an_error_says() -> None:
    """The turn has failed, and what the error is called is said."""
    with Rig([Porter()]) as rig:
        rig.tell("porter/a", "carry", {"kg": 7})
        for _ in range(5):
            rig.advance(60)
        assert any("Silent" in letter.reason for letter in rig.store.dead(0, 10))
        assert _goes_on(rig)
