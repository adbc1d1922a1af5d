"""The registry: which kinds of actors are installed. A kind is imported when it is first asked for, so that a gateway
holds in memory only what its configuration names.

Packages register kinds by entry points: host-bound ones in the group "gateway.devices", ordinary ones in
"gateway.actors"; each as `kind = "module:Class"`. What comes in the box takes the same door as a user's own package.
A user's single files need no package: gateway.config adds those of the folder that the configuration names.
Source: Python Packaging User Guide, "Entry points specification".
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.actors import Actor, BadDefinition, HostBound, UnknownTarget
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import ANYTHING
from gateway.actors.words import described

DEVICES = "gateway.devices"
ACTORS = "gateway.actors"
DOORS = "gateway.doors"

UNLISTED = frozenset({"announcement", "collection_page", "control", "gather", "history", "history_part", "job", "journal", "once", "path"})
"""Kinds that the gateway and its actors keep for themselves. Lists of what there is leave them out; each is found by its name."""
CLEARS_UP = ("alarm", "homeassistant", "rule")
"""Kinds that have told others what must be taken back once the file names the kind no more: they begin at each start where one of their
actors is still there."""
SECTIONS = ("homeassistant",)
"""Ordinary kinds whose section stands for itself, [homeassistant]; those of the others stand in [actors]."""
CHILDREN = frozenset({"user"})
"""Kinds whose actors are children of others: lists of actors have them, and nobody writes to them, or sets them up, by themselves."""

K = TypeVar("K", bound=HostBound | Actor[Any])


def is_offered(kind: str) -> bool:
    """Whether a kind is one of those that people write to and set up."""
    return kind not in UNLISTED and kind not in CHILDREN


def kind_meant(seen: str, names: Iterable[str], *, offered: Callable[[str], bool] = is_offered) -> str:
    """What to do about an unknown name of a kind: which was probably meant, of all; or which are offered."""
    names = list(names)
    meant = did_you_mean(seen, names)
    return meant if meant.startswith("did you mean") else did_you_mean(seen, filter(offered, filter(is_offered, names)))


class InstalledKinds(Generic[K]):
    """The installed kinds of one group of entry points, by name."""

    def __init__(self, group: str, parent: type[K], loaders: Mapping[str, Callable[[], Any]], *, in_the_box: Iterable[str] = ()) -> None:
        self.group = group
        self.in_the_box = frozenset(in_the_box)
        """Names of the kinds that the gateway itself brings: they are known to load."""
        self._parent: type[K] = parent
        self._loaders = dict(loaders)
        self._loaded: dict[str, type[K]] = {}

    @property
    def names(self) -> list[str]:
        """Every registered name of the group, sorted."""
        return sorted(self._loaders)

    def plus(self, kinds: Iterable[type[K]]) -> "InstalledKinds[K]":
        """These kinds, with the classes given."""
        loaders = {**self._loaders, **{kind.kind: _giving(kind) for kind in kinds}}
        return InstalledKinds(self.group, self._parent, loaders, in_the_box=self.in_the_box)

    def load(self, name: str) -> type[K]:
        """Import the class of a kind. Raises UnknownTarget when none is registered, BadDefinition when it cannot be used."""
        if name not in self._loaders:
            raise UnknownTarget(f"cannot find kind {name!r}: no package registers it in {self.group}; install one that does")
        if name not in self._loaded:
            self._loaded[name] = self._checked(name, self._imported(name))
        return self._loaded[name]

    def _imported(self, name: str) -> Any:
        try:
            return self._loaders[name]()
        except BadDefinition:
            raise
        except ANYTHING as error:  # a module may raise anything while it is imported; all of it means this
            fact = described(error)
            raise BadDefinition(f"cannot import kind {name!r}: {fact}; install what it needs, or take its sections out") from error

    def _checked(self, name: str, found: Any) -> type[K]:
        parent: type[K] = self._parent
        if not (isinstance(found, type) and issubclass(found, parent)):
            raise BadDefinition(f"cannot use kind {name!r}: {found!r} is no {parent.__name__}; mend its package's entry point")
        if found.kind != name:
            raise BadDefinition(f"cannot use kind {name!r}: {found.__name__} calls itself {found.kind!r}; set kind = {name!r} in the class")
        return found


class Promised(NamedTuple):
    """An ordinary kind that is imported and made when somebody first writes to one of its actors."""

    kind: str
    make: Callable[[], Actor[Any]]
    """Raises BadDefinition where it cannot be used."""


class Registry(NamedTuple):
    """All installed kinds, ordinary and host-bound."""

    host_bound: InstalledKinds[HostBound]
    ordinary: InstalledKinds[Actor[Any]]

    @property
    def names(self) -> list[str]:
        """Every registered name, of ordinary and host-bound kinds."""
        return [*self.host_bound.names, *self.ordinary.names]

    def plus(self, host_bound: Iterable[type[HostBound]], ordinary: Iterable[type[Actor[Any]]]) -> "Registry":
        """All of these kinds, with the classes given."""
        return Registry(self.host_bound.plus(host_bound), self.ordinary.plus(ordinary))


def installed() -> Registry:
    """The kinds that the installed packages register; reads their metadata and imports none of them."""
    return registered(entry_points(group=DEVICES), entry_points(group=ACTORS))


@cache
def own_version() -> str:
    """The version of this program; empty where it is not installed as a package."""
    try:
        return version("pi-device-gateway")
    except PackageNotFoundError:
        return ""


def doors() -> dict[str, EntryPoint]:
    """The other things that packages of devices may offer the gateway, by name; `load` imports one.

    `ports`, `chips` and `sensors` list what is plugged into this host; `tracker`, `line`, `broker` and `listener` are the demo's.
    """
    return {entry.name: entry for entry in entry_points(group=DOORS)}


def registered(devices: Iterable[EntryPoint], actors: Iterable[EntryPoint]) -> Registry:
    """The kinds that the given entry points name."""
    actors = list(actors)
    ours = [entry.name for entry in actors if entry.value.startswith(f"{__package__}.")]
    return Registry(InstalledKinds(DEVICES, HostBound, _loaders(devices)), InstalledKinds(ACTORS, Actor, _loaders(actors), in_the_box=ours))


def of_classes(host_bound: Iterable[type[HostBound]] = (), ordinary: Iterable[type[Actor[Any]]] = ()) -> Registry:
    """A registry of the given classes: for tests, and for programs that carry their own kinds."""
    return Registry(
        InstalledKinds(DEVICES, HostBound, {kind.kind: _giving(kind) for kind in host_bound}),
        InstalledKinds(ACTORS, Actor, {kind.kind: _giving(kind) for kind in ordinary}),
    )


def _giving(kind: type) -> Callable[[], type]:
    return lambda: kind


def _loaders(entries: Iterable[EntryPoint]) -> dict[str, Callable[[], Any]]:
    loaders: dict[str, Callable[[], Any]] = {}
    values: dict[str, str] = {}
    for entry in entries:
        same = values.setdefault(entry.name, entry.value) == entry.value
        loaders[entry.name] = entry.load if same else _refusing(entry.name, values[entry.name], entry.value)
    return loaders


def _refusing(name: str, one: str, other: str) -> Callable[[], Any]:
    def refuse() -> Any:
        raise BadDefinition(f"cannot use kind {name!r}: both {one} and {other} register it; uninstall one of their packages")

    return refuse
