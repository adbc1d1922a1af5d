"""Answers: what is said back to those who ask, and of what was refused."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from devices.mqtt.dialects.dialect import Dialect, Saying
from devices.mqtt.encoder import PublishEncoder
from devices.mqtt.inbox import Expired, Forbidden, Retained
from devices.mqtt.outbox import OwnPublish, PublishesInHand
from devices.mqtt.packets import IncomingPublish
from devices.mqtt.reply_token import read_token
from devices.mqtt.routes import Routes
from devices.sparing import SparingLog
from gateway.actors import Delivery, GatewayError, Host, Reply

_log = logging.getLogger(__name__)
_KEPT = 256
_COUNTERS: dict[type[Exception], str] = {Retained: "retained", Expired: "expired", Forbidden: "forbidden"}
COUNTERS_SAID = {
    "left": "left with the broker for want of room",
    "dropped": "lost for want of room",
    "retained": "old retained ones ignored",
    "empty": "empty messages passed over",
    "own": "own publishes passed over",
    "refused": "messages refused",
    "forbidden": "commands that MQTT may not give",
    "rivals": "words of another gateway with our prefix",
    "returned": "own publishes that came back",
    "unanswerable": "asks that say not where to answer",
    "disconnects": "connections lost",
    "bad_values": "values that are bad",
    "ignored_values": "values ignored",
    "values_beyond": "values too many for a report",
}
"""What the counters of a connection are called where people read them."""
_MOST_WAITING = 2000
"""How much may wait in the outbox before nothing is said of what is refused: it must not grow by what others send us."""


class Answers:
    """Publishes the answers of one connection to those who asked, and what was refused. The last 256 are kept, so that an ask which comes
    twice is answered twice, the same."""

    def __init__(
        self,
        host: Host,
        routes: Routes,
        *,
        dialects: Sequence[Dialect],
        say: Callable[[Saying], None],
        encoder: PublishEncoder,
        outbox: PublishesInHand,
    ) -> None:
        self._host = host
        self._routes = routes
        self._dialects = dialects
        self._say = say
        self._encoder = encoder
        self._outbox = outbox
        self._log = SparingLog(_log)
        self._log_once = SparingLog(_log, at_most=1)
        self._last: OrderedDict[str, bytes] = OrderedDict()

    def give(self, answer: Reply, token: str, delivery: Delivery) -> None:
        """Publish the answer of an actor where its ask wants it. Raises BadId when that cannot be read."""
        topic, correlation = read_token(token)
        body = answer.to_json()
        self._last[answer.of] = body
        if len(self._last) > _KEPT:
            self._last.popitem(last=False)
        self._outbox.waiting.append(self._encoder.item(delivery, topic, body, message_id=delivery.message.id, correlation=correlation))

    def give_again(self, arrival: IncomingPublish) -> None:
        """Publish the answer to an ask again that came again under its id, if that answer is still known. One under way is given once."""
        route = self._routes.find(arrival.topic)
        body = self._last.get(arrival.properties.id or route.ask_id)
        if route.asks and body is not None:
            self._publish_answer(arrival, body)

    def refuse(self, arrival: IncomingPublish, error: Exception) -> None:
        """Count and log a message that is not taken, and say so: as the dialects do, and to whoever asked."""
        kind = _COUNTERS.get(type(error), "refused")
        self._host.count(kind)
        log = self._log_once if kind == "forbidden" else self._log
        log.warn(type(error).__name__, f"{self._host.me} refused a message under {arrival.topic[:200]!r}: {error}")
        if kind == "retained" or len(self._outbox.waiting) > _MOST_WAITING:
            return
        reason = str(error)
        for saying in filter(None, [dialect.refusal(arrival, reason) for dialect in self._dialects]):
            self._say(saying)
        self._publish_answer(arrival, Reply(of=arrival.properties.id, ok=False, reason=reason).to_json())

    def _publish_answer(self, arrival: IncomingPublish, body: bytes) -> None:
        """Publish an answer at once, not kept on disk, where the ask wants it; nowhere, where there was no ask or it does not say."""
        try:
            route = self._routes.find(arrival.topic)
        except (GatewayError, ValueError):
            return  # nobody takes what comes there, so it is no ask
        if not route.asks:
            return
        try:
            topic, correlation = self._routes.answer_at(route, arrival.properties)
            self._outbox.waiting.append(self._encoder.item(OwnPublish(fleeting=False), topic, body, correlation=correlation))
        except (GatewayError, ValueError):
            self._host.count("unanswerable")


def tell_connected(host: Host, who: Iterable[str]) -> None:
    """Tell actors that the broker has taken us, each once; an empty id is nobody's."""
    for to in filter(None, dict.fromkeys(who)):
        try:
            host.send(to, "connected", wait=False)
        except GatewayError as error:  # no room, or no such actor any more: the connection is worth more
            host.count("connections_untold")
            _log.warning("%s: cannot tell %s that it is connected: %s", host.me, to, error)
