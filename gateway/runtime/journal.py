"""The journal: `journal/local`, which answers what was recorded, by whom, since when. It is always there, as `control/local` is.

It reads with a connection of its own, on its own thread, so the engine does not notice.
"""

from collections.abc import Callable

from gateway.actors.hostbound import Delivery, Health, HostBound
from gateway.actors.messages import Start
from gateway.actors.readmodel import EventsPage, ReadEvents
from gateway.actors.settings import Settings
from gateway.actors.verbs import verb
from gateway.runtime.sourced import recorded
from gateway.store.store import EventReader, EventRow

_PAGE_BYTES = 256 * 1024


class Journal(HostBound):
    """The actor `journal/local`: answers with pages of committed events, in the order in which they were committed."""

    def __init__(self, key: str, settings: Settings, open_reader: Callable[[], EventReader]) -> None:
        self.key = key
        self.settings = settings
        self._open_reader = open_reader
        self._reader: EventReader | None = None

    def started(self, start: Start) -> None:
        """Start without looking for anything: the store is open."""
        self.host.report(Health.OK)

    @verb
    def read(self, wanted: ReadEvents, delivery: Delivery) -> None:
        """Answer with a page of events; `more` says whether there are others after it."""
        self._reader = self._reader or self._open_reader()
        limit = wanted.limit + 1
        rows = self._reader.page(actor=wanted.actor, prefix=wanted.prefix, kinds=wanted.kinds, after=wanted.after, limit=limit)
        page = _fitting(rows[: wanted.limit])
        delivery.done(
            EventsPage(
                events=tuple(recorded(row, self.host.time.unpacked(row.at_ms)) for row in page),
                after=wanted.after,
                told=wanted.told,
                upto=page[-1].n if page else wanted.after,
                more=len(page) < len(rows),
            )
        )

    def close(self) -> None:
        """Give the connection back to the store."""
        if self._reader is not None:
            self._reader.close()


def _fitting(rows: list[EventRow]) -> list[EventRow]:
    """As many events as one message should carry, but one at least."""
    size = 0
    fitting: list[EventRow] = []
    for row in rows:
        size += len(row.body)
        if fitting and size > _PAGE_BYTES:
            break
        fitting.append(row)
    return fitting
