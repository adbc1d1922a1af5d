"""The collection itself: it knows which page begins where, and passes each errand on to the page that has the key."""

from bisect import bisect_right
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.callers import By
from gateway.actors.collection.entries import Entry, Key, Listing
from gateway.actors.collection.errand import Do, Errand
from gateway.actors.collection.page import FIRST, PageOpened, page_of
from gateway.actors.models import State
from gateway.actors.stage import Stage
from gateway.actors.verbs import verb


class CollectionState(State):
    """The table of pages: page `pages[n]` has the keys from `lows[n]` on, up to `lows[n + 1]`, or knows who has."""

    lows: list[str] = [""]
    """The first key of each page, in order."""
    pages: list[str] = [FIRST]
    """Keys of the pages."""


class Collection(Actor[CollectionState]):
    """Knows which business id is which actor. Its pages answer whoever asked it."""

    @verb
    def add(self, entry: Entry, stage: Stage[CollectionState]) -> None:
        """Add an entry unless there is one with that key; the answer is the entry that the collection has now."""
        self._send(stage, Do.ADD, entry.key, value=entry.value, note=entry.note)

    @verb
    def put(self, entry: Entry, stage: Stage[CollectionState]) -> None:
        """Add an entry, or replace the entry with that key."""
        self._send(stage, Do.PUT, entry.key, value=entry.value, note=entry.note)

    @verb
    def find(self, key: Key, stage: Stage[CollectionState]) -> None:
        """Answer with the entry of a key, or with the fact that there is none."""
        self._send(stage, Do.FIND, key.key)

    @verb
    def remove(self, key: Key, stage: Stage[CollectionState]) -> None:
        """Remove the entry of a key, and answer whether there was one."""
        self._send(stage, Do.REMOVE, key.key)

    @verb
    def list(self, listing: Listing, stage: Stage[CollectionState]) -> None:
        """Answer with entries in the order of their keys, and whether more follow."""
        begin = max(listing.prefix, listing.after)
        self._send(stage, Do.LIST, begin, prefix=listing.prefix, after=listing.after, limit=listing.limit)

    @verb
    def count(self, stage: Stage[CollectionState]) -> None:
        """Answer with how many entries there are, with all that was asked for before."""
        self._send(stage, Do.COUNT, "")

    @verb(by=By.KIN)
    def opened(self, opened: PageOpened, stage: Stage[CollectionState]) -> None:
        """Add a new page to the table of pages.

        What was sent before goes round by its neighbour, and must not be overtaken: the page waits with what comes to it straight
        from here until the errand that joins has come by the same way round.
        """
        state = stage.state
        if opened.page not in state.pages:
            join = Errand(do=Do.JOIN, key=opened.low, page=opened.page)
            join.send(stage, _page_with(stage, opened.low))
            known = dict(zip(state.lows, state.pages, strict=True))
            if opened.before:
                known.setdefault(opened.high, opened.before)
            known[opened.low] = opened.page
            lows = sorted(known)
            stage.state = state.changed(lows=lows, pages=[known[low] for low in lows])

    def _send(self, stage: Stage[CollectionState], do: Do, key: str, **more: Any) -> None:
        _errand(stage, do, key, **more).send(stage, _page_with(stage, key))


def _errand(stage: Stage[CollectionState], do: Do, key: str, **more: Any) -> Errand:
    message = stage.message
    return Errand(do=do, key=key, of=message.asked, asker=message.reply_to, expires_ms=message.expires_ms, **more)


def _page_with(stage: Stage[CollectionState], key: str) -> str:
    """The key of the page that has an entry, or of a page that gave the entry away and knows where it is."""
    state = stage.state
    return page_of(stage.me, state.pages[bisect_right(state.lows, key) - 1])
