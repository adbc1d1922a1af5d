"""Requests from within: what a host-bound actor asks of the control actor, in the words of its socket, without a socket.

They wait here until the control actor looks: it is one thread that answers everybody, whoever they are.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.errors import Refused
from gateway.actors.hostbound import Host
from gateway.control.pending import Answer

MOST_ASKED = 500
"""Requests from within that may be without an answer, or be streamed, at once."""


class InsideClient:
    """One request of a host-bound actor, in the place of a client of the socket. What it is told goes to `on_answer`."""

    sluggish = False
    """Whoever asked has a queue of its own: where that is full, it gives up."""

    def __init__(self, host: Host, on_answer: Callable[[Answer], None]) -> None:
        self.host = host
        self.open = True
        self.asked = 0
        self.follows = False
        self._on_answer = on_answer

    def say(self, answer: Answer) -> None:
        """Hand an answer over; none is said to somebody who has given up."""
        if self.open:
            self._on_answer({name: value for name, value in answer.items() if name != "n"})

    @property
    def finished(self) -> bool:
        """Whether nothing more will be said."""
        return not self.open or not (self.asked or self.follows)


class InsideRequest(NamedTuple):
    """What was asked, and by whom."""

    client: InsideClient
    words: dict[str, Any]


class Within:
    """The requests from within that nobody has looked at yet. Any thread, but `take` and `ended`, which are the control actor's."""

    def __init__(self) -> None:
        self.wake: Callable[[], None] = _nobody
        """Wakes the control actor; each life of it sets its own."""
        self._asked: deque[InsideRequest] = deque()
        self._left: deque[InsideClient] = deque()
        self._under_way: set[InsideClient] = set()
        self._shut = ""
        """Why nobody takes requests any more; empty while somebody does, or will."""

    def ask(self, host: Host, words: dict[str, Any], on_answer: Callable[[Answer], None]) -> Callable[[], None]:
        """Ask; return what gives the request up. Raises Refused where too many are under way."""
        if self._shut:
            raise Refused(self._shut)
        if len(self._under_way) >= MOST_ASKED:
            raise Refused(f"cannot take one more request: {MOST_ASKED} are under way; try again soon")
        client = InsideClient(host, on_answer)
        self._under_way.add(client)
        self._asked.append(InsideRequest(client, words))
        self.wake()
        return lambda: self._give_up(client)

    def _give_up(self, client: InsideClient) -> None:
        client.open = False
        self._left.append(client)
        self.wake()

    def take(self) -> list[InsideRequest]:
        """Take the requests that have come since the last look."""
        return [self._asked.popleft() for _ in range(len(self._asked))]

    def left(self) -> list[InsideClient]:
        """Take those who have given up since the last look."""
        return [self._left.popleft() for _ in range(len(self._left))]

    def ended(self, client: InsideClient) -> None:
        """Make room for another request."""
        self._under_way.discard(client)

    def end(self, answer: Answer, *, shut: str = "") -> None:
        """Answer whoever is still under way, for nobody looks now; with `shut`, the reason, nobody ever will again."""
        self._shut = shut
        for client in list(self._under_way):
            client.say(answer)
        self._under_way.clear()


def _nobody() -> None:
    """Wake nobody: the control actor has not started, and looks when it has."""
