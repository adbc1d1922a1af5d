"""Families: some ids of ordinary actors, to be found by the id of any of their ancestors."""

from collections.abc import Collection

from gateway.actors.ids import parent_of


class Families:
    """Some ids, each under all of its ancestors: there are seven at most, and most ids have none. To find the descendants of an actor
    takes no look at anybody else."""

    def __init__(self) -> None:
        self._under: dict[str, set[str]] = {}

    def add(self, id: str) -> None:
        """Put an id in."""
        above = parent_of(id)
        while above:
            self._under.setdefault(above, set()).add(id)
            above = parent_of(above)

    def remove(self, id: str) -> None:
        """Take out an id that was put in."""
        above = parent_of(id)
        while above:
            under = self._under[above]
            under.remove(id)
            if not under:
                del self._under[above]
            above = parent_of(above)

    def under(self, id: str) -> Collection[str]:
        """The descendants of an actor that are among these."""
        return self._under.get(id, ())
