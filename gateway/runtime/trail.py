"""The trail: what became of messages lately, and which of them made which. In memory, within bounds, gone with the process.

One step a turn, one for each delivery that a host-bound actor settled, one for each message that nobody could take. A message
is known by its place in the order of all mail: who began when the last place was 7 and ended when it was 9 made the messages
in places 8 and 9. So a step is cheap to note; what follows from it is found out when somebody asks. A timer's message is made by no
turn, but the last turn of its actor before it that names the timer is the one that set it. Payloads are not kept.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from gateway.actors.errors import GatewayError
from gateway.actors.messages import Message
from gateway.runtime.mail import Due, Mail

WELL = ""
"""The outcome of a turn that went well."""
DONE = "done"
"""The outcome of a delivery that a host-bound actor did."""
AWAY = "sent to the host that serves it"
"""The outcome of a message to an actor of another engine."""
FORWARDED = "forwarded"
"""The outcome of a turn, or of a delivery, that sent its message on along its route."""

STEP_BYTES = 300
"""About what one step takes: its tuple, its ids and numbers. Packing them took a third of that, and a tenth of a turn's time."""
_OUTCOME_AT_MOST = 400

_Noted = tuple[str, str, str, str, str, int, int, int, int, int, str, Due | None, tuple[str, ...]]
"""A Step's fields. Plain tuples: one is made a turn."""


class Unexplained(GatewayError, LookupError):
    """Raised where nothing is known of a message or an actor, or no longer."""


class Step(NamedTuple):
    """What happened to one message, at one time."""

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
    clock_ms: int
    """When, on the gateway's clock."""
    outcome: str
    """WELL, DONE, FORWARDED, or a sentence."""
    timer: Due | None
    """The timer that sent the message, where one did."""
    timers: tuple[str, ...]
    """The names of the timers that the turn set or cancelled."""


class Trail:
    """The last steps of messages, in about `size` bytes; 0: none are kept. On the engine's thread."""

    def __init__(self, size: int) -> None:
        self.on = size > 0
        """Whether it keeps any."""
        self._steps: deque[_Noted] = deque(maxlen=size // STEP_BYTES)
        self._noted = 0

    @property
    def dropped(self) -> int:
        """How many steps are no longer kept."""
        return self._noted - len(self._steps)

    # Positional, for it is called once a turn.
    def note(  # noqa: PLR0917
        self,
        message: Message,
        seq: int,
        since: int,
        upto: int,
        batch: int,
        clock_ms: int,
        outcome: str = WELL,
        timers: tuple[str, ...] = (),
        timer: Due | None = None,
    ) -> None:
        """Keep one step. Call this only while the trail is `on`."""
        id, to, verb, _, sender, _, trace, _, _, _ = message
        said = outcome[:_OUTCOME_AT_MOST] if outcome else outcome
        self._steps.append((id, to, verb, sender, trace, seq, since, upto, batch, clock_ms, said, timer, timers))
        self._noted += 1

    def note_done(self, mail: Iterable[Mail], upto: int, batch: int, clock_ms: int) -> None:
        """Keep a step for each delivery that was done and made nothing. Call this only while the trail is `on`."""
        steps = [
            (id, to, verb, sender, trace, one.seq, upto, upto, batch, clock_ms, DONE, one.timer, ())
            for one in mail
            for id, to, verb, _, sender, _, trace, _, _, _ in (one.message,)
        ]
        self._steps.extend(steps)
        self._noted += len(steps)

    def steps(self) -> list[Step]:
        """The steps that are kept, the oldest first."""
        return [Step(*noted) for noted in self._steps]
