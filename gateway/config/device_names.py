"""Device names: which tables below `[KIND]` are devices, and what is said of those that are none."""

from collections.abc import Collection, Iterator

from gateway.actors.ids import is_key
from gateway.actors.points import as_key
from gateway.config.document import Document


def named_devices(document: Document, kind: str, fields: Collection[str] | None) -> Iterator[str]:
    """The names of the devices in `[kind]`, a table with something in it; a problem is noted for what is none. `fields`: the settings of
    one; None where the kind could not be loaded."""
    stray = _strays(document, kind, fields)
    for key in document.table[kind]:
        if key not in stray and _is_section(document, kind, key, fields):
            yield key


def _strays(document: Document, kind: str, fields: Collection[str] | None) -> list[str]:
    """The keys of `[kind]` that are settings of a device without a name, tables such as `codec = {...}` among them.

    One problem is noted for all of them.
    """
    table = document.table[kind]
    stray = [key for key in table if not isinstance(table[key], dict)]
    if stray and fields is not None:
        stray = [key for key in table if key in stray or key in fields]
    if stray:
        more = f" (with {', '.join(stray[1:])})" if stray[1:] else ""
        document.add((kind, stray[0]), f"a setting belongs to one device; write it{more} under [{kind}.NAME]")
    return stray


def _is_section(document: Document, kind: str, key: str, fields: Collection[str] | None) -> bool:
    """Whether `[kind.key]` is a table whose key can stand in an actor id; a problem is noted where not."""
    inner = document.table[kind][key]
    has_devices = inner and fields is not None and not set(fields) & set(inner) and all(isinstance(value, dict) for value in inner.values())
    if has_devices:
        from gateway.config.slips import said_twice  # noqa: PLC0415  # only for a file with mistakes

        plain = f"{key}_{next(iter(inner))}"
        dotted = f"a device's name has no dot in it; write [{kind}.{plain}]"
        document.add((kind, key), said_twice((kind, key), inner) or dotted)
        return False
    if not is_key(key):
        advice = f"; write [{kind}.{as_key(key)}]" if key.strip() else ""
        document.add((kind, key), f"no name for a device; use letters, digits and . _ ~ : @ = , - (128 at most){advice}")
        return False
    return True
