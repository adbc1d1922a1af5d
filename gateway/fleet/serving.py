"""Serving: what a link says of a host that serves actors which several hosts share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.actors import Actor, HostBound
from gateway.config import Configuration
from gateway.fleet.settings import LinkSettings, link_of
from gateway.registry import Promised, installed, is_offered
from gateway.runtime.settings import EngineSettings
from gateway.service.sharing import Sharing

if TYPE_CHECKING:
    from gateway.store.postgres.shared.store import GroupedStore


def sharing_of(configuration: Configuration, settings: EngineSettings) -> Sharing | None:
    """This host's part in serving shared actors, as its `[link]` says it; None where it has none."""
    link = link_of(configuration)
    if link is None or not link.serves:
        return None
    actors = [actor for actor in configuration.actors if actor.kind in link.kinds or not is_offered(actor.kind)]
    join = lambda before, clean: _joined(link, before, clean=clean)  # noqa: E731
    return Sharing(join, actors, settings=settings, bound=link.bound(), elsewhere=_elsewhere(configuration))


def _elsewhere(configuration: Configuration) -> Callable[[str], type[HostBound] | type[Actor[Any]]]:
    """What finds the class of a kind that each host has for itself, and to which shared actors write by the name of its host."""
    ordinary = {actor.kind: actor for actor in configuration.actors}
    devices = {part.kind.kind: part.kind for part in configuration.host_bound}

    def find(kind: str) -> type[HostBound] | type[Actor[Any]]:
        actor = ordinary.get(kind)
        if actor is None:
            return devices.get(kind) or installed().host_bound.load(kind)
        return type(actor.make() if isinstance(actor, Promised) else actor)

    return find


def _joined(link: LinkSettings, before: int, *, clean: bool) -> "GroupedStore":
    """Begin a life among the hosts that share the database of a link."""
    from gateway.store.postgres.shared.place import SharedPlace  # noqa: PLC0415  # psycopg need not be there
    from gateway.store.postgres.shared.store import GroupedStore  # noqa: PLC0415

    place = SharedPlace(link.url, link.password_path, simulated=link.simulate)
    return GroupedStore(place, link.host, before=before, clean=clean)
