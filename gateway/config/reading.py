"""A configuration file → a checked Configuration, or every problem in it at once."""

from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext, suppress
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.actors import Actor, BadDefinition, GatewayError, HostBound, Settings
from gateway.actors.errors import ANYTHING
from gateway.actors.gather import GATHER
from gateway.actors.ids import RESERVED
from gateway.actors.words import described
from gateway.config.agreeing import agreed
from gateway.config.brackets import unwrap_sections
from gateway.config.brought import bring_in
from gateway.config.checks import (
    Section,
    check_addresses,
    check_claims,
    check_options,
    check_payloads,
    check_shared,
    without_absent_defaults,
)
from gateway.config.configuration import Configuration, HostBoundPart
from gateway.config.device_names import named_devices
from gateway.config.document import Document, open_document
from gateway.config.echoes import echoes_in
from gateway.config.elsewhere import carried_in, check_shared_kinds
from gateway.config.id_patterns import check_patterns
from gateway.config.locator import KeyPath
from gateway.config.models import keys_of, lists_of, tables_of
from gateway.config.overrun import Overrun, at_most
from gateway.config.problems import ConfigProblems, Problem, dotted
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings, may_be_folder, own_folder
from gateway.config.settings_reader import read_settings
from gateway.config.values import add_free_dates, clean_texts, refuse_nul
from gateway.registry import SECTIONS, InstalledKinds, Promised, Registry, installed, kind_meant

if TYPE_CHECKING:
    from gateway.config.own_kinds import OwnKinds

OWN_TABLES = ("gateway", "store", "runtime", "actors")
"""Top-level tables that are no kind of device."""
OWN_KINDS = ("control", "journal", GATHER, *RESERVED)
"""Kinds that the daemon brings along without a section, or keeps for itself."""

T = TypeVar("T", bound=Settings)
K = TypeVar("K", bound=HostBound | Actor[Any])


def read(path: str | Path, *, registry: Registry | None = None, outside: bool = False) -> Configuration:
    """Read and check the file at `path` against the installed kinds, or those of `registry`; and, where that is wanted, what it relies on
    `outside` of itself. Raises ConfigProblems."""
    return _Reading(open_document(path), registry or installed(), outside=outside).configuration()


def kinds_of(path: str | Path, *, registry: Registry | None = None) -> Registry:
    """The installed kinds, or those of `registry`, with the user's own that the file at `path` brings, as far as they can be used."""
    found = registry or installed()
    try:
        reading = _Reading(open_document(path), found)
    except ConfigProblems:  # where there is no file, there is no folder beside it
        return found
    reading.add_own_kinds(reading.own("gateway", GatewaySettings))
    return reading.registry


class _Made(NamedTuple):
    """A section that was read, and what it is for: a host-bound part, or an ordinary actor."""

    section: Section
    part: HostBoundPart | None = None
    actor: Actor[Any] | None = None

    def with_section(self, section: Section) -> "_Made":
        """The same device with other settings."""
        part = self.part and self.part._replace(settings=section.settings)
        return self._replace(section=section, part=part)


