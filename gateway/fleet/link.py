"""The link: this gateway writes to actors of other hosts, and they to its own, through a PostgreSQL database.

    [link]
    url = "postgresql://gateway@db.local/gateway"
    host = "pi-barn"                 # others write to host/pi-barn/gpio/lamp
    kinds = ["trip", "alarm"]        # served by the hosts that share the database

What is sent to an actor elsewhere waits in the link's mailbox, on this host's own disk, until it is in the database: a week without it is
a longer queue. Then all goes in their order, so many at once, and what came for this host meanwhile is taken in between. A message keeps
its id, its sender and the time it says; whoever asked is answered by the actor itself.

Out: a message is handed in, and remembered there by its place and id, in one transaction; then it is done here. Handed in again after a
crash it is not put in twice. In: a message is read, committed here under its id, and deleted there after that commit. Read again after a
crash it is acknowledged and not handled again.
"""

import contextlib
import logging
import time
from collections import defaultdict, deque
from collections.abc import Collection
from typing import Any

from gateway.actors import By, Delivery, GatewayError, Health, HostBound, Payload, Receipt, Refused, Settings, Start, verb
from gateway.actors.errors import BadId, StoreFailed, StoreTaken
from gateway.actors.ids import HOST
from gateway.actors.receipts import prompt
from gateway.actors.words import in_a_line
from gateway.fleet.names import HostNames, receiver
from gateway.fleet.saying import HostReport
from gateway.fleet.settings import LinkSettings
from gateway.runtime.mail import encode, may_give_way, read_header

log = logging.getLogger(__name__)

AT_ONCE = 500
"""So many messages are handed in by one transaction; then comes what is there for us."""
_BUSY_S = 0.05
_IDLE_S = 0.25
"""Seconds between two looks for what has come, while there may be more, or answers, and else: ten thousand hosts that report once a second
look forty thousand times in it."""
_LIVELY_S = 2.0
_CLAIM_S = 2.0
"""Seconds between two claims of this host's name."""
_FIRST_S = 0.5
_LAST_S = 15.0
"""Seconds until a database that is away is looked for again, at first and at last."""


class UntakenLetter(Payload):
    """A message from another host that nobody here takes."""

    SENT_BY = By.ACTORS
    letter: str
    """The whole of it, as a store keeps mail."""
    n: int
    """Its number in the database."""


