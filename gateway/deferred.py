"""Deferred imports: a module that a library imports at its top, and hardly ever uses, is imported at its first use.

    with deferred("ssl"):
        from paho.mqtt.client import Client

What paho has of ssl then is a stand-in: it brings the real module in when it is first asked for something, on any thread, and passes
on whatever it is asked. Everybody else imports the real one, before or after. (`importlib.util.LazyLoader` cannot do it: up to Python
3.12 the next import of such a module loads it, and two threads may load it twice.)

OpenSSL alone is 4 to 5 MB, of which a gateway that speaks no TLS needs nothing.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_withdrawing = threading.Lock()


@contextmanager
def deferred(*names: str) -> Iterator[None]:
    """Give whoever imports one of the modules `names` within this a stand-in, unless it has been imported before."""
    stand_ins = [_StandIn(name) for name in names if name not in sys.modules]
    try:
        for one in stand_ins:
            one.take_place()
        yield
    finally:
        for one in stand_ins:
            one.withdraw()


class _StandIn(ModuleType):
    """Stands in for a module."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)

    def take_place(self) -> None:
        """Be what an import of the name finds; a name with dots is looked for in its package, too, where the real one takes this place."""
        package, _, name = self.__name__.rpartition(".")
        if package:
            setattr(import_module(package), name, self)
        sys.modules.setdefault(self.__name__, self)

    def withdraw(self) -> None:
        """Let the next import find the real one."""
        with _withdrawing:  # two at once, and the second would take away the real one
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the machinery of imports looks for
            raise AttributeError(name)
        self.withdraw()
        return getattr(import_module(self.__name__), name)
