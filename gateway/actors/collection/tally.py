"""A tally: how many entries a collection has. It is an actor of its own, so that a change need not write the collection's table."""

from gateway.actors.actor import Actor
from gateway.actors.collection.entries import Counted
from gateway.actors.collection.errand import Errand
from gateway.actors.models import Payload, State
from gateway.actors.stage import Stage
from gateway.actors.verbs import verb


class TallyChange(Payload):
    """Payload of the verb `change`: by how many entries the collection has grown or shrunk."""

    by: int


class TallyState(State):
    """How many entries the collection has."""

    count: int = 0


class Tally(Actor[TallyState]):
    """An actor that counts the entries of the collection it is a child of."""

    kind = "collection_tally"
    inner = True

    @verb
    def change(self, change: TallyChange, stage: Stage[TallyState]) -> None:
        """Add to the count what a page has gained or lost."""
        stage.state = stage.state.changed(count=stage.state.count + change.by)

    @verb
    def run(self, errand: Errand, stage: Stage[TallyState]) -> None:
        """Answer with how many entries there are."""
        errand.answer(stage, Counted(count=stage.state.count))


def tally_of(collection: str) -> str:
    """The id of a collection's tally."""
    return f"{collection}/collection_tally/all"
