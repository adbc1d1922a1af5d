"""What a connection keeps on disk: what it has subscribed to, and which actors have asked to hear something.

A broker keeps our session's subscriptions, and never says which there are. A filter is written down before we subscribe to it, and struck
out when the broker has confirmed that it is over: whenever the process dies, none is forgotten. With what options one was subscribed to is
written down when the broker has taken it: of one that it holds already mosquitto changes the QoS, and leaves the options as they were.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from devices.mqtt.filters import Filter
from gateway.actors import Host
from gateway.actors.vocabulary import Listen


class RememberedText(NamedTuple):
    """What is kept."""

    filters: frozenset[str] = frozenset()
    """Those that our session at the broker may hold."""
    asked: Mapping[str, Listen] = {}
    """By the ids of the actors that have asked: what they want to hear."""
    options: Mapping[str, int] = {}
    """By filter: the options with which the broker has taken it, where it has any."""

    def text(self) -> str:
        """The text that is kept for it."""
        filters = sorted(self.filters)
        if not self.asked and not self.options:
            return json.dumps(filters)
        options = {"options": self.options} if self.options else {}
        return json.dumps({"filters": filters, "asked": {id: one.model_dump(mode="json") for id, one in self.asked.items()}, **options})


def kept_in(text: str) -> RememberedText:
    """Read what is kept."""
    found = json.loads(text) if text else []
    if isinstance(found, list):
        return RememberedText(frozenset(map(str, found)))
    asked = {id: Listen.model_validate(one) for id, one in found["asked"].items()}
    return RememberedText(frozenset(found["filters"]), asked, found.get("options", {}))


class RememberedFilters:
    """The filters that our session at the broker may hold. On the connection actor's thread."""

    def __init__(self, host: Host, wanted: Iterable[Filter]) -> None:
        """Write down those of `wanted` that are new; `is_written` says when that is on disk."""
        self._host = host
        self._wanted = frozenset(one.topic for one in wanted)
        kept = kept_in(host.remembered)
        self._options = kept.options
        self._known = kept.filters | self._wanted
        self.is_written = self._known == kept.filters
        if not self.is_written:
            self._write()

    @property
    def stale(self) -> Sequence[str]:
        """The filters that the session may hold, and that nobody wants any more."""
        return sorted(self._known - self._wanted)

    def strike_out(self) -> None:
        """Forget the stale ones: the broker has none of them now."""
        if self.stale:
            self._known = self._wanted
            self._write()

    def stands_otherwise(self, one: Filter) -> bool:
        """Whether the session may hold a filter with other options than it has now: subscribing to it again need not change them."""
        return self._options.get(one.topic, 0) != one.options

    def confirmed(self, taken: Iterable[Filter]) -> None:
        """Note that the broker has taken filters as they are."""
        if any(map(self.stands_otherwise, taken := list(taken))):
            self._options = {**self._options, **{one.topic: one.options for one in taken}}
            self._write()

    def _write(self) -> None:
        self._options = {topic: options for topic, options in self._options.items() if options and topic in self._known}
        kept = kept_in(self._host.remembered)
        self._host.remember(kept._replace(filters=self._known, options=self._options).text(), then=self._written)

    def _written(self) -> None:
        self.is_written = True
        self._host.wake()
