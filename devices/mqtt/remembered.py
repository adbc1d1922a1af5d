"""What a connection keeps on disk: what it has subscribed to, and which actors have asked to hear something.

A broker keeps our session's subscriptions, and never says which there are. A filter is written down before we subscribe to it, and struck
out when the broker has confirmed that it is over: whenever the process dies, none is forgotten.
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

    def text(self) -> str:
        """The text that is kept for it."""
        filters = sorted(self.filters)
        if not self.asked:
            return json.dumps(filters)
        return json.dumps({"filters": filters, "asked": {id: one.model_dump(mode="json") for id, one in self.asked.items()}})


def kept_in(text: str) -> RememberedText:
    """Read what is kept."""
    found = json.loads(text) if text else []
    if isinstance(found, list):
        return RememberedText(frozenset(map(str, found)))
    return RememberedText(frozenset(found["filters"]), {id: Listen.model_validate(one) for id, one in found["asked"].items()})


class RememberedFilters:
    """The filters that our session at the broker may hold. On the connection actor's thread."""

    def __init__(self, host: Host, wanted: Iterable[Filter]) -> None:
        """Write down those of `wanted` that are new; `is_written` says when that is on disk."""
        self._host = host
        self._wanted = frozenset(one.topic for one in wanted)
        before = kept_in(host.remembered).filters
        self._known = before | self._wanted
        self.is_written = self._known == before
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

    def _write(self) -> None:
        self._host.remember(kept_in(self._host.remembered)._replace(filters=self._known).text(), then=self._written)

    def _written(self) -> None:
        self.is_written = True
        self._host.wake()
