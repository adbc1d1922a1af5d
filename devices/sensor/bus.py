"""Buses: one sensor at a time is read on each, whatever its other sensors want meanwhile. A slow bus keeps no other waiting."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devices.link import Faulty
from gateway.actors import Host

BEAT_S = 1.0
"""How often a sensor that waits for its turn says that it waits, and does not hang."""


class Bus:
    """One bus, which all sensors on it share. Their threads come and go here; whoever has the turn is alone on the bus."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: Host) -> Iterator[None]:
        """A context in which the caller is alone on the bus; it blocks until it is its turn. Raises Faulty where the gateway closes
        meanwhile."""
        while not self._lock.acquire(timeout=BEAT_S):
            host.beat("wait for its turn on the bus")
            if host.quiet:
                raise Faulty(f"cannot read {host.me}: the gateway closes, and others are on the bus")
        try:
            host.beat("read")
            yield
        finally:
            self._lock.release()


_making = threading.Lock()


def bus_at(place: str) -> Bus:
    """The bus at a place of sysfs: one object for all sensors of this process."""
    with _making:
        return _bus(place)


@functools.cache
def _bus(place: str) -> Bus:
    del place
    return Bus()
