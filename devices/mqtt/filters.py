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


class Filter(NamedTuple):
    """One topic filter that we subscribe to."""

    topic: str
    qos: int
    id: int
    """Made of the filter's text: what a broker has kept for us under it means the same after the configuration has changed."""


def filters_of(wanted: Iterable[WantedFilter]) -> list[Filter]:
    """Each filter once, with the highest QoS that is asked of it, in the order in which they are wanted."""
    asked: dict[str, int] = {}
    for one in wanted:
        asked[one.topic] = max(one.qos, asked.get(one.topic, 0))
    taken: set[int] = set()
    return [Filter(topic, qos, _free_id(topic, taken)) for topic, qos in asked.items()]


def _free_id(topic: str, taken: set[int]) -> int:
    id = crc32(topic.encode()) % _IDS + 1
    while id in taken:
        id = id % _IDS + 1
    taken.add(id)
    return id
