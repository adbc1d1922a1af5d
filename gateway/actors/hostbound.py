"""Host-bound actors: they own a resource of this host, from the start of the host to its end.

Each has a thread of its own, on which every method of it runs: first `started`, then `wait`, one method per delivery, and
`tick`, in turn; at the end `quiet` (stop taking in) and, when the mail is drained or its time is up, `close`. Events
come in by `self.host.send`, from this thread or any other.

**Away is no failure.** While what it owns is not there (a port that was pulled out, a broker that cannot be reached) an actor says
`host.away(why)`: it is handed nothing, what it has in hands goes back to its mailbox, no attempt is counted, and mail waits on disk
until `host.back()`. A delivery that fails was tried, and the resource was there.

**A beat.** The actor says what it does next, each time: `run` does that for every hook and verb. One step that takes longer than
`step_s` is a hang, and `gateway show` names it. Who overrides `run` must go on saying it (`host.beat`); a `wait` may block for as
long as it likes, and must come back once `host.wait` would.
"""

import enum
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from gateway.actors.actor import snake
from gateway.actors.callers import By
from gateway.actors.course import Table
from gateway.actors.errors import GatewayError, Refused
from gateway.actors.following import Following
from gateway.actors.inbound import Inbound, Refusal
from gateway.actors.messages import Message, Start
from gateway.actors.models import Payload
from gateway.actors.receipts import Receipt
from gateway.actors.settings import Settings
from gateway.actors.stamps import Time
from gateway.actors.verbs import Verb, verbs_of
from gateway.actors.wire import Piece, Replayed, Tap
from gateway.actors.words import described, in_a_line


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
    """One message in a host-bound actor's hands, until the actor says `done` or `failed`. Any thread may say it, once."""

    message: Message
    seq: int
    """Its place in the mailbox: a later message has a higher one."""
    attempt: int
    """1 at first; counts up when it is given again, in the next life of the gateway too. Above 1 the act may have happened already.
    What went back because its resource was away is not counted."""

    kept: bool

    def keep(self) -> None:
        """Say that this delivery is not settled when the verb returns: `done` or `failed` will come later."""

    def done(self, body: Payload | dict[str, Any] | None = None) -> None:
        """Say that the delivery was carried out: it leaves the mailbox, and `body` is sent to whoever asked.

        A body that is no JSON (a NaN, a cycle, text that is no Unicode, nested deeper than 64 levels) is found here, and whoever asked
        is answered with a no that says so: see `failed`.
        """

    def failed(self, reason: str, *, retry: bool = True) -> None:
        """Say that the delivery was not carried out. It is tried again with backoff, unless `retry` is false: then it becomes a dead
        letter.

        What its sender sent after it waits, and what of that is in hand and not begun goes back; what others sent does not. What was
        begun before this is said cannot be taken back: it is this actor's to finish, and may so come before the refused one. Where
        the order of a sender must hold in a refusal too, begin one after the other (do not `keep`, nor `take` more than one), or have a
        `window` of 1.
        """


