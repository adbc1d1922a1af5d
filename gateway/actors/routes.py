"""Routes: a message that visits several actors, each of which may enrich its payload.

A route is made on a stage, and every stop's verb is checked there. The last stop is often whoever began it:

    route = stage.route([("customer/ann", "quote"), ("cart/7", "priced")], error=("cart/7", "went_wrong"))
    stage.send_along(route, Quote(cart="7"))

Whoever asked in the turn that sends it goes along: a `stage.reply` at any stop answers them.

In its turn a stop enriches the payload with `stage.forward(quote.changed(name="Ann"))`, or has it go by way of others first with
`stage.detour([("bank/main", "check")], quote)`: the stops that were ahead come behind those. A turn that goes well without a word
about its route passes the payload on as it came. `stage.keep_route()` takes the route out of the message, into the state if need
be, to go on later with `stage.send_along`. A stop that fails for good sends RouteFailed to the route's error stop; where there
is none, the message becomes a dead letter as any other.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.callers import By
from gateway.actors.errors import BadId, UnknownTarget
from gateway.actors.itinerary import Route, Stop, Visit
from gateway.actors.messages import Deadline, Message
from gateway.actors.models import NOTHING, Nothing, Payload
from gateway.actors.payloads import read_payload
from gateway.actors.verbs import Verb

STOPS_AT_MOST = 32


class RouteFailed(Payload):
    """What the error stop of a route is sent when a stop fails for good."""

    SENT_BY = By.ACTORS
    at: str
    """The actor where it failed."""
    verb: str
    reason: str
    of: str
    """Id of the message that set out."""
    payload: dict[str, Any] = {}
    """The payload as it was at that stop."""
    history: tuple[Visit, ...] = ()


class Sending(NamedTuple):
    """What is needed to send a message along its route."""

    find_verb: Callable[[str, str], Verb]
    new_id: Callable[[], str]
    sender: str
    now_ms: int
    clock_ms: int = 0


def departed(message: Message, now_ms: int, clock_ms: int) -> Route | None:
    """The route of a message as it is when the message leaves its present stop; None when the message has no route."""
    route = message.route
    if route is None:
        return None
    return route.changed(history=(*route.history, Visit(actor=message.to, verb=message.verb, at_ms=now_ms, clock_ms=clock_ms)))


def along(
    route: Route,
    payload: Payload | dict[str, Any] | None,
    sending: Sending,
    *,
    reply_to: str,
    trace: str,
    expires_ms: int,
    until: Deadline | None = None,
) -> Message:
    """Make the message to the first stop ahead on a route. Raises UnknownTarget or BadPayload."""
    stop = route.ahead[0]
    model = sending.find_verb(stop.to, stop.verb).payload
    if type(payload) is not model or model.LOOSE:
        payload = NOTHING if payload is None and model is Nothing else read_payload(model, payload, where=f"{stop.verb} to {stop.to}")
    id = sending.new_id()
    left = route.changed(ahead=route.ahead[1:], of=route.of or id)
    return Message(id, stop.to, stop.verb, payload, sending.sender, reply_to, trace or id, expires_ms, left, until)


def onward(
    message: Message, payload: Payload | dict[str, Any] | None, sending: Sending, *, by_way_of: tuple[Stop, ...] = ()
) -> Message | None:
    """Make the message to the next stop of a message's route; None when the present stop was the last. Without a payload it goes on as it
    came.

    The stops `by_way_of` come before those that were ahead.
    """
    route = departed(message, sending.now_ms, sending.clock_ms)
    if route is not None and by_way_of:
        route = route.changed(ahead=(*by_way_of, *route.ahead))
    if route is None or not route.ahead:
        return None
    payload = message.payload if payload is None else payload
    trace = message.trace or message.id
    return along(route, payload, sending, reply_to=message.reply_to, trace=trace, expires_ms=message.expires_ms, until=message.until)


def failed(message: Message, reason: str, new_id: Callable[[], str], find_verb: Callable[[str, str], Verb]) -> Message | None:
    """Make the message to a route's error stop; None where there is none, where it takes no RouteFailed any more, or where it is what
    failed."""
    route = message.route
    if route is None or route.error is None or not _takes_failures(route.error, find_verb):
        return None
    payload = RouteFailed(
        at=message.to,
        verb=message.verb,
        reason=reason,
        of=route.of,
        payload=message.payload.model_dump(mode="json"),
        history=route.history,
    )
    return Message(new_id(), route.error.to, route.error.verb, payload, message.to, "", message.trace or message.id)


def _takes_failures(stop: Stop, find_verb: Callable[[str, str], Verb]) -> bool:
    try:
        return find_verb(stop.to, stop.verb).payload is RouteFailed
    except (BadId, UnknownTarget):  # it was there when the route was made
        return False
