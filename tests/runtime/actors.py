"""Actors that the tests of the engine share: small, and each with one way to go wrong."""

import threading
from typing import Any, ClassVar

from gateway.actors import Actor, Delivery, GatewayError, HostBound, Mode, Payload, Reply, Settings, Stage, State, verb
from gateway.testing.clock import PATIENCE_S


class Word(Payload):
    """One word."""

    text: str = ""


class Page(State):
    """What was written, in its order, and how late timers came."""

    words: tuple[str, ...] = ()
    late_s: float = 0.0


class Book(Actor[Page]):
    """Writes down what it is told. Some words do more: see `write`."""

    attempts = 3

    @verb
    def write(self, word: Word, stage: Stage[Page]) -> None:
        """`fail`: raises after it has staged something; `stop`: ends; `>x`: tells book/x; `!x`: publishes; `~x`: rings in x seconds."""
        stage.state = stage.state.changed(words=(*stage.state.words, word.text))
        match word.text[:1], word.text[1:]:
            case ">", key:
                stage.tell(f"book/{key}", "write", Word(text=f"from {stage.key}"))
            case "!", topic:
                stage.tell("shelf/a", "put", Word(text=topic))
            case "?", topic:
                stage.tell("shelf/a", "shoot", Word(text=topic), reply_to=stage.me)
            case "~", delay_s:
                stage.after(float(delay_s), "ring", Word(text=delay_s), name=f"~{delay_s}")
            case "-", name:
                stage.cancel(f"~{name}")
        if word.text == "fail":
            stage.tell("shelf/a", "put", Word(text="must not get out"))
            stage.after(1, "ring", Word(text="must not ring"))
            raise RuntimeError("the word said so")
        if word.text == "stop":
            stage.stop()
        if word.text == "unknown":
            stage.tell("nobody/home", "write", Word())

    @verb
    def ring(self, word: Word, stage: Stage[Page]) -> None:
        stage.state = stage.state.changed(words=(*stage.state.words, f"rang {word.text}"), late_s=stage.late_s)

    @verb
    def read(self, stage: Stage[Page]) -> None:
        stage.reply({"words": list(stage.state.words)})

    @verb
    def reply(self, reply: Reply, stage: Stage[Page]) -> None:
        said = "yes" if reply.ok else reply.reason
        stage.state = stage.state.changed(words=(*stage.state.words, said))


class Shelf(HostBound):
    """Takes what is put on it."""

    window = 4

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        """At least once."""

    @verb(mode=Mode.AT_MOST_ONCE)
    def shoot(self, word: Word, delivery: Delivery) -> None:
        """At most once."""


class Trace:
    """What a host-bound actor of a test went through; shared by its lives."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.go = threading.Event()


class Touchy(HostBound):
    """Fails where its `faults` say: "make", "started", "put", "close", "hang"; each is used up by one failure, but "hang"."""

    close_s = PATIENCE_S
    trace: ClassVar[Trace]
    faults: ClassVar[list[str]]

    def __init__(self, key: str, settings: Settings) -> None:
        self._say("make")

    def started(self, start: Any) -> None:
        self._say("started")

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        self._say("put")
        self.trace.calls.append(word.text)
        if word.text == "no":
            raise GatewayError("cannot put no: it is no word")

    def quiet(self) -> None:
        self._say("quiet")

    def close(self) -> None:
        if "hang" in self.faults:
            self.trace.calls.append("hangs")
            self.trace.go.wait(PATIENCE_S)
        self._say("close")

    def _say(self, step: str) -> None:
        self.trace.calls.append(step)
        if step in self.faults:
            self.faults.remove(step)
            raise RuntimeError(f"{step} fails as it was told")


def touchy(*faults: str) -> type[Touchy]:
    """A class of its own, with its trace and faults."""

    class Mine(Touchy):
        kind = "touchy"

    Mine.trace, Mine.faults = Trace(), list(faults)
    return Mine
