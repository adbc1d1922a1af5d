"""What a host that is no member of those that share the database exchanges with them: rows of `post`.

What a host hands in goes to the others in one transaction, or not at all; what is there for it is read as members read theirs, and
deleted once it is on the host's own disk.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from gateway.actors.ids import HOST
from gateway.store.postgres.arrays import Blobs, Longs, Texts
from gateway.store.postgres.shared.host_name import HostName
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.post import OF_HOST, PostReader

_SAY = "SELECT * FROM say_how(%b, %b, %b, %b::text::xid8, %b)"


class Letter(NamedTuple):
    """A message to hand in."""

    n: int
    """Its place in the outbox of its host."""
    id: str
    to_host: str
    """The host whose own the receiver is; empty: whoever has the receiver's group."""
    to: str
    message: bytes
    telemetry: bool = False
    """Whether it may give way to newer ones."""


class EdgePost(PostReader):
    """What one host has handed in, and what is there for it. One thread."""

    def __init__(self, url: str, password_file: Path | None, host: str, *, simulated: bool = False) -> None:
        """Open the database, give it its shape, and claim the host's name. Raises StoreFailed, and StoreTaken where another gateway has
        that name."""
        place = SharedPlace(url, password_file, simulated=simulated)
        super().__init__(place, OF_HOST, host)
        self._host = host
        self.who = f"{HOST}/{host}"
        self._name = HostName(host)
        self._connection = place.connect()
        try:
            place.give_shape(self._connection)
            self._name.claim(self._connection)
        except psycopg.Error as error:
            self.close()
            raise place.named("open", error) from error
        except BaseException:
            self.close()
            raise

    def now_ms(self) -> int:
        """The time by which expires what is on its way between hosts: the database's, milliseconds since 1970."""
        return self._name.now_ms()

    def renew(self) -> None:
        """Have the host's name for longer. Raises StoreFailed, and StoreTaken where another gateway has it."""
        self._run(self._name.claim)

    def leave(self) -> None:
        """Let another gateway have the host's name. Raises StoreFailed."""
        self._run(self._name.leave)

    def hand_in(self, letters: Sequence[Letter]) -> int:
        """Put messages in, in their order, all or none; return how many of them were not there. Raises StoreFailed."""
        n, id, to_host, to, message, telemetry = zip(*letters, strict=True)
        values = (self._host, Longs(n), Texts(id), Texts(to_host), Texts(to), Blobs(message), Longs([*map(int, telemetry)]))
        ((new,),) = self._rows("SELECT hand_in(%b, %b, %b, %b, %b, %b, %b)", values)
        return int(new)

    def say_how(self, life: int, view: bytes, *, ends: bool = False) -> tuple[int, float]:
        """Say how this host is, for all that share the database; return how many messages are there for it, as far as they are counted, and
        for how many seconds the oldest is. Raises StoreFailed."""
        ((many, oldest_s),) = self._rows(_SAY, (self._host, life, ends, str(self.done_x), view))
        return int(many), float(oldest_s)

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete what is mail of this host by a commit that is on disk. Raises StoreFailed."""
        self._rows("WITH gone AS (DELETE FROM post WHERE n = ANY (%b) RETURNING 1) SELECT count(*) FROM gone", (Longs(numbers),))
        self.taken(list(numbers))
