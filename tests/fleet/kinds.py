"""Kinds that tests of several hosts bring to a daemon."""

from gateway.actors import Actor, Payload, Reply, Stage, State, verb
from gateway.actors.vocabulary import Switch


class Line(Payload):
    """One number to write down."""

    n: int = 0


class Reading(Line):
    """A number that the next one replaces."""

    @property
    def is_telemetry(self) -> bool:
        return True


class Batch(Payload):
    """Numbers that are to be written down elsewhere."""

    to: str
    first: int
    last: int
    lasts_s: float = 0.0
    """How long each may be acted on; 0: for ever."""


class Lamp(Payload):
    """A lamp that is to be on."""

    to: str
    verb: str


class Written(State):
    numbers: tuple[int, ...] = ()
    senders: tuple[str, ...] = ()
    answers: int = 0


class Ledger(Actor[Written]):
    """Writes numbers down, and who sent them."""

    attempts = 1

    @verb
    def write(self, line: Line, stage: Stage[Written]) -> None:
        """Write a number down; one below zero is a fault."""
        if line.n < 0:
            raise ValueError(f"{line.n} is below zero")
        sender = stage.message.sender
        senders = stage.state.senders if sender in stage.state.senders else (*stage.state.senders, sender)
        stage.state = stage.state.changed(numbers=(*stage.state.numbers, line.n), senders=senders)
        stage.reply({"written": len(stage.state.numbers)})

    @verb
    def note(self, reading: Reading, stage: Stage[Written]) -> None:
        """Write a reading down."""
        self.write(reading, stage)

    @verb
    def tell_readings(self, batch: Batch, stage: Stage[Written]) -> None:
        """Have readings written down by another actor."""
        for n in range(batch.first, batch.last + 1):
            stage.tell(batch.to, "note", Reading(n=n))

    @verb
    def read(self, stage: Stage[Written]) -> None:
        """Answer with all."""
        stage.reply(stage.state)

    @verb
    def send(self, batch: Batch, stage: Stage[Written]) -> None:
        """Have numbers written down by another actor."""
        expires_ms = stage.now_ms + round(batch.lasts_s * 1000) if batch.lasts_s else 0
        for n in range(batch.first, batch.last + 1):
            stage.tell(batch.to, "write", Line(n=n), expires_ms=expires_ms)
        stage.reply()

    @verb
    def send_and_hear(self, batch: Batch, stage: Stage[Written]) -> None:
        """Likewise, and hear of each."""
        for n in range(batch.first, batch.last + 1):
            stage.tell(batch.to, "write", Line(n=n), reply_to=stage.me)

    @verb
    def reply(self, reply: Reply, stage: Stage[Written]) -> None:
        """Count an answer."""
        stage.state = stage.state.changed(answers=stage.state.answers + reply.ok)

    @verb
    def light(self, lamp: Lamp, stage: Stage[Written]) -> None:
        """Switch a lamp, and count its answer."""
        stage.tell(lamp.to, lamp.verb, Switch(on=True), reply_to=stage.me)
        stage.reply()


class Scribe(Ledger):
    """A ledger that each host has for itself."""
