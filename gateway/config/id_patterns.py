"""Checks of the patterns of actors in a configuration: each must fit some actor that there may be, and a verb that it has."""

from fnmatch import fnmatchcase
from typing import Any

from gateway.actors import Actor, BadDefinition, By, HostBound
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.id_patterns import id_pattern
from gateway.actors.ids import HOST
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.registry import Registry, kind_meant


def check_patterns(document: Document, sections: list[Section], registry: Registry) -> None:
    """Note each pattern that fits no kind that there is, no device of the file, or no verb."""
    for section in sections:
        for setting, pattern in section.patterns():
            if problem := _problem(document, registry, pattern):
                document.add(section.path_of(document, setting), f"{pattern!r} fits nobody: {problem}")


def _problem(document: Document, registry: Registry, pattern: str) -> str:
    """Why a pattern fits nobody; empty where it may fit somebody."""
    id, verb = id_pattern(pattern)
    levels = id.split("/")
    if levels[0] == HOST:
        return ""  # of another host, which has devices of its own
    known = [*registry.host_bound.names, *registry.ordinary.names]
    fitting = [kind for kind in known if fnmatchcase(kind, levels[0])]
    if not fitting and ("*" not in levels[0] or len(levels) > 1):
        return f"there is no kind {levels[0]!r}; {kind_meant(levels[0], known)}"
    if len(levels) != 2 or "*" in levels[0]:
        return ""  # a * may stand for several levels
    if all(kind in registry.host_bound.names for kind in fitting):
        ids = [f"{kind}/{key}" for kind in fitting for key in _keys(document, kind)]
        if not any(fnmatchcase(one, id) for one in ids):
            return f"the file has no such device; {did_you_mean(id, ids) if ids else f'add [{levels[0]}.…]'}"
    verbs = sorted({name for kind in fitting for name in _verbs(registry, kind)})
    if not verbs or any(fnmatchcase(one, verb) for one in verbs):
        return ""
    if "*" in levels[1] and any(fnmatchcase(one, verb) for kind in known for one in _verbs(registry, kind)):
        return ""  # it may be for a child, of whatever kind
    return f"{' and '.join(fitting)} has no verb {verb!r}; {did_you_mean(verb, verbs)}"


def _keys(document: Document, kind: str) -> list[str]:
    found = document.table.get(kind)
    return list(found) if isinstance(found, dict) else []


def _verbs(registry: Registry, name: str) -> list[str]:
    """The verbs of a kind that one may send from outside; none where its code does not load, which is noted elsewhere."""
    kind: type[HostBound] | type[Actor[Any]]
    try:
        kind = registry.host_bound.load(name) if name in registry.host_bound.names else registry.ordinary.load(name)
    except BadDefinition:
        return []
    return [verb for verb, row in kind.verbs.items() if row.by is By.OUTSIDE]
