"""Messages that other hosts have sent, as a host reads them; and, of one of those that serve, its lease on the same connection. One thread.

A message is read as soon as it is there, and once. Deleted rows stay in the table as long as somebody's old snapshot could see them, and a
poll must not go through them each time, nor through what was read and is not deleted yet: so it begins where the one before ended, which
saw a snapshot. What that one did not see is of transactions that came later, or of those that had not ended then, which are few: a
snapshot lists them. Those of one sender are read in the order in which it sent them: its transactions follow one another. A new connection
reads from the beginning: the database may have forgotten, in a crash, the numbers of transactions that wrote nothing, and give them again.

Not by NOTIFY: it has the commits of all hosts wait for each other. Source: PostgreSQL, src/backend/commands/async.c.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg

from gateway.actors.errors import StoreFailed
from gateway.store.postgres.arrays import Longs, Texts
from gateway.store.postgres.connecting import DatabasePlace

T = TypeVar("T")
AT_ONCE = 1000
AT_ONCE_BYTES = 4 * 1024 * 1024
"""So many messages are read at once, and no more behind the one with which they have so many bytes."""
_UNDER_WAY = AT_ONCE
"""With more read that are not mail on disk yet, no more are read: there are some to run while others are being committed."""

_POLL = """
    SELECT seen.snapshot::text, post.n, post.x::text::bigint, post.message
    FROM (SELECT coalesce(nullif(%b::text, '')::pg_snapshot, pg_current_snapshot()) AS snapshot) seen LEFT JOIN LATERAL (
        SELECT n, x, message FROM (SELECT *, sum(length(message)) OVER (ORDER BY x, n) - length(message) AS before FROM (
            (SELECT n, x, message FROM post WHERE {whose} AND x = ANY (%b::text[]::xid8[]) AND (x, n) > (%b::text::xid8, %b)
                AND pg_visible_in_snapshot(x, seen.snapshot) ORDER BY x, n LIMIT %b)
            UNION ALL
            (SELECT n, x, message FROM post WHERE {whose} AND (x, n) > (%b::text::xid8, %b)
                AND pg_visible_in_snapshot(x, seen.snapshot) ORDER BY x, n LIMIT %b)
        ) found ORDER BY x, n LIMIT %b) sized WHERE before < %b ORDER BY x, n
    ) post ON true
"""
OF_MEMBER = "to_host IS NULL AND (to_grp = ANY (%b) OR to_member = %b)"
"""Which rows are for a life: its groups, and its number."""
OF_HOST = "to_host = %b"
"""Which rows are for a host that is no member."""


class Cursor(NamedTuple):
    """How far somebody has read."""

    ended: str = "1:1:"
    """The snapshot all of which was read, as PostgreSQL writes one: xmin:xmax:those between that had not ended."""
    now: str = ""
    """The snapshot that is being read, where one page was not enough for it."""
    x: int = 0
    """Of that, all was read up to this transaction"""
    n: int = 0
    """and this message of it."""

    @property
    def ended_x(self) -> int:
        """All that older transactions than this one have written was read."""
        return int(self.ended.partition(":")[0])

    def poll(self, whose: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The query, and its values, of the rows that were not read yet, and are whose a condition says: each with the snapshot that it is
        of; one row without a message where there are none."""
        _, next_x, late = self.ended.split(":")
        at = (self.x, self.n)
        behind = max(at, (int(next_x), 0))
        return _POLL.format(whose=whose), (
            *(self.now, *values, Texts(late.split(",") if late else []), str(self.x), self.n, AT_ONCE),
            *(*values, str(behind[0]), behind[1], AT_ONCE),
            AT_ONCE,
            AT_ONCE_BYTES,
        )

    def after(self, snapshot: str, last: tuple[int, int] | None) -> "Cursor":
        """The cursor behind a page of a snapshot. `last`: the transaction and the message with which a full page ended."""
        return Cursor(snapshot) if last is None else Cursor(self.ended, snapshot, *last)


class PostedMessage(NamedTuple):
    """A message that another host has sent to an actor of ours, or in answer to somebody who asked here."""

    n: int
    message: bytes


class LeaseStanding(NamedTuple):
    """How one life of a host stands."""

    held: bool
    """Whether its lease was renewed; else others have fenced it."""
    moves: bool
    """Whether it should end and join anew: it has more groups than its share, or fewer while some belong to nobody."""


