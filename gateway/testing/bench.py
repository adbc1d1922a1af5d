"""A bench that stands in for the host: `Bench` holds one host-bound actor on a thread of its own, as the
runtime does, keeps what it sends, and hands it deliveries.
"""

import contextlib
import itertools
import os
import select
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from gateway.actors import By, Delivery, GatewayError, Health, HostBound, Inbound, Message, Payload, Receipt, Refusal, Refused, Start
from gateway.actors.payloads import read_payload
from gateway.actors.wire import Tap
from gateway.runtime.clock import GatewayClock, SystemClock
from gateway.runtime.mail import read_header
from gateway.testing.clock import PATIENCE_S
from gateway.testing.followed import Others
from gateway.testing.shape import check_shape


class Sent(NamedTuple):
    """One message that a host-bound actor brought in."""

    to: str
    verb: str
    payload: Any
    id: str
    scope: str
    again: bool
    receipt: Receipt
    reply_to: str = ""
    expires_ms: int = 0
    expires_s: float | None = None
    content: bytes = b""


class BenchDelivery:
    """A delivery whose end the test can see: `outcome` is "" while it is open, then "done" or the reason it failed."""

    _places = itertools.count(1)

    def __init__(self, message: Message, attempt: int = 1) -> None:
        self.message = message
        self.seq = next(self._places)
        self.attempt = attempt
        self.outcome = ""
        self.retry = False
        self.body: Any = None
        self.kept = False
        self._settled = threading.Event()

    def keep(self) -> None:
        self.kept = True

    def done(self, body: Any = None) -> None:
        if not self.outcome:
            self.body = body
        self._settle("done")

    def failed(self, reason: str, *, retry: bool = True) -> None:
        self.retry = retry
        self._settle(reason)

    def wait(self, timeout_s: float = PATIENCE_S) -> str:
        """Block until the delivery is settled; return its outcome, or "" when the time ran out."""
        self._settled.wait(timeout_s)
        return self.outcome

    def _settle(self, outcome: str) -> None:
        if not self.outcome:
            self.outcome = outcome
            self._settled.set()


