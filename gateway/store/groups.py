"""Groups: the unit of placement. An id's root belongs to one of 256 groups, for ever: the database computes the same number."""

from functools import lru_cache

from gateway.digests import sha256

GROUPS = 256
"""How many groups there are, 1 to this one; 0 stands for what is bound to a host."""


@lru_cache(maxsize=8192)
def group_of(id: str) -> int:
    """The group of an actor: that of its root, which are the first two parts of its id. Any thread."""
    kind, _, rest = id.partition("/")
    first: int = sha256(f"{kind}/{rest.partition('/')[0]}".encode()).digest()[0]
    return first % GROUPS + 1
