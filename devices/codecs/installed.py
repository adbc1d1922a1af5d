"""The installed codecs, by name. One is imported when it is first asked for."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from devices.codecs.codec import Codec
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import ANYTHING, BadDefinition
from gateway.actors.words import described

CODECS = "gateway.codecs"


class UnknownCodec(BadDefinition):
    """Raised where no installed package brings a codec of that name."""


def codec_names() -> list[str]:
    """The names of all installed codecs, sorted."""
    return sorted(_entries())


def codec_class(name: str) -> type[Codec]:
    """The class of a codec. Raises UnknownCodec where there is none, BadDefinition where it cannot be used."""
    entries = _entries().get(name)
    if entries is None:
        raise UnknownCodec(f"there is no codec {name!r}; {did_you_mean(name, codec_names())}")
    if len(entries) > 1:
        raise BadDefinition(f"cannot use codec {name!r}: both {entries[0].value} and {entries[1].value} bring it; uninstall one of them")
    found = _loaded(entries[0])
    if not (isinstance(found, type) and issubclass(found, Codec)):
        raise BadDefinition(f"cannot use codec {name!r}: {entries[0].value} is no Codec; mend its package's entry point")
    return found


@cache
def _entries() -> dict[str, tuple[EntryPoint, ...]]:
    """The entry points by name. One that is found twice, as in a checkout beside its installed package, is one."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=CODECS):
        found.setdefault(entry.name, {}).setdefault(entry.value, entry)
    return {name: tuple(by_value.values()) for name, by_value in found.items()}


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except ANYTHING as error:  # a module may raise anything while it is imported; all of it means this
        raise BadDefinition(f"cannot import codec {entry.name!r}: {described(error)}; install what it needs") from error
