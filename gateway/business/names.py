"""DeviceNames: what people call the devices of this gateway on its pages, `names/all`. The ids stay as they are.

gateway tell names/all name id=twin/m0 name="Boiler"
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.guards import refuse
from gateway.actors.ids import check_id

MOST = 1000
"""So many actors can have a name."""


class Naming(Payload):
    """Payload of the verb `name`: what an actor is called from now on."""

    id: Annotated[str, AfterValidator(check_id)] = Field(max_length=256, examples=["twin/boiler"])
    name: str = Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
    """Empty: as its id says, as before."""


class NamesState(State):
    """What people have named."""

    names: dict[str, str] = {}
    """The names by the ids of the actors."""


class DeviceNames(Actor[NamesState]):
    """Keeps the names which people give to others, for pages."""

    kind = "names"

    @verb
    def name(self, naming: Naming, stage: Stage[NamesState]) -> None:
        """Call an actor by a name, or by its id again where the name is empty. Refused where as many have names as can."""
        names = {id: name for id, name in stage.state.names.items() if id != naming.id}
        if naming.name.strip():
            if len(names) >= MOST:
                refuse(stage, f"cannot name {naming.id}: {MOST} actors have one, and no more can; take some back with an empty name")
                return
            names[naming.id] = naming.name.strip()
        stage.state = stage.state.changed(names=names)
        stage.reply({"names": names})

    @verb
    def read(self, stage: Stage[NamesState]) -> None:
        """Answer with all names."""
        stage.reply({"names": stage.state.names})
