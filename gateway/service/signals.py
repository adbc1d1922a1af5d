"""Signals, taken one by one on the main thread: no handler interrupts anything.

They are blocked in every thread (threads inherit that), and fetched with sigtimedwait; so a signal that comes while
we start waits until we serve.
"""

import signal
import threading

STOP = frozenset({signal.SIGTERM, signal.SIGINT})
RELOAD = signal.SIGHUP
WAKE = signal.SIGUSR1
_ALL = frozenset({*STOP, RELOAD, WAKE})


def hold_reload() -> None:
    """Have a signal to reload wait until somebody takes it: before that it would end the process. On the main thread, first of all."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {RELOAD})


class Signals:
    """Takes signals on the main thread; made there, before any other thread is."""

    def __init__(self) -> None:
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
        self._main = threading.get_ident()

    def wait(self, timeout_s: float) -> int:
        """Block until a signal comes, and return its number; 0 where none came in time. On the main thread."""
        found = signal.sigtimedwait(_ALL, max(0.0, timeout_s))
        return found.si_signo if found else 0

    def wake(self) -> None:
        """End a `wait`, from any thread."""
        signal.pthread_kill(self._main, WAKE)

    def restore(self) -> None:
        """Let signals do what they did before; what still waits is dropped."""
        while self.wait(0):
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
