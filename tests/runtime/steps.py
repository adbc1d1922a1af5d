"""Counts what a piece of the runtime does, in steps of the interpreter: the same on every machine, whatever else that does meanwhile."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


def steps(work: Callable[[], T]) -> tuple[T, int]:
    """Do some work on this thread; return what came of it, and how many steps the runtime's own code took for it."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        if not frame.f_globals.get("__name__", "").startswith("gateway.runtime."):
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        done = work()
    finally:
        sys.settrace(before)
    return done, count
