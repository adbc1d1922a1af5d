"""Inspection: look at what belongs to the engine's thread, from another thread."""

import threading
from collections.abc import Callable
from typing import TypeVar

from gateway.actors.errors import ANYTHING

T = TypeVar("T")


def inspect(post: Callable[[Callable[[], None]], None], look: Callable[[], T], *, timeout_s: float) -> T:
    """Have `look` run on the engine's thread, by way of `post`, and return what it saw.

    Raises TimeoutError when the engine does not turn in time, or what `look` raised.
    """
    seen: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            seen.append(look())
        except ANYTHING as error:  # it belongs to the thread that asked
            errors.append(error)
        finally:
            done.set()

    post(run)
    if not done.wait(timeout_s):
        raise TimeoutError(f"cannot look into the engine: it did not turn within {timeout_s} s")
    if errors:
        raise errors[0]
    return seen[0]
