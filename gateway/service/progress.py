"""Progress: whether the gateway goes on, which systemd's watchdog is told only while it does. On the main thread.

A broker that is away and a full disk are no standstill; a turn that does not end, a commit that hangs, a device's thread that hangs or
has ended are.
"""

from gateway.actors.payloads import UPCASTS
from gateway.runtime.engine import Engine
from gateway.service.hosts import Hosts
from gateway.service.notify import Notifier

_STUCK_S = 10.0
"""So long without a turn or a commit is no progress: an SD card may well take a second or two for one."""


class Progress:
    """Looks at the engine and at the threads of the devices, and tells the watchdog."""

    def __init__(self, engine: Engine, hosts: Hosts, notifier: Notifier, store: str) -> None:
        """`store` says where the store is, in words."""
        self._engine = engine
        self._hosts = hosts
        self._notifier = notifier
        self._store = store

    def say_alive(self) -> str:
        """Tell the watchdog that the gateway goes on, if it does; return why it does not, empty where it does."""
        fault = self._standstill()
        if not fault:
            self._notifier.alive()
        return fault

    def _standstill(self) -> str:
        """Why the gateway makes no progress; empty where it does."""
        stuck_s = self._engine.stuck_s
        if stuck_s > min(_STUCK_S, self._notifier.watchdog_s / 3 or _STUCK_S):
            return f"the engine has neither turned nor committed for {stuck_s:.0f} s; {self._where_it_hangs()}"
        hung, dead = self._hosts.hung(), self._hosts.dead()
        if hung:
            return "; ".join(hung)
        return f"the thread of {', '.join(dead)} has ended" if dead else ""

    def _where_it_hangs(self) -> str:
        if callback := self._engine.callback_at:
            return f"{callback} does not return: a callback must not block; have it note what came, and wake a thread of its own"
        for model, version in UPCASTS[:1]:  # the oldest; another thread's may end meanwhile
            return f"the upcast of {model} from version {version} does not end"
        visited = self._engine.turns.visited
        if visited:
            return f"a turn of {visited} does not end: look at what it waits for"
        return f"look at {self._store}"
