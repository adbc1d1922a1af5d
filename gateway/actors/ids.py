"""Actor ids: `kind/key`, stable for life; a child's id continues its parent's: `site/home/contacts/ann`.

A segment is 1 to 128 characters out of letters, digits and `. _ ~ : @ = , -`; an id has an even number of segments, at
most 8 pairs. Ids are plain strings, so they are cheap to keep and travel in topics, logs and TOML as they are.
"""

import re
from functools import lru_cache

from gateway.actors.errors import BadId
from gateway.digests import sha256

GROUPS = 256
"""How many placement groups there are, 1 to this one; 0 is of no actor. An id has its group for ever."""

HOST = "host"
"""Kind of the ids that begin with the name of a host: `host/pi-barn/serial/gps` is what that one calls `serial/gps`."""

RESERVED = ("ask", HOST, "dead")
"""Kinds that nobody can register: the runtime keeps them for itself."""

KEY_AT_MOST = 128
_SEGMENT = rf"[A-Za-z0-9._~:@=,-]{{1,{KEY_AT_MOST}}}"
_ID = re.compile(rf"{_SEGMENT}/{_SEGMENT}(?:/{_SEGMENT}/{_SEGMENT}){{0,7}}")
_KEY = re.compile(_SEGMENT)


@lru_cache(maxsize=4096)
def check_id(text: str) -> str:
    """Return `text` when it is a well-formed actor id; raise BadId otherwise."""
    if not _ID.fullmatch(text):
        rule = "it must read kind/key (pairs of letters, digits and . _ ~ : @ = , -)"
        if len(text) > KEY_AT_MOST:
            rule += f", each of at most {KEY_AT_MOST} characters"
        raise BadId(f"cannot use {text!r} as an actor id: {rule}")
    return text


def check_id_or_none(text: str) -> str:
    """Return `text` when it is a well-formed actor id, or empty, which names nobody; raise BadId otherwise."""
    return check_id(text) if text else text


def is_key(text: str) -> bool:
    """Whether `text` can be one segment of an id."""
    return _KEY.fullmatch(text) is not None


def kind_of(actor: str) -> str:
    """The kind of an id: its last segment but one (`contacts` in `site/home/contacts/ann`)."""
    return actor.rsplit("/", 2)[-2]


def key_of(actor: str) -> str:
    """The key of an id: its last segment."""
    return actor.rsplit("/", 1)[-1]


def parent_of(actor: str) -> str:
    """The id of an actor's parent (`site/home` of `site/home/contacts/ann`); empty for one at the top."""
    parts = actor.rsplit("/", 2)
    return parts[0] if len(parts) > 2 else ""


def root_of(actor: str) -> str:
    """The id of the actor at the top of a family: the first `kind/key` of an id."""
    return "/".join(actor.split("/", 2)[:2])


@lru_cache(maxsize=8192)
def group_of(actor: str) -> int:
    """The placement group of an ordinary actor (1 to GROUPS): a stable hash of its root, so families stay together. A database that hosts
    share computes the same number."""
    kind, _, rest = actor.partition("/")
    first: int = sha256(f"{kind}/{rest.partition('/')[0]}".encode()).digest()[0]
    return first % GROUPS + 1
