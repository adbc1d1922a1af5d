"""What other hosts serve, as a file says it: which ids one of its devices carries there, and what a kind that hosts share may write to."""

from gateway.actors.ids import HOST
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.registry import Registry, kind_meant


def carried_in(sections: list[Section], registry: Registry) -> frozenset[str]:
    """The first segments of the ids that a device of the file carries to other hosts: `host`, and the kinds that hosts share."""
    whole = [section for section in sections if section.whole and section.key_path[0] in registry.host_bound.names]
    loaded = [(registry.host_bound.load(str(section.key_path[0])), section.settings) for section in whole]
    return frozenset(first for kind, settings in loaded for first in kind.carries_to(settings))


def check_shared_kinds(document: Document, sections: list[Section], registry: Registry, carried: frozenset[str]) -> None:
    """Note each kind that hosts are to share and cannot: one that there is not, or one of devices; and each address by which an actor of a
    shared kind would write to what one host has."""
    shared = carried - {HOST}
    for kind in sorted(shared):
        if problem := _why_not_shared(kind, registry):
            document.add(_place_of(kind, document, sections), problem)
    for section in sections:
        kind = str(section.key_path[-1])
        if kind in shared and kind in registry.ordinary.names:
            for setting, target, _ in section.addresses():
                if target.partition("/")[0] not in carried:
                    text = f"cannot send to {target}: any of several hosts serves {kind!r}, and that is of one; write host/NAME/{target}"
                    document.add(section.path_of(document, setting), text)


def _why_not_shared(kind: str, registry: Registry) -> str:
    if kind in registry.host_bound.names:
        return f"{kind!r} is a kind of devices, and these belong to each host; take it out, and write to one as host/NAME/{kind}/KEY"
    if kind not in registry.ordinary.names:
        return f"there is no kind {kind!r}; {kind_meant(kind, registry.ordinary.names)}"
    return ""


def _place_of(kind: str, document: Document, sections: list[Section]) -> KeyPath:
    """Where a device of the file names a kind in a list."""
    for section in sections:
        table = document.value(section.key_path)
        for key, value in table.items() if isinstance(table, dict) else ():
            if isinstance(value, list) and kind in value:
                return (*section.key_path, key, value.index(kind))
    return ()
