"""What is odd about the class of an actor under test: `gateway check` says it of the classes in one's own folder, the test kit of all."""

import ast
import inspect
import textwrap
from functools import lru_cache
from typing import Any

from gateway.actors import Actor, BadDefinition, HostBound
from gateway.config.shapes import oddities


@lru_cache(maxsize=256)
def check_shape(kind: type[Actor[Any]] | type[HostBound]) -> None:
    """Raise BadDefinition where a class has a method that looks like a verb and is none, a verb that returns its answer, or state on self.
    What has no source at hand, as in a console, is not looked at."""
    try:
        lines, first = inspect.getsourcelines(kind)
        (defined,) = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return
    if isinstance(defined, ast.ClassDef) and (found := oddities(kind, defined)):
        file = inspect.getsourcefile(kind)
        raise BadDefinition("\n".join(f"{file}:{first + odd.line - 1}: {odd.text}" for odd in found))