class _Reading:
    """One reading of one document: each step adds the problems it finds, and the reading goes on."""

    def __init__(self, document: Document, registry: Registry, *, outside: bool = False) -> None:
        self.document = document
        self.registry = registry
        self.looks_outside = outside
        self.own_kinds: OwnKinds | None = None
        """The kinds of the user's folder, once they are loaded."""
        self.simulate = False
        self.carried: frozenset[str] = frozenset()
        """The first segments of the ids that its devices carry to other hosts."""
        self.complete = True
        """False when some kinds of the user's could not be loaded: what names one of them is no problem of its own."""

    def configuration(self) -> Configuration:
        refuse_nul(self.document, self.is_in_the_box)
        clean_texts(self.document)
        named = [name for name in self.registry.host_bound.names if not self.is_sole(name)]
        unwrap_sections(self.document, [*OWN_TABLES, *SECTIONS], named, self.lists_of_kind)
        bring_in(self.document, self.registry)
        gateway = self.own("gateway", GatewaySettings)
        store = self.own("store", StoreSettings)
        runtime = self.own("runtime", RuntimeSettings)
        self.simulate = gateway.simulate
        if gateway.simulate:
            store = store.simulated()
        self.add_own_kinds(gateway)
        host_bound = self.host_bound()
        self.carried = carried_in([made.section for made in host_bound], self.registry)
        table = self.actor_sections()
        kinds = self.registry.ordinary
        promised = [name for name in kinds.names if name in kinds.in_the_box and not self.names(name, table)]
        actors = [made for name in self.registry.ordinary.names if name not in promised for made in self.actor(name)]
        sections = [made.section for made in (*host_bound, *actors)]
        check_claims(self.document, sections)
        check_options(self.document, sections)
        if self.complete:
            check_addresses(self.document, sections, self.registry, self.carried)
            check_shared_kinds(self.document, sections, self.registry, self.carried)
            check_payloads(self.document, sections, self.registry)
            check_patterns(self.document, sections, self.registry)
            check_shared(self.document, sections, self.registry)
        add_free_dates(self.document)
        remarks = self.remarks(sections, gateway, store, [made.part for made in host_bound if made.part])
        if self.document.problems:
            self.document.problems += remarks
        self.document.check()
        parts = tuple(made.part for made in host_bound if made.part)
        ordinary: list[Actor[Any] | Promised] = [made.actor for made in actors if made.actor]
        ordinary += [Promised(name, self.promise(name)) for name in promised]
        ordinary.sort(key=attrgetter("kind"))
        echoes = echoes_in(self.document, sections, self.registry)
        notes = (*self.notes(sections), *echoes.others)
        return Configuration(gateway, store, runtime, parts, tuple(ordinary), tuple(remarks), echoes.loops, notes)

    def remarks(self, sections: list[Section], gateway: GatewaySettings, store: StoreSettings, parts: list[HostBoundPart]) -> list[Problem]:
        """What is wrong outside of the file, where that is wanted."""
        if not self.looks_outside:
            return []
        from gateway.config.outside import outside_problems  # noqa: PLC0415  # for `gateway check` only

        found = outside_problems(self.document, sections, gateway, store)
        if self.complete:
            from gateway.config.named import unknown_names  # noqa: PLC0415  # as above
            from gateway.config.watched import unknown_values  # noqa: PLC0415  # as above

            places = [*unknown_values(self.document, sections), *unknown_names(self.document, sections, self.registry)]
            found += [Problem(self.document.position(path), dotted(path), text) for path, text in places]
        if self.own_kinds is not None:
            from gateway.config.own_remarks import own_remarks  # noqa: PLC0415  # as above

            found += [self.own_problem(text) for text in own_remarks(self.own_kinds, parts)]
        return found

    def notes(self, sections: list[Section]) -> tuple[Problem, ...]:
        """What is worth knowing and no problem, where that is wanted."""
        if not self.looks_outside:
            return ()
        from gateway.config.outside import notes_on  # noqa: PLC0415  # for `gateway check` only

        return tuple(notes_on(self.document, sections))

    def line_in_own(self, error: BaseException) -> str:
        """The place in the user's own files at which something went wrong, to stand before what did; empty where it is not theirs."""
        folder = own_folder(self.document.path, self.own("gateway", GatewaySettings)) if self.own_kinds else None
        if folder is None:
            return ""
        from gateway.config.own_kinds import line_of  # noqa: PLC0415  # not for a gateway without

        return line_of(error, folder)

    def own_problem(self, text: str) -> Problem:
        """A problem of the user's own code, which has a place of its own."""
        return Problem(self.document.positions.get(("gateway", "actors")), "", text)

    def is_in_the_box(self, path: KeyPath) -> bool:
        """Whether a section is none of the user's own kinds, whose texts may be anything."""
        ordinary = path[0] == "actors" and path[1:2]
        known: Collection[str] = self.registry.ordinary.names if ordinary else (*OWN_TABLES, *SECTIONS, *self.registry.host_bound.names)
        return path[1 if ordinary else 0] in known

    def own(self, name: str, model: type[T]) -> T:
        """The settings of one of the gateway's own sections; defaults stand in for a section with problems, until those are raised."""
        found = read_settings(self.document, (name,), model)
        return found.settings if found.settings is not None and found.whole else model()

    def add_own_kinds(self, gateway: GatewaySettings) -> None:
        """Load the folder of the user's own kinds, if there is one."""
        folder = own_folder(self.document.path, gateway)
        if folder is None:
            return
        if not may_be_folder(folder):
            self.document.add(("gateway", "actors"), f"there is no folder {folder}; make it, or mend the path")
            return
        from gateway.config.own_kinds import copy_faults, load_own_kinds  # noqa: PLC0415  # not for a gateway without

        found = self.own_kinds = load_own_kinds(folder, [*OWN_TABLES, *OWN_KINDS, *self.registry.names])
        self.registry = self.registry.plus(found.host_bound, found.ordinary)
        self.complete = not found.problems
        copies = copy_faults(found, self.registry) if self.complete else []
        self.document.problems += [self.own_problem(text) for text in (*found.problems, *copies)]

    def host_bound(self) -> list[_Made]:
        """The host-bound part of every section `[kind.key]`, in the order of the file."""
        found = [made for name in self.document.table if name not in (*OWN_TABLES, *SECTIONS) for made in self.of_kind(name)]
        devices = {made.part.id: made.section.settings for made in found if made.part and made.section.whole}
        found = [made.with_section(agreed(self.document, made.section, devices)) for made in found]
        return sorted(found, key=lambda made: self.document.position(made.section.key_path))

    def of_kind(self, name: str) -> Iterable[_Made]:
        table = self.document.table[name]
        if name not in self.registry.host_bound.names:
            if self.complete:
                self.document.add((name,), partial(self.no_such_table, name))
            return
        kind = self.load(self.registry.host_bound, name, (name,)) if isinstance(table, dict) else None
        if kind is not None and kind.sole_key:
            yield from self.device(kind, kind.sole_key, (name,))
            return
        if not isinstance(table, dict) or not table:
            self.document.add((name,), f"a device has a name of its own; write [{name}.NAME]")
            return
        fields = keys_of(kind.settings_model) if kind is not None else None
        for key in named_devices(self.document, name, fields):
            if kind is not None:
                yield from self.device(kind, key, (name, key))

    def lists_of_kind(self, name: str) -> Collection[str]:
        """The lists of tables that a device of a kind has; none where its code does not load, as is noted where its section is read."""
        with suppress(BadDefinition):
            return lists_of(self.registry.host_bound.load(name).settings_model)
        return ()

    def is_sole(self, name: str) -> bool:
        """Whether a gateway has one actor of a kind at most. Only kinds that the file names are looked at: each is imported for that."""
        if not self.document.table.get(name):
            return False
        with suppress(BadDefinition):  # noted where its section is read
            return bool(self.registry.host_bound.load(name).sole_key)
        return False

    def device(self, kind: type[HostBound], key: str, path: tuple[str, ...]) -> Iterable[_Made]:
        simulation = self.simulation(path, kind.settings_model) if self.simulate else None
        section = self.section(path, kind, more=simulation)
        if section is not None:
            yield _Made(section, part=HostBoundPart(kind, key, section.settings))

    def section(self, path: tuple[str, ...], kind: type[HostBound | Actor[Any]], *, more: dict[str, Any] | None = None) -> Section | None:
        """One section, without default addresses that lead nowhere; None where nothing can be made of it. It is not whole where it has
        problems: then it is good for no more than to look for others."""
        try:
            settings, whole = read_settings(self.document, path, kind.settings_model, more=more)
            if settings is None:
                return None
            if whole:
                settings.claims()
            with nullcontext() if whole else suppress(*ANYTHING):  # addresses may look at what is broken
                settings = without_absent_defaults(self.document, settings, self.registry, shared=kind.kind in self.carried)
        except ANYTHING as error:  # validators, claims and addresses may be a user's code, and raise anything
            fact = described(error)
            self.document.add(path, f"cannot read the settings of {kind.kind}: {fact}; mend {kind.settings_model.__name__}")
            return None
        return Section(path, settings, whole=whole)

    def simulation(self, path: tuple[str, ...], model: type[Settings]) -> dict[str, Any]:
        """The value of `simulate` for a device that can be simulated and does not say how: true, or a table of defaults."""
        if "simulate" not in model.model_fields or self.document.value((*path, "simulate")):
            return {}
        annotation: Any = model.model_fields["simulate"].annotation
        accepts: TypeAdapter[Any] = TypeAdapter(annotation)
        try:
            accepts.validate_python(True, strict=True)
        except ValidationError:
            return {"simulate": {}}
        return {"simulate": True}

    def actor_sections(self) -> dict[str, Any]:
        """The tables `[actors.kind]`, by kind."""
        table = self.document.table.get("actors", {})
        if not isinstance(table, dict):
            self.document.add(("actors",), "settings of actors stand by kind; write [actors.KIND]")
            table = {}
        for name in table:
            if name in SECTIONS:
                self.document.add(("actors", name), f"it stands for itself; write [{name}]")
            elif name not in self.registry.ordinary.names and self.complete:
                self.document.add(("actors", name), partial(self.no_such_actor, name))
            elif isinstance(table[name], dict):
                self.unnest(name, table[name])
        return table

    def unnest(self, name: str, table: dict[str, Any]) -> None:
        """Note each table of a kind, whose actors have tables of their own, that holds tables only, as [actors.rule.rules.fan], and go on
        without it."""
        model = self.registry.ordinary.load(name).settings_model.tables if name in self.registry.ordinary.in_the_box else None
        for key, inner in list(table.items()) if model is not None else ():
            nested = isinstance(inner, dict) and inner and all(isinstance(one, dict) for one in inner.values())
            if model is not None and nested and not set(keys_of(model)) & set(inner):
                plain = dotted(("actors", name, next(iter(inner))))
                self.document.add(("actors", name, key), f"each has a table of its own, one level up; write [{plain}]")
                del table[key]

    def promise(self, name: str) -> Callable[[], Actor[Any]]:
        """Promise a kind in the box that the file does not name: most gateways use few of them, and each costs memory."""

        def make() -> Actor[Any]:
            kind = self.registry.ordinary.load(name)
            return kind(without_absent_defaults(self.document, kind.settings_model(), self.registry, shared=name in self.carried))

        return make

    def names(self, kind: str, table: dict[str, Any]) -> bool:
        """Whether the file has a section of an ordinary kind."""
        return kind in (self.document.table if kind in SECTIONS else table)

    def actor(self, name: str) -> Iterable[_Made]:
        path = (name,) if name in SECTIONS else ("actors", name)
        kind = self.load(self.registry.ordinary, name, path)
        section = self.section(path, kind) if kind is not None else None
        if kind is None or section is None:
            return
        if not section.whole:
            yield _Made(section)
            return
        try:
            with at_most():
                actor = kind(section.settings)
            yield _Made(section, actor=actor)
        except (GatewayError, ValueError) as error:
            self.document.add(path, str(error))
        except (*ANYTHING, Overrun) as error:  # its constructor may raise anything
            self.document.add(path, f"{self.line_in_own(error)}cannot make {kind.__name__}: {described(error)}; mend its __init__")

    def load(self, kinds: InstalledKinds[K], name: str, path: tuple[str, ...]) -> type[K] | None:
        try:
            return kinds.load(name)
        except BadDefinition as error:
            self.document.add(path, str(error))
            return None

    def no_such_table(self, name: str) -> str:
        kinds = self.registry.host_bound.names
        if name in self.registry.ordinary.names:
            return f"an ordinary kind, which has no devices; write [{dotted(self.place_of(name))}]"
        if not kinds:
            return "no kind of device is installed; install the gateway as a package (pip install -e . in a checkout)"
        from gateway.config.other_words import INCLUDES, our_section  # noqa: PLC0415  # only for a file with mistakes

        if name.lower() in INCLUDES:
            return f"a file takes no other in, as {name} does elsewhere; write all of it into this one, and take this out"
        if not isinstance(self.document.table[name], dict):
            return "this key stands above all sections; write it below the [header] of the one that it belongs to"
        if ours := our_section(name):
            sole = ours in kinds and bool(self.registry.host_bound.load(ours).sole_key)
            named = ".NAME" if (ours in kinds and not sole) or "." in ours else ""
            return f"no such table or kind of device; write [{ours}{named}]"
        return f"no such table or kind of device; {kind_meant(name, [*OWN_TABLES, *SECTIONS, *kinds])}"

    def place_of(self, name: str) -> tuple[str, ...]:
        """Where the settings of an ordinary kind stand that the file has as those of a device: of one of its actors, where these have
        tables of their own."""
        kind, table = self.load(self.registry.ordinary, name, ("actors", name)), self.document.table[name]
        keys = [key for key, value in table.items() if isinstance(value, dict)] if isinstance(table, dict) else []
        tables = tables_of(kind.settings_model) if kind is not None else ""
        if tables in keys:
            keys = [key for key, value in table[tables].items() if isinstance(value, dict)]
        return ("actors", name, tables, keys[0]) if tables and keys else ("actors", name)

    def no_such_actor(self, name: str) -> str:
        if name in self.registry.host_bound.names:
            return f"a host-bound kind; write [{name}.NAME]"
        if not self.registry.ordinary.names:
            return "no kind of actor is installed; install the gateway as a package (pip install -e . in a checkout)"
        return f"no such kind of actor; {kind_meant(name, self.registry.ordinary.names)}"
