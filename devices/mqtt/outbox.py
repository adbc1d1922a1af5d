"""The outbox: publishes on their way to the broker, from the hand of the host to the broker's PUBACK.

What is in it is kept on disk by the host until it is `done` here, so it holds no more than the host gives it. When the connection is
gone the publishes go back to the host, which gives them again, in the same order, when there is another.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from devices.mqtt.limits import Limits
from devices.mqtt.reasons import NEVER_AGAIN, NOT_AUTHORIZED, reason_text

DENIED_MS = 60_000
"""For so long nothing is published to a topic upon whose denial the broker closed the connection: that costs all others one, too."""
_UPON_S = 2.0
"""A broker that closes the connection upon a denial does so at once: what comes later has another reason."""
_DENIED_AT_MOST = 1000
_UNACKED_AT_MOST = 2000
_DUP = 0x08
STRIKES = 5
"""How often in a row a broker may close the connection upon one publish, sent alone, before that is given up."""


class Settling(Protocol):
    """Is told how a publish ended: a delivery, or a notice of our own."""

    def done(self, body: Any = None) -> None:
        """Take word that the broker has the message."""

    def failed(self, reason: str, *, retry: bool = True) -> None:
        """Take word that the broker refuses the message."""


class OwnPublish:
    """A publish of our own that nobody waits for and no disk holds. A `fleeting` one is dropped with its connection."""

    def __init__(self, *, fleeting: bool = True) -> None:
        self.fleeting = fleeting
        self.settled = False

    def done(self, body: Any = None) -> None:
        """Note that the broker has the message: nobody waits to hear of it."""
        del body
        self.settled = True

    def failed(self, reason: str, *, retry: bool = True) -> None:
        """Note that the broker refuses the message: nobody waits to hear of it."""
        del reason, retry
        self.settled = True


def done_each(deliveries: Sequence[Settling]) -> None:
    """Say of each delivery that it is done, where there is no host to say it of all at once."""
    for delivery in deliveries:
        delivery.done()


Item = tuple[Settling, bytes, bytes, int, int]
"""One publish: who hears of it, what stands before its packet id, what stands after it, its QoS, and the time of the gateway's clock
in ms after which it must not be sent (0: never). A bare tuple, for there are a hundred thousand of them a minute."""


class PublishesInHand:
    """The publishes of one connection actor that the broker has not acknowledged yet. On its own thread."""

    def __init__(
        self,
        *,
        in_flight: int,
        is_late: Callable[[Settling], bool] = lambda settling: True,
        all_done: Callable[[Sequence[Any]], None] = done_each,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty outbox. `is_late` says of a publish whose time is over whether that is so: its deadline may have moved since it
        came. `all_done` says of many deliveries that they are done."""
        self.waiting: deque[Item] = deque()
        self.sent: dict[int, Item] = {}
        """Those without a PUBACK by packet id, oldest first; at QoS 0, those not yet wholly written, under negative numbers."""
        self.published = 0
        self._asked_in_flight = in_flight
        self._is_late = is_late
        self._all_done = all_done
        self._clock = clock
        self._limit = in_flight
        self._largest = 0
        self._limits = Limits()
        self._unacked: dict[object, int] = {}
        """By the names of publishes that an earlier connection left without a PUBACK, their packet ids."""
        self._oldest = (0, 0.0)
        self._qos0 = 0
        self._careful = 0
        self._suspect: object = None
        self._strikes = 0
        self._last_denied: tuple[str, str, float] | None = None
        """The topic of the last PUBACK, what it said, and at which monotonic second, where that denied its publish."""
        self._denied: dict[str, tuple[str, int]] = {}
        """By topic, what the broker said when it closed the connection upon it, and until when (the gateway's clock) it is left alone."""

    def belong_to(self, *, is_late: Callable[[Settling], bool], all_done: Callable[[Sequence[Any]], None]) -> None:
        """Go on for another actor; nothing is in hand."""
        self._is_late = is_late
        self._all_done = all_done

    def opened(self, limits: Limits, *, session_present: bool) -> None:
        """Note that a connection is open, and what the broker bears. With our old session, what it did not acknowledge is sent again under
        the packet ids that it had (MQTT 5.0, 4.4)."""
        if not session_present:
            self._unacked.clear()
        self._limit = min(self._asked_in_flight, limits.receive_maximum)
        self._largest = limits.max_packet_bytes
        self._limits = limits

    @property
    def unacked_ids(self) -> Collection[int]:
        """Packet ids that belong to publishes which are to be sent again: no other packet may have one."""
        return self._unacked.values()

    def unmoved_s(self, now_s: float, *, begin_anew: bool) -> float:
        """For how long the oldest of those that were sent has been the oldest, as far as was looked; 0 where there is none."""
        oldest = next(iter(self.sent), 0)
        if oldest != self._oldest[0] or begin_anew:
            self._oldest = (oldest, now_s)
        return now_s - self._oldest[1] if oldest else 0.0

    def next_batch(self, new_packet_id: Callable[[], int], clock_ms: int) -> list[bytes]:
        """The publishes that may be sent now, as parts to join. A full window is refilled when half of it is free, so that batches form."""
        limit = 1 if self._careful else self._limit
        room = limit - len(self.sent)
        waiting, sent = self.waiting, self.sent
        if room <= 0 or (len(waiting) > room and room < limit // 2):
            return []
        parts: list[bytes] = []
        while waiting and room:
            item = waiting.popleft()
            settling, head, tail, qos, expires_ms = item
            if self._denied and (why := self._why_left_alone(head, clock_ms)):
                settling.failed(why, retry=False)
                continue
            if expires_ms and expires_ms < clock_ms and self._is_late(settling):
                settling.failed("cannot publish it: it expired while the broker could not be reached", retry=False)
                continue
            if self._largest and len(head) + len(tail) + 2 > self._largest:
                settling.failed(f"cannot publish it: the broker takes no packet over {self._largest} bytes", retry=False)
                continue
            room -= 1
            if self._limits.is_short:
                head, tail, qos = self._limits.borne(head, tail, qos)
            if qos:
                packet_id = self._unacked.pop(_name_of(item), 0) if self._unacked else 0
                if packet_id:
                    head = bytes((head[0] | _DUP,)) + head[1:]
                else:
                    packet_id = new_packet_id()
                sent[packet_id] = item
                parts += (head, packet_id.to_bytes(2, "big"), tail)
            else:
                self._qos0 -= 1
                sent[self._qos0] = item
                parts += (head, tail)
        return parts

    def acked(self, packet_id: int, code: int) -> None:
        """Take the broker's PUBACK of a publish: with a reason code below 0x80 the broker has the message."""
        item = self.sent.pop(packet_id, None)
        if item is None:
            return
        if self._careful:
            self._careful -= 1
        if code < 0x80:
            self.published += 1
            self._last_denied = None
            item[0].done()
        else:
            topic, said = topic_of(item[1]), reason_text(code)
            self._last_denied = (topic, said, self._clock()) if code in NEVER_AGAIN else None
            advice = "; mend its access list" if code == NOT_AUTHORIZED else ""
            item[0].failed(f"cannot publish to {topic[:200]}: the broker said {said}{advice}", retry=code not in NEVER_AGAIN)

    def acked_all(self, packet_ids: Sequence[int]) -> None:
        """Take PUBACKs that came together: the broker has all these messages."""
        take = self.sent.pop
        items = [item for packet_id in packet_ids if (item := take(packet_id, None)) is not None]
        self._careful = max(0, self._careful - len(items))
        self.published += len(items)
        self._last_denied = None
        deliveries = []
        for item in items:
            if type(item[0]) is OwnPublish:
                item[0].done()
            else:
                deliveries.append(item[0])
        self._all_done(deliveries)

    def written(self) -> None:
        """Settle what was sent at QoS 0, because all that was sent has gone into the socket."""
        if self._qos0:
            for number in [number for number in self.sent if number < 0]:
                self.published += 1
                self._careful = max(0, self._careful - 1)
                self.sent.pop(number)[0].done()
            self._qos0 = 0

    def closed(self, *, by_broker: bool, because: str = "") -> str:
        """Note that the connection is gone: publishes under way and waiting go back to the host; our own notices wait.

        Where the broker closed it, some publish may be why: the first ones then go one by one, and one that gets the connection
        closed again and again (at once, where the broker said `because`) is given up. The others go on.
        Where the last that it said was that it denies a publish, that is why: the topic of it; else nothing.
        """
        self._unacked |= {_name_of(item): packet_id for packet_id, item in self.sent.items() if packet_id > 0 and not _is_fleeting(item)}
        while len(self._unacked) > _UNACKED_AT_MOST:  # the host has settled those meanwhile
            del self._unacked[next(iter(self._unacked))]
        items = list(self.sent.values())
        upon = self._note_denied() if by_broker and not because else ""
        suspects = [item for item in items if not _is_fleeting(item)] if by_broker and not upon else []
        self.sent.clear()
        self._qos0 = 0
        if len(suspects) == 1 and self._struck_out(suspects[0], because):
            items = suspects = []
        self._careful = len(suspects)
        self.waiting = deque(item for item in (*items, *self.waiting) if isinstance(item[0], OwnPublish) and not item[0].fleeting)
        return upon

    def _note_denied(self) -> str:
        """Leave the topic alone whose denial was the broker's last word, where it was one."""
        denied, self._last_denied = self._last_denied, None
        if denied is None or self._clock() - denied[2] > _UPON_S:
            return ""
        if len(self._denied) >= _DENIED_AT_MOST:
            del self._denied[next(iter(self._denied))]
        self._denied[denied[0]] = (denied[1], 0)
        return denied[0]

    def _why_left_alone(self, head: bytes, clock_ms: int) -> str:
        """Why a publish is not made now; empty where it is."""
        topic = topic_of(head)
        said, until_ms = self._denied.get(topic, ("", 0))
        if not said:
            return ""
        until_ms = until_ms or clock_ms + DENIED_MS
        self._denied[topic] = (said, until_ms)
        if clock_ms >= until_ms:
            del self._denied[topic]
            return ""
        again = f"the broker denied it ({said}) within the last minute, and closed the connection upon it; mend its access list"
        return f"cannot publish to {topic}: {again}"

    def _struck_out(self, item: Item, because: str) -> bool:
        name = _name_of(item)
        self._strikes = self._strikes + 1 if name == self._suspect else 1
        self._suspect = name
        if self._strikes < STRIKES and not because:
            return False
        said = because or f"{STRIKES} times in a row"
        item[0].failed(f"cannot publish it: the broker closes the connection upon it ({said})", retry=False)
        return True


def topic_of(head: bytes) -> str:
    """The topic of a publish, out of what stands before its packet id: one byte, the length in one to four, and the text."""
    at = next(at for at in range(1, 5) if head[at] < 0x80) + 1
    return head[at + 2 :].decode()


def _name_of(item: Item) -> object:
    """The name of a publish that stays when it is given again: its message's id; for a notice, the notice itself."""
    settling = item[0]
    return settling if isinstance(settling, OwnPublish) else settling.message.id  # type: ignore[attr-defined]  # then it is a delivery


def _is_fleeting(item: Item) -> bool:
    return isinstance(item[0], OwnPublish) and item[0].fleeting