class Host(Protocol):
    """What the runtime offers a host-bound actor. Every method may be called from any thread."""

    me: str
    """The actor's id."""
    quiet: bool
    """True once sources must take in no more."""
    closing: bool
    """True once it must close."""
    taps: tuple[Tap, ...]
    """Who listens to the wire of what the actor owns: a device whose kind is `wired` tells each of them all bytes. Mostly nobody does."""

    @property
    def held_back(self) -> bool:
        """Whether nothing is taken in now: leave what comes where it is, or it waits in memory. `wake` is called when something is."""

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
        content: bytes = b"",
        scope: str = "",
        again: bool = True,
        reply_to: str = "",
        expires_ms: int = 0,
        expires_s: float | None = None,
        size: int = 256,
        wait: bool = True,
        on_commit: Callable[[Receipt], None] | None = None,
        by: By = By.OUTSIDE,
    ) -> Receipt:
        """Bring a message in from the outside. The receipt resolves when the message is on disk; `on_commit` is then called, on a runtime
        thread. The next commit waits for it: it must not block, so have it note what came, and wake a thread of yours.

        `id` is the outside's own id of it: a second message of that id from this actor (and `scope`) is acknowledged and not
        handled, unless `again` is false (the outside says that it is a first delivery: it is handled, and its id kept).
        `content` is what the outside said under that id, where it numbers what it says and may begin anew (a device that restarts):
        the same id with other content is a new message.
        After `expires_ms` (wall time by the outside's own clock, milliseconds since 1970), or in `expires_s` seconds, it is not acted
        on any more. While the wall clock cannot be trusted a message with the former waits: nobody can say whether it has expired.
        `size` is about how many bytes it takes; when too many are under way this call blocks, or with `wait` false raises Refused.
        With `on_commit` (you acknowledge to your own outside, which can wait) it blocks, too, while a sink is slower than what comes
        to it from `to`; without, that goes by way of the disk, for a wire that nobody reads loses what it says.
        In a callback of the runtime (`on_commit`, `on_reply`) it never blocks: it would wait for a commit on the very thread that
        makes it. There a message is taken until twice as many are under way as may be, and refused above that.
        `by` is `By.ACTORS` where this actor says it of its own: then it may be a verb that actors keep among themselves.
        Raises BadId, UnknownTarget and BadPayload at once.
        """

    def send_all(self, messages: Sequence[Inbound], *, wait: bool = True, by: By = By.OUTSIDE) -> list[Refusal]:
        """Bring messages in from the outside, in order, as `send` brings each; return those that were not taken, with the reasons.

        Use it for what came together (one read of a port, one packet): it costs less than half of as many calls of `send`. One that is
        refused does not stop the others. Where not all have room, those that have go in, and this call blocks for the rest: hand over
        one or two hundred at most, so that what is read does not run ahead of what is on disk. With `wait` false it ends with the first
        one for which there is no room: that is refused, and none behind it is taken, so that their order is kept. There are no
        receipts: who must know of a commit gives `on_commit`.
        """

    def bring_on(
        self, letter: bytes, *, content: bytes = b"", on_commit: Callable[[Receipt], None] | None = None, at_ms: int = 0
    ) -> Receipt:
        """Bring in a message as another gateway has sent it, in the form in which a store keeps mail: its id, its sender and who wants the
        answer stay as they are. A second one of the same id and `content` is acknowledged and not handled. `at_ms` is the time now by the
        clock by which it expires; 0: that is ours. Never blocks: raises Refused where there is no room. Raises UnknownTarget where nobody
        here takes it, and ValueError where it cannot be read.
        """

    def payload_of(self, to: str, verb: str) -> type[Payload] | None:
        """The model that a verb takes, for who can read what came straight into it; None where `send` would say why it cannot be sent."""

    def forget_ids(self, scope: str) -> None:
        """Forget the ids seen under `scope`: the outside has begun a new numbering."""

    @property
    def remembered(self) -> str:
        """What this actor has had kept by `remember` last, in this life of the gateway or an earlier one; empty where it never has."""

    def remember(self, text: str, *, then: Callable[[], None]) -> None:
        """Keep a short text on disk for this actor, in place of the last one; call `then` when it is there, on a runtime thread.
        Raises BadPayload where it is no Unicode."""

    def ask(self, to: str, verb: str, payload: Any = None, *, on_reply: Callable[[Any], None], by: By = By.OUTSIDE) -> str:
        """Send a message as `send` does, and call `on_reply(Reply)` with its answer, on a runtime thread, after the answer's commit. The
        callback may send: see `send`.

        Returns what `give_up` takes. The answer may never come: keep a time limit of your own.
        """

    def give_up(self, address: str) -> None:
        """Wait no more for the answer to an ask: an answer that comes later is dropped."""

    def deliveries(self) -> Iterator[Delivery]:
        """The deliveries that wait for this actor, one after the other; never blocks. Each counts as begun when you get it."""

    def take(self, limit: int = 1000) -> Sequence[Delivery]:
        """Take up to `limit` deliveries at once, without blocking: all count as begun. What you do not do now, leave where it is."""

    def all_done(self, deliveries: Sequence[Delivery]) -> None:
        """Say of many deliveries at once what `Delivery.done` says of one: they were carried out. It costs a third of as many calls."""

    def away(self, why: str) -> None:
        """Say that what this actor owns is not there, and why: it is handed nothing until `back`.

        What it has in hands, begun or not, goes back to its mailbox, and no attempt is counted; nothing that is said of it later is
        heard. What was begun and may be done at most once has an unknown outcome: settle it before.
        """

    def back(self) -> None:
        """Say that what this actor owns is there: mail comes. An actor that has not said `away` when it has started is there."""

    def beat(self, doing: str = "") -> None:
        """Say what this actor's thread does from now on: a verb, a hook; empty: it waits for something to do."""

    def wait(self, timeout_s: float | None) -> None:
        """Block until there are deliveries or `wake` is called, at most `timeout_s` seconds (None: for ever)."""

    def wake(self) -> None:
        """Make `wait` return, and `fileno` readable."""

    def fileno(self) -> int:
        """A descriptor that is readable while there is something to take, for an actor that waits in a selector."""

    def report(self, health: Health, detail: str = "", *, quietly: bool = False) -> None:
        """Say how this actor is; `gateway show` shows it, and the log when it changes, unless with a new detail alone, and `quietly`."""

    def entered(self, phase: str, cause: str) -> None:
        """Say which phase of its machine this actor is in now, and what brought it there; `gateway show` shows it, with since when."""

    def shows(self, values: Mapping[str, Any]) -> None:
        """Say which values what it owns has now, as far as it knows: `gateway show` and pages show them. JSON, kept in memory alone."""

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter of this actor, shown by `gateway show`."""

    def request(self, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Ask what a program asks by the control socket, in the same words, such as {"do": "show", "id": "twin/door"}: from within, and in
        this actor's name. `on_answer` is called with each answer, on the control actor's thread: it must not block.

        Returns what gives the request up; call it for a stream that is wanted no more. Raises Refused where too many are under way.
        """

    def inspect(self) -> dict[str, Any]:
        """Return what the gateway looks like now, as `gateway show --json` has it: for statistics and pages. It is JSON, and the caller's.

        Blocks until the engine has turned, so not in a callback of the runtime. Raises TimeoutError where the engine does not turn in
        time.
        """

    def follow(self, of: Iterable[str], wake: Callable[[], None], since: str = "") -> Following:
        """Follow what each commit makes of the actors that fit one of the patterns `of`, behind the place `since`; `wake` is called, on a
        runtime thread, when there may be something to take: it must not block. See `following.py`. Raises ValueError where a pattern can
        fit no actor.
        """


