"""What the control socket looks into: the daemon around it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gateway.actors import Settings, UnknownTarget
from gateway.control.within import Within
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.service.last_words import LastWords
from gateway.service.life_ending import How, LifeEnding
from gateway.service.logs import LoggedFault, RecentFaults
from gateway.service.nightly import NightlyBackup
from gateway.service.reload import Reloaded
from gateway.service.sharing import Sharing
from gateway.store.store import DeadRow


class ControlSettings(Settings):
    """The settings of the control socket: where it is, by `gateway.control_socket` of the configuration."""

    path: Path
    idle_s: float = 300.0
    """For how many seconds a client may say nothing, and have nothing under way, before it is let go."""


class Hosting(Protocol):
    """Whoever knows the host-bound actors."""

    @property
    def all(self) -> list[Hosted]:
        """The host-bound actors, in the order of their start."""


class OtherHosts(Protocol):
    """The hosts that share a database. Each method waits for the database, on whatever thread; each raises StoreFailed."""

    me: str
    """What the others call this host."""
    shared: frozenset[str]
    """The kinds that they share."""

    def hosts(self) -> dict[str, Any]:
        """All hosts, this one too, with what else there is to know of them together, as JSON."""

    def server_of(self, id: str) -> str:
        """The host that serves a shared actor; empty where none does at the moment."""

    def ids(self, prefix: str, after: str, limit: int) -> list[str]:
        """The ids of shared actors that begin so, behind one of them."""

    def letters(self, after: int, limit: int) -> list[DeadRow]:
        """Dead letters of shared actors, behind a number."""

    def forget(self, host: str) -> int:
        """Delete what a host that is no more has said, and the mail for it; return how many messages those were."""


class House:
    """The parts of one daemon that are shown. `engine`, `hosts` and `reload` are set before anything starts."""

    engine: Engine
    hosts: Hosting
    reload: Callable[[Callable[[Reloaded], None]], None]
    """Has the daemon read its configuration again, and then calls what it was given. Any thread may call it."""
    earlier_faults: list[LoggedFault]
    """The last warnings of the lives before, oldest first."""

    def __init__(self, name: str, config: Path, faults: RecentFaults, last_words: LastWords) -> None:
        self.name = name
        self.config = config
        self.faults = faults
        self.last_words = last_words
        self.pid = os.getpid()
        self.simulated = False
        """Whether it is a simulated gateway."""
        self.simulated_devices: list[str] = []
        """Ids of the host-bound actors that are simulated, in a simulated gateway or not."""
        self.config_fault = ""
        """What the last reload left to be done: problems to mend, or what needs a restart."""
        self.store_lost = ""
        """What the store has lost, found at the start of this life; empty where it has lost nothing."""
        self.ending = LifeEnding(How.FIRST)
        """How the life before this one ended."""
        self.nightly: NightlyBackup | None = None
        self.sharing: Sharing | None = None
        """This host's part in serving actors that several hosts share; None where it has none."""
        self.others: OtherHosts | None = None
        """The hosts that share a database with this one; None where it is not linked."""
        self.within = Within()
        """What host-bound actors ask of the control actor."""
        self._since_s = time.monotonic()

    @property
    def engines(self) -> list[Engine]:
        """The gateway's own engine, and the one that serves shared actors here, while there is one. Any thread."""
        shared = self.sharing.engine if self.sharing is not None else None
        return [self.engine] if shared is None else [self.engine, shared]

    def linked(self) -> OtherHosts:
        """The hosts that share a database with this one. Raises UnknownTarget where it is linked with none."""
        if self.others is None:
            raise UnknownTarget("cannot look at other hosts: this gateway is not linked with any; give it a section [link]")
        return self.others

    @property
    def uptime_s(self) -> float:
        """Seconds since the daemon was made."""
        return time.monotonic() - self._since_s
