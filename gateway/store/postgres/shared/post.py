"""Messages that other hosts have sent, as a host reads them; and, of one of those that serve, its lease on the same connection. One thread.

A message is read as soon as it is there, and until the commit is on disk that has it as mail and deletes it: so it is remembered which
were read. Deleted rows stay in the table as long as somebody's old snapshot could see them, and a poll must not go through them each
time: it begins at the oldest transaction that had not ended at the poll before. All that is older was seen then; what becomes visible late
is not older. Those of one sender are read in the order in which it sent them: its transactions follow one another.

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
"""So many messages are read at once."""
_UNDER_WAY = AT_ONCE // 2
"""With so many read that are not mail on disk yet, no more are read."""

_POLL = """
    SELECT before.x::text::bigint, post.n, post.x::text::bigint, post.message
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS x) before LEFT JOIN LATERAL (
        SELECT n, x, message FROM post WHERE {whose} AND x >= %b::text::xid8 ORDER BY x, n LIMIT %b
    ) post ON true
"""
OF_MEMBER = "to_host IS NULL AND (to_grp = ANY (%b) OR to_member = %b)"
"""Which rows are for a life: its groups, and its number."""


def poll_of(whose: str) -> str:
    """The query of a poll: the rows for whom this condition says, from a transaction on, each with the oldest transaction that had not
    ended; one row without a message where there are none. Its values: those of the condition, that transaction, how many at most."""
    return _POLL.format(whose=whose)


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


class Receiver(NamedTuple):
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
        self._query, self._values = poll_of(whose), values
        self.since_x = 0
        """All that older transactions have written was read."""
        self._reading: dict[int, int] = {}
        """Which were read, and are not deleted yet: by their numbers, the transactions that wrote them."""
        self._deleted: list[list[int]] = []
        self._connection: psycopg.Connection[Any] | None = None
        self.who = ""
        """Who reads, as `bound_step.py` has it."""

    def stand(self, waits: Sequence[str], most: int, most_bytes: int) -> list[Receiver]:
        """Find out for whom too much is on its way, or nearly: more than `most` messages or `most_bytes`. `waits`: the receivers for which
        we wait, where we do not read for that reason. Raises StoreFailed."""
        rows = self._rows("SELECT * FROM stand(%b, %b, %b, %b)", (self.who, Texts(waits), most, most_bytes))
        return [Receiver(*row) for row in rows]

    def read(self) -> list[PostedMessage]:
        """Read what has come since the last time. Tell `taken` of each when the commit with it is on disk. Raises StoreFailed."""
        while self._deleted:
            for n in self._deleted.pop():  # this poll does not see them any more
                self._reading.pop(n, None)
        if len(self._reading) > _UNDER_WAY:
            return []
        found = self._rows(self._query, (*self._values, str(self.since_x), AT_ONCE))
        settled_x = found[0][0]
        rows = [(n, x, message) for _, n, x, message in found if n is not None]
        self.since_x = min(settled_x, rows[-1][1]) if len(rows) == AT_ONCE else settled_x
        new = [(n, x, message) for n, x, message in rows if n not in self._reading]
        self._reading.update((n, x) for n, x, _ in new)
        return [PostedMessage(n, message) for n, _, message in new]

    @property
    def done_x(self) -> int:
        """All that older transactions than this one have written was read, and is deleted. Any thread."""
        return min([self.since_x, *self._reading.values()])

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
        if self._connection is None:
            self._connection = self._place.connect()
        try:
            return ask(self._connection)
        except psycopg.Error as error:
            self.close()
            failed: StoreFailed = self._place.named("read", error)
            raise failed from error


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
