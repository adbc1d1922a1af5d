"""Filters: what we subscribe to, each filter once, under an identifier by which the broker says why a message came (MQTT 5).

A broker may send a message that several filters match once for each of them, or once for all: the identifiers tell the copies apart.
Source: OASIS MQTT Version 5.0, sections 3.3.4 and 3.8.4.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol
from zlib import crc32

_IDS = 268_435_455


class WantedFilter(Protocol):
    """Something that needs a filter."""

    @property
    def topic(self) -> str:
        """The filter."""

    @property
    def qos(self) -> int:
        """The quality of service that is asked of it."""

    @property
    def fresh(self) -> bool:
        """Whether neither what we publish ourselves is wanted, nor what the broker has kept (MQTT 5)."""

    @property
    def tells_kept(self) -> bool:
        """Whether the broker is to say of each message whether it keeps it, of one that was just published too (MQTT 5)."""


class Filter(NamedTuple):
    """One topic filter that we subscribe to."""

    topic: str
    qos: int
    id: int
    """Made of the filter's text: what a broker has kept for us under it means the same after the configuration has changed."""
    fresh: bool = False
    """Whether neither what we publish ourselves is wanted, nor what the broker has kept (MQTT 5)."""
    tells_kept: bool = False
    """Whether the broker is to say of each message whether it keeps it, of one that was just published too (MQTT 5)."""

    @property
    def options(self) -> int:
        """What is asked of its subscription besides the QoS, as a number; 0: nothing."""
        return self.fresh | self.tells_kept << 1


def filters_of(wanted: Iterable[WantedFilter]) -> list[Filter]:
    """Each filter once, with the highest QoS that is asked of it, in the order in which they are wanted."""
    asked: dict[str, tuple[int, bool, bool]] = {}
    for one in wanted:
        qos, fresh, tells_kept = asked.get(one.topic, (0, True, True))
        asked[one.topic] = max(one.qos, qos), one.fresh and fresh, one.tells_kept and tells_kept
    taken: set[int] = set()
    return [Filter(topic, qos, _free_id(topic, taken), *options) for topic, (qos, *options) in asked.items()]


def _free_id(topic: str, taken: set[int]) -> int:
    id = crc32(topic.encode()) % _IDS + 1
    while id in taken:
        id = id % _IDS + 1
    taken.add(id)
    return id
