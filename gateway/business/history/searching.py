"""How a question about a history begins and ends: which fineness answers it, and what is put into the answer beside that of the parts."""

from gateway.business.history.means import HOUR_S, LENGTHS_S, MINUTE_S, Span
from gateway.business.history.payloads import Answered, Search
from gateway.business.history.recent import read_recent
from gateway.business.history.rows import with_readings, with_spans
from gateway.business.history.shelf import Shelf

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_DAY_S = 86_400


def begun_search(search: Search, shelves: dict[str, Shelf]) -> Search:
    """The search with the fineness by which it is answered, and the step of its rows.

    It is the coarsest that is fine enough and goes back as far as anything is kept of that time: it has the fewest parts to read. Over more
    than an hour a step is one of whole minutes.
    """
    recent = read_recent(search.recent)[0] if search.recent else []
    newest_s = recent[0].at_ms // 1000 if recent else search.until_ms // 1000
    begun = _truly_begun({name: newest_s if shelf.begun_s is None else shelf.begun_s for name, shelf in shelves.items()})
    since_s = max(search.since_ms // 1000, min(begun.values()))
    if search.every:
        return search.changed(fineness="readings", since_ms=max(search.since_ms, since_s * 1000))
    span_s = search.until_ms // 1000 - since_s
    step_s = search.step_s
    if not step_s or span_s > step_s * search.most:  # first: a step too fine for the answer is no reason to read what is so fine
        step_s = fitting_step_s(span_s, search.most)
    if step_s > MINUTE_S and span_s > HOUR_S:  # else a step of 61 s would have each reading of a day read
        step_s = -(-step_s // MINUTE_S) * MINUTE_S
    reaching = [name for name in LENGTHS_S if begun[name] - max(LENGTHS_S[name], 1) <= since_s]
    fine = [name for name in reaching if LENGTHS_S[name] <= step_s and (name == "readings" or step_s % LENGTHS_S[name] == 0)]
    fineness = fine[0] if fine else reaching[-1]
    return search.changed(fineness=fineness, step_s=max(step_s, LENGTHS_S[fineness]))


def _truly_begun(begun: dict[str, int]) -> dict[str, int]:
    """When what is kept of each fineness began, given when its first spans do: a span begins before the first reading that it is of, which
    a finer one tells better. Else the hours of a young history go farther back than its minutes, and alone answer."""
    truly: dict[str, int] = {}
    finer_s = 0
    for name, length_s in reversed(LENGTHS_S.items()):
        within = begun[name] <= finer_s < begun[name] + length_s
        truly[name] = finer_s = finer_s if within else begun[name]
    return truly


def fitting_step_s(span_s: float, most: int) -> int:
    """The least step that is easy to read, and makes no more than `most` rows of a time; there may be one row more at its begin."""
    least = span_s / max(1, most - 1)
    return next((step_s for step_s in _STEPS_S if step_s >= least), -int(-least // _DAY_S) * _DAY_S)


def answer_of(search: Search, minute: Span | None, hour: Span | None) -> Answered:
    """The answer to a search that has been at all parts: with what has come to no part yet."""
    if search.fineness == "hours" and hour is not None:
        search = with_spans(search, [hour])
    if search.fineness != "readings" and minute is not None:
        search = with_spans(search, [minute])
    if search.recent:
        search = with_readings(search, read_recent(search.recent)[0])
    return Answered(
        value=search.value,
        unit=search.unit,
        step_s=0 if search.every else search.step_s,
        since_ms=search.since_ms,
        until_ms=search.until_ms,
        next_ms=search.next_ms,
        rows=tuple(sorted(search.rows)),
    )