class Bench:
    """Stands in for the host of one actor. `commit=True` resolves each receipt at once; else the test resolves them itself."""

    def __init__(self, actor: HostBound, me: str = "", *, commit: bool = True, clock: GatewayClock | None = None) -> None:
        """`clock` is what `host.time` gives; by default this machine's, with its wall clock trusted."""
        self.actor = actor
        self.time = clock or SystemClock(trusted=True)
        self.time.watch()
        self.me = me or f"{actor.kind}/bench"
        self.sent: list[Sent] = []
        self.payloads: dict[str, type[Payload]] = {}
        """What the verbs take that it sends, by their names; nobody knows of one that is not here."""
        self.health: list[tuple[Health, str]] = []
        self.phases: list[tuple[str, str]] = []
        """Each phase it said it entered, and why."""
        self.values: dict[str, Any] = {}
        """What it said last that it shows."""
        self.counters: Counter[str] = Counter()
        self.forgotten: list[str] = []
        self.remembered = ""
        """What the actor has had kept last; set it to what an earlier life of it had kept."""
        self.error: BaseException | None = None
        self.quiet = False
        self.closing = False
        self.taps: tuple[Tap, ...] = ()
        """Who listens to the wire of what the actor owns: set it to hear all bytes."""
        self.full = False
        """Set it to make `send` with wait=False raise Refused, as when too much is under way."""
        self.held_back = False
        """Set it to have the actor take in nothing from its outside; `wake` it when you unset it."""
        self.why_away = ""
        """Why what the actor owns is away, in its words; empty while it is not."""
        self.view: dict[str, Any] = {}
        """What `host.inspect` gives."""
        self.requests: list[tuple[dict[str, Any], Callable[[dict[str, Any]], None]]] = []
        """What it asked of the gateway by `host.request` and has not given up, each with what to call with an answer."""
        self.others = Others()
        """The other actors of the gateway, for an actor that follows some."""
        self.follow = self.others.follow
        self.beats: list[str] = []
        """What its thread did lately, as it said; empty where it waited."""
        check_shape(type(actor))  # type: ignore[arg-type]  # a class is hashable; mypy takes the hash of its instances
        self._commit = commit
        self._inbox: deque[BenchDelivery] = deque()
        self._in_hand: list[BenchDelivery] = []
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=self.me)
        actor.host = self

    # --- what a test does

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        os.close(self._reader)
        os.close(self._writer)

    def stop(self, timeout_s: float = PATIENCE_S) -> None:
        """Close the actor by the closing handshake. Raises TimeoutError when the actor does not close in time."""
        self.quiet = True
        self.wake()
        self.closing = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise TimeoutError(f"{self.me} did not close within {timeout_s} s")

    def tell(
        self, verb: str, payload: Payload | dict[str, Any] | None = None, *, id: str = "m1", to: str = "", expires_ms: int = 0
    ) -> BenchDelivery:
        """Give the actor one delivery: a verb and its payload."""
        model = self.actor.verbs[verb].payload
        message = Message(id, to or self.me, verb, read_payload(model, payload, where=verb), expires_ms=expires_ms)
        delivery = BenchDelivery(message)
        self.give(delivery)
        return delivery

    def give(self, delivery: BenchDelivery) -> None:
        """Give the actor a delivery of a message that the test made."""
        self._inbox.append(delivery)
        self.wake()

    def until(self, truth: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
        """Block until `truth()` holds, and return it. Raises AssertionError when it never does."""
        deadline = time.monotonic() + timeout_s
        with self._change:
            while not (value := truth()):
                if self.error is not None:
                    raise AssertionError(f"{self.me} raised {self.error!r}") from self.error
                if time.monotonic() > deadline:
                    raise AssertionError(
                        f"not within {timeout_s} s; sent: {self.sent[-5:]}, health: {self.health[-5:]}, counters: {dict(self.counters)}"
                    )
                self._change.wait(0.02)
        return value

    # --- what the runtime does

    def send(
        self,
        to: str,
        verb: str,
        payload: Any = None,
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
        if self.full and not wait:
            raise Refused(f"cannot take {verb} to {to}: too much is under way; send it again")
        receipt = Receipt(on_commit)
        self.sent.append(Sent(to, verb, payload, id, scope, again, receipt, reply_to, expires_ms, expires_s, content))
        if self._commit:
            receipt.resolve()
        self._tell_change()
        return receipt

    def send_all(self, messages: Sequence[Inbound], *, wait: bool = True, by: By = By.OUTSIDE) -> list[Refusal]:
        refused = []
        for place, (to, verb, payload, *_) in enumerate(messages):
            options = {name: value for name, value in messages[place]._asdict().items() if name not in {"to", "verb", "payload"}}
            try:
                self.send(to, verb, payload, **options, wait=wait, by=by)
            except Refused as error:
                refused.append(Refusal.of(place, error))
                if not wait:
                    break
            except GatewayError as error:
                refused.append(Refusal.of(place, error))
        return refused

    def bring_on(
        self, letter: bytes, *, content: bytes = b"", on_commit: Callable[[Receipt], None] | None = None, at_ms: int = 0
    ) -> Receipt:
        del at_ms
        (id, to, verb, *_), payload = read_header(letter)
        receipt = Receipt(on_commit)
        self.sent.append(Sent(to, verb, payload, id, "", True, receipt))
        return receipt

    def payload_of(self, to: str, verb: str) -> type[Payload] | None:
        del to
        return self.payloads.get(verb)

    def forget_ids(self, scope: str) -> None:
        self.forgotten.append(scope)

    def remember(self, text: str, *, then: Callable[[], None]) -> None:
        self.remembered = text
        then()

    def ask(self, to: str, verb: str, payload: Any = None, *, on_reply: Callable[[Any], None], by: By = By.OUTSIDE) -> str:
        self.sent.append(Sent(to, verb, payload, "", "", True, Receipt(on_reply)))
        self._tell_change()
        return f"ask/{len(self.sent)}"

    def give_up(self, address: str) -> None:
        """Do nothing: on a bench nobody sends a late answer by himself."""

    def deliveries(self) -> Iterator[BenchDelivery]:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)
        for _ in range(len(self._inbox)):
            if self.why_away:
                return
            delivery = self._inbox.popleft()
            self._in_hand = [one for one in self._in_hand if not one.outcome] + [delivery]
            yield delivery

    def take(self, limit: int = 1000) -> list[BenchDelivery]:
        return list(itertools.islice(self.deliveries(), limit))

    def all_done(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            delivery.done()

    def away(self, why: str) -> None:
        back = [delivery for delivery in self._in_hand if not delivery.outcome]
        for delivery in back:
            delivery.kept = False
        self.why_away, self._in_hand = why or "it did not say why", []
        self._inbox.extendleft(reversed(back))
        self._tell_change()

    def back(self) -> None:
        self.why_away = ""
        self._tell_change()
        if self._inbox:
            self.wake()

    def beat(self, doing: str = "") -> None:
        self.beats = [*self.beats[-20:], doing]

    def wait(self, timeout_s: float | None) -> None:
        select.select([self._reader], [], [], timeout_s)

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"!")

    def fileno(self) -> int:
        return self._reader

    def report(self, health: Health, detail: str = "", *, quietly: bool = False) -> None:
        self.health.append((health, detail))
        self._tell_change()

    def entered(self, phase: str, cause: str) -> None:
        self.phases.append((phase, cause))
        self._tell_change()

    def shows(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self._tell_change()

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] += by
        self._tell_change()

    def request(self, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        asked = (words, on_answer)
        self.requests.append(asked)
        self._tell_change()
        return lambda: self.requests.remove(asked)

    def inspect(self) -> dict[str, Any]:
        return self.view

    def _tell_change(self) -> None:
        with self._change:
            self._change.notify_all()

    def _run(self) -> None:
        try:
            self.actor.started(Start())
            self.actor.run()
        except BaseException as error:  # noqa: BLE001  # whatever ends the thread is what the test must see
            self.error = error
        finally:
            try:
                self.actor.close()
            except GatewayError as error:
                self.error = self.error or error
