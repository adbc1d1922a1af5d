"""What is found of actors by their ids, or why nothing is: one actor, what is stored of it, the ids with a beginning. On the engine's
thread."""

from gateway.actors.ids import check_id
from gateway.control import forget, views
from gateway.control.absent import unwritten, why_absent, why_none
from gateway.control.pending import Answer, no
from gateway.control.stranded import of_stranded
from gateway.runtime.engine import Engine

MOST_STATES = 100
"""How many actors are shown with their states at once: others wait for the engine meanwhile."""


def actor(id: str, engine: Engine) -> Answer:
    """One actor; or the mail that waits for it, where it is no more; or why there is none."""
    if text := unwritten(id, engine):
        return no("unwritten", f"cannot show {id}: {text}")
    if seen := views.of_actor(id, engine):
        return {"actor": seen}
    stranded = of_stranded(engine, id)
    return {"stranded": stranded} if stranded else why_absent(id, engine)


def stored(id: str, engine: Engine) -> Answer:
    """What is stored of an actor; or the mail that waits for it, where it is no more."""
    stranded = None if engine.store.load(check_id(id)) else of_stranded(engine, id)
    return {"stranded": stranded} if stranded else {"stored": forget.export(engine, id)}


def ids(prefix: str, after: str, limit: int, engine: Engine, *, every: bool, states: bool) -> Answer:
    """The ids that begin so, a page at a time, with their states where those are wanted; or why there can be none."""
    page = views.ids(prefix, after, min(limit, MOST_STATES) if states else limit, engine, every=every)
    if states:
        page["actors"] = [views.of_actor(id, engine) or {"id": id} for id in page["ids"]]
    return page if page["ids"] or after else why_none(prefix, engine.directory) or page
