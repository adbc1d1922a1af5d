"""Processes of a test's own that are killed at a moment which the test names, without a clock."""

import os
import signal
from collections.abc import Callable
from pathlib import Path


def killed(act: Callable[[], object]) -> bool:
    """Run `act` in a process of its own; whether that was killed."""
    child = os.fork()
    if not child:
        try:
            act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def die_at(number: int) -> Callable[[], None]:
    """What kills its process when it is called the `number`th time."""
    left = iter(range(number - 1))

    def die() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def killed_at_rename(number: int, act: Callable[[], object]) -> None:
    """Run `act`, and kill this process behind the `number`th file that it has renamed or put in the place of another."""
    die = die_at(number)
    for name in ("rename", "replace"):
        setattr(Path, name, _with_end(getattr(Path, name), die))
    act()


def _with_end(rename: Callable[[Path, Path], Path], die: Callable[[], None]) -> Callable[[Path, Path], Path]:
    def and_die(self: Path, target: Path) -> Path:
        renamed = rename(self, target)
        die()
        return renamed

    return and_die
