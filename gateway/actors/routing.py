"""Routing: the part of a stage that sends messages along routes. See `routes.py` for what a route is."""

from collections.abc import Iterable
from typing import Any

from gateway.actors.callers import check_caller
from gateway.actors.errors import BadDefinition
from gateway.actors.guards import Unwanted
from gateway.actors.itinerary import Route, Stop
from gateway.actors.messages import REPLY, Message, check_expiry
from gateway.actors.models import Payload
from gateway.actors.routes import STOPS_AT_MOST, RouteFailed, Sending, along, departed, failed, onward
from gateway.actors.staging import World


class Routing:
    """Makes routes, and sends this turn's message on along its own. Valid inside that turn, on the engine's thread only."""

    world: World
    me: str
    message: Message
    mail: list[Message]
    now_ms: int
    clock_ms: int
    routed = False
    """Whether this turn has decided where its message's route goes on."""

    def route(self, stops: Iterable[tuple[str, str]], *, error: tuple[str, str] | None = None) -> Route:
        """Make a route through (actor, verb) pairs, each checked now; see `routes.py`. Raises UnknownTarget, BadId or BadDefinition."""
        ahead = self._stops(stops)
        if not 0 < len(ahead) <= STOPS_AT_MOST:
            raise BadDefinition(f"cannot make a route of {len(ahead)} stops: it takes 1 to {STOPS_AT_MOST}")
        if error and self.world.find_verb(*error).payload is not RouteFailed:
            raise BadDefinition(f"cannot send what fails to {error[0]}: its verb {error[1]!r} takes no RouteFailed")
        return Route(ahead=ahead, error=Stop(to=error[0], verb=error[1]) if error else None)

    def send_along(
        self, route: Route, payload: Payload | dict[str, Any] | None = None, *, reply_to: str | None = None, expires_ms: int = 0
    ) -> None:
        """Send a message to the first stop ahead on a route, which was made now or kept before.

        Whoever asked in this turn goes along: a stop's reply answers them, unless `reply_to` names somebody else ("": nobody).
        """
        if not route.ahead:
            raise BadDefinition("cannot send along a route without a stop ahead: it has come to its end")
        if reply_to:
            self.world.find_verb(reply_to, REPLY)
        elif reply_to is None and self.message.reply_to:
            reply_to, route = self.message.reply_to, route if route.of else route.changed(of=self.message.asked)
        check_expiry(expires_ms)
        trace, until = self.message.trace or self.message.id, self.message.until_for(expires_ms)
        self.mail.append(along(route, payload, self._sending(), reply_to=reply_to or "", trace=trace, expires_ms=expires_ms, until=until))

    def forward(self, payload: Payload | dict[str, Any] | None = None) -> None:
        """Send this turn's message on to the next stop of its route, with another payload. At the last stop nothing happens."""
        self._leave()
        message = onward(self.message, payload, self._sending())
        if message is not None:
            self.mail.append(message)

    def detour(self, stops: Iterable[tuple[str, str]], payload: Payload | dict[str, Any] | None = None) -> None:
        """Send this turn's message to other (actor, verb) pairs first; after them its route goes on where it was.

        Without a payload it goes on as it came. Raises UnknownTarget, BadId, BadPayload, or BadDefinition where it is on no route.
        """
        self._leave()
        first = self._stops(stops)
        if self.message.route is None:
            raise BadDefinition(f"cannot send {self.message.verb} of {self.me} by a detour: it is on no route; use tell or send_along")
        if len(first) + len(self.message.route.ahead) > STOPS_AT_MOST:
            raise BadDefinition(
                f"cannot send {self.message.verb} of {self.me} by a detour: the route would have more than {STOPS_AT_MOST} stops ahead"
            )
        message = onward(self.message, payload, self._sending(), by_way_of=first)
        if message is not None:
            self.mail.append(message)

    def _stops(self, stops: Iterable[tuple[str, str]]) -> tuple[Stop, ...]:
        for to, verb in (found := tuple(stops)):
            check_caller(self.world.find_verb(to, verb).by, self.me, to, verb)
        return tuple(Stop(to=to, verb=verb) for to, verb in found)

    def keep_route(self) -> Route | None:
        """Take the route out of this turn's message, which then does not go on by itself. None when there is no stop ahead."""
        self._leave()
        route = departed(self.message, self.now_ms, self.clock_ms)
        return route if route is not None and route.ahead else None

    def _leave(self) -> None:
        """Take the message's route to send it on, which a turn may do once: twice would double the message."""
        if self.routed and self.message.route is not None:
            raise BadDefinition(
                f"cannot send {self.message.verb} of {self.me} on along its route: this turn has done so, or has kept the route"
            )
        self.routed = True

    def _fail_route(self, reason: str) -> None:
        self.routed = True
        failure = failed(self.message, reason, self.world.new_id, self.world.find_verb)
        if failure is not None:
            self.mail.append(failure)
        elif not self.message.reply_to:
            raise Unwanted(reason)

    def _sending(self) -> Sending:
        return Sending(self.world.find_verb, self.world.new_id, self.me, self.now_ms, self.clock_ms)
