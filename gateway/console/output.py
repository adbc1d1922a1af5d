"""What people read: aligned columns, short numbers with units."""

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.console import streams
from gateway.harmless import harmless_line

_BYTES = ("B", "kB", "MB", "GB", "TB")


def say(text: str = "") -> None:
    """Write one line, or several, on standard output, at once. Raises Unheard where nobody hears it."""
    streams.write(text + "\n")


def say_json(found: Any) -> None:
    """Write one value for programs on standard output, on one line of JSON, which escapes what a locale lacks."""
    say(json.dumps(found, separators=(",", ":"), ensure_ascii=not streams.speaks_unicode()))


def complain(text: str) -> None:
    """Write one line on standard error."""
    streams.write_error(text + "\n")


def table(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> str:
    """Write rows as aligned columns; a column that is empty in every row is left out."""
    rows = [list(map(harmless_line, row)) for row in rows]
    columns = max(map(len, rows), default=0)
    widths = [max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(columns)]
    lines = ["  ".join(cell.ljust(widths[at]) for at, cell in enumerate(row) if widths[at]).rstrip() for row in rows]
    return "\n".join(indent + line for line in lines)


def duration(seconds: float) -> str:
    """A number of seconds for people: `4 s`, `3 min 5 s`, `2 h 10 min`, `8 d 3 h`."""
    whole = round(seconds)
    if abs(seconds) < 10 and seconds != whole:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    for large, big, small, little in ((3600, "min", "s", 60), (86400, "h", "min", 3600)):
        if whole < large:
            rest = whole % little // (1 if small == "s" else 60)
            return f"{whole // little} {big}" + (f" {rest} {small}" if rest else "")
    days, hours = divmod(whole // 3600, 24)
    return f"{days} d" + (f" {hours} h" if hours else "")


def several(count: int, one: str, many: str = "") -> str:
    """So many of a thing: `1 message`, `3 messages`; `many` where an s is not enough. (As gateway.actors.words has it: commands do without
    the language, which takes its time to import.)"""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def size(count: float) -> str:
    """A number of bytes for people: `512 B`, `1.2 MB`."""
    for unit in _BYTES[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_BYTES[-1]}"


def moment(at_ms: int) -> str:
    """Milliseconds since 1970 as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000))


def clock_time(at_ms: int) -> str:
    """Milliseconds since 1970 as local time of day, with milliseconds."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at_ms / 1000))}.{at_ms % 1000:03d}"


def number(count: int) -> str:
    """A number for people, with its thousands apart: `12 345`."""
    return f"{count:,}".replace(",", " ")


def pretty(value: Any, *, indent: int = 2) -> str:
    """A state as lines of name and value; nested values are indented."""
    if not isinstance(value, dict) or not value:
        return " " * indent + _plain(value)
    named = {harmless_line(str(name)): inner for name, inner in value.items()}
    width = max(map(len, named))
    lines = []
    for name, inner in named.items():
        if isinstance(inner, dict) and inner and (len(json.dumps(inner)) > 90 or any(isinstance(v, dict) for v in inner.values())):
            lines += [" " * indent + name, pretty(inner, indent=indent + 2)]
        else:
            lines.append(f"{' ' * indent}{name:<{width}}  {_with_time(name, inner)}")
    return "\n".join(lines)


def _with_time(name: str, value: Any) -> str:
    if name.endswith("_ms") and isinstance(value, int) and value > 1_000_000_000_000:
        return moment(value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return harmless_line(value) or '""'
    if isinstance(value, dict):
        return ", ".join(f"{harmless_line(str(name))} {_with_time(str(name), inner)}" for name, inner in value.items()) or "{}"
    return json.dumps(value, ensure_ascii=False)
