"""A store in memory: the plainest thing that keeps the contract, for tests of engines and actors.

`fail_next` makes a commit raise before or after it took effect, as a medium may.
"""

from collections.abc import Sequence

from gateway.actors.errors import StoreFailed
from gateway.store.store import BoxSize, Changes, DeadRow, EventRow, MailRow, SeenRow, StateRow, up_to


class MemoryStore:
    """A store that keeps everything in dictionaries. It survives its engine: give it to the next one to see a restart."""

    def __init__(self) -> None:
        self._states: dict[str, StateRow] = {}
        self._mail: dict[tuple[str, int], MailRow] = {}
        self._seen: dict[tuple[str, int], SeenRow] = {}
        self._dead: dict[int, DeadRow] = {}
        self._events: dict[int, EventRow] = {}
        self._folded: dict[str, int] = {}
        self._notes: dict[str, str] = {}
        self.fault = ""
        self.commits: list[Changes] = []
        """Every commit so far, for a test to look at."""
        self.fail_next: list[str] = []
        """Faults to make, one a commit: "before" (nothing was written) or "" (none)."""

    def commit(self, changes: Changes) -> None:
        if self.fail_next and self.fail_next.pop(0) == "before":
            raise StoreFailed("cannot commit: the test said so; try again")
        for row in changes.states:
            old = self._states.get(row.id)
            self._states[row.id] = row._replace(wake_ms=old.wake_ms if old else row.wake_ms)
        self._states.update({row.id: row for row in changes.woken})
        for actor in changes.gone:
            self._states.pop(actor, None)
            self._folded.pop(actor, None)
        self._mail.update({(row.box, row.seq): row for row in changes.mail})
        for tried in changes.tried:
            for place in [p for p in self._mail if p[0] == tried.box and tried.first <= p[1] <= tried.last]:
                self._mail[place] = self._mail[place]._replace(attempt=self._mail[place].attempt + tried.by)
        for span in changes.mail_gone:
            for place in [p for p in self._mail if p[0] == span.box and span.first <= p[1] <= span.last]:
                del self._mail[place]
        self._commit_events(changes)
        self._commit_ids(changes)
        self._notes.update(changes.notes)
        self.commits.append(changes)

    def _commit_events(self, changes: Changes) -> None:
        if changes.events_gone:
            self._events = {n: row for n, row in self._events.items() if row.actor not in changes.events_gone}
        self._events.update({row.n: row for row in changes.events})
        self._folded.update({actor: n for n, actor in changes.folded if actor in self._states})

    def _commit_ids(self, changes: Changes) -> None:
        self._seen.update({(row.source, row.n): row for row in changes.seen})
        for source, upto in changes.seen_gone:
            for place in [p for p in self._seen if p[0] == source and p[1] <= upto]:
                del self._seen[place]
        self._dead.update({row.n: row for row in changes.dead})
        for n in changes.dead_gone:
            self._dead.pop(n, None)

    def rest(self) -> None:
        """A commit leaves nothing."""

    def wants_tidying(self) -> bool:
        return False

    def tidy(self) -> None:
        """There is nothing to tidy."""

    def load(self, actor: str) -> StateRow | None:
        return self._states.get(actor)

    def load_many(self, actors: Sequence[str], at_most_bytes: int) -> dict[str, StateRow | None]:
        return up_to(((actor, self._states.get(actor)) for actor in actors), at_most_bytes)

    def actors(self, prefix: str, after: str, limit: int) -> list[str]:
        # A copy, here and in `wakes`: the committer may write meanwhile.
        return sorted(a for a in list(self._states) if a.startswith(prefix) and a > after)[:limit]

    def family(self, prefix: str, after: str, limit: int) -> list[tuple[str, bool]]:
        return [(id, self._states[id].ties is not None) for id in self.actors(prefix, after, limit)]

    def count_actors(self) -> int:
        return len(self._states)

    def wakes(self, after_ms: int, until_ms: int, limit: int) -> list[tuple[int, str]]:
        found = [(r.wake_ms, r.id) for r in list(self._states.values()) if r.wake_ms is not None and after_ms < r.wake_ms <= until_ms]
        return sorted(found)[:limit]

    def boxes(self) -> list[BoxSize]:
        sizes: dict[str, BoxSize] = {}
        for row in self._mail.values():
            old = sizes.get(row.box, BoxSize(row.box, 0, 0, 0))
            sizes[row.box] = BoxSize(row.box, old.count + 1, old.bytes + len(row.message), max(old.last_seq, row.seq))
        return [sizes[box] for box in sorted(sizes)]

    def mail(self, box: str, after_seq: int, limit: int) -> list[MailRow]:
        return [self._mail[place] for place in sorted(self._mail) if place[0] == box and place[1] > after_seq][:limit]

    def seen(self) -> list[SeenRow]:
        return [self._seen[place] for place in sorted(self._seen)]

    def dead(self, after: int, limit: int) -> list[DeadRow]:
        return [self._dead[n] for n in sorted(self._dead) if n > after][:limit]

    def dead_sizes(self) -> list[tuple[int, int]]:
        return [(n, len(row.message)) for n, row in sorted(self._dead.items())]

    def folded(self, actor: str) -> int:
        return self._folded.get(actor, 0)

    def events(self, actor: str, after: int, limit: int) -> list[EventRow]:
        return self.page(actor=actor, after=after, limit=limit)

    def last_event(self, kinds: Sequence[str] = ()) -> int:
        return max((row.n for row in self._events.values() if not kinds or row.kind in kinds), default=0)

    def event_reader(self) -> "MemoryStore":
        return self

    def page(self, *, actor: str = "", prefix: str = "", kinds: Sequence[str] = (), after: int = 0, limit: int = 100) -> list[EventRow]:
        """As an EventReader: the dictionary is copied in one step, so any thread may look."""
        rows = sorted(self._events.values())
        wanted = [row for row in rows if row.n > after and actor in ("", row.actor) and row.actor.startswith(prefix)]
        return [row for row in wanted if not kinds or row.kind in kinds][:limit]

    def notes(self) -> dict[str, str]:
        return dict(self._notes)

    def relieve(self) -> bool:
        return False

    def wants_sync(self) -> bool:
        return False

    def why_full(self) -> str:
        return ""

    def spare(self) -> bool:
        return True

    def recovered(self) -> bool:
        return True

    def size_bytes(self) -> int:
        return sum(len(r.state) for r in self._states.values()) + sum(len(r.message) for r in self._mail.values())

    def close(self) -> None:
        """Do nothing: the next engine finds the store as it was left."""
