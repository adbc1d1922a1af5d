"""Kinds that tests bring to a daemon, by entry points."""

import threading
import time
from pathlib import Path
from typing import Any

from gateway.actors import Actor, Decision, Fault, Payload, Stage, State, verb


class Amount(Payload):
    """How many to add."""

    units: int = 1


class There(Payload):
    """A file that someone will write."""

    path: str


class Count(State):
    total: int = 0


class Counter(Actor[Count]):
    """Adds up; refuses what is unlucky."""

    attempts = 1

    @verb
    def add(self, amount: Amount, stage: Stage[Count]) -> None:
        """Add some."""
        if amount.units == 13:
            raise ValueError("13 is unlucky")
        stage.state = stage.state.changed(total=stage.state.total + amount.units)
        stage.reply(stage.state)

    @verb
    def mute(self, stage: Stage[Any]) -> None:
        """Never answer."""

    @verb
    def hang(self, stage: Stage[Any]) -> None:
        """Break the rule that a turn never blocks."""
        threading.Event().wait()

    @verb
    def hang_until(self, there: There, stage: Stage[Any]) -> None:
        """Break it until a file is there."""
        while not Path(there.path).exists():
            time.sleep(0.01)

    @verb
    def end_process(self, stage: Stage[Any]) -> None:
        """Be a fault that no `except` catches."""
        stage.mail.append(None)  # type: ignore[arg-type]  # what no stage would put there: the engine trips over it


class Fuse(Actor[Count]):
    """Blows at the first fault, and leaves it to who is above."""

    attempts = 1

    @verb
    def load(self, amount: Amount, stage: Stage[Count]) -> None:
        """Add some; 16 is the most."""
        total = stage.state.total + amount.units
        if total > 16:
            raise ValueError(f"{total} is too much")
        stage.tell("counter/load", "add", Amount(units=amount.units))
        stage.state = stage.state.changed(total=total)

    def failed(self, fault: Fault, state: Count) -> Decision:
        """Nobody is above: the host pauses it."""
        return Decision.ESCALATE
