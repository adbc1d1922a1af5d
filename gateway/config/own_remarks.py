"""What is odd about a user's own kinds: their classes, by how they are written, and host-bound ones that cannot be made."""

from collections.abc import Iterator, Sequence

from gateway.actors.errors import ANYTHING
from gateway.actors.words import described
from gateway.config.configuration import HostBoundPart
from gateway.config.overrun import Overrun, at_most
from gateway.config.own_kinds import OwnKinds, line_of
from gateway.config.shapes import oddities


def own_remarks(found: OwnKinds, parts: Sequence[HostBoundPart]) -> list[str]:
    """Each oddity of the kinds that were loaded, with its file and line. `parts` are the sections of host-bound kinds: each of the user's
    own is made once, as a start makes it, and let go."""
    odd = [f"{one.path}:{oddity.line}: {oddity.text}" for one in found.defined for oddity in oddities(one.kind, one.node)]
    return [*odd, *_unmade(found, parts)]


def _unmade(found: OwnKinds, parts: Sequence[HostBoundPart]) -> Iterator[str]:
    for part in parts:
        if part.kind not in found.host_bound:
            continue
        try:
            with at_most():
                part.kind(part.key, part.settings)  # type: ignore[call-arg]  # how each host-bound kind is made
        except (*ANYTHING, Overrun) as error:  # its constructor may raise anything
            where = next(line_of(error, one.path.parent) or f"{one.where}: " for one in found.defined if one.kind is part.kind)
            yield f"{where}cannot make {part.kind.__name__} for [{part.id.replace('/', '.')}]: {described(error)}; mend its __init__"
