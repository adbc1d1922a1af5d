"""Settings: what a kind takes from the configuration, whether its actors are host-bound or ordinary."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from gateway.actors.points.point import Given, Said

if TYPE_CHECKING:
    from gateway.actors.points.shown import BrokerNames, ShownDevice
    from gateway.actors.vocabulary import Scalar


class Settings(BaseModel):
    """What a kind takes from its section of the configuration: `[kind.key]` of a host-bound actor, `[actors.kind]` of an
    ordinary one. Units in the names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    tables: ClassVar[type[BaseModel] | None] = None
    """The model of the tables with names of the user's own that stand right in the section, where there are such: with extra = "allow"."""

    def claims(self) -> dict[str, str]:
        """What this actor must own alone, by the key that says so: {"pin": "GPIO 17"}. Two claims of one thing are an error."""
        return {}

    def addresses(self) -> list[tuple[str, str, str]]:
        """Where this actor sends: (key of the setting, actor id or template with {fields}, verb). Checked at start."""
        return []

    def why_deaf(self, verb: str) -> str:
        """Why this actor takes no such verb, though its kind has it, as the end of a sentence; empty where it does. Checked at start."""
        del verb
        return ""

    def among(self, me: str, others: "Mapping[str, Settings]") -> Self:
        """These settings of the device `me`, with what the other devices of the file say of it. Raises ValueError, "KEY: what is wrong",
        where that cannot be together. Called at start, once each section has been read."""
        del me, others
        return self

    def payloads(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """What this actor sends that stands in the file: (key of the setting, actor id, verb, payload). Checked at start."""
        return []

    def patterns(self) -> list[tuple[str, str]]:
        """The patterns of actors in this section: (key of the setting, pattern), as in `id_patterns.py`. Checked at start."""
        return []

    def points(self, me: str) -> Said:
        """The values of which the device `me` says what they are: by the id, or the template, of the actor that has them. Settings of an
        ordinary kind say it of each of its actors that they name; `me` is empty then."""
        del me
        return ()

    def given(self, me: str) -> list[Given]:
        """Which values whoever hears of the device `me` gets of it. `gateway check` looks there for a name that somebody watches."""
        return [Given(to, frozenset(point.name for point in points), others=True) for to, points in self.points(me)]

    def watched(self) -> list[tuple[str, str, str]]:
        """Which values of others this actor looks at: (key of the setting, actor id, name of the value)."""
        return []

    def awaited(self) -> "list[tuple[str, str, str, Scalar]]":
        """What this actor waits for a value to be: (key of the setting, actor id, name of the value, what it waits for)."""
        return []

    def spoken_of(self) -> list[str]:
        """The ids of this ordinary kind that its section speaks of: `gateway check` looks there for what an id nearby was meant to be."""
        return []

    def ids_named(self) -> list[tuple[str, str]]:
        """Ids of actors, or patterns of them, for which this section only has settings: (key of the setting, id or pattern). There
        `gateway check` looks whether there is, or may be, such an actor."""
        return []

    def shown_devices(self, me: str) -> "Iterable[ShownDevice]":
        """What others can see of the device `me`: its values, under which topic, and what can be done there. Settings of an ordinary kind
        say it of each of its actors that they name; `me` is empty then."""
        del me
        return ()

    def broker_names(self, me: str) -> "BrokerNames | None":
        """What the connection `me` is called at its broker; None where it is none."""
        del me
        return None

    def heard(self) -> list[tuple[str, str, str]]:
        """What this connection hears at its broker because the file says so: (key of the setting, topic filter, id of the actor that it
        tells, or the template of it)."""
        return []

    def published(self, me: str) -> list[tuple[str, str]]:
        """What the actor `me` of this ordinary kind publishes: (id of the connection, topic). An {} in the id, or in the topic, stands for
        what only its messages say."""
        del me
        return []

    def readers(self) -> list[str]:
        """Ids of the actors that are told of each device that comes by itself: see `shown.py`."""
        return []

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
        """The tables of this section that other models read, as that of a codec: (key of the setting, model, table). Checked at start."""
        return []

    def files(self) -> dict[str, str]:
        """The files that this actor needs, full paths, by the keys that name them. `gateway check` looks whether they are there."""
        return {}

    def device_files(self) -> dict[str, str]:
        """The device files that this actor opens, full paths, by the keys that name them. `gateway doctor` looks at them."""
        return {}

    def servers(self) -> dict[str, tuple[str, int]]:
        """The servers that this actor talks to, host and port, by the keys that name them. `gateway doctor` looks whether they answer."""
        return {}

    def lacks(self) -> dict[str, str]:
        """What of this actor is not on this machine as it must be, a sentence for each key that names it: programs, and what its files
        hold. `gateway check` says it. A file that is not there, or that this user may not read, is none of it."""
        return {}

    def notes(self) -> dict[str, str]:
        """What is worth knowing of this actor on this machine and is no problem, a sentence for each key. `gateway check` says it."""
        return {}

    def shared(self) -> dict[str, str]:
        """The kinds of ordinary actors that several hosts serve together, by the key that names each."""
        return {}

    def kept_for_life(self) -> Collection[str]:
        """The kinds of ordinary actors that are served as these settings, and theirs, were when the gateway began: other ones need a
        restart. Mostly there are none."""
        return ()

    def at_start(self) -> list[tuple[str, str]]:
        """Which of the kind's actors are to be sent which verb, without a payload, at each start of the gateway."""
        return []
