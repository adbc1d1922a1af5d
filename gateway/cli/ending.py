"""How a command that makes something is ended: Ctrl-C and SIGTERM are noted, and it ends where nothing is half made.

Python raises KeyboardInterrupt at whatever line the main thread is, and so also between the start of an engine and the `try` that would
stop it. Who asks here instead ends at places of its own choosing.
"""

import signal
import threading


class Ending:
    """Whether this command was told to end. On the main thread."""

    def __init__(self) -> None:
        """Have SIGINT and SIGTERM be noted from now on, also where a shell has this command ignore the first."""
        self._told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: self._told.set())

    def look(self) -> None:
        """Raise KeyboardInterrupt where it was told to end."""
        if self._told.is_set():
            raise KeyboardInterrupt

    def wait(self, seconds: float) -> None:
        """Let so much time pass. Raises KeyboardInterrupt, at once, where it is told to end."""
        self._told.wait(seconds)
        self.look()
