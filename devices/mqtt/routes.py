"""Routes: which actor a topic's message goes to, and as what verb.

`<prefix>/tell/<kind>/<key…>/<verb>` and `<prefix>/ask/<kind>/<key…>/<verb>` are the users' way in; an ask may end in one
more level, `/<id>`, and is then answered under `<prefix>/reply/<id>`. All else is as the subscriptions say.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devices.mqtt.filters import filters_of
from devices.mqtt.packets import Properties
from devices.mqtt.payloads import PayloadReader
from devices.mqtt.settings import Names, Subscription
from devices.mqtt.topics import check_topic, filter_pattern
from gateway.actors import BadId, UnknownTarget
from gateway.actors.points import Keys
from gateway.actors.templates import fields_of, filled

_CACHED = 1024
_WHICHEVER = (-1,)


class TopicRoute(NamedTuple):
    """Where the messages of one topic go."""

    to: str
    verb: str
    asks: bool = False
    """Whether an answer is wanted."""
    ask_id: str = ""
    """The id that an ask's topic ends in."""
    takes_retained: bool = False
    reads: PayloadReader | None = None
    """What reads the payload; None: it goes on as it came."""
    name: str = ""
    """The real names of what `to` is called after, where these cannot stand in an id."""
    value: str = ""
    """What the one value of a message is called that has no names in it."""
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
        self._readers = {id(one): PayloadReader(one) for one in subscriptions if one.reads}  # each is held above
        self._keys: dict[tuple[str, str], Keys] = {}
        """By the template and its placeholder: what may be called after what was in one place."""
        self._found: dict[str, TopicRoute] = {}
        self._copies: dict[tuple[str, tuple[int, ...]], Sequence[int]] = {}
        self._of_commands = [f"{self._tell}#", f"{self._ask}#"] if commands else []
        self.filters = filters_of(self._of_commands, subscriptions)
        """What is to be subscribed to."""
        self._by_id = {one.id: self._places_of(one.topic) for one in self.filters}

    def copies(self, topic: str, ids: tuple[int, ...]) -> Sequence[int]:
        """For which subscriptions a message is, by their places; -1 for whichever its topic matches first. `ids` are the identifiers that
        came with it: where there is none that is known, one copy is for all that have the first filter it matches. Kept in a cache."""
        found = self._copies.get((topic, ids))
        if found is None:
            if len(self._copies) >= _CACHED:
                self._copies.clear()
            found = self._copies[topic, ids] = self._work_out_copies(topic, ids)
        return found

    def _work_out_copies(self, topic: str, ids: tuple[int, ...]) -> Sequence[int]:
        apart = self._is_apart(topic)
        first = next((place for place, (pattern, _) in enumerate(self._subscriptions) if pattern.fullmatch(topic)), -1)
        places = [place for id in ids for place in self._by_id.get(id, ()) if place < 0 or self._subscriptions[place][0].fullmatch(topic)]
        if not places and first >= 0 and not apart:
            places = list(self._places_of(self._subscriptions[first][1].topic))
        return tuple(-1 if place == first and not apart else place for place in places) or _WHICHEVER

    def find(self, topic: str, via: int = -1) -> TopicRoute:
        """The route of a topic, by way of the subscription at a place, where it is for one. Raises BadId and UnknownTarget as `find_first`
        does."""
        if via < 0 or self._is_apart(topic, commands=False):
            return self.find_first(topic)
        pattern, subscription = self._subscriptions[via]
        match = pattern.fullmatch(topic)
        if match is None:
            raise UnknownTarget(f"cannot route topic {topic!r}: {subscription.topic!r} does not match it")
        return self._of_subscription(subscription, match)

    def _places_of(self, topic_filter: str) -> tuple[int, ...]:
        if topic_filter in self._of_commands:
            return _WHICHEVER
        return tuple(place for place, (_, one) in enumerate(self._subscriptions) if one.topic == topic_filter)

    def _is_apart(self, topic: str, *, commands: bool = True) -> bool:
        """Whether a topic is the gateway's own, or one of its commands."""
        said = topic in self._ours or topic.startswith(self._replies)
        return said or (commands and self._commands and topic.startswith((self._tell, self._ask)))

    def find_first(self, topic: str) -> TopicRoute:
        """The route of a topic: as a command, or by the first subscription that matches it. Raises BadId where a command's topic does not
        read as one, UnknownTarget where nothing matches."""
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
                return self._of_subscription(subscription, match)
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

    def _of_subscription(self, subscription: Subscription, match: re.Match[str]) -> TopicRoute:
        levels = {str(number): level for number, level in enumerate(match.groups(), 1)}
        keys = {field: self._keys.setdefault((subscription.to, field), Keys()).of(levels[field]) for field in fields_of(subscription.to)}
        names = dict.fromkeys(levels[field] for field, key in keys.items() if key != levels[field])
        return TopicRoute(
            to=filled(subscription.to, keys),
            verb=subscription.sends,
            takes_retained=subscription.retained == "take",
            reads=self._readers.get(id(subscription)),
            name=", ".join(names),
            value=filled(subscription.value, levels),
        )


def _checked(topic: str) -> str:
    """Return a topic at which an answer is wanted. Raises BadId where nobody can publish there."""
    try:
        return check_topic(topic)
    except ValueError as error:
        raise BadId(f"cannot answer to {topic[:200]!r}: {error}") from None
