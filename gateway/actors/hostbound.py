"""Host-bound actors: they own a resource of this host, from the start of the host to its end.

Each has a thread of its own, on which every method of it runs: first `started`, then `wait`, one method per delivery, and
`tick`, in turn; at the end `quiet` (stop taking in) and, when the mail is drained or its time is up, `close`. Events
come in by `self.host.send`, from this thread or any other.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from gateway.actors.actor import snake
from gateway.actors.course import Table
from gateway.actors.errors import GatewayError
from gateway.actors.messages import Message, Payload, Start
from gateway.actors.receipts import Receipt
from gateway.actors.settings import Settings
from gateway.actors.stamps import Time
from gateway.actors.verbs import Verb, verbs_of
from gateway.actors.words import described


class Health(enum.Enum):
    """How a host-bound actor is, in one word."""

    STARTING = "starting"
    OK = "ok"
    MISSING = "missing"
    """What it owns is not there: it looks for it again and again."""
    FAULTY = "faulty"
    """What it owns is there and does not work: its detail says why."""
    CLOSED = "closed"


class Delivery(Protocol):
    """One message in a host-bound actor's hands, until it says done or failed. Any thread may say it, once."""

    message: Message
    attempt: int
    """1 at first; counts up when it is given again. Above 1 the act may have happened already."""

    kept: bool

    def keep(self) -> None:
        """Say that the verb's return does not settle it: `done` or `failed` will come later."""

    def done(self, body: Payload | dict[str, Any] | None = None) -> None:
        """It happened: drop it from the mailbox, and send `body` to whoever asked."""

    def failed(self, reason: str, *, retry: bool = True) -> None:
        """It did not happen. Tried again with backoff, unless `retry` is false: then it becomes a dead letter."""


class Host(Protocol):
    """What the runtime offers a host-bound actor. Every method may be called from any thread."""

    me: str
    """Its actor id."""
    quiet: bool
    """True once sources must take in no more."""
    closing: bool
    """True once it must close."""

    @property
    def time(self) -> Time:
        """The gateway's clock, whether the wall clock can be trusted, and whether a message has expired."""

    def send(
        self,
        to: str,
        verb: str,
        payload: Payload | dict[str, Any] | bytes | str | None = None,
        *,
        id: str = "",
        scope: str = "",
        again: bool = True,
        reply_to: str = "",
        expires_ms: int = 0,
        expires_s: float | None = None,
        size: int = 256,
        wait: bool = True,
        on_commit: Callable[[Receipt], None] | None = None,
    ) -> Receipt:
        """Bring a message in. The receipt resolves when it is durable; `on_commit` is then called, on a runtime thread.

        `id` is the outside's own id of it: a second message of that id from this actor (and `scope`) is acknowledged and not
        handled, unless `again` is false (the outside says that it is a first delivery: it is handled, and its id kept).
        After `expires_ms` (wall time by the outside's own clock, milliseconds since 1970), or in `expires_s` seconds, it is not acted
        on any more. While the wall clock cannot be trusted a message with the former waits: nobody can say whether it has expired.
        `size` is about how many bytes it takes; when too many are under way this call blocks, or with `wait` false raises Refused.
        Raises BadId, UnknownTarget and BadPayload at once.
        """

    def forget_ids(self, scope: str) -> None:
        """Forget the ids seen under `scope`: the outside has begun a new numbering."""

    def ask(self, to: str, verb: str, payload: Any = None, *, on_reply: Callable[[Any], None]) -> str:
        """As send, and call `on_reply(Reply)` with the answer, on a runtime thread, after the answer's commit.

        Returns what `give_up` takes. The answer may never come: keep a time limit of your own.
        """

    def give_up(self, address: str) -> None:
        """Wait no more for the answer to an ask: a late one is dropped."""

    def take(self, limit: int = 1000) -> Sequence[Delivery]:
        """The deliveries that wait for this actor; never blocks."""

    def wait(self, timeout_s: float | None) -> None:
        """Block until there are deliveries or `wake` is called, at most `timeout_s` seconds (None: for ever)."""

    def wake(self) -> None:
        """Make `wait` return, and `fileno` readable."""

    def fileno(self) -> int:
        """A descriptor that is readable while there is something to take, for an actor that waits in a selector."""

    def report(self, health: Health, detail: str = "", *, quietly: bool = False) -> None:
        """Say how it is; shown by `gateway show`, logged when it changes. `quietly`: a new detail alone is not worth a line in the log."""

    def entered(self, phase: str, cause: str) -> None:
        """Say in which phase it is now, and what brought it there; shown by `gateway show`, with since when."""

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter of this actor, shown by `gateway show`."""


class HostBound:
    """Subclass it, mark its verbs, override the hooks it needs. Every hook runs on the actor's own thread.

    It is made as `Kind(key, settings)`, before any thread runs: the constructor does no I/O.
    """

    kind: ClassVar[str] = ""
    settings_model: ClassVar[type[Settings]] = Settings
    verbs: ClassVar[dict[str, Verb]] = {}
    machine: ClassVar[Table[Any, Any] | None] = None
    """Its phases, where it has some, for `gateway show --machine`: see `course.py`."""
    window: ClassVar[int] = 100
    """How many deliveries it may have in its hands at once."""
    close_s: ClassVar[float] = 5.0
    """How long its `close` may take, in seconds, before it is named as overrun and left behind."""
    carries: ClassVar[bool] = False
    """Whether it carries what others say to the outside. It is closed after those that do not, once their last words are out."""

    host: Host

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.kind = cls.__dict__.get("kind", "") or snake(cls.__name__)
        cls.verbs = verbs_of(cls)

    def started(self, start: Start) -> None:
        """`Builtin.Start`, its first message. A resource that is absent is no error: report it, and look again in `tick`."""

    def wait(self) -> None:
        """Block until there is something to do. Override it to wait in a selector, on `host.fileno()` too."""
        self.host.wait(None)

    def tick(self) -> None:
        """Called after each wait, when the deliveries have been handled."""

    def quiet(self) -> None:
        """Take in no more. Deliveries still come."""

    def close(self) -> None:
        """Give the resource back. Its last call; it may block up to `close_s` seconds."""

    def run(self) -> None:
        """The life of the actor after its Start, on its thread. What it raises restarts the actor with backoff."""
        told_quiet = False
        while not self.host.closing:
            self.wait()
            for delivery in self.host.take():
                self.receive(delivery)
            self.tick()
            if self.host.quiet and not told_quiet:
                told_quiet = True
                self.quiet()

    def receive(self, delivery: Delivery) -> None:
        """Run the verb of one delivery. It is done when the verb returns, unless it was kept; failed when that raises.

        A GatewayError is a fault of the message or of the outside; anything else is one of the actor, which is made anew.
        """
        message = delivery.message
        row = self.verbs.get(message.verb)
        if row is None:  # an answer to one who takes none
            delivery.failed(f"{self.kind} answers no {message.verb!r}", retry=False)
            return
        try:
            row.run(self, message.payload, delivery)
        except GatewayError as error:
            delivery.failed(str(error))
        except Exception as error:
            delivery.failed(described(error))  # so it is found out, and becomes a dead letter in the end
            raise
        else:
            if not delivery.kept:
                delivery.done()
