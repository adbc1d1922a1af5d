"""The way in: how a host-bound actor's own threads bring messages from the outside to the engine, one or many at a time.

Many together cost one admission, one place in line and one wake of the engine; what they say, and what becomes of each, is the same as
if they had come one after the other.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from gateway.actors.callers import OUTSIDE, By
from gateway.actors.errors import BadId, GatewayError
from gateway.actors.inbound import Inbound, Refusal
from gateway.actors.messages import REPLY, Message, check_expires_s, check_expiry
from gateway.actors.models import Payload
from gateway.actors.payloads import read_payload
from gateway.actors.receipts import Receipt
from gateway.runtime.floor import Floor
from gateway.runtime.mail import Arrival, PlainArrival, decode
from gateway.runtime.seen import id_with

_ID_AT_MOST = 256

_new = tuple.__new__
"""Makes a named tuple of all its fields in their order: twice as fast as calling its class, for what is made once a message."""


class WayIn:
    """What `Hosted` offers its actor of `Host` to bring messages in. Any thread."""

    me: str
    quiet: bool
    closing: bool
    _floor: Floor

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
        message = self._message(to, verb, payload, id, reply_to, expires_ms, expires_s, by)
        arrival = self._arrival(message, id, content, scope, again, size, on_commit)
        self._let_in(arrival, wait=wait)
        self._floor.ingress.bring(arrival)
        return arrival

    def send_all(self, messages: Sequence[Inbound], *, wait: bool = True, by: By = By.OUTSIDE) -> list[Refusal]:
        arrivals: list[Arrival | PlainArrival] = []
        places: list[int] = []
        refused: list[Refusal] = []
        try:
            for place, (to, verb, payload, id, content, scope, again, reply_to, expires_ms, expires_s, size, on_commit) in enumerate(
                messages
            ):
                try:
                    message = self._message(to, verb, payload, id, reply_to, expires_ms, expires_s, by)
                    if id or content or on_commit is not None:
                        arrivals.append(self._arrival(message, id, content, scope, again, size, on_commit))
                    else:
                        arrivals.append(_new(PlainArrival, (message, size)))
                except GatewayError as error:
                    refused.append(Refusal.of(place, error))
                    continue
                places.append(place)
        finally:  # whatever else was raised, those before it are brought all the same
            late = self._bring_all(arrivals, places, wait=wait)
        return sorted([*refused, *late], key=lambda refusal: refusal.place) if late else refused

    def bring_on(
        self, letter: bytes, *, content: bytes = b"", on_commit: Callable[[Receipt], None] | None = None, at_ms: int = 0
    ) -> Receipt:
        message = decode(letter, self._floor.directory.find_row)
        if message.expires_ms and at_ms:
            expires_ms, until = self._floor.clock.deadline(0, expires_s=(message.expires_ms - at_ms) / 1000)
            message = message._replace(expires_ms=expires_ms, until=until)
        arrival = self._arrival(message, message.id, content, "", again=True, size=len(letter), on_commit=on_commit)
        self._let_in(arrival, wait=False)
        self._floor.ingress.bring(arrival)
        return arrival

    def payload_of(self, to: str, verb: str) -> type[Payload] | None:
        try:
            return self._floor.directory.find_outside(to, verb).payload
        except GatewayError:
            return None

    def forget_ids(self, scope: str) -> None:
        self._floor.forget_ids(f"{self.me}#{scope}" if scope else self.me)

    def ask(self, to: str, verb: str, payload: Any = None, *, on_reply: Callable[[Any], None], by: By = By.OUTSIDE) -> str:
        address = self._floor.expect(on_reply)
        try:
            self.send(to, verb, payload, reply_to=address, by=by)
        except GatewayError:
            self._floor.give_up(address)
            raise
        return address

    def give_up(self, address: str) -> None:
        self._floor.give_up(address)

    # Positional, as one is made per message.
    def _message(  # noqa: PLR0917
        self, to: str, verb: str, payload: Any, id: str, reply_to: str, expires_ms: int, expires_s: float | None, by: By
    ) -> Message:
        """The message to bring in. Raises BadId, UnknownTarget and BadPayload."""
        floor = self._floor
        row = floor.directory.find_outside(to, verb) if by is OUTSIDE else floor.directory.find_inner(to, verb)
        if type(payload) is not row.payload or payload.LOOSE:
            payload = read_payload(row.payload, payload, where=f"{verb} to {to}")
        if id:
            _check_outside_id(id, "a message id")
        if reply_to:
            floor.directory.find_verb(reply_to, REPLY)
        until = None
        if expires_ms or expires_s is not None:
            check_expires_s(expires_s)
            expires_ms, until = floor.clock.deadline(check_expiry(expires_ms), expires_s=expires_s)
        return _new(Message, (id or floor.ids.new(), to, verb, payload, self.me, reply_to, "", expires_ms, None, until))

    def _arrival(  # noqa: PLR0917  # as above
        self,
        message: Message,
        id: str,
        content: bytes,
        scope: str,
        again: bool,
        size: int,
        on_commit: Callable[[Receipt], None] | None,
    ) -> Arrival:
        source = _source(self.me, scope) if scope else self.me
        return Arrival(message, on_commit, source=source, outside_id=id_with(id, content) if content else id, again=again, size=size)

    def _bring_all(self, arrivals: Sequence[Arrival | PlainArrival], places: Sequence[int], *, wait: bool) -> list[Refusal]:
        """Bring arrivals in, in order: as many at once as find room, and where the next one does not, that one as `send` does.

        With `wait` false it ends with the first that finds none.
        """
        ingress = self._floor.ingress
        refused: list[Refusal] = []
        at = 0
        while at < len(arrivals):
            if many := ingress.admit_many(arrivals, at, wait=wait):
                ingress.bring_all(arrivals[at : at + many] if many < len(arrivals) else arrivals)
                at += many
                continue
            try:
                self._let_in(arrivals[at], wait=wait)
            except GatewayError as error:
                refused.append(Refusal.of(places[at], error))
                if not wait:
                    break
            else:
                ingress.bring(arrivals[at])
            at += 1
        return refused

    def _let_in(self, arrival: Arrival | PlainArrival, *, wait: bool) -> None:
        """Count one message in when there is room for it; else block, or raise Refused."""
        message = arrival.message
        if self._floor.ingress.admit(
            arrival.size,
            wait=wait,
            to=message.to,
            what=f"{message.verb} to {message.to}",
            host=self,
            payload=message.payload,
            patient=arrival.callback is not None,
        ):
            self._was_held_up()

    def _was_held_up(self) -> None:
        """Note that the calling thread had to wait for room, which is no hang."""
        raise NotImplementedError


@lru_cache(maxsize=1024)  # one text for all that come from there
def _source(me: str, scope: str) -> str:
    """Whose numbering the ids of a scope belong to. Raises BadId."""
    _check_outside_id(scope, "the scope of an id")
    return f"{me}#{scope}"


def _check_outside_id(id: str, what: str) -> None:
    if len(id) > _ID_AT_MOST or not id.isprintable():
        raise BadId(f"cannot use {id[:64]!r} as {what}: it must be at most {_ID_AT_MOST} printable characters")
