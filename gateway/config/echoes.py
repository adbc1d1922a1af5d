"""Echoes: subscriptions of the file that match what the same gateway publishes at the same broker, so that it hears itself.

An actor that hears what it publishes itself may go round without end: each round is a message from outside to the gateway, and nothing in
it is wrong. So it is told before it begins, as far as the file says who publishes what.
Source: OASIS MQTT Version 5.0, section 4.7, for what a filter matches.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.actors import Settings
from gateway.actors.servers import Server, plain
from gateway.actors.templates import fields_of, filled
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.problems import Problem, dotted
from gateway.registry import Registry

_ANY = "{}"
"""Stands in an id, or in a topic, for a name that comes with a message."""


class HeardAgain(NamedTuple):
    """The subscriptions that match what this gateway publishes, each at the line of its filter, in the order of the file."""

    loops: tuple[Problem, ...] = ()
    """Those that tell an actor what it publishes itself."""
    others: tuple[Problem, ...] = ()


class _Said(NamedTuple):
    """What one actor publishes: who it is, at which server, and under which whole topic; the id and the topic may have a `_ANY` in them."""

    by: str
    server: Server
    topic: str
    via: str
    """The connection that publishes."""
    prefix: str
    """What stands in front of the topics of that connection's own."""

    def is_heard(self, connection: str, topic_filter: str) -> bool:
        """Whether a connection tells an actor of it. What is below its own prefix it passes over, where the filter does not name that."""
        prefix = f"{self.prefix}/"
        passed_over = self.via == connection and self.topic.startswith(prefix) and not topic_filter.startswith(prefix)
        return not passed_over and meets(topic_filter, self.topic)


def echoes_in(document: Document, sections: Sequence[Section], registry: Registry) -> HeardAgain:
    """Look for the subscriptions of a file that match what its own actors publish."""
    heard = [(section, row) for section in sections for row in section.settings.heard()]
    said = list(_said(sections, registry)) if heard else []
    loops, others = [], []
    for section, (setting, topic_filter, to) in heard:
        servers = {plain(server) for server in section.settings.servers().values()}
        matched = [one for one in said if one.server in servers and one.is_heard(section.id, topic_filter)]
        own = [one for one in matched if _may_be(one.by, _form(to))]
        path = section.path_of(document, setting)
        if own:
            loops.append(_problem(document, path, topic_filter, own[0], _form(to)))
        elif matched:
            others.append(_problem(document, path, topic_filter, matched[0], ""))
    return HeardAgain(tuple(loops), tuple(others))


def meets(topic_filter: str, topic: str) -> bool:
    """Whether a filter matches a topic, or some topic of that form: a level of it with {} in it may be any."""
    levels, names = topic_filter.split("/"), topic.split("/")
    if levels[0] in ("+", "#") and names[0].startswith("$"):
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(names) or (level not in ("+", names[place]) and _ANY not in names[place]):
            return False
    return len(levels) == len(names)


def _problem(document: Document, path: KeyPath, topic_filter: str, said: _Said, to: str) -> Problem:
    topic, by, told = (text.replace(_ANY, "…") for text in (said.topic, said.by, to))
    matched = f"{topic_filter!r} matches what this gateway publishes itself ({by}, under {topic})"
    again = f"{matched}, and hears it again"
    if told:
        again = f"{matched}, and tells {told} of it: that may go round without end"
    advice = "write a filter that matches only what others publish, or have that published under another topic"
    return Problem(document.position(path), dotted(path), f"{again}; {advice}")


def _said(sections: Sequence[Section], registry: Registry) -> Iterator[_Said]:
    """What the actors of a file publish: those that it names, and each ordinary one that somebody in it writes to."""
    found = {section.id: section.settings for section in sections}
    names = {id: known for id, settings in found.items() if (known := settings.broker_names(id)) is not None}
    shown = [(one.id, one.by, one.topic) for id, settings in found.items() for one in settings.shown_devices(id)]
    told = {_form(target) for section in sections for _, target, _ in section.addresses()}
    for id in sorted(told | {id for id in found if id in registry.ordinary.names}):
        settings = _of_kind(id.partition("/")[0], found, registry)
        shown += [(id, by, topic) for by, topic in settings.published(id)] if settings is not None else []
    for id, by, topic in shown:
        for server in found[by].servers().values() if by in names else ():
            yield _Said(id, plain(server), names[by].whole(topic), by, names[by].prefix)


def _of_kind(kind: str, found: Mapping[str, Settings], registry: Registry) -> Settings | None:
    """The settings of an ordinary kind, as the file has them, or by default; None where it is none."""
    if kind not in registry.ordinary.names:
        return None
    known = found.get(kind) or found.get(f"actors/{kind}")
    return known or registry.ordinary.load(kind).settings_model()


def _form(id: str) -> str:
    """The form of the ids that an address may stand for."""
    return filled(id, dict.fromkeys(fields_of(id), _ANY))


def _may_be(one: str, other: str) -> bool:
    """Whether two forms may be of the same id."""
    first, second = one.split("/"), other.split("/")
    return len(first) == len(second) and all(a == b or _ANY in a or _ANY in b for a, b in zip(first, second, strict=True))
