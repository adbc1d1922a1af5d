"""The rows of an answer: readings, minutes and hours put together to steps of one length. Pure."""

from collections.abc import Iterable

from gateway.business.history.means import Span
from gateway.business.history.payloads import Row, Search
from gateway.business.history.readings import PastReading


def with_readings(search: Search, readings: Iterable[PastReading]) -> Search:
    """The search with these readings, as far as they lie in its time."""
    wanted = (reading for reading in readings if search.since_ms <= reading.at_ms < search.until_ms)
    if search.every:
        return _with_each(search, [(at_ms, value, value, value, 1) for at_ms, value in wanted])
    return _with_steps(search, ((at_ms, value, value, value, 1) for at_ms, value in wanted))


def with_spans(search: Search, spans: Iterable[Span]) -> Search:
    """The search with these minutes or hours, as far as they begin in its time."""
    rows = ((span.at_s * 1000, span.low, span.mean, span.high, span.readings) for span in spans)
    return _with_steps(search, (row for row in rows if search.since_ms <= row[0] < search.until_ms))


def _with_steps(search: Search, more: Iterable[Row]) -> Search:
    step_ms = search.step_s * 1000
    rows = {row[0]: row for row in search.rows}
    for one in more:
        at_ms = one[0] - one[0] % step_ms
        before = rows.get(at_ms)
        rows[at_ms] = (at_ms, *one[1:]) if before is None else _together(before, one)
    return search.changed(rows=tuple(rows.values()))


def _together(one: Row, other: Row) -> Row:
    count = one[4] + other[4]
    return (one[0], min(one[1], other[1]), one[2] + (other[2] - one[2]) * other[4] / count, max(one[3], other[3]), count)


def _with_each(search: Search, more: list[Row]) -> Search:
    """The search with each of these rows; of those for which there is no room, the time of the first is kept."""
    if search.next_ms or not more:
        return search
    room = search.most - len(search.rows)
    if len(more) <= room:
        return search.changed(rows=(*search.rows, *more))
    more.sort()
    while 0 < room < len(more) and more[room - 1][0] == more[room][0]:
        room -= 1  # readings of one time stay together, or the next question would not find all of them
    return search.changed(rows=(*search.rows, *more[:room]), next_ms=more[room][0])
