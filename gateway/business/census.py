"""The census: how many contacts every user has, and had. A read model of all address books, `census/all`.

gateway ask census/all read                 {"contacts": 2, "users": {"ann": {"now": 2, "ever": 3}}}
gateway tell census/all rebuild             count anew, from what is recorded
"""

from gateway.actors import ReadModel, Stage, verb
from gateway.actors.ids import key_of
from gateway.actors.models import Model
from gateway.actors.readmodel import ReadStage, ReadState, on
from gateway.business.contact import ContactCreated, ContactRemoved
from gateway.business.contacts import User


class Count(Model):
    """How many contacts one user has, and had."""

    now: int = 0
    ever: int = 0


class CensusState(ReadState):
    """What the census remembers."""

    users: dict[str, Count] = {}


class Census(ReadModel[CensusState]):
    """A read model that counts the contacts of all users, as they come and go."""

    follows = (User,)

    @on(ContactCreated)
    def created(self, event: ContactCreated, stage: ReadStage[CensusState]) -> None:
        """Count one contact more."""
        self._count(stage, now=1, ever=1)

    @on(ContactRemoved)
    def removed(self, event: ContactRemoved, stage: ReadStage[CensusState]) -> None:
        """Count one contact less."""
        self._count(stage, now=-1, ever=0)

    @verb
    def read(self, stage: Stage[CensusState]) -> None:
        """Answer with the counts."""
        users = stage.state.users
        counts = {user: {"now": count.now, "ever": count.ever} for user, count in users.items()}
        stage.reply({"contacts": sum(count.now for count in users.values()), "users": counts, "catching_up": stage.state.catching_up})

    def _count(self, stage: ReadStage[CensusState], *, now: int, ever: int) -> None:
        users = stage.state.users
        user = key_of(stage.recorded.actor)
        before = users.get(user, Count())
        stage.state = stage.state.changed(users={**users, user: Count(now=before.now + now, ever=before.ever + ever)})
