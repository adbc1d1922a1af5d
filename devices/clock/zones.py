"""Time zones: which one the host has, and how a moment reads there.

Source: IANA time zone database; localtime(5) for where a host says which zone it has.
"""

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME = Path("/etc/localtime")


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name, the host's where `name` is empty. Raises ValueError."""
    if not name:
        return host_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'cannot use {name!r} as a time zone: there is none of that name; write one as in "Europe/Berlin"') from None


def host_zone() -> tzinfo:
    """The time zone of this host, by $TZ or /etc/localtime; UTC where neither says."""
    for name in (os.environ.get("TZ", "").lstrip(":"), _linked_to()):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    try:
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return UTC


def shown(at_ms: int, zone: tzinfo) -> str:
    """A moment for people, as the wall clock of that zone shows it: `2026-11-23 07:00`, with seconds where it has any."""
    local = datetime.fromtimestamp(at_ms // 1000, zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def read_local(text: str, zone: tzinfo) -> int:
    """Read `2026-01-01T07:00`, in `zone` unless it says its offset, as milliseconds since 1970. Raises ValueError.

    A time that the zone leaves out in spring is taken as if the clocks had not been changed yet; of two, the first.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f'cannot read {text!r} as a time: {error}; write it as in "2026-01-01T07:00"') from None
    return round((found if found.tzinfo else found.replace(tzinfo=zone)).timestamp() * 1000)


def _linked_to() -> str:
    """The name that /etc/localtime is a link to: `Europe/Berlin`."""
    target = os.path.realpath(_LOCALTIME)
    return target.partition("zoneinfo/")[2]
