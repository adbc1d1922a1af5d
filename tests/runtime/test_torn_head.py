"""A mailbox out of whose midst messages go, while what is behind them leaves memory: none of the others is lost, and those stay gone."""

import pytest

from gateway.actors import Actor, Message, Payload, Stage, State, verb
from gateway.runtime.mail import encode
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Changes, MailRow
from gateway.testing import FrailStore, Rig
from tests.runtime.actors import Book, Word

UNREADABLE = (50, 90)


def test_what_lies_between_two_messages_that_cannot_be_read_is_handled() -> None:
    """The actor waits for a retry meanwhile, so that most of its mail leaves memory in the very commit that deletes those two."""
    store = FrailStore(MemoryStore())
    changes = Changes()
    for n in range(100):
        verb_, text = "forgotten" if n in UNREADABLE else "write", "fail" if n == 0 else str(n)
        message = Message(f"m{n}", "book/a", verb_, Word(text=text), "x/y")
        changes.mail.append(MailRow("book/a", n + 1, 0, encode(message)))
    store.commit(changes)
    with Rig([Book()], store=store) as rig:
        rig.advance(30)
        assert rig.state("book/a").words == tuple(str(n) for n in range(1, 100) if n not in UNREADABLE)
        assert (len(store.dead(0, 9)), store.mail("book/a", 0, 9)) == (3, [])


class Words(State):
    """What came, in order."""

    words: tuple[str, ...] = ()


class Line(Payload):
    """One word."""

    text: str = ""


class Log(Actor[Words]):
    """Keeps words; "set" sets two timers, "cancel" takes them back; it can be told to fail."""

    attempts = 5
    retry_s = 100.0
    failing = True

    @verb
    def write(self, line: Line, stage: Stage[Words]) -> None:
        """Keep a word."""
        if line.text == "boom" and self.failing:
            raise RuntimeError("as told")
        stage.state = stage.state.changed(words=(*stage.state.words, line.text))
        for name in ("A", "B"):
            if line.text == "set":
                stage.after(10, "ring", Line(text=name), name=name)
            elif line.text == "cancel":
                stage.cancel(name)

    @verb
    def ring(self, line: Line, stage: Stage[Words]) -> None:
        """Keep that a timer rang."""
        stage.state = stage.state.changed(words=(*stage.state.words, f"rang {line.text}"))


@pytest.mark.parametrize("memory_bytes", [16 * 1024 * 1024, 2000])
def test_a_timer_that_was_taken_back_does_not_ring_whatever_leaves_memory(memory_bytes: int) -> None:
    """Its message waits behind others; with little memory those behind it leave, and are read back before the commit that deletes it."""
    log = Log()
    settings = EngineSettings(mail_in_memory_bytes=memory_bytes, batch_turns=60)
    with Rig([log], store=FrailStore(MemoryStore()), settings=settings) as rig:
        said = ["set", "boom", *(f"p{n}" for n in range(40)), "cancel", *(f"q{n}" for n in range(60))]
        for text in said:
            rig.tell("log/a", "write", {"text": text})
        rig.advance(11)
        log.failing = False
        rig.advance(100)
        rig.advance(5)
        assert rig.state("log/a").words == tuple(said)
