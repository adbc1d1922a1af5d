"""Connections to a PostgreSQL database, and its errors by our names.

A server that is gone is noticed within seconds: else a commit would hang for as long as TCP tries, which is a quarter of an hour.

Source: PostgreSQL, libpq, "Parameter Key Words" and appendix A, "PostgreSQL Error Codes".
"""

import re
import time
from collections.abc import Callable, Generator
from copy import copy
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreTaken
from gateway.store.postgres.arrays import register
from gateway.store.postgres.commit import BEHIND, FENCED

_HASTE: dict[str, Any] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 6000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "gateway",
}
"""What a URL may say otherwise: seconds, and milliseconds of tcp_user_timeout."""
_SESSION = """
    SET client_encoding = UTF8; SET jit = off; SET enable_seqscan = off;
    SET default_transaction_isolation = 'read committed'
"""
"""Plans are made once and used for long: one that was made while a table was small must not read all of it when it is large."""
_LOST = ("08", "57")
"""Classes of errors that say that the server or the way to it is gone."""
_READ_ONLY = "25006"
"""The server is a standby."""
_AWAY = "see that it runs and can be reached"
_NOT_LET_IN = "mend {0}.url or {0}.password_file, or what the server lets in (createuser, createdb, pg_hba.conf)"
_ADVICE = {
    "42501": "give that user its own database: createdb --owner=USER NAME",
    "53100": "make room on the disk of the database",
    "08": _AWAY,
    "57": _AWAY,
    "XX": "the database is damaged: restore it from its own backups",
}
_TAKEN = {"store": "stop one of them, or give it another store.url", "link": "this host begins anew, with other groups"}
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


class DatabasePlace:
    """Where a database is, and how to connect to it. Any thread."""

    def __init__(
        self, url: str, password_file: Path | None = None, *, schema: str = "gateway", section: str = "store", answer_s: float = 0.0
    ) -> None:
        """`password_file` holds the password and nothing else; it is read at each connection. `schema`: where the tables are; `section`: of
        the configuration, for errors; `answer_s`: after so long without an answer it is looked whether the server is still at it; 0: it is
        waited for."""
        self.schema = schema
        """The name of the schema in which the tables are."""
        self.session = f"SET search_path = {schema}, pg_temp;"
        """What each connection is told first."""
        self._section = section
        self._answer_s, self._asks_back = answer_s, True
        self._url = url
        self._password_file = password_file
        self.shown = _PASSWORD.sub(r"\1:***@", url)
        """The URL, without a password."""

    def seen_through(self, views: str) -> Self:
        """The same place, at which each connection is told these statements first: they make what it sees of the tables."""
        other = copy(self)
        other.session = f"{self.session}{views};"
        return other

    def connect(self, *, session: str = "") -> psycopg.Connection[Any]:
        """Connect. `session`: what to set beside. Raises StoreFailed."""
        try:
            given = {**_HASTE, **conninfo_to_dict(self._url)}
            if self._password_file is not None:
                given["password"] = self._password_file.read_text().rstrip("\r\n")
            connection = (Punctual if self._answer_s else psycopg.Connection).connect(**given, autocommit=True)
        except (psycopg.Error, UnicodeError) as error:
            raise self.named("open", error) from error
        except OSError as error:
            fact = f"{error.filename}: {error.strerror}"
            raise StoreFailed(f"cannot open {self.shown}: {fact}; mend {self._section}.password_file") from error
        if isinstance(connection, Punctual):
            connection.answer_s, connection.is_at_it = self._answer_s, self._is_at_it if self._asks_back else _never
        register(connection.adapters)
        try:
            connection.execute((self.session + _SESSION + session).encode(), prepare=False)
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise self.named("open", error) from error
            raise
        return connection

    def _is_at_it(self, process: int) -> bool:
        """Whether the server still works for a connection of ours. Asked by another connection, which waits for no third one."""
        asking = copy(self)
        asking._asks_back = False
        try:
            with asking.connect() as connection:
                query = b"SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
                row = connection.execute(query, (process,)).fetchone()
        except (StoreFailed, psycopg.Error):
            return False
        return bool(row and row[0])

    def named(self, verb: str, error: Exception) -> StoreFailed:
        """Our error for one of psycopg's."""
        state = (error.sqlstate if isinstance(error, psycopg.Error) else None) or ""
        fact = (error.diag.message_primary if isinstance(error, psycopg.Error) else None) or _first_line(error)
        text = f"cannot {verb} {self.shown}: {fact}"
        if state == FENCED:
            return StoreTaken(f"{text}; {_TAKEN[self._section]}")
        if state == BEHIND:
            return StoreCorrupt(f"{text}, those made last; the next start goes on from what is there")
        if not state and "FATAL: " in str(error) and not fact.startswith("the database system is "):
            return StoreFailed(f"{text}; {_NOT_LET_IN.format(self._section)}")  # it has answered; while it connects nobody says the code
        known = next((advice for begin, advice in _ADVICE.items() if state.startswith(begin)), "")
        return StoreFailed(f"{text}; {known or _AWAY}" if known or not state else f"{text} (SQLSTATE {state})")


class Punctual(psycopg.Connection[Any]):
    """A connection that gives up where no answer comes in time: what lies between may swallow bytes and say that they came, so that TCP
    sees nothing amiss.

    A server that is still at it is waited for: a commit that waits for a standby holds its rows, and another try would wait behind it.
    """

    answer_s = 10.0
    is_at_it: Callable[[int], bool]
    """Whether the server still works for the process of this number, or cannot be asked."""

    def wait(self, gen: Any, *rest: Any, **options: Any) -> Any:
        return super().wait(self._until_late(gen), *rest, **options)

    def _until_late(self, steps: Any) -> Generator[Any, Any, Any]:
        """The steps of a query. They end where nothing is there to read or write for too long, and so does the connection."""
        late_s = time.monotonic() + self.answer_s
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= late_s:
                    if not self.is_at_it(self.info.backend_pid):
                        steps.close()
                        self.pgconn.finish()
                        raise psycopg.OperationalError(f"no answer within {self.answer_s:g} s")
                    late_s = time.monotonic() + self.answer_s
                wanted = steps.send(ready)
        except StopIteration as ended:
            return ended.value


def _never(process: int) -> bool:
    del process
    return False


def _first_line(error: Exception) -> str:
    """What an error says; of one that the server said while it was connected to, that alone."""
    text = str(error).split("\n")[0]
    return text.rpartition("FATAL: ")[2].strip() or text


def is_lost(connection: psycopg.Connection[Any], error: psycopg.Error) -> bool:
    """Whether a connection is of no more use after an error, and another may be."""
    state = error.sqlstate or ""
    return connection.closed or state.startswith(_LOST) or state == _READ_ONLY
