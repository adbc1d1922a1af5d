"""Names that go on from what somebody has begun to type: of actors, of the verbs of one, of the fields of a verb.

On the engine's thread.
"""

from gateway.actors.ids import kind_of
from gateway.actors.messages import REPLY
from gateway.control import views
from gateway.control.pending import Answer
from gateway.runtime.engine import Engine


def actors(begin: str, limit: int, engine: Engine) -> Answer:
    """The ids that begin so: of host-bound actors, and of stored ones; before the first slash, their kinds, with a slash."""
    directory = engine.directory
    hosted = [id for id in directory.hosted if id.startswith(begin) and directory.kinds.is_listed(kind_of(id))]
    if "/" in begin:
        return {"names": [*hosted, *views.ids(begin, "", limit, engine, every=False)["ids"]]}
    kinds = [kind for kind in directory.kinds.listed if kind.startswith(begin)]
    return {"names": [*hosted, *(f"{kind}/" for kind in kinds if engine.store.actors(f"{kind}/", "", 1))]}


def verbs(of: str, engine: Engine) -> Answer:
    """What an actor can be told or asked from outside, and the fields that each verb takes. Raises BadId and UnknownTarget."""
    rows = engine.directory.outside_verbs_at(of)
    return {"verbs": {name: list(row.payload.model_fields) for name, row in rows.items() if name != REPLY}}
