"""Values and actors that somebody names and that nothing in the file gives: a misspelt name is a rule that never holds, a button without
a lamp.

Anybody may report to a twin, over MQTT too, so such a name is a remark of `gateway check` and no mistake of the file. Where an input
names its values in its messages only, a name is told if it is a slip of one that is known.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Generic, TypeVar

from gateway.actors.did_you_mean import did_you_mean, name_meant
from gateway.actors.errors import ANYTHING
from gateway.actors.ids import kind_of
from gateway.actors.points.point import Given, Point, ValueType
from gateway.actors.points.points import fits
from gateway.actors.vocabulary import Scalar
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.sentences import shown

_REPORTS = "report"
_KINDS = {
    ValueType.BOOLEAN: ("true or false", "true or false"),
    ValueType.NUMBER: ("a number", "a number"),
    ValueType.TEXT: ("a text", "a text in quotes"),
}
"""What a value of each type is, and how it is written."""
_LOOKS = ("read",)
"""Verbs that change nothing."""
_TOO_SHORT = 4
"""So short a name is as near to many others as to the one that was meant."""
COMPARED_AT_MOST = 300
"""So many ids are compared with all others: a file that has more that nothing speaks of has them on purpose."""
_NUMBERS = re.compile(r"[0-9]+")

T = TypeVar("T")


class ById(Generic[T]):
    """What belongs to actors, by their ids or by templates of these: most files have many ids, and few templates."""

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        self._exact: defaultdict[str, list[T]] = defaultdict(list)
        self._templates: list[tuple[str, T]] = []
        for to, what in rows:
            if "{" in to:
                self._templates.append((to, what))
            else:
                self._exact[to].append(what)

    def of(self, id: str) -> list[T]:
        """What belongs to the actor of this id."""
        return [*self._exact.get(id, ()), *(what for to, what in self._templates if fits(to, id))]


def unknown_values(document: Document, sections: Sequence[Section]) -> Iterator[tuple[KeyPath, str]]:
    """Each name of a value that is watched and that no input gives to its actor, at its key, with the one that was probably meant."""
    given = ById((one.to, one) for section in sections for one in given_in(section))
    heard = ById((target, verb) for section in sections for _, target, verb in section.addresses())
    yield from _unknown_ids(document, sections)
    yield from _never_said(document, sections)
    for section in sections:
        for setting, id, name in _watched(section):
            inputs = given.of(id)
            known = {known for one in inputs for known in one.names}
            if not inputs or name in known:
                continue
            told = heard.of(id).count(_REPORTS)
            if not any(one.others for one in inputs) and told <= len(inputs):
                yield section.path_of(document, setting), f"nothing in the file gives {id} a value {name!r}; {did_you_mean(name, known)}"
            elif meant := _slip_of(name, known):
                yield section.path_of(document, setting), f"nothing in the file names a value {name!r} of {id}; did you mean {meant!r}?"


def _never_said(document: Document, sections: Sequence[Section]) -> Iterator[tuple[KeyPath, str]]:
    """Each word, number or truth value that is waited for where the file says that the value is of another type: it never comes."""
    points = ById((to, of) for section in sections for to, of in _points(section))
    for section in sections:
        for setting, id, name, wanted in _awaited(section):
            types = {point.type for of in points.of(id) for point in of if point.name == name}
            type = types.pop() if len(types) == 1 else ValueType.ANY
            if type in _KINDS and isinstance(wanted, str) is not (type is ValueType.TEXT):
                what, written = _KINDS[type]
                yield section.path_of(document, setting), f"{name} of {id} is {what}, and never {shown(wanted)}; write {written}"


def _unknown_ids(document: Document, sections: Sequence[Section]) -> Iterator[tuple[KeyPath, str]]:
    """Each id that is a slip of another: of an actor that is looked at, and nothing in the file tells it anything; or of one that is told
    something, while the section of its kind speaks of the other. Such an actor comes to be, and does nothing."""
    rows = [(section.path_of(document, setting), id, verb in _LOOKS) for section in sections for setting, id, verb in section.addresses()]
    told = {id for _, id, looks in rows if not looks} | {one.to for section in sections for one in given_in(section)}
    spoken_of = {id for section in sections for id in spoken_of_in(section)}
    of_told, keys_told, keys_spoken_of = ById((id, id) for id in told), keys_by_kind(told), keys_by_kind(spoken_of)
    unknown = ((path, id, looks) for path, id, looks in rows if id not in spoken_of and not (looks and of_told.of(id)))
    for path, id, looks in islice(unknown, COMPARED_AT_MOST):
        if meant := id_meant(id, keys_told if looks else keys_spoken_of):
            why = f"nothing in the file tells {id} anything" if looks else f"[actors.{kind_of(meant)}] does not speak of {id}"
            yield path, f"{why}; did you mean {meant!r}?"


def keys_by_kind(ids: Iterable[str]) -> dict[str, set[str]]:
    """The keys of ids that are whole, by their kind."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for id in ids:
        kind, _, key = id.partition("/")
        if "{" not in id:
            found[kind].add(key)
    return found


def id_meant(id: str, known: Mapping[str, set[str]]) -> str:
    """The known id of which another is a slip in its key; empty where there is none, or a part of an id comes with a message."""
    kind, _, key = id.partition("/")
    keys = known.get(kind, set())
    if {"/", "{"} & set(key):
        return ""
    slip = _slip_of(key, keys) or next((one for one in keys if len(key) == _TOO_SHORT - 1 and one[:-1] == key and one[-1].isalpha()), "")
    return f"{kind}/{slip}" if slip else ""


def _awaited(section: Section) -> list[tuple[str, str, str, Scalar]]:
    return [row for row in rows_of(section.settings.awaited) if are_known(*row)]


def _points(section: Section) -> list[tuple[str, list[Point]]]:
    me = "" if section.key_path[0] == "actors" else section.id
    return [(to, list(of)) for to, of in rows_of(lambda: section.settings.points(me)) if are_known(to)]


def spoken_of_in(section: Section) -> list[str]:
    return [id for id in rows_of(section.settings.spoken_of) if are_known(id)]


def given_in(section: Section) -> list[Given]:
    return [one for one in rows_of(lambda: section.settings.given(section.id)) if are_known(one.to)]


def _watched(section: Section) -> list[tuple[str, str, str]]:
    return [row for row in rows_of(section.settings.watched) if are_known(*row)]


def rows_of(look: Callable[[], Iterable[T]]) -> list[T]:
    """What the settings of a section say; nothing where they looked at what is broken, or are a user's code and raise."""
    with suppress(*ANYTHING):
        return list(look())
    return []


def are_known(*parts: Any) -> bool:
    """Whether nothing of this is a broken value, which is told where it stands."""
    return all(isinstance(part, str | bool | int | float) for part in parts)


def _slip_of(name: str, known: set[str]) -> str:
    """The known name of which another is a slip; empty where it may well be one of its own: of another number, or with another end, as a
    short one is a unit, or min and max."""
    meant = name_meant(name, known)
    if len(name) < _TOO_SHORT or not meant or _NUMBERS.findall(name) != _NUMBERS.findall(meant):
        return ""
    end, other = name.rpartition("_")[2], meant.rpartition("_")[2]
    return meant if end == other or (len(other) >= _TOO_SHORT and name_meant(end, [other])) else ""
