"""Minutes and hours of a value: its mean, least, greatest, and how many readings these are of. Pure.

A span of time is five numbers of text: by how many spans it is later than the one before, by how much its mean has changed, how far the
least lies below the mean and the greatest above it, and the count. It is some seven characters, however many readings it stands for.
"""

from typing import NamedTuple

from gateway.business.history.digits import numbers_in, written
from gateway.business.history.readings import PastReading

MINUTE_S, HOUR_S = 60, 3600
LENGTHS_S = {"hours": HOUR_S, "minutes": MINUTE_S, "readings": 0}
"""Seconds that one span of each fineness stands for, the coarsest first."""


class Span(NamedTuple):
    """What the readings of one span of time were."""

    at_s: int
    """Its begin, seconds since 1970: a multiple of its length."""
    low: float
    mean: float
    high: float
    readings: int

    def and_more(self, other: "Span") -> "Span":
        """The same with all the readings of a shorter span."""
        count = self.readings + other.readings
        mean = self.mean + (other.mean - self.mean) * other.readings / count
        return Span(self.at_s, min(self.low, other.low), mean, max(self.high, other.high), count)


class SpanChunk(NamedTuple):
    """A chunk that more spans can be added to."""

    decimals: int
    at: int
    """The last span, counted in spans since 1970."""
    mean: int
    """Its mean, counted in the last decimal."""


def span_of(reading: PastReading, length_s: int) -> Span:
    """The span in which a reading lies, with that reading alone."""
    at_s = reading.at_ms // 1000
    return Span(at_s - at_s % length_s, reading.value, reading.value, reading.value, 1)


def as_hour(minute: Span) -> Span:
    """The readings of a minute, as those of the hour in which it lies."""
    return minute._replace(at_s=minute.at_s - minute.at_s % HOUR_S)


def gathered(open_span: Span | None, more: list[Span]) -> tuple[list[Span], Span | None]:
    """The spans that are over after these readings, or shorter spans, have come; and the one that is not. What comes late makes a span of
    its own: whoever reads them puts those of one time together."""
    over = []
    for span in more:
        if open_span is not None and open_span.at_s == span.at_s:
            open_span = open_span.and_more(span)
            continue
        if open_span is not None:
            over.append(open_span)
        open_span = span
    return over, open_span


def begun_chunk(span: Span, length_s: int, decimals: int) -> tuple[SpanChunk, str]:
    """A new chunk of spans that begins with this one, and its text."""
    at = span.at_s // length_s
    chunk, word = extended(SpanChunk(decimals, at, 0), span, length_s)
    return chunk, f"{at},{decimals},{word}"


def extended(chunk: SpanChunk, span: Span, length_s: int) -> tuple[SpanChunk, str]:
    """The chunk with one more span, and the text that is to be added to its own."""
    scale, at = 10**chunk.decimals, span.at_s // length_s
    mean, low, high = round(span.mean * scale), round(span.low * scale), round(span.high * scale)
    word = (written(at - chunk.at), written(mean - chunk.mean), written(mean - low), written(high - mean), written(span.readings))
    return SpanChunk(chunk.decimals, at, mean), "".join(word)


def spans_in(text: str, length_s: int) -> list[Span]:
    """The spans of a chunk."""
    begin, decimals, words = text.split(",")
    numbers = iter(numbers_in(words))
    at, mean, scale = int(begin), 0, 10 ** int(decimals)
    found = []
    for later, change, below, above, count in zip(numbers, numbers, numbers, numbers, numbers, strict=True):
        at += later
        mean += change
        found.append(Span(at * length_s, (mean - below) / scale, mean / scale, (mean + above) / scale, count))
    return found