class FullReceiver(NamedTuple):
    """A host, or a group, for which nearly as much is on its way as may be, or more."""

    id: str
    """`host/NAME`, or `group N`."""
    many: int
    bytes: int
    gone: int
    """How many messages of telemetry have just given way."""
    lets_go_on: bool
    """Whether we must not wait for it: its host waits for us."""


class PostReader:
    """Reads what is sent to one host. All on one thread, but `taken`, which may be told on any."""

    def __init__(self, place: DatabasePlace, whose: str, *values: Any) -> None:
        """`whose`: the condition of a row that is for it, and the condition's values."""
        self._place = place
        self._whose, self._values = whose, values
        self.cursor = Cursor()
        """How far it has read, on the connection that it has."""
        self._reading: dict[int, int] = {}
        """Which were read, and are not deleted yet: by their numbers, the transactions that wrote them."""
        self._deleted: list[list[int]] = []
        self.has_more = False
        """Whether there is more than was read last. Any thread."""
        self._connection: psycopg.Connection[Any] | None = None
        self.who = ""
        """Who reads, as `bound_step.py` has it."""

    def stand(self, waits: Sequence[str], most: int, most_bytes: int) -> list[FullReceiver]:
        """Find out for whom too much is on its way, or nearly: more than `most` messages or `most_bytes`. `waits`: the receivers for which
        we wait, where we do not read for that reason. Raises StoreFailed."""
        rows = self._rows("SELECT * FROM stand(%b, %b, %b, %b)", (self.who, Texts(waits), most, most_bytes))
        return [FullReceiver(*row) for row in rows]

    def read(self) -> list[PostedMessage]:
        """Read what has come since the last time. Tell `taken` of each when the commit with it is on disk. Raises StoreFailed."""
        while self._deleted:
            for n in self._deleted.pop():
                self._reading.pop(n, None)
        if len(self._reading) > _UNDER_WAY:
            return []
        found = self._rows(*self._connected().poll(self._whose, self._values))
        rows = [(n, x, message) for _, n, x, message in found if n is not None]
        self.has_more = len(rows) == AT_ONCE or sum(len(message) for _, _, message in rows) >= AT_ONCE_BYTES
        self.cursor = self.cursor.after(found[0][0], (rows[-1][1], rows[-1][0]) if self.has_more else None)
        new = [(n, x, message) for n, x, message in rows if n not in self._reading]
        self._reading.update((n, x) for n, x, _ in new)
        return [PostedMessage(n, message) for n, _, message in new]

    @property
    def done_x(self) -> int:
        """All that older transactions than this one have written was read, and is deleted. Any thread."""
        return min([self.cursor.ended_x, *self._reading.values()])

    def taken(self, numbers: list[int]) -> None:
        """Note that these are deleted, by a commit that is on disk."""
        self._deleted.append(numbers)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        return self._run(lambda connection: connection.execute(query.encode(), values, prepare=True, binary=True).fetchall())

    def _run(self, ask: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Ask something of the database. Raises StoreFailed, and lets go of a connection that failed."""
        self._connected()
        assert self._connection is not None
        try:
            return ask(self._connection)
        except psycopg.Error as error:
            self.close()
            failed: StoreFailed = self._place.named("read", error)
            raise failed from error

    def _connected(self) -> Cursor:
        """See that there is a connection; how far was read on it."""
        if self._connection is None:
            self._connection = self._place.connect()
            self.cursor = Cursor()
        return self.cursor


class MemberPost(PostReader):
    """What other hosts send to one life of a host that serves, and its lease."""

    def __init__(self, place: DatabasePlace, member: int, groups: frozenset[int]) -> None:
        super().__init__(place, OF_MEMBER, Longs(sorted(groups)), member)
        self._member = member
        self.who = f"member {member}"

    def renew(self) -> LeaseStanding:
        """Renew the lease of this life. Raises StoreFailed where the database is away."""
        (row,) = self._rows("SELECT * FROM renew(%b)", (self._member,))
        return LeaseStanding(*row)

    def leave(self, *, clean: bool) -> None:
        """Give the groups of this life back. `clean`: it ended with its last commit. Raises StoreFailed."""
        query = "UPDATE member SET fenced = true, clean = %b WHERE id = %b AND NOT fenced RETURNING id"
        self._rows(query, (clean, self._member))
