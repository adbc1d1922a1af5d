"""The outbox: a host-bound actor's durable mailbox, and the window of it that the actor has in its hands.

A message is handed out with or after a commit that records the attempt, and never before it: so a delivery knows how often it was begun,
also in the life after a crash. At least once: it is handed out again until it is done. At most once: found begun after a crash it is
never handed out again.

Who owns a resource that is away gets nothing: see `HostBound`. A message that the actor refuses waits by itself: see `lanes.py`.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter

from gateway.actors.messages import Deadline
from gateway.runtime.ages import Ages
from gateway.runtime.clock import GatewayClock
from gateway.runtime.crowd import Crowd
from gateway.runtime.deliveries import HandedOut, Settle, Stand
from gateway.runtime.ingress import SETTLED_TOGETHER
from gateway.runtime.lanes import Lanes
from gateway.runtime.lent import Lent
from gateway.runtime.mail import Mail
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.round import Round
from gateway.store.store import BoxSize

Give = Callable[[list[HandedOut]], None]

_seq = attrgetter("seq")


class Outbox:
    """The mail of one host-bound actor. On the engine's thread, `give` excepted, which any thread may call."""

    __slots__ = (
        "_failures",
        "_fresh",
        "_highest",
        "_promised",
        "_small",
        "_untrusting",
        "ages",
        "away",
        "box",
        "crowd",
        "give",
        "idle",
        "in_hand",
        "lanes",
        "lent",
        "limits",
        "once",
        "open",
        "post",
        "suspects",
        "window",
    )

    def __init__(
        self,
        id: str,
        *,
        window: int,
        give: Give,
        post: Settle,
        once: Collection[str] = (),
        idle: Collection[str] = (),
        limits: Mapping[str, float] | None = None,
        stored: BoxSize | None = None,
    ) -> None:
        """`once` are the verbs that are done at most once, `idle` those for which nothing is done before they are settled; `limits` says
        for how many seconds a message of a verb may wait here.
        """
        self.box = Mailbox(id, spilled_to=stored.last_seq, count=stored.count, size=stored.bytes) if stored else Mailbox(id)
        self.window = window
        self.give = give
        self.post = post
        self._small = window < 2 * SETTLED_TOGETHER
        self.once = frozenset(once)
        self.idle = frozenset(idle)
        self.limits = limits or {}
        self.open = True
        """Whether there is somebody to hand mail to: an actor that lives, and whose resource is not away."""
        self.away = ""
        """Why its resource is away, in the actor's words; empty while it is not."""
        self.in_hand: dict[int, tuple[Mail, HandedOut]] = {}
        self.lanes = Lanes()
        self.suspects: frozenset[int] = frozenset()
        """Places of messages that may have ended the process: they are handed out alone, by `hand_out`."""
        self.crowd = Crowd(self.box)
        self._failures: dict[int, int] = {}
        """How often each message that was refused failed, by its place."""
        self.ages = Ages()
        self._untrusting = False
        """Whether nobody can say now if a wall time has passed."""
        self._highest = 0
        """The highest place that was handed out."""
        self.lent = Lent(id)
        self._fresh = (0, 0)
        """(batch, place): mail from that place on came in that batch, which stores it."""
        self._promised = (0, 0)
        """(batch, count): how many are to be handed out with that batch."""

    @property
    def waiting(self) -> int:
        """How many messages wait or are in the actor's hands."""
        return max(self.box.count, len(self.box.head) + len(self.in_hand))

    @property
    def rests(self) -> bool:
        """Whether the outbox has nothing to hand out now, nor on disk, nor waits for a commit to give something up."""
        return not (self.box.head or self.box.spilled or self.lanes.unread or self.ages.awaits_commit)

    # --- in

    def push(self, mail: Mail, round: Round, *, keep: bool) -> bool:
        """Store new mail with this batch, whatever becomes of it; return whether it is in memory too: it is where there is room, or it is
        the first. A message with an age limit gets old from now on."""
        limit_s = self.limits.get(mail.message.verb, 0.0)
        if limit_s:
            clock_ms = round.clock_ms
            mail.act_by = Deadline(clock_ms + int(limit_s * 1000), 0 if round.synced else clock_ms)
        if self._fresh[0] != round.batch.number:
            self._fresh = (round.batch.number, mail.seq)
        kept = self.box.take_in(mail, round, keep=keep)
        if kept and (mail.act_by or mail.message.expires_ms):
            self.ages.mind(mail, round.clock_ms)
        return kept

    def put_back(self, mail: Mail) -> None:
        """Put mail back into its place among the messages that are handed out next."""
        head = self.box.head
        if not head or mail.seq < head[0].seq:
            head.appendleft(mail)
        else:
            head.insert(bisect_left(head, mail.seq, key=_seq), mail)

    # --- out

    def next(self) -> Mail | None:
        """The message to hand out next, where one may be; messages that must wait behind a refused one are put into its lane."""
        head, lanes = self.box.head, self.lanes
        while lanes.by_sender and head and lanes.hold_back(head[0]):
            head.popleft()
        ready = head and self.open and len(self.in_hand) < self.window and not (self._untrusting and _waits(head[0]))
        return head[0] if ready else None

    def hand_out_all(self, round: Round, *, committed: int, one_by_one: bool) -> None:
        """Hand out the messages that fit the window: at once, where their attempt is on disk, else with this batch.

        Up to the first that is to be handed out alone: a suspect, or when all are handed out one by one the first for which something is
        done. `committed` is the number of the last batch that is on disk.
        """
        self.lent.look(committed)
        self._untrusting = not round.synced
        at_once: list[HandedOut] = []
        taken: list[HandedOut] = []
        if self.open:
            lanes, careful = bool(self.lanes.by_sender), one_by_one or bool(self.suspects)
            covered, coming = self.lent.covered, self.lent.coming
            head, orderly = self.box.head, self._promised[0] <= committed  # else what was promised would come after it
            while head and len(self.in_hand) < self.window:
                mail = self.next() if lanes or (self._untrusting and head[0].message.expires_ms) else head[0]
                if mail is None or (careful and self.must_be_alone(mail, one_by_one=one_by_one)):
                    break
                if orderly and not taken and mail.seq <= covered and mail.message.verb not in self.once:
                    at_once.append(self._take(head.popleft()))
                elif mail.seq <= coming:  # in a moment it is on disk
                    break
                else:
                    taken.append(self._take(head.popleft()))
        if at_once:
            self.lent.add([delivery.seq for delivery in at_once])
            self._highest = max(self._highest, at_once[-1].seq)
            self.give(at_once)
        self._give(taken, round)
        self._hurry(round)

    def _hurry(self, round: Round) -> None:
        """Have this batch committed soon, where the actor waits for what is handed out with it."""
        batch, count = self._promised
        if batch == round.batch.number and 2 * (len(self.in_hand) - count) < self.window:
            round.batch.urgent = True

    def must_be_alone(self, mail: Mail, *, one_by_one: bool) -> bool:
        """Whether a message must be handed out with nothing else beside it."""
        return (one_by_one and mail.message.verb not in self.idle) or mail.seq in self.suspects

    def hand_out(self, round: Round) -> None:
        """Hand out the next message, alone, with this batch. The engine hears at once how its delivery ended."""
        self._give([self._take(self.box.head.popleft(), pressing=True)], round)

    def _take(self, mail: Mail, *, pressing: bool = False) -> HandedOut:
        mail.attempt = attempt = mail.attempt + 1
        message, seq = mail.message, mail.seq
        pressing = pressing or self._small or message.reply_to != "" or message.route is not None or message.verb in self.once
        delivery = HandedOut(message, seq, attempt, self.box.id, self.post, pressing, mail.act_by)
        self.in_hand[seq] = (mail, delivery)
        return delivery

    def _give(self, taken: list[HandedOut], round: Round) -> None:
        """Have deliveries given to the actor after the commit of this batch, which records their attempts."""
        if not taken:
            return
        batch = round.batch
        batch.given.append((self.give, taken))
        self._record(taken, round)
        self._promised = (batch.number, len(taken) + (self._promised[1] if self._promised[0] == batch.number else 0))
        if self.once and any(delivery.message.verb in self.once for delivery in taken):
            batch.changes.sync = True
        if self._small or taken[0].pressing:
            batch.urgent = True
        elif not batch.lazy_since_s:
            batch.lazy_since_s = round.now_s

    def _record(self, taken: list[HandedOut], round: Round) -> None:
        """Have the attempts of messages recorded on disk: in the rows for what this batch stores and what may be done once, in the note for
        the rest."""
        fresh = self._fresh[1] if self._fresh[0] == round.batch.number else taken[-1].seq + 1
        stored = [delivery.seq for delivery in taken if delivery.seq >= fresh]
        alone = len(self.in_hand) == len(taken) or taken[0].seq > self._highest  # nothing else that is in hand lies between them
        round.batch.changes.count_attempts(self.box.id, stored, 1, together=alone and not self.lanes.by_sender)
        waited = taken[: len(taken) - len(stored)]
        if waited:
            once = {delivery.seq for delivery in waited if delivery.message.verb in self.once} if self.once else set()
            round.batch.changes.count_attempts(self.box.id, sorted(once), 1, together=False)
            self.lent.add([delivery.seq for delivery in waited if delivery.seq not in once])
        self._highest = max(self._highest, taken[-1].seq)

    def note_lent(self, round: Round) -> None:
        """Write the note of lent mail, which is stale, anew, with as many of the next messages as were lent since."""
        ahead = list(self._ahead(self.lent.flow))
        first, last = self.lent.bounds(ahead)
        self.lent.note(self.live(first, last), ahead, round.batch.changes, round.batch.number)

    def _ahead(self, count: int) -> Iterator[int]:
        if self.open and not self._small and not self.lanes.by_sender:
            for mail in islice(self.box.head, min(count, self.window)):
                if mail.message.verb in self.once:
                    return
                yield mail.seq

    # --- back

    def settle(self, delivery: HandedOut) -> Mail | None:
        """Take a settled delivery back; return its mail, or None when it is not in hand any more."""
        held = self.in_hand.get(delivery.seq)
        if held is None or held[1] is not delivery:
            return None
        del self.in_hand[delivery.seq]
        return held[0]

    def is_plain(self, delivery: HandedOut) -> bool:
        """Whether a settled delivery was done, and nothing but its end follows from that."""
        message = delivery.message
        return not (delivery.reason or message.reply_to or message.route is not None or message.verb in self.once)

    def settle_done(self, settled: Sequence[HandedOut], round: Round) -> list[Mail]:
        """Take back the deliveries of `settled` that are done, and delete their messages; return the messages. For a run of the plainest:
        nothing waits behind them."""
        in_hand, done = self.in_hand, list[Mail]()
        for delivery in settled:
            held = in_hand.get(delivery.seq)
            if held is not None and held[1] is delivery:
                del in_hand[delivery.seq]
                done.append(held[0])
        places = [mail.seq for mail in done]
        self.box.drop_all(done, places, round)
        self.lent.done_all(places)
        return done

    def refuse(self, mail: Mail, round: Round) -> int:
        """Note that the actor failed at a message; return how often it has failed at it by now."""
        if self.lent.take_back(mail.seq):
            round.batch.changes.count_attempts(self.box.id, [mail.seq], 1, together=True)
        failures = self._failures[mail.seq] = self._failures.get(mail.seq, 0) + 1
        return failures

    def drop(self, mail: Mail, round: Round) -> None:
        """Delete a message that is dealt with, and let go what waited behind it."""
        self.box.drop(mail, round)
        self.lent.done(mail.seq)
        if self.lanes.by_sender:
            self._failures.pop(mail.seq, None)
            self.lanes.release(mail)

    def take_back(self, round: Round, *, counted: bool) -> list[Mail]:
        """Take back what the actor had in hands, because it or its resource is gone; return what must not be done again.

        What is settled stays in hand: its word is on its way. An attempt that was never begun does not count, nor any unless `counted`.
        """
        unknown, up, down = list[Mail](), list[int](), list[int]()
        for mail, delivery in sorted(self.in_hand.values(), key=lambda held: -held[0].seq):
            stood = delivery.revoke()
            if stood is Stand.SETTLED:
                continue
            del self.in_hand[mail.seq]
            if stood is Stand.BEGUN and mail.message.verb in self.once:
                unknown.append(mail)
                continue
            self.put_back(mail)
            lent = self.lent.take_back(mail.seq)
            if stood is Stand.HANDED or not counted:
                mail.attempt -= 1
                if not lent:
                    down.append(mail.seq)
            elif lent:
                up.append(mail.seq)
        for places, by in ((up, 1), (down, -1)):
            round.batch.changes.count_attempts(self.box.id, places[::-1], by, together=False)
        return unknown[::-1]

    def take_back_behind(self, refused: Mail, round: Round) -> list[int]:
        """Take back what is in hand, not begun, and was sent after a refused message by its sender; return the places, the last first.

        No attempt is counted.
        """
        sender, seq = refused.message.sender, refused.seq
        behind = [held for held in self.in_hand.values() if held[0].seq > seq and held[0].message.sender == sender]
        back = [mail for mail, delivery in sorted(behind, key=lambda held: -held[0].seq) if delivery.revoke_unbegun()]
        down = list[int]()
        for mail in back:
            del self.in_hand[mail.seq]
            mail.attempt -= 1
            self.put_back(mail)
            if not self.lent.take_back(mail.seq):
                down.append(mail.seq)
        round.batch.changes.count_attempts(self.box.id, down[::-1], -1, together=False)
        return [mail.seq for mail in back]

    # --- who is too old

    def too_old(self, round: Round, clock: GatewayClock, committed_seq: int) -> Iterator[Mail | int]:
        """Take out the messages that must not be done any more and are not begun; of those that are only on disk, their places, all up to
        `committed_seq`: one behind it waits on until it can be read."""
        for end in self.ages.ended(round, clock, committed_seq):
            if end.seq > committed_seq and self.lanes.has_place(end.seq, end.message.sender):
                self.ages.put_off(end)
            elif (found := self._take_out(end.seq, end.message.sender)) is not None:
                yield found

    def _take_out(self, seq: int, sender: str) -> Mail | int | None:
        held = self.in_hand.get(seq)
        if held is not None:
            if not held[1].revoke_unbegun():
                return None
            del self.in_hand[seq]
            return held[0]
        head = self.box.head
        at = bisect_left(head, seq, key=_seq)
        if at < len(head) and head[at].seq == seq:
            found = head[at]
            del head[at]
            return found
        return self.lanes.remove(seq, sender)

    # --- for others

    def live(self, first: int, below: int) -> list[int]:
        """The places, from `first` on and below `below`, of mail that is not dealt with."""
        in_hand = [seq for seq in self.in_hand if first <= seq < below]
        waiting = self.box.head
        head = map(_seq, islice(waiting, bisect_left(waiting, first, key=_seq), bisect_left(waiting, below, key=_seq)))
        return [*in_hand, *head, *(self.lanes.places(first, below) if self.lanes.by_sender else ())]

    def next_s(self, now_s: float, clock_ms: int) -> float | None:
        """Monotonic second at which to look at this outbox again; None: when something happens to it. Both clocks are read now."""
        times = (self.lanes.next_s, self.ages.next_s(now_s, clock_ms))
        return min((at_s for at_s in times if at_s is not None), default=None)


def _waits(mail: Mail) -> bool:
    """Whether a message must wait until the wall clock can be trusted, because the outside gave it a wall time at which it expires."""
    message = mail.message
    return message.expires_ms > 0 and (message.until is None or message.until.open)
