"""What a configuration file comes to: settings of the gateway itself, host-bound actors to start, ordinary actors to serve."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.actors import Actor, HostBound, Settings
from gateway.actors.points.point import Point, Said, ValueType
from gateway.config.problems import Problem
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import Promised

if TYPE_CHECKING:
    from gateway.actors.points.shown import Shown, ShownDevice


class HostBoundPart(NamedTuple):
    """One section `[kind.key]`: a host-bound actor that is to be made as `kind(key, settings)`."""

    kind: type[HostBound]
    key: str
    settings: Settings

    @property
    def id(self) -> str:
        """The actor id of this part."""
        return f"{self.kind.kind}/{self.key}"

    @property
    def simulated(self) -> bool:
        """Whether a simulator stands in the place of what the actor owns."""
        return getattr(self.settings, "simulate", None) not in (None, False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole, checked configuration."""

    gateway: GatewaySettings
    store: StoreSettings
    runtime: RuntimeSettings
    host_bound: tuple[HostBoundPart, ...]
    """In the order of the file: the order they start in."""
    actors: tuple[Actor[Any] | Promised, ...]
    """Every ordinary kind that is installed, named in the file or not; those in the box that are not named are promised."""

    outside: tuple[Problem, ...] = field(default=(), compare=False)
    """What is wrong outside of the file, where somebody had it looked at: files that it names, actors of one's own. It can start so."""

    loops: tuple[Problem, ...] = field(default=(), compare=False)
    """Where an actor may hear what it publishes itself, so that its messages go round without end: see `echoes.py`. It can start so."""

    notes: tuple[Problem, ...] = field(default=(), compare=False)
    """What is worth knowing on this machine and is no problem, looked at with `outside`."""

    @property
    def warnings(self) -> list[str]:
        """What is to be said of it when it comes into force, a sentence each, with its line."""
        return [f"{one.key_path} (line {one.position.line if one.position else 1}): {one.text}" for one in self.loops]

    @property
    def points(self) -> Said:
        """What its devices, and the ordinary actors that it names, say of the values that they bring."""
        said = [row for part in self.host_bound for row in part.settings.points(part.id)]
        return said + [row for settings in self._ordinary for row in settings.points("")]

    @property
    def shown(self) -> "Shown | None":
        """What of its devices can be seen, and who looks; None where nobody does."""
        ordinary = self._ordinary
        readers = [id for settings in ordinary for id in settings.readers()]
        if not readers:
            return None
        from gateway.actors.points.shown import shown  # noqa: PLC0415  # for gateways whose devices somebody shows

        parts = [(part.id, part.settings) for part in self.host_bound]
        devices = [device for id, settings in (*parts, *(("", one) for one in ordinary)) for device in settings.shown_devices(id)]
        brokers = [names for id, settings in parts if (names := settings.broker_names(id)) is not None]
        return shown(map(self._with_parts, devices), brokers, readers, name=self.gateway.name)

    @property
    def _ordinary(self) -> list[Settings]:
        """The settings of the ordinary kinds that the file names, or that are no part of the box."""
        return [actor.settings for actor in self.actors if isinstance(actor, Actor)]

    def _with_parts(self, device: "ShownDevice") -> "ShownDevice":
        """A device; where it is the gateway itself, with a value for each other section: whether what that owns is there."""
        if not device.is_host:
            return device
        others = [part.id for part in self.host_bound if part.id != device.id]
        connected = Point(name="", type=ValueType.BOOLEAN, device_class="connectivity", diagnostic=True)
        return device.changed(points=(*device.points, *(connected.changed(name=id, path=("connected", id)) for id in others)))

    @property
    def simulated(self) -> list[str]:
        """Ids of the host-bound actors that are simulated."""
        return [part.id for part in self.host_bound if part.simulated]
