"""Reads from a PostgreSQL database that outlive a lost connection: a read waits until the database is back.

Who reads has nothing to fall back upon: an engine without the state of an actor cannot run its turn. So it waits as a commit does, and
the store says what it waits for.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from gateway.actors.errors import StoreFailed
from gateway.store.postgres.arrays import Texts
from gateway.store.postgres.connecting import DatabasePlace, is_lost
from gateway.store.store import EventRow

log = logging.getLogger(__name__)

EVENT_COLUMNS = "n, actor, at_ms, kind, version, body"
HIGHEST = chr(0x10FFFF)
"""Behind a prefix, this is greater than all that begins with the prefix."""
_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 2.0
_EVENTS_WAIT_S = 5.0
"""So long a reader of events waits for its database: its thread must not seem to hang."""


class WaitingReader:
    """One connection that reads, on one thread."""

    def __init__(self, place: DatabasePlace, closing: threading.Event, *, wait_s: float = float("inf")) -> None:
        """`closing` ends a wait, and so does its length `wait_s`: StoreFailed is raised then."""
        self._place = place
        self._closing = closing
        self._wait_s = wait_s
        self._connection: psycopg.Connection[Any] | None = None
        self.fault = ""
        """What a read waits for at the moment; empty while none does."""

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Read all rows of a query."""
        give_up_s, delay_s = time.monotonic() + self._wait_s, _FIRST_RETRY_S
        while True:
            try:
                found = self._once(query, values)
            except StoreFailed as error:
                if self._connection is not None:
                    raise  # the connection holds: it is the query that the database does not take
                self._note(str(error))
                if time.monotonic() > give_up_s or self._closing.wait(delay_s):
                    raise
                delay_s = min(_LAST_RETRY_S, delay_s * 2)
            else:
                self._note("")
                return found

    def _once(self, query: str, values: Sequence[Any]) -> list[Any]:
        connection = self._connection or self._place.connect()
        self._connection = connection
        try:
            return connection.execute(query.encode(), values, prepare=True, binary=True).fetchall()
        except psycopg.Error as error:
            if is_lost(connection, error):
                self.close()
            raise self._place.named("read", error) from error

    def _note(self, fault: str) -> None:
        if fault and not self.fault:
            log.error("%s; trying again, and what reads waits", fault)
        elif self.fault and not fault:
            log.warning("the store is read again; it had failed with: %s", self.fault)
        self.fault = fault

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresEvents:
    """A reader of committed events in a PostgreSQL database, on the thread that uses it."""

    def __init__(self, place: DatabasePlace, closing: threading.Event) -> None:
        """`closing`: set when the store closes."""
        self._reader = WaitingReader(place, closing, wait_s=_EVENTS_WAIT_S)

    def page(self, *, actor: str = "", prefix: str = "", kinds: Sequence[str] = (), after: int = 0, limit: int = 100) -> list[EventRow]:
        """Read a page of events, as `EventReader.page`."""
        conditions: list[tuple[str, list[Any]]] = [("n > %b", [after])]
        if actor:
            conditions.append(("actor = %b", [actor]))
        if prefix:
            conditions.append(("actor >= %b AND actor < %b", [prefix, prefix + HIGHEST]))
        if kinds:
            conditions.append(("kind = ANY (%b)", [Texts(kinds)]))
        where = " AND ".join(text for text, _ in conditions)
        values = [value for _, some in conditions for value in some]
        rows = self._reader.rows(f"SELECT {EVENT_COLUMNS} FROM event WHERE {where} ORDER BY n LIMIT %b", (*values, limit))
        return [EventRow(*row) for row in rows]

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
