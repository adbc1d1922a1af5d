"""What a configuration file comes to: settings of the gateway itself, host-bound actors to start, ordinary actors to serve."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.actors import Actor, HostBound, Settings
from gateway.actors.points.point import Said
from gateway.config.problems import Problem
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import Promised


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

    notes: tuple[Problem, ...] = field(default=(), compare=False)
    """What is worth knowing on this machine and is no problem, looked at with `outside`."""

    @property
    def points(self) -> Said:
        """What its devices say of the values that they bring."""
        return [row for part in self.host_bound for row in part.settings.points(part.id)]

    @property
    def simulated(self) -> list[str]:
        """Ids of the host-bound actors that are simulated."""
        return [part.id for part in self.host_bound if part.simulated]
