"""The outbox: a host-bound actor's durable mailbox, and the window of it that the actor has in its hands.

At least once: a message is handed out when it is on disk, and again after a crash. At most once: the attempt is on disk
before it is handed out; found begun after a crash it is never handed out again.
"""

from collections.abc import Callable

from gateway.runtime.deliveries import Delivery, Post
from gateway.runtime.ingress import SETTLED_TOGETHER
from gateway.runtime.mail import Mail
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.round import Round
from gateway.store.store import BoxSize

CROWDED = 1000
"""From so many messages in memory on, sources that can wait do, as long as the actor makes progress: so mail stays off the disk."""
CROWDED_S = 0.5

Give = Callable[[list[Delivery]], None]


class Outbox:
    """On the engine's thread, `give` excepted, which any thread may call."""

    __slots__ = ("_small", "box", "done_s", "give", "held_for", "in_hand", "is_once", "not_before_s", "post", "window")

    def __init__(
        self,
        id: str,
        *,
        window: int,
        give: Give,
        post: Post,
        is_once: Callable[[str], bool],
        stored: BoxSize | None = None,
    ) -> None:
        """`is_once` says of a verb whether it is at most once."""
        self.box = Mailbox(id, spilled_to=stored.last_seq, count=stored.count, size=stored.bytes) if stored else Mailbox(id)
        self.window = window
        self.give = give
        self.post = post
        self._small = window < 2 * SETTLED_TOGETHER
        self.is_once = is_once
        self.in_hand: dict[int, tuple[Mail, Delivery]] = {}
        self.held_for = 0
        """Number of the batch that hands out once-only mail: what is behind it waits for its commit."""
        self.done_s = -CROWDED_S
        """Monotonic second of the last delivery that was done."""
        self.not_before_s = 0.0
        """Monotonic second before which nothing is handed out: the backoff after a failure."""

    @property
    def waiting(self) -> int:
        """How many messages wait or are in hand."""
        return max(self.box.count, len(self.box.head) + len(self.in_hand))

    def crowded(self, now_s: float) -> bool:
        """Whether sources should wait for this actor, which is slower than they are."""
        return len(self.box.head) >= CROWDED and now_s - self.done_s < CROWDED_S

    def push(self, mail: Mail, round: Round, *, keep: bool) -> None:
        """New mail: stored with this batch, whatever becomes of it. It goes into memory where there is room, or it is the first."""
        self.box.save(mail, round)
        self.box.push(mail, round, keep=keep)

    def next(self, committed: int, committed_seq: int, round: Round) -> list[Delivery]:
        """What to hand out at once: mail that is on disk, up to the first that is once-only. Its attempt goes with this batch."""
        ready: list[Delivery] = []
        head = self.box.head
        if round.now_s < self.not_before_s or committed < self.held_for:
            return ready
        while head and len(self.in_hand) < self.window and head[0].seq <= committed_seq and not _waits(head[0], round):
            if self.is_once(head[0].message.verb):
                self._begin_once(round)
                break
            ready.append(self._take())
        return ready

    def next_after(self, round: Round) -> None:
        """Plan what to hand out when this batch is committed: mail that came with it, as far as the window goes."""
        planned: list[Delivery] = []
        if round.now_s < self.not_before_s:
            return
        while self.box.head and len(self.in_hand) < self.window and not _waits(self.box.head[0], round):
            once = self.is_once(self.box.head[0].message.verb)
            planned.append(self._take())
            if once:
                self._record_attempt(planned[-1], round)
        if planned:
            round.batch.given.append((self.give, planned))

    def _begin_once(self, round: Round) -> None:
        delivery = self._take()
        self._record_attempt(delivery, round)
        round.batch.given.append((self.give, [delivery]))
        round.batch.urgent = True
        self.held_for = round.batch.number

    def _record_attempt(self, delivery: Delivery, round: Round) -> None:
        self.box.save(self.in_hand[delivery.seq][0], round)

    def _take(self) -> Delivery:
        mail = self.box.head.popleft()
        mail.attempt += 1
        message = mail.message
        pressing = self._small or message.reply_to != "" or message.route is not None or self.is_once(message.verb)
        delivery = Delivery(message, mail.seq, mail.attempt, self.box.id, post=self.post, pressing=pressing)
        self.in_hand[mail.seq] = (mail, delivery)
        return delivery

    def settle(self, delivery: Delivery) -> Mail | None:
        """Take a settled delivery back; its mail, or None when it is not in hand any more."""
        held = self.in_hand.get(delivery.seq)
        if held is None or held[1] is not delivery:
            return None
        del self.in_hand[delivery.seq]
        return held[0]

    def put_back(self, mail: Mail) -> None:
        """Put mail back into its place at the head."""
        head = self.box.head
        at = 0
        while at < len(head) and head[at].seq < mail.seq:
            at += 1
        head.insert(at, mail)

    def reclaim(self, round: Round) -> list[Mail]:
        """The actor is gone, with what it had in hands: put back what may be done again; return what may not."""
        lost = []
        for mail, delivery in sorted(self.in_hand.values(), key=lambda held: -held[0].seq):
            delivery.end()
            once = self.is_once(mail.message.verb)
            if not delivery.taken:  # it never saw this one
                mail.attempt -= 1
                if once:
                    self.box.save(mail, round)
            if once and delivery.taken:
                lost.append(mail)
            else:
                self.put_back(mail)
        self.in_hand.clear()
        return lost[::-1]


def _waits(mail: Mail, round: Round) -> bool:
    """Whether nobody can say yet if the outside's wall time has passed after which it must not be acted on."""
    message = mail.message
    return message.expires_ms > 0 and not round.synced and (message.until is None or message.until.open)
