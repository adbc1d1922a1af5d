"""Actors for which a section has settings, and that nothing in the file brings: a name that nobody is shown under, a time of silence of no
device.

As with values that are watched (`watched.py`) it is a remark of `gateway check`: an actor may come to be by a message from outside. So what
is no slip is told only where the file has no door by which such a message comes.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.ids import HOST
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.watched import COMPARED_AT_MOST, ById, are_known, given_in, id_meant, keys_by_kind, rows_of, spoken_of_in
from gateway.registry import Registry, kind_meant

_DOORS = ("http", "link", "mqtt", "web")
"""Sections by which others may write to any actor."""
_NO_PATTERN = "\\[]!?{}"
"""What an id has in it that more than its * and its letters say."""


class _Known(NamedTuple):
    """Who there is, or may be, as far as the file says."""

    registry: Registry
    table: dict[str, Any]
    """The file."""
    ids: set[str]
    """Ids, and templates of ids, of ordinary actors that the file tells something, looks at, or says something of."""
    by_id: ById[str]
    """The same, to be found by the id of an actor."""
    keys: dict[str, set[str]]
    """The keys of those that are whole, by their kind."""
    values: dict[str, set[str]]
    """Which actors have a value of a name."""
    is_open: bool
    """Whether others may write to actors that the file does not name."""

    def has(self, id: str) -> bool:
        """Whether there is an actor of this very id, or may be."""
        kind, _, key = id.partition("/")
        found = self.table.get(kind) if kind in self.registry.host_bound.names else None
        return bool(self.by_id.of(id)) or (isinstance(found, dict) and key in found)

    def keys_of(self, kind: str) -> list[str]:
        """The keys of the host-bound actors of a kind."""
        found = self.table.get(kind)
        if not isinstance(found, dict):
            return []
        sole = self.registry.host_bound.load(kind).sole_key
        return [sole] if sole else list(found)


def unknown_names(document: Document, sections: Sequence[Section], registry: Registry) -> Iterator[tuple[KeyPath, str]]:
    """Each id of an actor that a section only has settings for, where there is no such actor, at its key, with what was probably meant."""
    rows = [(section, *row) for section in sections for row in rows_of(section.settings.ids_named) if are_known(*row)]
    if not rows:
        return
    known = _known(document, sections, registry)
    doubtful = (row for row in rows if not known.has(row[2]))
    for section, setting, id in islice(doubtful, COMPARED_AT_MOST):
        if why := _why_nobody(id, known):
            yield section.path_of(document, setting), why


def _known(document: Document, sections: Sequence[Section], registry: Registry) -> _Known:
    ids = {target for section in sections for _, target, _ in section.addresses()}
    ids |= {id for section in sections for id in spoken_of_in(section)}
    ids |= {device.id for section in sections for device in rows_of(partial(section.settings.shown_devices, _me(section)))}
    values: dict[str, set[str]] = {}
    for one in (one for section in sections for one in given_in(section)):
        ids.add(one.to)
        for name in one.names:
            values.setdefault(name, set()).add(one.to)
    own = any(name not in registry.ordinary.in_the_box for name in registry.ordinary.names)
    by_id = ById((one, one) for one in ids)
    return _Known(
        registry, document.table, ids, by_id, keys_by_kind(ids), values, is_open=own or any(name in document.table for name in _DOORS)
    )


def _me(section: Section) -> str:
    return "" if section.key_path[0] == "actors" else section.id


def _why_nobody(id: str, known: _Known) -> str:
    """Why there is nobody of this id, or of this pattern of ids; empty where there is, or may be."""
    kind, _, key = id.partition("/")
    if not key or kind == HOST or set(kind) & {"*", *_NO_PATTERN}:
        return ""
    host_bound, ordinary = known.registry.host_bound, known.registry.ordinary
    if kind not in host_bound.names and kind not in ordinary.names:
        return f"there is no kind {kind!r}; {kind_meant(kind, [*host_bound.names, *ordinary.names])}"
    if kind in host_bound.names:
        return _no_device(id, known)
    if any(fnmatchcase(one, id) for one in known.ids) or _may_fit(id, known):
        return ""
    if "/" in key:
        return ""  # a child, whom its parent brings
    if owners := known.values.get(key):
        return f"{key} is a value of {', '.join(sorted(owners))}, and no actor; write the id of the actor"
    if meant := id_meant(id, known.keys):
        return f"nothing in the file tells {id} anything; did you mean {meant!r}?"
    others = [one for one in known.ids if one.startswith(f"{kind}/")]
    return "" if known.is_open or not others else f"nothing in the file tells {id} anything; {did_you_mean(id, others)}"


def _may_fit(id: str, known: _Known) -> bool:
    """Whether a pattern may fit an actor whose id comes with a message."""
    kind = id.partition("/")[0]
    return "*" in id and any("{" in one and one.partition("/")[0] in (kind, "{kind}") for one in known.ids)


def _no_device(id: str, known: _Known) -> str:
    kind, _, key = id.partition("/")
    devices = [f"{kind}/{one}" for one in known.keys_of(kind)]
    if any(fnmatchcase(one, id) for one in devices) or set(id) & set(_NO_PATTERN) or "/" in key:
        return ""
    return f"the file has no such device; {did_you_mean(id, devices) if devices else f'it has no [{kind}.…]'}"
