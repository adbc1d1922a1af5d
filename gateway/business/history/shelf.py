"""A shelf: the parts of one fineness of a history (its readings, minutes or hours), the oldest first."""

from typing import Any, NamedTuple

from gateway.actors import Stage
from gateway.actors.models import Model
from gateway.business.history.means import LENGTHS_S, Span, SpanChunk, begun_chunk, extended
from gateway.business.history.payloads import Search, TextAdded

PART_BYTES = 8000
_MOST_DECIMALS = 9


class PartNote(NamedTuple):
    """What a history knows of one of its parts."""

    number: int
    begun_s: int
    """Wall time of the oldest that it has, seconds since 1970."""
    ended_s: int
    """The same of the newest."""
    size: int
    """Bytes."""


class Shelf(Model):
    """The parts of one fineness: the oldest first, the last one is being filled."""

    parts: tuple[PartNote, ...] = ()
    last: int = 0
    """The number of the newest part there ever was."""
    chunk: SpanChunk | None = None
    """The chunk of spans that is being filled, at the end of the last part."""

    @property
    def begun_s(self) -> int | None:
        """Wall time of the oldest that is kept, seconds since 1970; None: nothing is."""
        return min((part.begun_s for part in self.parts), default=None)

    def in_time(self, search: Search) -> list[int]:
        """The numbers of the parts that may have something of a search's time."""
        since_s, until_s = search.since_ms // 1000, search.until_ms // 1000
        return [part.number for part in self.parts if part.ended_s >= since_s and part.begun_s <= until_s]

    def older_than(self, wall_s: float) -> list[int]:
        """The numbers of the parts that have nothing that is newer; never that of the last one, which is being filled."""
        return [part.number for part in self.parts[:-1] if part.ended_s < wall_s]


def part_id(stage: Stage[Any], fineness: str, number: int) -> str:
    """The id of a part, for the history whose turn it is."""
    return stage.child("history_part", f"{fineness}-{number}")


def with_text(shelf: Shelf, fineness: str, text: str, times_s: tuple[int, int], stage: Stage[Any]) -> Shelf:
    """The shelf with this text more, of the oldest and the newest of these times: it is sent to its last part, or to a new one where that
    is full."""
    parts, last = shelf.parts, shelf.last
    if not parts or parts[-1].size + len(text) > PART_BYTES:
        last += 1
        parts = (*parts, PartNote(last, *times_s, 0))
    stage.tell(part_id(stage, fineness, last), "add", TextAdded(text=text))
    _, begun_s, ended_s, size = parts[-1]
    filled = PartNote(last, min(begun_s, times_s[0]), max(ended_s, times_s[1]), size + len(text))
    return shelf.changed(parts=(*parts[:-1], filled), last=last)


def with_spans(shelf: Shelf, fineness: str, spans: list[Span], decimals: int, stage: Stage[Any]) -> Shelf:
    """The shelf with these minutes or hours more: in the chunk that is being filled, where its part has room."""
    decimals, length_s = min(decimals, _MOST_DECIMALS), LENGTHS_S[fineness]
    for span in spans:
        chunk = shelf.chunk
        if chunk is None or chunk.decimals < decimals or shelf.parts[-1].size > PART_BYTES - 100:
            chunk, text = begun_chunk(span, length_s, decimals)
            text = f" {text}"
        else:
            chunk, text = extended(chunk, span, length_s)
        shelf = with_text(shelf, fineness, text, (span.at_s, span.at_s), stage).changed(chunk=chunk)
    return shelf
