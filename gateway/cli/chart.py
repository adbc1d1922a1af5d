"""A small chart for the terminal: one column a step of time, as high as the mean of that time. Pure."""

import time
from typing import Any

_HEIGHT = 5
_BLOCKS = " ▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS = " ..::||##"


def chart(answer: dict[str, Any], *, unicode: bool) -> str:
    """Draw the answer to the verb `history`: its rows are [wall time in ms, least, mean, greatest, count]."""
    rows, unit = answer["rows"], answer["unit"]
    title = f"{answer['value']}{f', {unit}' if unit else ''}"
    if not rows:
        return f"{title}: nothing is kept of that time"
    low, high = min(row[2] for row in rows), max(row[2] for row in rows)
    least, greatest, count = min(row[1] for row in rows), max(row[3] for row in rows), sum(row[4] for row in rows)
    mean = sum(row[2] * row[4] for row in rows) / count
    step_s = max(1, answer["step_s"])
    begin_ms, end_ms = rows[0][0], rows[-1][0]
    columns = (end_ms - begin_ms) // (1000 * step_s) + 1
    heights = _heights(rows, begin_ms, step_s, columns, low=low, high=high)
    labels = [_short(high), *[""] * (_HEIGHT - 2), _short(low)]
    width = max(map(len, labels))
    blocks = _BLOCKS if unicode else _PLAIN_BLOCKS
    lines = [
        f"{label:>{width}} {'┤' if unicode else '|'}{''.join(_block(height, row, blocks) for height in heights)}".rstrip()
        for row, label in zip(range(_HEIGHT - 1, -1, -1), labels, strict=True)
    ]
    said = f"{title}: least {_short(least)}, mean {_short(mean)}, greatest {_short(greatest)}, of {count} readings"
    begin, end = _when(begin_ms, end_ms), _when(end_ms, begin_ms)
    return "\n".join([said, *lines, f"{' ' * width}  {begin}{end.rjust(max(columns - len(begin), len(end) + 1))}"])


def _heights(rows: list[list[float]], begin_ms: int, step_s: int, columns: int, *, low: float, high: float) -> list[int | None]:
    """The height of each column, counted in eighths of a line; None where there is no reading."""
    heights: list[int | None] = [None] * columns
    for at_ms, _, mean, _, _ in rows:
        share = (mean - low) / (high - low) if high > low else 0.0
        heights[int(at_ms - begin_ms) // (1000 * step_s)] = 1 + round(share * (8 * _HEIGHT - 1))
    return heights


def _block(height: int | None, row: int, blocks: str) -> str:
    """What stands in one line of a column: the lowest line is row 0."""
    return blocks[0 if height is None else max(0, min(8, height - 8 * row))]


def _short(number: float) -> str:
    """Five digits, or as many as stand before its point: what a meter of energy has grown by is in the last of them."""
    whole = len(f"{abs(number):.0f}")
    return f"{number:.{min(15, max(5, whole))}g}"


def _when(at_ms: int, other_ms: int) -> str:
    """The local time of one end of a chart: with its date where the other end is of another day, with the name of its time where the clocks
    change between them, as 02:30 stands twice in that night."""
    at, other = time.localtime(at_ms / 1000), time.localtime(other_ms / 1000)
    form = "%H:%M" if at[:3] == other[:3] else "%Y-%m-%d %H:%M"
    return time.strftime(form if at.tm_gmtoff == other.tm_gmtoff else f"{form} %Z", at)
