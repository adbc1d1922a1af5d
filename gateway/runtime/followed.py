"""What one listener follows of the feed: its patterns, its place, and how the actors that it follows stand in the store."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from gateway.actors.errors import ANYTHING
from gateway.actors.following import Committed, NewState, StatesPage
from gateway.actors.id_patterns import IdPatterns, id_pattern, literal_of
from gateway.actors.ids import kind_of
from gateway.actors.words import described
from gateway.runtime.cells import Cells, Life, Wait
from gateway.runtime.commits import Commits
from gateway.runtime.directory import Directory
from gateway.runtime.feed import LiveFeed, Wake
from gateway.runtime.kinds import Kinds
from gateway.store.store import StateRow, Store

log = logging.getLogger(__name__)

_KNOWN_AT_MOST = 5000
"""Of so many ids it is remembered whether they are followed."""
_BYTES_AT_ONCE = 200_000


class Watchable(Protocol):
    """What a listener needs of the engine."""

    feed: LiveFeed
    commits: Commits
    cells: Cells
    directory: Directory
    store: Store

    def post(self, action: Callable[[], None]) -> None:
        """Run `action` on the engine's thread, between turns."""


class FollowedIds:
    """Which actors a listener follows: those of its patterns, less those that others keep for themselves unless a pattern names their
    kind. Any thread."""

    def __init__(self, of: Iterable[str], kinds: Kinds) -> None:
        """`of`: patterns of ids. Raises ValueError where one can fit no actor."""
        texts = list(of)
        read = [id_pattern(text) for text in texts]
        self._patterns = IdPatterns(texts)
        self._kinds = kinds
        self._named = {kind_of(one.id) for one in read if "/" in one.id}
        self._known: dict[str, bool] = {}
        self.prefixes: list[str] = []
        """What the ids begin with, in order; none begins with another."""
        for prefix in sorted(map(literal_of, read)):
            if not (self.prefixes and prefix.startswith(self.prefixes[-1])):
                self.prefixes.append(prefix)

    def fits(self, id: str) -> bool:
        """Whether an actor is followed."""
        known = self._known.get(id)
        if known is None:
            if len(self._known) >= _KNOWN_AT_MOST:
                self._known.clear()
            kind = kind_of(id)
            known = self._known[id] = self._patterns.fit(id, "") and (self._kinds.is_listed(kind) or kind in self._named)
        return known


class Followed:
    """What `Host.follow` gives: see `Following`."""

    def __init__(self, parts: Watchable, choice: FollowedIds, wake: Wake, since: str) -> None:
        self._parts = parts
        self._choice = choice
        self._wake = wake
        self._since = since
        self._number: int | None = None
        """Number of the last commit that was taken; None until the listener has begun."""
        self._ended = False
        parts.feed.remember(wake)
        parts.post(parts.feed.begin)

    @property
    def place(self) -> str:
        return self._since if self._number is None else self._parts.feed.place_of(self._number)

    def take(self) -> Sequence[Committed]:
        feed = self._parts.feed
        if self._number is None:
            self._number = feed.number_of(self._since)
        found = []
        for committed in feed.after(self._number):
            self._number = committed.number
            if states := [state for state in committed.states if self._choice.fits(state.id)]:
                found.append(committed._replace(states=states))
        return found

    def look(self, on_page: Callable[[StatesPage], None], after: str = "") -> None:
        self._parts.post(lambda: self._parts.feed.when_complete(lambda: self._look(on_page, after)))

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._parts.feed.forget(self._wake)

    # --- the engine's thread

    def _look(self, on_page: Callable[[StatesPage], None], after: str) -> None:
        try:
            on_page(self._page(after))
        except ANYTHING as error:  # a fault of a look must not end the engine
            log.exception("cannot look at what is followed")
            on_page(StatesPage((), "", fault=f"cannot look at how actors stand: {described(error)}; see the gateway's log"))

    def _page(self, after: str) -> StatesPage:
        if not after:
            self._number = self._parts.commits.last
        found, after = self._found(after)
        rows = self._parts.store.load_many(found, _BYTES_AT_ONCE) if found else {}
        if len(rows) < len(found):  # they are large: the others are on the next page
            after = found[len(rows) - 1]
        return StatesPage([state for row in rows.values() if row is not None and (state := self._state_of(row))], after)

    def _found(self, after: str) -> tuple[list[str], str]:
        """The next ids in the store that are followed, and behind which id to look for more; empty: there are none."""
        found: list[str] = []
        seen = 0
        for prefix in self._choice.prefixes:
            ids = [""]
            while ids and seen < self._parts.feed.ids_at_once:
                ids = self._parts.store.actors(prefix, after, self._parts.feed.ids_at_once)
                seen += len(ids)
                for after in ids:  # noqa: PLR1704  # where it stopped is where it goes on
                    if self._choice.fits(after):
                        found.append(after)
                        if len(found) >= self._parts.feed.states_at_once:
                            return found, after
            if ids:
                return found, after
        return found, ""

    def _state_of(self, row: StateRow) -> NewState | None:
        """The state of an actor by its row; None where it has none. One that cannot be read is shown as it is on disk."""
        actor = self._parts.directory.kinds.get(kind_of(row.id))
        if actor is not None:
            cell = self._parts.cells.peek(row.id, actor, row)
            if cell.wait is not Wait.UNREADABLE:
                return NewState(row.id, cell.state.VERSION, cell.state.to_json()) if cell.life is Life.ALIVE else None
        return NewState(row.id, row.version, _as_json(row.state))


def _as_json(state: bytes) -> bytes:
    """A stored state; where it is no JSON any more, as a text."""
    try:
        json.loads(state)
    except (ValueError, RecursionError):
        return json.dumps(state.decode("utf-8", "replace")).encode()
    return state
