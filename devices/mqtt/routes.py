"""Routes: which actor a topic's message goes to, and as what verb, by what the dialects of a connection want."""

import re
from collections.abc import Callable, Sequence

from devices.mqtt.dialects.dialect import Dialect, Interest, TopicRoute, TopicUse
from devices.mqtt.filters import filters_of
from devices.mqtt.packets import Properties
from devices.mqtt.topics import check_topic, filter_pattern
from gateway.actors import BadId, UnknownTarget

_CACHED = 1024
_LONG = 1024
"""Topics of more characters are in no cache: there may be 64 kB of each, and as many as a stranger likes."""
_WHICHEVER = (-1,)


class Routes:
    """The routes of one connection. Routes that were found are kept in a cache, at most 1024 of them, and none of a long topic."""

    def __init__(self, dialects: Sequence[Dialect], *, says: Callable[[str], bool]) -> None:
        """Make the routes of one connection. `says` tells whether it publishes under a topic what is no answer."""
        self._says = says
        self._dialects = dialects
        self.work_out()

    def work_out(self) -> None:
        """Work out the routes by what the dialects want now."""
        self._interests = [(filter_pattern(one.topic), one) for dialect in self._dialects for one in dialect.interests()]
        self._found: dict[str, TopicRoute] = {}
        self._copies: dict[tuple[str, tuple[int, ...]], Sequence[int]] = {}
        self.filters = filters_of(one for _, one in self._interests)
        """What is to be subscribed to."""
        self._by_id = {one.id: self._places_of(one.topic) for one in self.filters}

    def copies(self, topic: str, ids: tuple[int, ...]) -> Sequence[int]:
        """For which interests a message is, by their places; -1 for the first that its topic matches. `ids` are the identifiers that came
        with it: where there is none that is known, one copy is for all that have the filter of that first. Kept in a cache."""
        found = self._copies.get((topic, ids))
        if found is None and len(topic) > _LONG:
            return self._work_out_copies(topic, ids)
        if found is None:
            if len(self._copies) >= _CACHED:
                self._copies.clear()
            found = self._copies[topic, ids] = self._work_out_copies(topic, ids)
        return found

    def _work_out_copies(self, topic: str, ids: tuple[int, ...]) -> Sequence[int]:
        first = next((place for place, (pattern, _) in enumerate(self._interests) if pattern.fullmatch(topic)), -1)
        places = [place for id in ids for place in self._by_id.get(id, ()) if self._interests[place][0].fullmatch(topic)]
        if not places and first >= 0:
            places = list(self._places_of(self._interests[first][1].topic))
        return tuple(-1 if place == first else place for place in places) or _WHICHEVER

    def find(self, topic: str, via: int = -1) -> TopicRoute:
        """The route of a topic, by way of the interest at a place; -1: by the first that it matches. Raises BadId where it does not read as
        what is wanted, UnknownTarget where nobody wants it."""
        if via >= 0:
            return self._route_of(topic, self._interests[via : via + 1])
        route = self._found.get(topic)
        if route is None:
            route = self._route_of(topic, self._interests)
            if len(self._found) >= _CACHED:
                self._found.clear()
            if route.lasting and len(topic) <= _LONG:
                self._found[topic] = route
        return route

    def answer_at(self, route: TopicRoute, properties: Properties) -> tuple[str, bytes]:
        """The (topic, correlation data) at which an ask wants its answer. Raises BadId where it does not say, or where no answer may go."""
        if not properties.response_topic:
            if not route.answer_topic:
                raise BadId("cannot answer: the ask has no response topic; set one (MQTT 5), or end its topic in /<id>")
            return _checked(route.answer_topic), b""
        topic = properties.response_topic
        if topic.startswith("$"):
            raise BadId(f"cannot answer to {topic!r}: a response topic is no system topic; use another")
        _checked(topic)
        if self._is_taken(topic):
            below = next((f"one under {one.replies}" for one in self._dialects if one.replies), "another")
            raise BadId(f"cannot answer to {topic!r}: a gateway says or hears something else there; use {below}")
        return topic, properties.correlation

    def _is_taken(self, topic: str) -> bool:
        """Whether others would take an answer there for something that the gateway says, or the gateway itself for what others say."""
        uses = self._uses_of(topic)
        if TopicUse.ANSWERS in uses:
            return False
        return uses != {TopicUse.FREE} or self._says(topic) or any(pattern.fullmatch(topic) for pattern, _ in self._interests)

    def _uses_of(self, topic: str) -> set[TopicUse]:
        return {dialect.use_of(topic) for dialect in self._dialects}

    def _places_of(self, topic_filter: str) -> tuple[int, ...]:
        return tuple(place for place, (_, one) in enumerate(self._interests) if one.topic == topic_filter)

    def _route_of(self, topic: str, interests: Sequence[tuple[re.Pattern[str], Interest]]) -> TopicRoute:
        if said := [one.said_there for one in self._dialects if one.use_of(topic) in (TopicUse.SAID, TopicUse.ANSWERS)]:
            return TopicRoute("", "", here=said[0])
        for pattern, interest in interests:
            if match := pattern.fullmatch(topic):
                if interest.own is None or TopicUse.KEPT not in self._uses_of(topic):
                    return interest.route(topic, match.groups())
                route = TopicRoute("", "", here=interest.own) if self._says(topic) else interest.route(topic, match.groups())
                return route._replace(lasting=False)
        raise UnknownTarget(f"cannot route topic {topic!r}: no subscription matches it; take its filter out of the broker's session")


def _checked(topic: str) -> str:
    """Return a topic at which an answer is wanted. Raises BadId where nobody can publish there."""
    try:
        return check_topic(topic)
    except ValueError as error:
        raise BadId(f"cannot answer to {topic[:200]!r}: {error}") from None
