"""A configuration file → a checked Configuration, or every problem in it at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.actors import Actor, BadDefinition, GatewayError, HostBound, Settings
from gateway.actors.ids import is_key
from gateway.config.checks import Section, check_addresses, check_claims, without_absent_defaults
from gateway.config.configuration import Configuration, HostBoundPart
from gateway.config.did_you_mean import did_you_mean
from gateway.config.document import Document, open_document
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.config.settings_reader import read_settings
from gateway.registry import Kinds, Registry, installed

OWN_TABLES = ("gateway", "store", "runtime", "actors")
"""Top-level tables that are no kind of device."""

T = TypeVar("T", bound=Settings)
K = TypeVar("K", bound=HostBound | Actor[Any])


def read(path: str | Path, *, registry: Registry | None = None) -> Configuration:
    """Read and check the file at `path` against the installed kinds, or those of `registry`. Raises ConfigProblems."""
    return _Reading(open_document(path), registry or installed()).configuration()


class _Made(NamedTuple):
    """A section that was read, with what it is for: a host-bound part, or an ordinary actor."""

    section: Section
    part: HostBoundPart | None = None
    actor: Actor[Any] | None = None


class _Reading:
    """One reading of one document: each step adds the problems it finds, and goes on."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry
        self.simulate = False

    def configuration(self) -> Configuration:
        gateway = self.own("gateway", GatewaySettings)
        store = self.own("store", StoreSettings)
        runtime = self.own("runtime", RuntimeSettings)
        self.simulate = gateway.simulate
        host_bound = self.host_bound()
        actors = self.ordinary()
        sections = [made.section for made in (*host_bound, *actors)]
        check_claims(self.document, sections)
        check_addresses(self.document, sections, self.registry)
        self.document.check()
        parts = tuple(made.part for made in host_bound if made.part)
        return Configuration(gateway, store, runtime, parts, tuple(made.actor for made in actors if made.actor))

    def own(self, name: str, model: type[T]) -> T:
        """One of the gateway's own sections; its defaults stand in for one with problems, until they are raised."""
        settings = read_settings(self.document, (name,), model)
        return model() if settings is None else settings

    def host_bound(self) -> list[_Made]:
        """Every section `[kind.key]`, in the order of the file."""
        found = [made for name in self.document.table if name not in OWN_TABLES for made in self.of_kind(name)]
        return sorted(found, key=lambda made: self.document.position(made.section.key_path))

    def of_kind(self, name: str) -> Iterable[_Made]:
        table = self.document.table[name]
        if name not in self.registry.host_bound.names:
            self.document.add((name,), self.no_such_table(name))
            return
        if not isinstance(table, dict) or not table:
            self.document.add((name,), f"a device has a name of its own; write [{name}.NAME]")
            return
        kind = self.load(self.registry.host_bound, name, (name,))
        for key in table:
            if self.is_section(name, key) and kind is not None:
                yield from self.device(kind, key)

    def is_section(self, name: str, key: str) -> bool:
        """Whether `[name.key]` is a table whose key can stand in an actor id; a problem is noted where not."""
        if not isinstance(self.document.table[name][key], dict):
            self.document.add((name, key), f"a setting belongs to one device; write it under [{name}.NAME]")
            return False
        if not is_key(key):
            self.document.add((name, key), "no name for a device; use letters, digits and . _ ~ : @ = , - (128 at most)")
            return False
        return True

    def device(self, kind: type[HostBound], key: str) -> Iterable[_Made]:
        path = (kind.kind, key)
        simulation = self.simulation(path, kind.settings_model) if self.simulate else None
        settings = read_settings(self.document, path, kind.settings_model, more=simulation)
        if settings is not None:
            settings = without_absent_defaults(self.document, settings, self.registry)
            yield _Made(Section(path, settings), part=HostBoundPart(kind, key, settings))

    def simulation(self, path: tuple[str, ...], model: type[Settings]) -> dict[str, Any]:
        """`simulate` for a device that can be simulated and does not say how: true, or a table of defaults."""
        if "simulate" not in model.model_fields or self.document.value((*path, "simulate")):
            return {}
        annotation: Any = model.model_fields["simulate"].annotation
        accepts: TypeAdapter[Any] = TypeAdapter(annotation)
        try:
            accepts.validate_python(True, strict=True)
        except ValidationError:
            return {"simulate": {}}
        return {"simulate": True}

    def ordinary(self) -> list[_Made]:
        """Every installed ordinary kind, with its section `[actors.kind]` or with defaults."""
        table = self.document.table.get("actors", {})
        if not isinstance(table, dict):
            self.document.add(("actors",), "settings of actors stand by kind; write [actors.KIND]")
            table = {}
        for name in table:
            if name not in self.registry.ordinary.names:
                self.document.add(("actors", name), self.no_such_actor(name))
        return [made for name in self.registry.ordinary.names for made in self.actor(name)]

    def actor(self, name: str) -> Iterable[_Made]:
        path = ("actors", name)
        kind = self.load(self.registry.ordinary, name, path)
        settings = read_settings(self.document, path, kind.settings_model) if kind is not None else None
        if kind is None or settings is None:
            return
        settings = without_absent_defaults(self.document, settings, self.registry)
        try:
            yield _Made(Section(path, settings), actor=kind(settings))
        except (GatewayError, ValueError) as error:
            self.document.add(path, str(error))

    def load(self, kinds: Kinds[K], name: str, path: tuple[str, ...]) -> type[K] | None:
        try:
            return kinds.load(name)
        except BadDefinition as error:
            self.document.add(path, str(error))
            return None

    def no_such_table(self, name: str) -> str:
        kinds = self.registry.host_bound.names
        if name in self.registry.ordinary.names:
            return f"an ordinary kind, which has no devices; write [actors.{name}]"
        if not kinds:
            return "no kind of device is installed; install the gateway as a package (pip install -e . in a checkout)"
        return f"no such table or kind of device; {did_you_mean(name, [*OWN_TABLES, *kinds])}"

    def no_such_actor(self, name: str) -> str:
        if name in self.registry.host_bound.names:
            return f"a host-bound kind; write [{name}.NAME]"
        if not self.registry.ordinary.names:
            return "no kind of actor is installed; install the gateway as a package (pip install -e . in a checkout)"
        return f"no such kind of actor; {did_you_mean(name, self.registry.ordinary.names)}"
