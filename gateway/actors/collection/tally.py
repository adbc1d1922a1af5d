"""A tally: how many entries a collection has. It is an actor of its own, so that a change need not write the collection's table."""

from gateway.actors.actor import Actor
from gateway.actors.collection.entries import Counted
from gateway.actors.collection.errand import Errand
from gateway.actors.messages import Payload, State
from gateway.actors.stage import Stage
from gateway.actors.verbs import verb


class TallyChange(Payload):
    """Verb `change`: so many entries more, or fewer."""

    by: int


class TallyState(State):
    """What a tally remembers."""

    count: int = 0


class Tally(Actor[TallyState]):
    """Counts the entries of the collection it is a child of."""

    kind = "collection_tally"
    inner = True

    @verb
    def change(self, change: TallyChange, stage: Stage[TallyState]) -> None:
        """Take a page's word for an entry more, or fewer."""
        stage.state = stage.state.changed(count=stage.state.count + change.by)

    @verb
    def run(self, errand: Errand, stage: Stage[TallyState]) -> None:
        """Answer how many there are."""
        errand.answer(stage, Counted(count=stage.state.count))


def tally_of(collection: str) -> str:
    """The id of a collection's tally."""
    return f"{collection}/collection_tally/all"
