"""Routes: which actor a topic's message goes to, and as what verb.

`<prefix>/tell/<kind>/<key…>/<verb>` and `<prefix>/ask/<kind>/<key…>/<verb>` are the users' way in; an ask may end in one
more level, `/<id>`, and is then answered under `<prefix>/reply/<id>`. All else is as the subscriptions say.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devices.mqtt.packets import Properties
from devices.mqtt.settings import Names, Subscription
from devices.mqtt.topics import check_topic, filter_pattern
from gateway.actors import BadId, UnknownTarget
from gateway.actors.templates import filled

_CACHED = 1024


class TopicRoute(NamedTuple):
    """Where the messages of one topic go."""

    to: str
    verb: str
    asks: bool = False
    """Whether an answer is wanted."""
    ask_id: str = ""
    """The id that an ask's topic ends in."""
    takes_retained: bool = False
    ours: bool = False
    """True for what we publish ourselves: it is never taken in, or a refusal could answer itself for ever."""


class Routes:
    """The routes of one connection. Routes that were found are kept in a cache, at most 1024 of them."""

    def __init__(self, names: Names, subscriptions: Sequence[Subscription], *, commands: bool, says: Callable[[str], bool]) -> None:
        """Make the routes of one connection. `says` tells whether it publishes under a topic what is no answer."""
        self._says = says
        self._prefix = names.prefix
        self._tell = f"{names.prefix}/tell/"
        self._ask = f"{names.prefix}/ask/"
        self._ours = (names.refused, names.status)
        self._replies = names.replies
        self._common = names.common
        self._commands = commands
        self._subscriptions = [(filter_pattern(one.topic), one) for one in subscriptions]
        self._found: dict[str, TopicRoute] = {}

    @property
    def filters(self) -> list[str]:
        """The topic filters of the commands."""
        return [f"{self._tell}#", f"{self._ask}#"] if self._commands else []

    def find(self, topic: str) -> TopicRoute:
        """The route of a topic. Raises BadId where a command's topic does not read as one, UnknownTarget where nothing matches."""
        route = self._found.get(topic)
        if route is None:
            if len(self._found) >= _CACHED:
                self._found.clear()
            route = self._found[topic] = self._work_out(topic)
        return route

    def answer_at(self, route: TopicRoute, properties: Properties) -> tuple[str, bytes]:
        """The (topic, correlation data) at which an ask wants its answer. Raises BadId where it does not say, or where no answer may go."""
        if not properties.response_topic:
            if not route.ask_id:
                raise BadId("cannot answer: the ask has no response topic; set one (MQTT 5), or end its topic in /<id>")
            return _checked(self._replies + route.ask_id), b""
        topic = properties.response_topic
        if topic.startswith("$"):
            raise BadId(f"cannot answer to {topic!r}: a response topic is no system topic; use another")
        _checked(topic)
        if self._is_ours(topic):
            raise BadId(f"cannot answer to {topic!r}: a gateway says or hears something else there; use one under {self._replies}")
        return topic, properties.correlation

    def _is_ours(self, topic: str) -> bool:
        """Whether others would take an answer there for something that the gateway says, or the gateway itself for what others say."""
        if topic.startswith(self._replies):
            return False
        ours = topic in self._ours or topic == self._prefix or topic.startswith((f"{self._prefix}/", self._common))
        return ours or self._says(topic) or any(pattern.fullmatch(topic) for pattern, _ in self._subscriptions)

    def _work_out(self, topic: str) -> TopicRoute:
        if topic in self._ours or topic.startswith(self._replies):
            return TopicRoute("", "", ours=True)
        if self._commands and topic.startswith(self._tell):
            return self._of_tell(topic)
        if self._commands and topic.startswith(self._ask):
            return self._of_ask(topic)
        for pattern, subscription in self._subscriptions:
            if match := pattern.fullmatch(topic):
                return _of_subscription(subscription, match)
        raise UnknownTarget(f"cannot route topic {topic!r}: no subscription matches it; take its filter out of the broker's session")

    def _of_tell(self, topic: str) -> TopicRoute:
        levels = topic[len(self._tell) :].split("/")
        if len(levels) < 3 or len(levels) % 2 == 0:
            raise BadId(f"cannot read topic {topic!r}: it must read {self._tell}<kind>/<key>/<verb>")
        return TopicRoute("/".join(levels[:-1]), levels[-1])

    def _of_ask(self, topic: str) -> TopicRoute:
        levels = topic[len(self._ask) :].split("/")
        if len(levels) < 3:
            raise BadId(f"cannot read topic {topic!r}: it must read {self._ask}<kind>/<key>/<verb> or {self._ask}<kind>/<key>/<verb>/<id>")
        ask_id = levels.pop() if len(levels) % 2 == 0 else ""
        return TopicRoute("/".join(levels[:-1]), levels[-1], asks=True, ask_id=ask_id)


def _checked(topic: str) -> str:
    """Return a topic at which an answer is wanted. Raises BadId where nobody can publish there."""
    try:
        return check_topic(topic)
    except ValueError as error:
        raise BadId(f"cannot answer to {topic[:200]!r}: {error}") from None


def _of_subscription(subscription: Subscription, match: re.Match[str]) -> TopicRoute:
    to = filled(subscription.to, {str(number): level for number, level in enumerate(match.groups(), 1)})
    return TopicRoute(to, subscription.verb, takes_retained=subscription.retained == "take")
