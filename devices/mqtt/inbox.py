"""The inbox: messages from the broker on their way into the gateway, from the socket to the commit.

A message is acknowledged when it is on disk, in the order of arrival, over the connection it came by: what another
connection brought, the broker brings again. When the gateway is full, messages wait here, unacknowledged. When as many wait as may
(MQTT's receive maximum, which brokers exceed, and QoS 0 knows none) the socket is not read, and TCP holds the broker back.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from devices.codecs.framing import BadFrame, decoded
from devices.codecs.json_lines import read_fields
from devices.codecs.json_models import is_plain, read_model
from devices.mqtt.dialects.dialect import TopicRoute
from devices.mqtt.naming import SESSION, name_of
from devices.mqtt.packets import IncomingPublish, acknowledgement
from devices.mqtt.payloads import unreadable
from devices.mqtt.reply_token import make_token
from devices.mqtt.routes import Routes
from devices.sparing import SparingLog
from gateway.actors import BadId, BadPayload, Host, Inbound, Payload, Receipt, Refused, StoreFailed, UnknownTarget
from gateway.actors.errors import without_frames

_PACKET_IDS = 1 << 16
_ACK_BYTES = 4
"""An acknowledgement of ours; the last two are the packet id."""
_LATELY_BYTES = 4096 * _ACK_BYTES
"""More acknowledgements than these lie in no socket."""
_OPEN, _ACKED, _FREE = 0, 1, 2
"""What stands of a packet id: our acknowledgement of the last message under it was not made, or may not have come to the broker; was made
on this connection; was made on one before, and the broker had it."""
_NEXT_CONNECTION = bytes((_OPEN, _FREE, _FREE)) + bytes(range(3, 256))
_MAX_DEPTH = 16
WAITING_BYTES = 1024 * 1024
"""How many bytes of messages may wait before the socket is read no more; what one read brought is over it."""
OVERHEAD_BYTES = 256
"""What a message takes beside its bytes."""
_AT_FIRST = 8
_AT_MOST = 32
"""How many messages are handed over at a time: few where the last time not all found room, for those are read in vain; then twice as many
each time."""
_NOT_NOW = (Refused, StoreFailed)
_NEVER = (BadId, UnknownTarget, BadPayload)


_new = tuple.__new__
"""Makes a named tuple of all its fields in their order: twice as fast as calling its class, for what is made once a message."""


class Expired(BadPayload):
    """Raised for a command that came after its time: it is answered, and not run."""


class Retained(BadPayload):
    """Raised for a retained message where only a fresh one is wanted."""


class Forbidden(BadPayload):
    """Raised for a command that the configuration does not allow over MQTT."""


class Slot:
    """The place of one message of QoS 1 or 2 in the order of acknowledgements. Called at the commit of each copy of it, on a runtime
    thread."""

    __slots__ = ("arrival", "copies", "inbox", "ready")
    prompt = True

    def __init__(self, inbox: "Inbox", arrival: IncomingPublish) -> None:
        self.inbox = inbox
        self.arrival = arrival
        self.copies: list[int] = []
        """One item for each copy that is not settled yet, where there are several: two threads take from it."""
        self.ready = False

    def __call__(self, receipt: Receipt) -> None:
        if receipt.duplicate:
            self.inbox.repeats.append(self.arrival)
        self.settle_one()
        self.inbox.settled(self, receipt)

    def settle_one(self) -> None:
        """Note that one copy is in the gateway, or refused. Any thread."""
        try:
            self.copies.pop()
        except IndexError:
            self.ready = True
        # The last of several finds the list empty: it holds one item less than there are copies.


class IncomingCopy:
    """A copy of a message that is to go into the gateway. It is read once, however often it finds no room."""

    __slots__ = ("arrival", "asked", "looked_at", "size", "slot", "why_not")

    def __init__(self, arrival: IncomingPublish, slot: Slot | None, size: int) -> None:
        self.arrival = arrival
        self.slot = slot
        self.size = size
        self.looked_at = False
        self.asked: Inbound | None = None
        """What is to be sent; None for a copy that is ignored or refused."""
        self.why_not: Exception | None = None
        """Why it is refused."""


class Inbox:
    """The messages of one connection actor that came from the broker and are not committed yet. On its own thread, but for what its slots
    do."""

    def __init__(self, host: Host, routes: Routes, *, pending: int, refuse: Callable[[IncomingPublish, Exception], None]) -> None:
        self.quiet = False
        """Set it to leave what comes unacknowledged: the broker gives it to us next time."""
        self.received = 0
        self.heard: Callable[[IncomingPublish, TopicRoute], None] = lambda arrival, route: None
        """Is told of each message that is to go to an actor, before it goes."""
        self.repeats: deque[IncomingPublish] = deque()
        """Messages that had been seen before; an ask among them may want its answer again."""
        self._host = host
        self._routes = routes
        self._refuse = refuse
        self._log = SparingLog(logging.getLogger(__name__))
        self._most_pending = pending
        self._pending: deque[IncomingCopy] = deque()
        self._pending_bytes = 0
        self._together = _AT_FIRST
        self._moved_s = 0.0
        """Monotonic second when the gateway last took one of those that wait, or the first began to."""
        self._slots: deque[Slot] = deque()
        self._leaves = False
        """Whether what is over the limit is left with the broker, and not held back."""
        self._left = False
        self._lately_acked = bytearray()
        """The last acknowledgements that were made on this connection, in order."""
        self._acked = bytearray(_PACKET_IDS)
        """By packet id, what stands of it. A broker marks as a repeat what is new to us only where it was lost with a connection; one that
        repeats on the same connection has not read our acknowledgement yet."""
        self._late: list[IncomingPublish] = []
        """What came when no more was to be taken in, as many as may wait: another actor may go on with this connection."""

    def count(self) -> None:
        """Count what was received since the last call."""
        if self.received:
            self._host.count("received", self.received)
            self.received = 0

    @property
    def pending(self) -> int:
        """How many messages wait for room in the gateway."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether as many messages wait as may: nothing is to be read from the broker until some have gone into the gateway."""
        full = len(self._pending) >= self._most_pending or self._pending_bytes >= WAITING_BYTES
        return full and not self._leaves and not self.quiet

    @property
    def stuck_since_s(self) -> float:
        """Since which monotonic second the gateway has taken none of the messages that wait."""
        return self._moved_s

    @property
    def must_reopen(self) -> bool:
        """Whether to connect anew: messages were left with the broker, and all that waited is acknowledged, so a new connection brings
        the rest."""
        return self._left and not self._pending and not self._slots

    def look_at_all(self) -> None:
        """Read all messages that wait, by the routes as they are now."""
        for one in self._pending:
            if not one.looked_at:
                self._look_at(one)

    def belong_to(self, host: Host, routes: Routes, *, refuse: Callable[[IncomingPublish, Exception], None]) -> None:
        """Go on for another actor, with other routes; all that waits has been read. What came when no more was to be taken in comes now."""
        self._host = host
        self._routes = routes
        self._refuse = refuse
        late, self._late, self.quiet = self._late, [], False
        for arrival in late:
            self.arrived(arrival)
        self._left = self._left or len(late) >= self._most_pending

    def leave_the_rest(self) -> None:
        """Take no more than may wait from here on, until the connection ends: at QoS 0 what is over it is lost, at QoS 1 the next
        connection brings it. For whoever must go on reading, because the gateway waits for what comes behind those messages."""
        self._leaves = True

    def arrived(self, arrival: IncomingPublish) -> None:
        """Take in one message from the broker. It waits until `bring_in`."""
        if self.quiet and len(self._late) < self._most_pending:
            self._late.append(arrival)
        if self.quiet or (self._left and arrival.qos):
            return
        self.received += 1
        if self._leaves:
            self.bring_in()  # so that only those wait for which there is no room
        if self._leaves and len(self._pending) >= self._most_pending:
            self._left = self._left or arrival.qos > 0
            self._host.count("left" if arrival.qos else "dropped")
            return
        slot = None
        if arrival.qos:
            if arrival.dup and self._acked[arrival.packet_id] == _FREE:
                arrival = arrival._replace(dup=False)  # a repeat of what we never had: its id was free again
            self._acked[arrival.packet_id] = _OPEN
            slot = Slot(self, arrival)
            self._slots.append(slot)
        copies = self._routes.copies(arrival.topic, arrival.properties.subscriptions)
        if len(copies) > 1 and slot is not None:
            slot.copies.extend(copies[1:])
        if not self._pending:
            self._moved_s = time.monotonic()
        size = arrival.size_bytes
        for via in copies:
            self._pending.append(IncomingCopy(arrival._replace(via=via) if via >= 0 else arrival, slot, size))
            self._pending_bytes += size

    def bring_in(self) -> None:
        """Bring the messages that wait into the gateway, in order, as far as it has room. Called in each tick."""
        before = len(self._pending)
        while self._pending and self._bring_some():
            pass
        if len(self._pending) < before:
            self._moved_s = time.monotonic()

    def take_ready(self) -> list[bytes]:
        """Take the acknowledgements that can be sent now, in the order of arrival."""
        slots = self._slots
        ready = []
        while slots and slots[0].ready:
            arrival = slots.popleft().arrival
            self._acked[arrival.packet_id] = _ACKED
            ready.append(acknowledgement(arrival.packet_id, arrival.qos))
        if ready:
            lately = self._lately_acked
            lately += b"".join(ready)
            if len(lately) > 2 * _LATELY_BYTES:
                del lately[:-_LATELY_BYTES]
        return ready

    def settled(self, slot: Slot, receipt: Receipt) -> None:
        """Wake the actor when acknowledgements wait for this slot, or its message had been seen before. On a runtime thread."""
        slots = self._slots
        try:
            awaited = slots[0] is slot
        except IndexError:
            awaited = False
        if awaited or receipt.duplicate:
            self._host.wake()

    def closed(self, *, unheard_bytes: int = 0) -> None:
        """Note that the connection is gone: no message that it brought can be acknowledged any more. What was acknowledged in the last
        `unheard_bytes` may come again."""
        acks = self._lately_acked
        for end in range(len(acks), max(0, len(acks) - unheard_bytes), -_ACK_BYTES):
            self._acked[int.from_bytes(acks[end - 2 : end], "big")] = _OPEN
        self._acked = self._acked.translate(_NEXT_CONNECTION)
        self._lately_acked.clear()
        self._slots.clear()
        self._late.clear()
        self._leaves = self._left = False

    def opened(self, *, session_present: bool) -> None:
        """Note that a connection is open. With its old session the broker sends the unacknowledged messages again; without, only we have
        them.

        What this connection has brought by now, in one piece with the broker's yes, stays: it has its place among the slots.
        """
        if session_present:
            ours = set(self._slots)
            self._pending = deque(one for one in self._pending if one.slot is None or one.slot in ours)
            self._pending_bytes = sum(one.size for one in self._pending)
        else:
            self._host.forget_ids(SESSION)

    def _bring_some(self) -> bool:
        """Bring some of the messages that wait into the gateway; return False when the first of those that are left must go on waiting.

        What can never be taken is refused, and acknowledged.
        """
        some = list(islice(self._pending, self._together))
        for one in some:
            if not one.looked_at:
                self._look_at(one)
        offered = [one for one in some if one.asked is not None]
        held_up = None
        for refusal in self._host.send_all([one.asked for one in offered if one.asked is not None], wait=False):
            one = offered[refusal.place]
            if isinstance(refusal.error, _NOT_NOW):  # and none behind it was taken
                held_up = one
                break
            one.asked, one.why_not = None, refusal.error
        for one in some:
            if one is held_up:
                break
            if one.asked is None:
                self._pass_over(one)
            self._pending_bytes -= self._pending.popleft().size
        self._together = _AT_FIRST if held_up else min(2 * self._together, _AT_MOST)
        return held_up is None

    def _look_at(self, one: IncomingCopy) -> None:
        """Read a message, once."""
        one.looked_at = True
        try:
            one.asked = self._inbound(one.arrival, one.slot, one.size)
        except _NEVER as error:
            one.why_not = without_frames(error)  # they have this copy

    def _pass_over(self, one: IncomingCopy) -> None:
        """Acknowledge a message that does not go in: one that is ignored, or refused and told why."""
        if one.why_not is not None:
            self._refuse(one.arrival, one.why_not)
        if one.slot is not None:
            one.slot.settle_one()

    def _inbound(self, arrival: IncomingPublish, slot: Slot | None, size: int) -> Inbound | None:
        """The message to send; None for one that must be ignored. Raises one of `_NEVER`."""
        if arrival.fault:
            raise BadPayload(f"cannot take a message: {arrival.fault}")
        route = self._routes.find(arrival.topic, arrival.via)
        if route.here is not None:
            route.here(arrival)
            return None
        if route.forbidden:
            raise Forbidden(route.forbidden)
        self.heard(arrival, route)
        if arrival.retained and not route.takes_retained:
            if not arrival.payload:
                return None  # somebody clears what the broker keeps there
            raise Retained('cannot act on a retained message: it may be years old; publish it unretained, or set retained = "take"')
        expires_ms = self._expires_ms(arrival)
        payload = self._payload(arrival, route)
        self._say_remarks(arrival, route)
        if payload is None:
            return None
        name = name_of(arrival, route)
        reply_to = self._reply_to(arrival, route) if route.asks else ""
        on_commit = slot or (Slot(self, arrival) if route.asks else None)
        expiry_s = arrival.properties.expiry_s
        return _new(Inbound, (route.to, route.verb, payload, *name, reply_to, expires_ms, expiry_s, size + OVERHEAD_BYTES, on_commit))

    def _payload(self, arrival: IncomingPublish, route: TopicRoute) -> Payload | dict[str, Any] | bytes | None:
        """What a message says to its actor: as it came, or what its subscription reads; None where that is nothing. Raises BadPayload."""
        if route.reads is not None:
            return route.reads.read(arrival.payload, name=route.name, value=route.value)
        model = self._host.payload_of(route.to, route.verb)
        if model is not None and is_plain(model) and (found := read_model(arrival.payload, model)) is not None:
            return found[0]
        _check_payload(arrival.payload)
        return arrival.payload

    def _say_remarks(self, arrival: IncomingPublish, route: TopicRoute) -> None:
        """Count and log what is to be said of the values of a message."""
        for remark in route.reads.take_remarks() if route.reads is not None else ():
            self._host.count(remark.counter)
            if remark.words:
                self._log.warn(remark.counter, f"{self._host.me}: a value that is bad, under {arrival.topic}: {remark.words}")

    def _expires_ms(self, arrival: IncomingPublish) -> int:
        """When a message expires by its sender's clock, wall time in milliseconds; 0 where it does not say. Raises Expired when it is.

        While our own wall clock cannot be trusted nobody can say: the gateway keeps the message, and looks when it can.
        """
        said, left_s, time = arrival.properties.expires, arrival.properties.expiry_s, self._host.time
        if said and not (said.isascii() and said.isdigit() and len(said) < 18):
            raise BadPayload(f"cannot read the user property expires = {said[:40]!r}: it must be milliseconds since 1970")
        expires_ms = int(said or 0)
        if left_s == 0 or (said and time.synced and expires_ms <= time.now_ms()):
            raise Expired("expired")
        return expires_ms

    def _reply_to(self, arrival: IncomingPublish, route: TopicRoute) -> str:
        topic, correlation = self._routes.answer_at(route, arrival.properties)
        return f"{self._host.me}/reply/{make_token(topic, correlation)}"


def _check_payload(payload: bytes) -> None:
    """Raise BadPayload unless `payload` is nothing, or JSON that is safe to read. The verb's model reads it, strictly, later."""
    if not payload:
        return
    try:
        decoded(_fields, payload)
    except BadFrame as error:
        raise unreadable(error) from None


def _fields(payload: bytes) -> dict[str, Any]:
    return read_fields(payload, max_bytes=len(payload), max_depth=_MAX_DEPTH)
