"""Change: states and payloads of older programs are taken up; those of newer ones pause the actor, and nothing is lost."""

from typing import Any, ClassVar

import pytest
from pydantic import field_validator

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.runtime.cells import Wait
from gateway.store import Changes, MailRow, StateRow
from gateway.store.memory import MemoryStore
from gateway.testing import Rig
from tests.runtime.actors import Word


class Total(State):
    """Version 3 counts in millimetres; 2 had centimetres, 1 had them as text."""

    VERSION: ClassVar[int] = 3
    mm: int = 0

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"cm": int(fields["length"])} if version == 1 else {"mm": fields["cm"] * 10}


class Gauge(Actor[Total]):
    """Adds a millimetre a word."""

    @verb
    def add(self, word: Word, stage: Stage[Total]) -> None:
        stage.state = stage.state.changed(mm=stage.state.mm + 1)


def _rig(version: int, state: bytes, timers: bytes | None = None) -> Rig:
    store = MemoryStore()
    store.commit(Changes(woken=[StateRow("gauge/a", version, state, timers, 5 if timers else None)]))
    return Rig([Gauge()], store=store)


def test_an_old_state_is_taken_up_step_by_step() -> None:
    """And stored in today's version at its next change."""
    with _rig(1, b'{"length":"7"}') as rig:
        rig.tell("gauge/a", "add")
        assert rig.state("gauge/a").mm == 71
        row = rig.store.load("gauge/a")
        assert row is not None
        assert (row.version, row.state) == (3, b'{"mm":71}')


def test_a_newer_state_pauses_the_actor_and_keeps_its_mail() -> None:
    """Timers and state stay as they are; the program that knows them finds mail and all."""
    with _rig(4, b'{"um":9000}', b"5\tadd\t{}\tadd") as rig:
        rig.tell("gauge/a", "add")
        rig.tell("gauge/b", "add")
        rig.advance(100)
        fault = rig.look(lambda: rig.engine.cells.get("gauge/a").fault)  # type: ignore[union-attr]
        why = "its state has version 4, this program knows 3; install the newer program again"
        assert fault == f"cannot load gauge/a: {why}, or `gateway forget gauge/a`"
        assert rig.state("gauge/b").mm == 1
        rig.restart()
        rig.settle()
        assert rig.store.load("gauge/a") == StateRow("gauge/a", 4, b'{"um":9000}', b"5\tadd\t{}\tadd", 5)
        assert rig.store.boxes()[0].count == 1
        rig.stop()
        rig.store.commit(Changes(states=[StateRow("gauge/a", 3, b'{"mm":9}', b"5\tadd\t{}\tadd", None)]))
        rig.start()
        rig.settle()
        assert rig.state("gauge/a").mm == 11


def test_an_upcast_that_raises_pauses_the_actor() -> None:
    """Whatever it raises: the engine goes on, and the state is kept."""
    with _rig(2, b'{"inches":3}') as rig:
        rig.tell("gauge/a", "add")
        rig.settle()
        assert rig.faults == []
        assert rig.look(lambda: rig.engine.cells.get("gauge/a").wait is Wait.UNREADABLE)  # type: ignore[union-attr]
        why = "the upcast of Total from version 2 failed: KeyError: 'cm'; mend upcast"
        said = f"cannot load gauge/a: its state of version 2 cannot be taken up: {why}, or `gateway forget gauge/a`"
        assert rig.look(lambda: rig.engine.cells.get("gauge/a").fault) == said  # type: ignore[union-attr]
        row = rig.store.load("gauge/a")
        assert row is not None
        assert row.state == b'{"inches":3}'


def test_a_state_that_does_not_fit_pauses_the_actor(caplog: pytest.LogCaptureFixture) -> None:
    """It is not repaired by guessing: what differs is said, and what to do, in the log too."""
    with _rig(3, b'{"mm":"many","colour":"red"}') as rig:
        rig.tell("gauge/a", "add")
        rig.settle()
        fault = rig.look(lambda: rig.engine.cells.get("gauge/a").fault)  # type: ignore[union-attr]
        facts = "'mm' was text and is a whole number now; 'colour' is gone"
        advice = "raise VERSION and write upcast, or `gateway forget gauge/a`"
        assert fault == (
            f"cannot load gauge/a: its state of version 3 does not fit Total: {facts}; {advice}\n"
            "    # in Total, to begin with:\n"
            "    VERSION = 4\n"
            "    @classmethod\n"
            "    def upcast(cls, version, fields):\n"
            "        if version == 3:\n"
            '            fields["mm"] = int(fields["mm"])\n'
            '            fields.pop("colour", None)\n'
            "        return fields"
        )
        assert f"the mail of gauge/a waits: {fault}" in caplog.messages
        assert rig.look(lambda: rig.engine.cells.get("gauge/a").why) == fault.splitlines()[0]  # type: ignore[union-attr]


def test_mail_of_a_kind_that_is_not_configured_any_more_is_kept() -> None:
    """It waits until the kind is there again."""
    with _rig(4, b"{}") as rig:
        rig.tell("gauge/a", "add")
        rig.stop()
        rig.actors = []
        rig.start()
        rig.settle()
        assert rig.store.boxes()[0].count == 1


# --- payloads that wait


class Length(Payload):
    """Version 2 is in millimetres; 1 was in centimetres."""

    VERSION: ClassVar[int] = 2
    mm: int = 0

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"mm": fields["cm"] * 10}


