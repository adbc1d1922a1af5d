"""The name of a host, as one gateway's: a row by the database's clock, that the gateway renews while it is linked.

A second gateway that says the same name is refused while the first one lives: what is sent to the name would come to either. Whoever was
killed leaves a lease; on its own machine it is seen that its process is gone, so that the next one need not wait for the lease's end.
"""

import os
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from gateway.actors.errors import StoreTaken

LEASE_S = 10.0
"""So long a gateway may be silent before another one may have its name."""
_STATE, _STARTED = 0, 19
"""Of the words behind the name in /proc/PID/stat. Source: proc_pid_stat(5)."""

NAME_STEP = """
    CREATE TABLE host_name (
        name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, said text NOT NULL, since timestamptz NOT NULL, lease interval NOT NULL,
        lease_until timestamptz NOT NULL
    ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
    CREATE FUNCTION time_of_all_ms() RETURNS bigint LANGUAGE sql VOLATILE
        RETURN (SELECT extract(epoch FROM greatest(the_time(), max(lease_until - lease))) * 1000 FROM member)::bigint;
    CREATE FUNCTION claim_name(my_name text, me text, my_words text, gone text, my_lease interval)
        RETURNS TABLE (now_of text, known_as text, since_then timestamptz, now_ms bigint) LANGUAGE plpgsql AS $body$
    BEGIN
        INSERT INTO host_name VALUES (my_name, me, my_words, the_time(), my_lease, the_time() + my_lease)
            ON CONFLICT (name) DO UPDATE SET holder = me, said = my_words, lease = my_lease, lease_until = excluded.lease_until,
                since = CASE WHEN host_name.holder = me THEN host_name.since ELSE excluded.since END
            WHERE host_name.holder IN (me, gone) OR (host_name.lease_until < the_time() AND the_time() > up_since() + host_name.lease);
        RETURN QUERY SELECT holder, said, date_trunc('second', since), time_of_all_ms() FROM host_name WHERE name = my_name;
    END
    $body$;
"""


class _Holder(NamedTuple):
    """A process, as no other one is known that is or was."""

    boot: str
    space: str
    """The kernel's name of the processes among which its number is one."""
    pid: str
    started: str
    """Ticks since the boot."""

    @property
    def is_gone(self) -> bool:
        """Whether it is seen that it has ended: it was one of those that can be seen from here."""
        here = _this_process()
        return self[:2] == here[:2] and _started(self.pid) != self.started


class HostName:
    """One host's name, in the name of this process. Any thread, with a connection of that thread's."""

    def __init__(self, name: str, lease_s: float = LEASE_S) -> None:
        self.name = name
        self._lease_s = lease_s
        self._me = this_holder()
        self._ahead_ms = 0.0
        self._words = f"process {os.getpid()} on {platform.node()}"

    def claim(self, connection: psycopg.Connection[Any]) -> None:
        """Have the name, or have it for longer. Raises StoreTaken where another gateway has it, and lives."""
        holder, words, since = self._claimed(connection, "")
        if holder != self._me and len(found := holder.split()) == len(_Holder._fields) and _Holder(*found).is_gone:
            holder, words, since = self._claimed(connection, holder)
        if holder != self._me:
            other = f"another gateway has that name ({words}, since {since})"
            raise StoreTaken(f"cannot link as {self.name}: {other}; stop it, or give one of the two another link.host")

    def _claimed(self, connection: psycopg.Connection[Any], gone: str) -> tuple[str, str, str]:
        """Who has the name now, in what words, and since when."""
        query = "SELECT now_of, known_as, since_then::text, now_ms FROM claim_name(%s, %s, %s, %s, make_interval(secs => %s))"
        row = connection.execute(query.encode(), (self.name, self._me, self._words, gone, self._lease_s)).fetchone()
        assert row is not None
        self._ahead_ms = int(row[3]) - time.monotonic() * 1000
        return str(row[0]), str(row[1]), str(row[2])

    def now_ms(self) -> int:
        """The time that all hosts go by, milliseconds since 1970: the database's at the last claim, and what has passed since."""
        return round(time.monotonic() * 1000 + self._ahead_ms)

    def leave(self, connection: psycopg.Connection[Any]) -> None:
        """Let another gateway have the name at once."""
        connection.execute(b"DELETE FROM host_name WHERE name = %s AND holder = %s", (self.name, self._me))


def this_holder() -> str:
    """This process, as the holder of a name."""
    return " ".join(_this_process())


def _this_process() -> _Holder:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    pid = str(os.getpid())
    return _Holder(boot, str(Path("/proc/self/ns/pid").readlink()), pid, _started(pid))


def _started(pid: str) -> str:
    """When a process was started; empty where it has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[_STATE] in {"Z", "X"} else words[_STARTED]
