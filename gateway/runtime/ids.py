"""New ids: unique for life, sortable in the order of making.

`life` counts the starts of this store, so ids sort across restarts whatever the clock did; four random letters keep two
gateways apart.
"""

import os
from itertools import count

NOTE = "life"
"""Key of the note in the store that counts the starts."""

_MANY = 1 << 24
"""From this start on its number has twelve digits, behind a letter that sorts after all digits."""
_FIRST = 10**12
"""Numbers have thirteen digits, so they sort as text without padding, which would cost half of making an id."""


def life_of(address: str) -> int:
    """The life in which an address was made, of which the last part is an id from here; 0 where it is none."""
    made = address.rpartition("/")[2].partition("-")[0]
    return int(made, 16) if made and not made.strip("0123456789abcdef") else 0


class Ids:
    """Makes ids for messages and keys. On the engine's thread, and in `send` on any: next() on a count is atomic."""

    def __init__(self, life: int) -> None:
        self._prefix = f"{f'{life:06x}' if life < _MANY else f'g{life:012x}'}-{os.urandom(3).hex()}-"
        self._numbers = count(_FIRST)

    def new(self) -> str:
        """The next id: 27 characters, for the first sixteen million starts."""
        return f"{self._prefix}{next(self._numbers)}"
