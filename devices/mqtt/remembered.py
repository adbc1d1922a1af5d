"""What we have subscribed to, kept on disk: a broker keeps our session's subscriptions, and never says which there are.

A filter is written down before we subscribe to it, and struck out when the broker has confirmed that it is over: whenever the process
dies, none is forgotten.
"""

import json
from collections.abc import Iterable, Sequence

from devices.mqtt.filters import Filter
from gateway.actors import Host


class RememberedFilters:
    """The filters that our session at the broker may hold. On the connection actor's thread."""

    def __init__(self, host: Host, wanted: Iterable[Filter]) -> None:
        """Write down those of `wanted` that are new; `is_written` says when that is on disk."""
        self._host = host
        self._wanted = {one.topic for one in wanted}
        self._known = set(_read(host.remembered)) | self._wanted
        self.is_written = False
        if self._known == set(_read(host.remembered)):
            self.is_written = True
        else:
            self._write(self._known)

    @property
    def stale(self) -> Sequence[str]:
        """The filters that the session may hold, and that nobody wants any more."""
        return sorted(self._known - self._wanted)

    def strike_out(self) -> None:
        """Forget the stale ones: the broker has none of them now."""
        if self.stale:
            self._known = set(self._wanted)
            self._write(self._known)

    def _write(self, topics: set[str]) -> None:
        self._host.remember(json.dumps(sorted(topics)), then=self._written)

    def _written(self) -> None:
        self.is_written = True
        self._host.wake()


def _read(text: str) -> list[str]:
    return [str(topic) for topic in json.loads(text)] if text else []
