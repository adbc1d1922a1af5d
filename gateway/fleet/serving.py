"""Serving: what a link says of a host that serves actors which several hosts share."""

from typing import TYPE_CHECKING

from gateway.config import Configuration
from gateway.fleet.settings import LinkSettings
from gateway.registry import is_offered
from gateway.runtime.settings import EngineSettings
from gateway.service.sharing import Sharing

if TYPE_CHECKING:
    from gateway.store.postgres.shared.store import GroupedStore


def sharing_of(configuration: Configuration, settings: EngineSettings) -> Sharing | None:
    """This host's part in serving shared actors, as its `[link]` says it; None where it has none."""
    link = next((part.settings for part in configuration.host_bound if isinstance(part.settings, LinkSettings)), None)
    if link is None or not link.serves:
        return None
    actors = [actor for actor in configuration.actors if actor.kind in link.kinds or not is_offered(actor.kind)]
    return Sharing(lambda before, clean: _joined(link, before, clean=clean), actors, settings=settings, bound=link.bound())


def _joined(link: LinkSettings, before: int, *, clean: bool) -> "GroupedStore":
    """Begin a life among the hosts that share the database of a link."""
    from gateway.store.postgres.shared.store import GroupedStore, SharedPlace  # noqa: PLC0415  # psycopg need not be there

    place = SharedPlace(link.url, link.password_path)
    return GroupedStore(place, link.host, before=before, clean=clean)
