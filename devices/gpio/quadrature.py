"""Quadrature: the levels of the two contacts of a knob → by how many steps it was turned, and which way.

Turned clockwise, contact A closes before B, and opens before it: (A, B) is 00, 10, 11, 01, 00. Each change of one contact is a quarter of
that cycle, there or back, so a contact that bounces is counted there and back, and no debounce is needed. Where both have changed at once
something was missed. Pure.
"""

Levels = tuple[bool, bool]
"""Whether contact A is closed, and contact B."""

_PLACES: dict[Levels, int] = {(False, False): 0, (True, False): 1, (True, True): 2, (False, True): 3}
_CYCLE = len(_PLACES)
_BACK = _CYCLE - 1


class Quadrature:
    """The turns of one knob."""

    def __init__(self, edges_per_step: int, levels: Levels) -> None:
        """`edges_per_step`: how many changes of its contacts lie between two places where it rests: 4, 2 or 1."""
        self.missed = 0
        """How often both contacts had changed at once."""
        self._edges_per_step = edges_per_step
        self._place = _PLACES[levels]
        self._edges = 0
        """How many changes it is away from where it rested last."""

    def feed(self, levels: Levels) -> int:
        """Take the levels after a change; return the step that this completes: 1 clockwise, -1 the other way, or 0."""
        place, before = _PLACES[levels], self._place
        self._place = place
        moved = (place - before) % _CYCLE
        if moved in (1, _BACK):
            self._edges += 1 if moved == 1 else -1
        self.missed += moved == _CYCLE // 2
        if abs(self._edges) >= self._edges_per_step:
            return self._step(self._edges)
        return self._rest() if place % self._edges_per_step == 0 else 0

    def _rest(self) -> int:
        """Begin anew where the knob rests. With three of four changes seen, one was missed, and the step was made all the same."""
        return self._step(self._edges) if abs(self._edges) > self._edges_per_step / 2 else self._step(0)

    def _step(self, edges: int) -> int:
        self._edges = 0
        return (edges > 0) - (edges < 0)
