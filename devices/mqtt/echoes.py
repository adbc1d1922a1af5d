"""Echoes: what this gateway has published itself and the broker brings back, because a subscription matches it.

What a broad filter brings of a connection's own prefix was passed over before it comes here. Of the rest nothing is dropped: a user may
mean it, and another client may say the same there. It is counted; it is told once; and where an actor hears what it has published itself,
again and again, the connection says so for as long as it lasts. What came back is known by its topic and its body, for MQTT 3.1.1 has
nothing else; both are remembered only of topics that something was heard under.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakValueDictionary

from devices.mqtt.dialects.dialect import TopicRoute
from devices.mqtt.packets import IncomingPublish, text
from gateway.actors import Health, Host
from gateway.actors.servers import Server, plain

_log = logging.getLogger(__name__)
_TOPICS, _WATCHED, _BODIES = 4096, 256, 64
"""So many topics that are published under are known, so many of them are watched, and so many last bodies are remembered of each."""
_ROUNDS, _WITHIN_S = 50, 10.0
"""So many of its own publishes an actor hears within so many seconds, where its messages go round."""


class SaidAtBroker:
    """What this process publishes at one broker, by whichever connection. Any thread: each step is one of a dictionary's."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.watched: dict[bytes, dict[int, tuple[str, list[str]]]] = {}
        """By topic, with its length before it as it stands in a packet: who published a body, by the hash of it, and which connections have
        heard it since."""

    def add(self, topic: str) -> None:
        """Note that something is published under a topic."""
        if len(self.topics) >= _TOPICS:
            self.topics.clear()
        self.topics.add(topic)

    def note(self, topic: bytes, body: bytes, by: str) -> None:
        """Remember what the actor `by` publishes under a topic that is watched."""
        bodies = self.watched.get(topic)
        if bodies is None:
            return
        while len(bodies) >= _BODIES:
            bodies.pop(next(iter(list(bodies))), None)
        bodies.pop(hash(body), None)
        bodies[hash(body)] = (by, [])

    def came_back(self, topic: bytes, body: bytes, to: str) -> str:
        """Who has published what the connection `to` has heard; empty where that was nobody of this process, or it was heard before. From
        the first time on that something is heard under a topic of ours, it is watched."""
        bodies = self.watched.get(topic)
        if bodies is None:
            if len(self.watched) >= _WATCHED:
                self.watched.clear()
            self.watched[topic] = {}
            return ""
        by, heard = bodies.get(hash(body), ("", [to]))
        if to in heard:
            return ""
        heard.append(to)
        return by


_lock = threading.Lock()
_brokers: "WeakValueDictionary[Server, SaidAtBroker]" = WeakValueDictionary()
"""Of the process, and no actor's: what one connection publishes comes back by another."""


def said_at(host: str, port: int) -> SaidAtBroker:
    """What this process publishes at a broker."""
    with _lock:
        broker = plain((host, port))
        found = _brokers[broker] = _brokers.get(broker) or SaidAtBroker()
        return found


class Echoes:
    """The echoes that one connection hears, and how it is because of them. On its thread."""

    def __init__(self, host: Host, broker: str, port: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.said = said_at(broker, port)
        self.well = ""
        """How the connection is while its subscriptions stand, in words."""
        self._host = host
        self._clock = clock
        self._rounds: deque[float] = deque(maxlen=_ROUNDS)
        self._fault = ""
        self._last = ""
        self._is_told = False

    def heard(self, arrival: IncomingPublish, route: TopicRoute) -> None:
        """Look whether a message that goes to an actor is one of our own publishes; what the broker has kept is none."""
        if arrival.topic not in self.said.topics or arrival.retained:
            return
        by = self.said.came_back(text(arrival.topic.encode()), arrival.payload, self._host.me)
        if not by:
            return
        self._host.count("returned")
        self._tell_once(arrival.topic, by, route.to)
        if by == route.to:
            self._rounds.append(self._clock())
            self._last = f"what {by} publishes under {arrival.topic[:200]} comes back to it and goes round; narrow the filter in subscribe"

    def look(self) -> None:
        """Say how the connection is where that has changed: messages have begun to go round, or do so no more."""
        if bool(self._fault) is not self._goes_round():
            self.report()

    def report(self) -> None:
        """Say how the connection is, whose subscriptions stand."""
        self._fault = self._last if self._goes_round() else ""
        self._host.report(Health.FAULTY if self._fault else Health.OK, self._fault or self.well)

    def _goes_round(self) -> bool:
        return len(self._rounds) == _ROUNDS and self._clock() - self._rounds[0] <= _WITHIN_S

    def _tell_once(self, topic: str, by: str, to: str) -> None:
        if not self._is_told:
            self._is_told = True
            advice = "where that is not meant, narrow the filter in subscribe"
            _log.warning("%s: what %s publishes under %s comes back, and is told to %s; %s", self._host.me, by, topic[:200], to, advice)
