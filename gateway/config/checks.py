"""Checks across sections: what two actors claim, and whether what an actor sends has someone to take it."""

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from gateway.actors import Actor, BadDefinition, BadId, By, HostBound, ReadModel, Settings, UnknownTarget
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import ANYTHING
from gateway.actors.ids import HOST, check_id, kind_of
from gateway.actors.templates import sample
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.problems import dotted
from gateway.config.sentences import shown
from gateway.config.settings_reader import check_fields
from gateway.registry import Registry, kind_meant

T = TypeVar("T", bound=Settings)
Say = Callable[[], str]
"""Works out a sentence, once it is told."""

_NAME_AT_MOST = 256
"""Characters of a name that is told: adapters have long ones, and differ in their ends."""


class Section(NamedTuple):
    """The settings of one actor or kind, and where they stand in the file."""

    key_path: KeyPath
    settings: Settings
    whole: bool = True
    """Whether the settings have no mistakes. Else what depends on a broken one is left out of the checks."""

    @property
    def id(self) -> str:
        """The id of the device that the section is of; of an ordinary kind, where its settings stand."""
        return "/".join(map(str, self.key_path))

    def claims(self) -> dict[str, str]:
        """What the section claims, as far as that is known."""
        if self.whole:
            return self.settings.claims()
        with suppress(*ANYTHING):  # it looked at what is broken
            return {key: thing for key, thing in self.settings.claims().items() if isinstance(thing, str)}
        return {}

    def addresses(self) -> list[tuple[str, str, str]]:
        """Where the section sends, as far as that is known."""
        if self.whole:
            return self.settings.addresses()
        with suppress(*ANYTHING):  # as above
            return [row for row in self.settings.addresses() if all(isinstance(part, str) for part in row)]
        return []

    def path_of(self, document: Document, setting: str) -> KeyPath:
        """The path of one setting; in `rules.0.to`, 0 is an item where the file has a list, and in `names.twin/a.b.c` what the file has as
        one key is one."""
        path, parts = self.key_path, setting.split(".")
        while parts:
            found, many = document.value(path), 1
            if isinstance(found, dict):
                many = next((many for many in range(1, len(parts) + 1) if ".".join(parts[:many]) in found), 1)
            part, parts = ".".join(parts[:many]), parts[many:]
            path = (*path, int(part) if part.isdigit() and isinstance(found, list) else part)
        return path

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
        """The tables of the section that other models read, as far as that is known."""
        with suppress(*(() if self.whole else ANYTHING)):  # as above
            return self.settings.options()
        return []

    def patterns(self) -> list[tuple[str, str]]:
        """The patterns of actors in the section, as far as that is known."""
        with suppress(*(() if self.whole else ANYTHING)):  # as above
            return [(setting, pattern) for setting, pattern in self.settings.patterns() if isinstance(pattern, str)]
        return []

    def shared(self) -> dict[str, str]:
        """The kinds that the section has served by several hosts, as far as that is known."""
        return self.settings.shared() if self.whole else {}

    def payloads(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """What the section sends that stands in the file, as far as that is known."""
        if self.whole:
            return self.settings.payloads()
        with suppress(*ANYTHING):  # as above
            return [row for row in self.settings.payloads() if all(isinstance(part, str) for part in row[:3]) and isinstance(row[3], dict)]
        return []


def check_claims(document: Document, sections: list[Section]) -> None:
    """Note each thing that two sections claim: at the one further down, with the line of the other."""
    claims = [(section.path_of(document, key), section.key_path, thing) for section in sections for key, thing in section.claims().items()]
    owners: dict[str, tuple[KeyPath, KeyPath]] = {}
    for path, owner, thing in sorted(claims, key=lambda claim: document.position(claim[0])):
        if thing in owners:
            other_path, other = owners[thing]
            line = document.position(other_path).line
            mine, theirs = _as_written(document, path, thing), _as_written(document, other_path, thing)
            same = "" if mine == theirs else f"the same as {theirs}, "
            document.add(path, f"{mine} is {same}already owned by {dotted(other)} (line {line})")
        owners.setdefault(thing, (path, owner))


def _as_written(document: Document, path: KeyPath, thing: str) -> str:
    """A claimed value as the file has it, by which people find it; the thing claimed where the file leaves it to a default."""
    value = document.value(path)
    return thing if value is None or isinstance(value, (dict, list)) else shown(value, at_most=_NAME_AT_MOST)


def check_addresses(document: Document, sections: list[Section], registry: Registry, carried: Collection[str] = ()) -> None:
    """Note each address that names no kind, no host-bound actor or no verb that there is, or one that this actor does not take. What other
    hosts have is not in the file: `carried` are the first segments of the ids that go there."""
    settings = {section.id: section.settings for section in sections if section.whole}
    for section in sections:
        for setting, target, verb in section.addresses():
            problem = _target_problem(document, registry, target, verb, carried) or _why_deaf(settings.get(target), target, verb)
            if problem is not None:
                document.add(section.path_of(document, setting), _for_want_of_values(section, registry, target, verb) or problem)


def _why_deaf(settings: Settings | None, target: str, verb: str) -> Say | None:
    why = settings.why_deaf(verb) if settings is not None else ""
    return (lambda: f"cannot send {verb!r} to {target}: {why}") if why else None


def _for_want_of_values(section: Section, registry: Registry, target: str, verb: str) -> str:
    """What to say where a device's codec reads no values, and whoever is told takes only these; empty where that is not what is wrong."""
    settings, kind = section.settings, target.partition("/")[0]
    own_verb = getattr(settings, "verb", None)
    if "codec" not in type(settings).model_fields or own_verb or _payload_at(registry, sample(target), "report") is None:
        return ""
    chosen = getattr(settings, "codec", "")
    advice = f"codec = {shown(chosen)} reads no values: json, csv, keyvalue, regex, number and onoff do"
    if "codec" not in settings.model_fields_set:
        advice = 'no codec is named, so a line goes as a text: add codec = "json", or csv, keyvalue, regex, number or onoff'
    return f"cannot send {verb!r} to {kind}: it has no such verb; {advice}"


def check_payloads(document: Document, sections: list[Section], registry: Registry) -> None:
    """Note what is wrong with each payload that stands in the file, by the verb that it is for; an address that is itself wrong is noted
    elsewhere."""
    for section in sections:
        for setting, target, verb, payload in section.payloads():
            model = _payload_at(registry, target, verb)
            if model is not None:
                check_fields(document, section.path_of(document, setting), model, payload)


def check_shared(document: Document, sections: list[Section], registry: Registry) -> None:
    """Note each read model that is shared, and each that follows a kind that is: it would miss events, or have them out of order."""
    shared = {kind: (section, setting) for section in sections for setting, kind in section.shared().items()}
    for kind, (section, setting) in shared.items():
        if kind in registry.ordinary.names and issubclass(registry.ordinary.load(kind), ReadModel):
            document.add(section.path_of(document, setting), f"{kind!r} is a read model, which follows the events of one host; take it out")
    for name in registry.ordinary.names if shared else ():
        if name in registry.ordinary.in_the_box:
            continue
        model = registry.ordinary.load(name)
        for followed in model.follows if issubclass(model, ReadModel) else ():
            if followed.kind in shared and name not in shared:
                section, setting = shared[followed.kind]
                why = f"{name!r} follows it, and would miss the events of what other hosts serve"
                advice = f"take it out, or have it tell {name} by messages"
                document.add(section.path_of(document, setting), f"cannot share {followed.kind!r}: {why}; {advice}")


def check_options(document: Document, sections: list[Section]) -> None:
    """Note what is wrong with each table of a section that another model reads: the options of a codec."""
    for section in sections:
        for setting, model, table in section.options():
            check_fields(document, section.path_of(document, setting), model, table)


def _payload_at(registry: Registry, target: str, verb: str) -> type[BaseModel] | None:
    """The model of what a verb takes; None where there is no such verb."""
    try:
        name = kind_of(check_id(target))
        kind: type[HostBound] | type[Actor[Any]]
        kind = registry.host_bound.load(name) if name in registry.host_bound.names else registry.ordinary.load(name)
    except (BadId, BadDefinition, UnknownTarget):
        return None
    return kind.verbs[verb].payload if verb in kind.verbs else None


def without_absent_defaults(document: Document, settings: T, registry: Registry, *, shared: bool = False) -> T:
    """The settings of a section, with each address emptied that is a default and names a device which the file does not have; of a kind
    that hosts share, each that names a device, for these are of one host.

    So a twin that publishes to mqtt/main unless told otherwise needs no broker.
    """
    absent = {
        setting: ""
        for setting, target, _ in settings.addresses()
        if setting in type(settings).model_fields
        and setting not in settings.model_fields_set
        and _is_absent(document, registry, target, shared=shared)
    }
    return settings.model_copy(update=absent) if absent else settings


def _is_absent(document: Document, registry: Registry, target: str, *, shared: bool) -> bool:
    kind, _, key = target.partition("/")
    return kind in registry.host_bound.names and (shared or document.value((kind, key)) is None)


def _target_problem(document: Document, registry: Registry, template: str, verb: str, carried: Collection[str]) -> Say | None:
    """What is wrong with an address; None when nothing is, or it cannot be known before a message goes there."""
    target = sample(template)
    try:
        kind = kind_of(check_id(target))
    except BadId as error:
        return partial(str, error)
    first = target.partition("/")[0]
    if first == HOST and HOST not in carried:
        return lambda: f"cannot send to {template}: this gateway is not linked with others; give it a section [link]"
    if "{" in template.rsplit("/", 2)[-2]:
        return None
    if kind in registry.host_bound.names:
        return (None if first == HOST else _no_device(document, kind, template)) or _no_verb(registry, kind, verb)
    if kind in registry.ordinary.names:
        return _no_verb(registry, kind, verb)
    known = [*registry.host_bound.names, *registry.ordinary.names]
    return lambda: f"cannot send to {template}: there is no kind {kind!r}; {kind_meant(kind, known)}"


def _no_device(document: Document, kind: str, target: str) -> Say | None:
    """What is wrong with an address of a device that the file has no section for; None where it has one."""
    found = document.table.get(kind)
    table: dict[str, Any] = found if isinstance(found, dict) else {}
    if target.partition("/")[2] in table or ("{" in target and table):
        return None
    if not table:
        return lambda: f"cannot send to {target}: the file has no [{kind}.…]; add [{target.replace('/', '.')}]"
    return lambda: f"cannot send to {target}: the file has no such device; {did_you_mean(target, [f'{kind}/{key}' for key in table])}"


def _no_verb(registry: Registry, name: str, verb: str) -> Say | None:
    try:
        kind: type[HostBound] | type[Actor[Any]]
        kind = registry.host_bound.load(name) if name in registry.host_bound.names else registry.ordinary.load(name)
    except BadDefinition:
        return None  # noted where the file names the kind
    outside = [known for known, row in kind.verbs.items() if row.by is By.OUTSIDE]
    if verb in outside:
        return None
    why = f"only {kind.verbs[verb].by.value} may send it" if verb in kind.verbs else "it has no such verb"
    return lambda: f"cannot send {verb!r} to {name}: {why}; {did_you_mean(verb, outside)}"
