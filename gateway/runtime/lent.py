"""Lent mail: the messages in a host-bound actor's hands whose attempt is not in their own row of the store, but in one note.

A message that is handed out in the very batch which stores it has its attempt in its row, at no cost. One that waited has a row already,
and to write that again for each attempt would cost half as much as the message did; so the note says which places are in hand. The next
life adds one to the attempts of what is still there of them.

The note outlives the mail that it speaks of, for it is written anew only when it must be; and a life gives the places behind the last mail
that is left anew. So its new mail gets none that is noted.

While an actor takes much mail the note speaks of some more than it has, those that come next: what is noted and on disk may be handed out
without another commit. After a crash they count as begun, as they may have been.
"""

from collections.abc import Iterable, Sequence

from gateway.runtime.mailbox import spans
from gateway.store.store import Changes, SeqSpan, Tried

_SPANS_AT_MOST = 100
_NONE = (0, 0)
_KEY = "in hand "


def last_noted(notes: dict[str, str]) -> int:
    """The last place of which a note counts an attempt, in whichever mailbox; 0 where none does."""
    noted = [span for key, note in notes.items() if key.startswith(_KEY) for span in note.split()]
    return max((int(span.rpartition("-")[2]) for span in noted), default=0)


def count_noted(notes: dict[str, str], changes: Changes) -> bool:
    """Count the attempts that the last life left in its notes, with this commit: those of actors that are not there, too, as they may join.
    Whether there were any: then no row may be read yet."""
    noted = {key: note for key, note in notes.items() if key.startswith(_KEY) and note}
    for key, note in noted.items():
        changes.notes[key] = ""
        for span in note.split():
            first, _, last = span.partition("-")
            changes.tried.append(Tried(key.removeprefix(_KEY), int(first), int(last), 1))
    return bool(noted)


class Lent:
    """The messages of one outbox whose attempt stands in a note. On the engine's thread."""

    __slots__ = ("_box", "_coming", "_covered", "_key", "_places", "flow", "stale")

    def __init__(self, box: str) -> None:
        self._box = box
        self._key = _KEY + box
        self._places: set[int] = set()
        self._covered = 0
        """Up to which place the note that is on disk counts attempts of messages that come next."""
        self._coming = _NONE
        """(batch, place): up to which place the note that goes with that batch counts attempts."""
        self.flow = 0
        """How many were lent since the note was written."""
        self.stale = False
        """Whether the note is to be written anew."""

    # --- what is lent

    def add(self, places: Sequence[int]) -> None:
        """Note that the messages at these places were handed out."""
        self._places.update(places)
        self.flow += len(places)
        self.stale = self.stale or len(places) > 0

    def done(self, place: int) -> None:
        """Note that a message is dealt with and leaves the store."""
        if place in self._places:
            self._places.remove(place)
            self.stale = self.stale or not self._places

    def done_all(self, places: Iterable[int]) -> None:
        """Note that messages are dealt with and leave the store."""
        if self._places:
            self._places.difference_update(places)
            self.stale = self.stale or not self._places

    def take_back(self, place: int) -> bool:
        """Note that a message is not in hand any more and stays in the store; return whether its attempt stood in the note."""
        self._covered, self._coming = 0, _NONE  # what is handed out again must be noted again
        if place not in self._places:
            return False
        self._places.remove(place)
        self.stale = True
        return True

    # --- what comes next

    def look(self, committed: int) -> None:
        """Note how many batches are on disk by now."""
        if 0 < self._coming[0] <= committed:
            self._covered, self._coming = self._coming[1], _NONE

    @property
    def covered(self) -> int:
        """Up to which place the note that is on disk counts an attempt of the messages already."""
        return self._covered

    @property
    def coming(self) -> int:
        """Up to which place the note that is being committed does."""
        return self._coming[1]

    # --- the note

    def bounds(self, ahead: Sequence[int]) -> tuple[int, int]:
        """The first and the last place whose attempt the note must count; (0, 0) where there is none."""
        places = [*self._places, *ahead]
        return (min(places), max(places)) if places else (0, 0)

    def note(self, live: Iterable[int], ahead: Sequence[int], changes: Changes, batch: int) -> None:
        """Write the note, with this batch. `live`: the places of this mailbox with mail, within the `bounds`; `ahead`: what comes next."""
        self.stale, self.flow = False, 0
        found = self._spans(live, ahead)
        if len(found) > _SPANS_AT_MOST:  # too much to note: the attempts go into the rows after all
            changes.tried += (Tried(self._box, place, place, 1) for place in sorted(self._places))
            self._places.clear()
            found, ahead = [], ()
        upto = ahead[-1] if ahead else 0
        self._covered = min(self._covered, upto)
        self._coming = (batch, upto)
        changes.notes[self._key] = " ".join(f"{span.first}-{span.last}" for span in found)

    def _spans(self, live: Iterable[int], ahead: Sequence[int]) -> list[SeqSpan]:
        places = self._places.union(ahead)
        if not places:
            return []
        others = set(live).difference(places)
        return spans(self._box, places, others)
