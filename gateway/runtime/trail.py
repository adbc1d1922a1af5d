"""The trail: what became of messages lately, and which of them made which. In memory, within bounds, gone with the process.

One step a turn, one for each delivery that a host-bound actor settled, one for each message that nobody could take. A message
is known by its place in the order of all mail: who began when the last place was 7 and ended when it was 9 made the messages
in places 8 and 9. So a step is cheap to note; what follows from it is found out when somebody asks. Payloads are not kept.
"""

import marshal
from collections import deque
from typing import NamedTuple

from gateway.runtime.mail import Mail

WELL = ""
"""The outcome of a turn that went well."""
DONE = "done"
"""The outcome of a delivery that a host-bound actor did."""
FORWARDED = "forwarded"
"""The outcome of a turn, or of a delivery, that sent its message on along its route."""

_TOGETHER = 128
"""How many steps are packed, and dropped, together."""
_OUTCOME_AT_MOST = 400

_Noted = tuple[str, str, str, str, str, int, int, int, int, int, str]
"""A Step's fields. Plain tuples: one is made a turn."""


class Step(NamedTuple):
    """What became of one message, at one time."""

    message: str
    to: str
    verb: str
    sender: str
    trace: str
    """Id of the message from the outside that began it all; empty where that is this one."""
    seq: int
    """Its place in the order of all mail."""
    since: int
    upto: int
    """The messages in the places behind `since`, up to and including `upto`, were made by it."""
    batch: int
    at_ms: int
    """Wall time, milliseconds since 1970."""
    outcome: str
    """WELL, DONE, FORWARDED, or a sentence."""


class Trail:
    """The last steps, in about `size` bytes; 0: none are kept. On the engine's thread."""

    def __init__(self, size: int) -> None:
        self.on = size > 0
        """Whether it keeps any."""
        self._size = size
        self._fresh: list[_Noted] = []
        self._older: deque[bytes] = deque()
        """Steps packed, the oldest first: a third of what they take as objects, and nothing for the garbage collector to look at."""
        self._bytes = 0
        self.dropped = 0
        """How many steps are no longer kept."""

    # Positional, for it is called once a turn.
    def note(self, mail: Mail, since: int, upto: int, batch: int, at_ms: int, outcome: str = WELL) -> None:  # noqa: PLR0917
        """Keep one step. Called only while it is `on`."""
        fresh = self._fresh
        id, to, verb, _, sender, _, trace, _, _ = mail.message
        said = outcome[:_OUTCOME_AT_MOST] if outcome else outcome
        fresh.append((id, to, verb, sender, trace, mail.seq, since, upto, batch, at_ms, said))
        if len(fresh) >= _TOGETHER:
            self._lay_by()

    def _lay_by(self) -> None:
        """Pack the fresh steps, and drop the oldest that do not fit beside them."""
        packed = marshal.dumps(self._fresh)
        self._fresh = []
        self._older.append(packed)
        self._bytes += len(packed)
        while self._bytes > self._size:
            self._bytes -= len(self._older.popleft())
            self.dropped += _TOGETHER

    def steps(self) -> list[Step]:
        """What is kept, the oldest first."""
        older = [noted for packed in self._older for noted in marshal.loads(packed)]  # made above, in this process
        return [Step(*noted) for noted in [*older, *self._fresh]]