class Rule(Actor[Total]):
    """Adds what it is told, now or a minute later."""

    @verb
    def add(self, length: Length, stage: Stage[Total]) -> None:
        stage.state = stage.state.changed(mm=stage.state.mm + length.mm)

    @verb
    def later(self, length: Length, stage: Stage[Total]) -> None:
        stage.after(60, "add", length)


def _waiting(verb: str, payload: str, *, to: str = "rule/a") -> MailRow:
    return MailRow(to, 1, 0, f"1\x1fm1\x1f{to}\x1f{verb}\x1f\x1f\x1f\x1f0\n{payload}".encode())


def test_mail_and_timers_of_older_payloads_are_taken_up() -> None:
    """A version stands behind the verb; where none stands it is 1, as all mail had it that older programs stored."""
    store = MemoryStore()
    timers = b'5\tadd\t{"cm":2}\tone\n6\tadd@2\t{"mm":3}\ttwo'
    store.commit(Changes(woken=[StateRow("rule/a", 3, b'{"mm":0}', timers, 5)], mail=[_waiting("add", '{"cm":7}')]))
    with Rig([Rule()], store=store) as rig:
        rig.advance(1)
        assert rig.state("rule/a").mm == 70 + 20 + 3


def test_timers_keep_the_version_of_their_payload() -> None:
    """One that is 1 is not written: most payloads never change."""
    with Rig([Rule()]) as rig:
        rig.tell("rule/a", "later", Length(mm=4))
        row = rig.store.load("rule/a")
        assert row is not None
        assert row.timers is not None
        assert row.timers.split(b"\t", 1)[1] == b'add@2\t{"mm":4}\tadd'
        rig.restart()
        rig.advance(61)
        assert rig.state("rule/a").mm == 4


def test_mail_with_a_newer_payload_becomes_a_dead_letter_that_a_newer_program_can_retry() -> None:
    """It is kept as it was stored, with its reason."""
    store = MemoryStore()
    store.commit(Changes(mail=[_waiting("add@3", '{"um":7}')]))
    with Rig([Rule()], store=store) as rig:
        rig.settle()
        (letter,) = store.dead(0, 10)
        why = "its payload has version 3, this program knows 2; install the newer program again"
        assert letter.reason == f"cannot read stored mail m1 for rule/a: {why}"
        assert letter.message == _waiting("add@3", '{"um":7}').message


def test_mail_whose_payload_does_not_fit_says_which_fields() -> None:
    """It is a dead letter, which can be delivered again once the payload has its upcast."""
    store = MemoryStore()
    store.commit(Changes(mail=[_waiting("add@2", '{"mm":7,"colour":"red"}')]))
    with Rig([Rule()], store=store) as rig:
        rig.settle()
        (letter,) = store.dead(0, 10)
        why = "its payload of version 2 does not fit Length: 'colour' is gone; raise VERSION and write upcast"
        assert letter.reason == f"cannot read stored mail m1 for rule/a: {why}; then `gateway dead-letters retry` it"


class Weight(Payload):
    """Its validator takes no account of older mail."""

    of: dict[str, int]

    @field_validator("of")
    @classmethod
    def _each(cls, of: dict[str, int]) -> dict[str, int]:
        return {name: of[name] // of["parts"] for name in of}


class Scale(Actor[Total]):
    """Is told weights."""

    @verb
    def weigh(self, weight: Weight, stage: Stage[Total]) -> None:
        """Take it off again."""


def test_mail_whose_payload_raises_something_of_its_own_is_a_dead_letter() -> None:
    """A validator may raise anything: one message is bad, and no more."""
    store = MemoryStore()
    store.commit(Changes(mail=[_waiting("weigh", '{"of":{"parts":0}}', to="scale/a")]))
    with Rig([Scale()], store=store) as rig:
        rig.settle()
        (letter,) = store.dead(0, 10)
        why = "its payload of version 1 cannot be read: Weight raised ZeroDivisionError: integer division or modulo by zero; mend it"
        assert letter.reason.startswith(f"cannot read stored mail m1 for scale/a: {why}")


def test_a_timer_whose_payload_does_not_fit_says_which_fields() -> None:
    """It waits with its actor, for a timer belongs to the state."""
    store = MemoryStore()
    store.commit(Changes(woken=[StateRow("rule/a", 3, b'{"mm":0}', b'5\tadd@2\t{"um":2}\tone', 5)]))
    with Rig([Rule()], store=store) as rig:
        rig.advance(1)
        why = rig.look(lambda: rig.engine.room.activation.cell("rule/a").why)
        said = "the payload of its timer 'one' of version 2 does not fit Length: 'um' is gone; raise VERSION and write upcast"
        assert why == f"cannot load rule/a: {said}, or `gateway forget rule/a`"


def test_a_timer_with_a_newer_payload_pauses_its_actor() -> None:
    """As a state of a newer version does: nothing is lost."""
    store = MemoryStore()
    row = StateRow("rule/a", 3, b'{"mm":0}', b'5\tadd@3\t{"um":2}\tone', 5)
    store.commit(Changes(woken=[row]))
    with Rig([Rule()], store=store) as rig:
        rig.tell("rule/a", "add")
        rig.advance(1)
        fault = rig.look(lambda: rig.engine.room.activation.cell("rule/a").fault)
        why = "the payload of its timer 'one' has version 3, this program knows 2; install the newer program again"
        assert fault == f"cannot load rule/a: {why}, or `gateway forget rule/a`"
        assert store.load("rule/a") == row