class HostLink(HostBound):
    """Exchanges messages with other hosts through a PostgreSQL database."""

    kind = "link"
    sole_key = "main"
    settings_model = LinkSettings
    passes_on = True
    carries = True
    window = 2 * AT_ONCE
    close_s = 15.0
    step_s = 60.0
    counters_said = {"handed_in": "sent to other hosts", "taken_in": "came from other hosts", "lost": "times the database was away"}

    def __init__(self, key: str, settings: LinkSettings) -> None:
        del key
        self.settings = settings
        self._names = HostNames(settings.host, settings.kinds)
        self._in_hand: deque[Delivery] = deque()
        self._bound = settings.bound()
        self._held: defaultdict[str, deque[Delivery]] = defaultdict(deque)
        """By the receiver for which too much is on its way: what waits for it."""
        self._is_full = False
        """Whether what has come waits, for there is no room here."""
        self._came: deque[Any] = deque()
        """What was read and is not under way here yet."""
        self._committed: deque[int] = deque()
        """Numbers of what is on this disk, and is to be deleted there."""
        self._post: Any = None
        """Where messages are exchanged; None while the database is away."""
        self._due_s = self._lively_s = self._claim_s = 0.0
        self._wait_s = _FIRST_S
        self._since_ms = 0
        self._saying: HostReport

    @classmethod
    def carries_to(cls, settings: Settings) -> Collection[str]:
        """What is on some host by name, and the kinds that all share."""
        assert isinstance(settings, LinkSettings)
        return (HOST, *settings.kinds)

    # --- its life

    def started(self, start: Start) -> None:
        """Look for the database for the first time."""
        del start
        self._since_ms = self.host.time.now_ms()
        self._saying = HostReport(self.host.request)
        self._look()

    def wait(self) -> None:
        """Block until there is mail, or it is time to look."""
        self.host.wait(0.0 if self._in_hand else max(0.0, self._due_s - time.monotonic()))

    def receive(self, delivery: Delivery) -> None:
        """Keep what is for others until all that is in hand is handed in together."""
        if delivery.message.to.partition("/")[0] == self.kind:
            super().receive(delivery)
        else:
            delivery.keep()
            self._in_hand.append(delivery)

    def tick(self) -> None:
        """Hand in, take in, and delete what was taken in; or look for the database."""
        if self._post is None:
            if time.monotonic() >= self._due_s:
                self._look()
            return
        try:
            self._exchange()
        except StoreFailed as error:
            self._lose(error)

    def close(self) -> None:
        """Leave the database; what is under way is there, or on this disk."""
        if self._post is not None:
            with contextlib.suppress(StoreFailed):  # the others see that it is silent, and that its name is free once its lease is over
                self._saying.say_end(self._post)
                self._post.leave()
            self._post.close()

    def _exchange(self) -> None:
        if (self._in_hand or self._is_full or self._bound.unseen or self._bound.full) and self._bound.due:
            self._mind_bound()
        self._hand_in()
        if self._committed:
            self._delete()
        if (coming := self._saying.say(self._post)) is not None:
            self._stands(linked=True, coming=coming)
        now_s = time.monotonic()
        if now_s >= self._claim_s:
            self._post.renew()
            self._claim_s = now_s + _CLAIM_S
        if self.host.quiet:
            self._due_s = now_s + _IDLE_S
        elif now_s >= self._due_s or self._came:
            self._take_in()
            self._due_s = time.monotonic() + (_BUSY_S if now_s < self._lively_s else _IDLE_S)

    # --- out

    def _mind_bound(self) -> None:
        """See for whom too much is on its way: what is for them waits here, and goes on once they have taken some."""
        before = self._bound.said
        self._bound.look(self._post, [*self._held] if self._is_full else [])
        for id in self._held.keys() - self._bound.full.keys():
            self._in_hand.extendleft(reversed(self._held.pop(id)))
        if self._bound.said != before:
            self._say_linked()

    def _say_linked(self) -> None:
        self.host.report(Health.OK, "; ".join([f"linked as {self.settings.host}", *self._bound.said]))

    def _hand_in(self) -> None:
        from gateway.store.postgres.shared.edge import Letter  # noqa: PLC0415  # psycopg need not be there

        letters: list[Letter] = []
        deliveries: list[Delivery] = []
        at_once = min(AT_ONCE, self._bound.at_once)
        while self._in_hand and len(letters) < at_once:
            delivery = self._in_hand.popleft()
            try:
                to_host, message = self._names.addressed(delivery.message)
            except BadId as error:
                delivery.failed(str(error), retry=False)
                continue
            if self._bound.full and (id := receiver(to_host, message.to)) in self._bound.full:
                self._held[id].append(delivery)
                continue
            if message.expires_ms and (left_ms := self.host.time.left_ms(delivery.message)) is not None:
                message = message._replace(expires_ms=max(1, self._post.now_ms() + left_ms))
            letters.append(Letter(delivery.seq, message.id, to_host, message.to, encode(message), may_give_way(message)))
            deliveries.append(delivery)
            if message.reply_to:
                self._lively_s = time.monotonic() + _LIVELY_S
        if letters:
            self._post.hand_in(letters)
            self._bound.unseen += len(letters)
            self.host.all_done(deliveries)
            self.host.count("handed_in", len(deliveries))

    # --- in

    def _take_in(self) -> None:
        """Bring what has come to its actors, in order, as far as there is room."""
        if not self._came:
            self._came.extend(self._post.read())
        self._is_full = False
        while self._came:
            n, letter = self._came[0]
            try:
                self._bring(n, letter)
            except Refused:
                self._is_full = True
                return
            self._came.popleft()
            self.host.count("taken_in")
            self._lively_s = time.monotonic() + _LIVELY_S

    def _bring(self, n: int, letter: bytes) -> None:
        """Bring one message in; one that nobody takes becomes a dead letter, and whoever asked is told."""

        @prompt
        def committed(receipt: Receipt) -> None:
            del receipt
            self._committed.append(n)
            self.host.wake()

        content = str(n).encode()
        try:
            self.host.bring_on(letter, content=content, on_commit=committed, at_ms=self._post.now_ms())
        except Refused:
            raise
        except (ValueError, LookupError, GatewayError) as error:
            log.warning("cannot take in message %d of another host: %s", n, in_a_line(error))
            fields = {"letter": letter.decode(errors="replace"), "n": n}
            self.host.send(
                self.host.me, "take_in", fields, id=f"misfit {n}", reply_to=_reply_to(letter), wait=False, on_commit=committed, by=By.ACTORS
            )

    @verb
    def take_in(self, misfit: UntakenLetter, delivery: Delivery) -> None:
        """Take a message in that nobody took: it is tried once more each time that somebody has its dead letter tried again."""
        try:
            at_ms = self._post.now_ms() if self._post is not None else 0
            self.host.bring_on(misfit.letter.encode(), content=str(misfit.n).encode(), at_ms=at_ms)
        except Refused:
            raise
        except (ValueError, LookupError, GatewayError) as error:
            delivery.failed(in_a_line(error), retry=False)

    def _delete(self) -> None:
        numbers = [self._committed.popleft() for _ in range(len(self._committed))]
        try:
            self._post.delete(numbers)
        except StoreFailed:
            self._committed.extendleft(reversed(numbers))
            raise

    # --- the database

    def _look(self) -> None:
        try:
            self._post = self._opened()
        except StoreFailed as error:
            self._lose(error)
            return
        self._wait_s, self._due_s = _FIRST_S, 0.0
        self._since_ms = self.host.time.now_ms()
        self._stands(linked=True)
        self._saying.at_once()
        self._say_linked()
        self.host.back()

    def _opened(self) -> Any:
        """Open the post, where its database is there. Raises StoreFailed."""
        try:
            from gateway.store.postgres.shared.edge import EdgePost  # noqa: PLC0415  # psycopg need not be there
        except ImportError as error:
            raise StoreFailed(f"cannot open {self.settings.url}: {error}; pip install 'psycopg[binary]'") from error
        settings = self.settings
        return EdgePost(settings.url, settings.password_path, settings.host, simulated=settings.simulate)

    def _lose(self, error: StoreFailed) -> None:
        """Let go of the database; what is in hand goes back to the mailbox, and what was read and is not committed here is read again."""
        if self._post is not None:
            self._post.close()
            self._post = None
            self.host.count("lost")
            self._since_ms = self.host.time.now_ms()
            self._stands(linked=False)
        self._in_hand.clear()
        self._held.clear()
        self._came.clear()
        self._committed.clear()
        self._due_s = time.monotonic() + self._wait_s
        self._wait_s = min(_LAST_S, 2 * self._wait_s)
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self._since_ms / 1000))
        taken = isinstance(error, StoreTaken)
        self.host.report(Health.MISSING, str(error) if taken else f"without its database since {since}: {error}")
        self.host.away(str(error))

    def _stands(self, *, linked: bool, coming: tuple[int, float] = (0, 0.0)) -> None:
        many, oldest_s = coming
        self.host.shows({"linked": linked, "since_ms": self._since_ms, "coming": many, "coming_s": round(oldest_s, 1)})


def _reply_to(letter: bytes) -> str:
    """Whom the answer to a message is for; empty where that cannot be read."""
    try:
        return read_header(letter)[0][4]
    except ValueError:
        return ""