class HostBound:
    """A host-bound actor's class: subclass it, mark its verbs, and override the hooks that it needs. Every hook runs on the actor's own
    thread.

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
    step_s: ClassVar[float] = 10.0
    """How long one step of it may take, in seconds: a verb, a hook, what `wait` does once it is woken. Above it, it hangs."""
    vital: ClassVar[bool] = False
    """Whether the gateway makes no progress while this actor hangs: the watchdog is withheld, and the service manager restarts it."""

    passes_on: ClassVar[bool] = False
    """Whether what it carries is answered by those to whom it carries it: that it is done is no answer to who asked."""

    sole_key: ClassVar[str] = ""
    """The key of its only actor, for a kind of which a gateway has one at most: its section has no name then, [kind]. Empty: any key."""

    wired: ClassVar[bool] = False
    """Whether bytes go over a wire that it owns, which people can listen to: see `wire`, and `Host.taps`."""

    counters_said: ClassVar[Mapping[str, str]] = {}
    """What its counters are called where people read them, by their names. One that is not here is said with spaces in it."""

    host: Host
    inherited: Any = None
    """What the actor whose place this one takes has left to it: see `hand_over`. Taken in `started`."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.kind = cls.__dict__.get("kind", "") or snake(cls.__name__)
        cls.verbs = verbs_of(cls)

    @classmethod
    def age_limits(cls, settings: Settings) -> dict[str, float]:
        """How many seconds a message may wait for this actor, by verb: as the verbs say. Override it where the settings say otherwise."""
        del settings
        return {name: row.act_within_s for name, row in cls.verbs.items()}

    @classmethod
    def carries_to(cls, settings: Settings) -> Collection[str]:
        """The first segments of the ids to which an actor with these settings carries what is sent: others serve them, elsewhere."""
        del settings
        return ()

    @classmethod
    def wire(cls, settings: Settings) -> Iterator[bytes]:
        """Open the resource, and give the bytes that come over its wire: for people who listen while no gateway runs. A kind that is
        `wired` overrides it. Raises GatewayError."""
        del settings
        raise Refused(f"a {cls.kind} has no wire with bytes on it")

    @classmethod
    def replay(
        cls, settings: Settings, wire: Iterable[Piece], payload_of: Callable[[str, str], type[Payload] | None]
    ) -> Iterator[Replayed]:
        """Read what was recorded of a wire as the actor would have read it, and give what it would have brought in; nothing is opened. A
        kind that is `wired` overrides it. `payload_of` is the host's. Raises GatewayError."""
        del settings, wire, payload_of
        raise Refused(f"a {cls.kind} has no wire with bytes on it")

    def started(self, start: Start) -> None:
        """Take the actor's first message, `Builtin.Start`. A resource that is absent is no error: report it, and look again in `tick`."""

    def wait(self) -> None:
        """Block until this actor has something to do. Override it to wait in a selector: on `host.fileno()` too, and come back when that is
        readable.
        """
        self.host.wait(None)

    def tick(self) -> None:
        """Called after each wait, when the deliveries have been handled."""

    def quiet(self) -> None:
        """Called when the gateway is closing: take in no more from the outside. Deliveries still come."""

    def close(self) -> None:
        """Give the resource back. This is the actor's last call; it may block up to `close_s` seconds."""

    def hand_over(self, heir: Settings) -> Any:
        """Close, to make way for an actor of the same id with the settings `heir`; return what that one finds as `inherited` in its
        `started`, such as a line that stays claimed. It is called in the place of `close`; what is returned is not closed here.
        """
        del heir
        self.close()
        return None

    def run(self) -> None:
        """Run the actor after its Start, on its own thread, until it must close. What it raises restarts the actor with backoff."""
        host, told_quiet = self.host, False
        while not host.closing:
            host.beat()
            self.wait()
            for delivery in host.deliveries():
                host.beat(delivery.message.verb)
                self.receive(delivery)
            host.beat("tick")
            self.tick()
            if host.quiet and not told_quiet:
                told_quiet = True
                host.beat("quiet")
                self.quiet()

    def receive(self, delivery: Delivery) -> None:
        """Run the verb of one delivery. The delivery is done when the verb returns, unless it was kept, and failed when the verb raises.

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
            delivery.failed(in_a_line(error))
        except BaseException as error:
            delivery.failed(described(error))  # so it is found out, and becomes a dead letter in the end
            raise
        else:
            if not delivery.kept:
                delivery.done()
