"""Untold: lines come that can be read, and nothing is in them. The port is well; why its actor hears nothing is said beside that.

A receiver that has no fix yet, or whose sentences are all of other things; a device that sends `{}` until its sensor answers.
"""

AFTER_S = 10.0
"""For how long nothing must have been told since the opening, before that is said."""


class Untold:
    """Whether the lines of one port have told anything since it was opened. On the port's thread."""

    def __init__(self) -> None:
        self.words = ""
        """What is to be said of it behind the port's name; empty: nothing."""
        self._since_s: float | None = None
        self._told = False

    def clear(self) -> None:
        """Forget it: the port was opened."""
        self.words = ""
        self._since_s = None
        self._told = False

    def note(self, now_s: float, *, told: bool, why: str) -> bool:
        """Note lines that could be read, whether they told anything, and why not; return whether `words` are others now."""
        before = self.words
        if self._told:
            return False
        if told:
            self._told, self.words = True, ""
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= AFTER_S:
            self.words = f"; nothing is told yet: {why}"
        return self.words != before
