"""Asks: addresses whose first reply goes to somebody in this process, after its commit."""

from collections.abc import Callable

from gateway.actors.messages import Reply
from gateway.runtime.directory import ASKS
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Mail
from gateway.runtime.round import Round

Answer = Callable[[Reply], None]


class Asks:
    """The asks that wait for a reply in this process, by the address that the reply comes to. `expect` and `give_up` on any thread,
    `answer` on the engine's."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._waiting: dict[str, Answer] = {}

    def expect(self, answer: Answer) -> str:
        """Make an address whose first reply is handed to `answer`, after the reply's commit."""
        address = f"{ASKS}/{self._ids.new()}"
        self._waiting[address] = answer
        return address

    def give_up(self, address: str) -> None:
        """Wait no more for the reply to an address: a reply that comes later is dropped."""
        self._waiting.pop(address, None)

    def answer(self, mail: Mail, round: Round) -> bool:
        """Have a reply handed over after the commit; return whether somebody waits for it."""
        message = mail.message
        answer = self._waiting.pop(message.to, None)
        if answer is None:
            return False
        if isinstance(message.payload, Reply):
            round.batch.replies.append((answer, message.payload))
            round.batch.urgent = True
        return True
