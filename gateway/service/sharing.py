"""Sharing: one host's part in serving the actors that several hosts share.

It lives in lives. A life joins the others, is given groups, and serves their actors with an engine of its own until it has to change its
groups, or was fenced, or is told to end; the groups of a life stay the same, so that nothing in an engine has to let go of some of its
actors. Between two lives no more is lost than time: what was committed is there for whoever serves the group next.

A life whose lease was not renewed goes on trying: nothing leaves an engine before its commit, and a commit of a life that others have
fenced writes nothing. So where the database itself was away, whoever is still there goes on where it stood.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gateway.actors.actor import Actor
from gateway.actors.errors import StoreFailed
from gateway.actors.hostbound import HostBound
from gateway.registry import Promised
from gateway.runtime.clock import GatewayClock
from gateway.runtime.engine import Engine
from gateway.runtime.fullness import SentElsewhere
from gateway.runtime.machine import HostMachine, MachineClocks
from gateway.runtime.placement import Incoming, Placement
from gateway.runtime.settings import EngineSettings
from gateway.service.sent_bound import SentBound

if TYPE_CHECKING:
    from gateway.store.postgres.shared.store import GroupedStore

log = logging.getLogger(__name__)

_POLL_S = 0.02
_IDLE_POLL_S = 0.1
"""Seconds between two looks for messages from other hosts, while there are some, and else."""
_LIVELY_S = 2.0
"""So long after the last one there may be more."""
_RENEW_S = 0.5
_RETRY_S = 1.0
_LAST_COMMIT_S = 3.0
STOP_S = 10.0
"""Within so long it ends; what the database does not answer is left behind, and the others wait for the end of the lease."""
_VOUCHER = "the database"


Join = Callable[[int, bool], "GroupedStore"]
"""Begins a life: (number of the life before, or 0; whether that ended with its last commit). Raises StoreFailed."""


class _TimeOfAll:
    """The machine's clocks, with the wall clock that all hosts share: the database's, as it was when this life began. Its own wall clock,
    which may be hours off, is not looked at."""

    def __init__(self, machine: MachineClocks, now_ms: int) -> None:
        self.boot_id, self.boot_ms, self.mono_s = machine.boot_id, machine.boot_ms, machine.mono_s
        self._ahead_ms = now_ms - self.boot_ms()

    def wall_ms(self) -> int:
        return self.boot_ms() + self._ahead_ms

    def voucher(self) -> str:
        return _VOUCHER


class _SharedClock(GatewayClock):
    """The clock of one life. It goes by the time of all hosts, so that a timer means the same to each; earlier notes say nothing."""

    def __init__(self, machine: MachineClocks, now_ms: int) -> None:
        super().__init__(_TimeOfAll(machine, now_ms), clock_ms=now_ms)

    def resume(self, note: str, spans: str = "") -> None:
        super().resume("", "")


class _Life:
    """One life: a store, an engine upon it, and what others send."""

    def __init__(
        self,
        store: "GroupedStore",
        actors: Iterable[Actor[Any] | Promised],
        settings: EngineSettings | None,
        *,
        stir: Callable[[], None],
        bound: SentBound,
        machine: MachineClocks,
    ) -> None:
        self.store = store
        self.placement = Placement(store.member, store.groups, store.unclean_ends)
        self.fault: BaseException | None = None
        self._stir = stir
        self._lively_s = 0.0
        clock = _SharedClock(machine, store.now_ms)
        self.engine = Engine(store, actors, settings=settings, clock=clock, fatal=self._fail, placement=self.placement)
        self.sent = store.sent()
        self._bound = bound
        self._sent_away = 0
        """How many messages had been sent to others when that was looked at last."""
        self._waits: list[str] = []

    def _fail(self, error: BaseException) -> None:
        self.fault = error
        self._stir()

    def look(self) -> float:
        """Take in what other hosts have sent, unless a mailbox is full; return how many seconds to wait before the next look."""
        now_s = time.monotonic()
        if not self.engine.room.fullness.any_here and (coming := self.sent.read()):
            self._lively_s = now_s + _LIVELY_S
            self.engine.take_in(Incoming(coming, self._taken))
            if self.sent.has_more:
                return 0.0
        return _POLL_S if now_s < self._lively_s else _IDLE_POLL_S

    def _taken(self, numbers: list[int]) -> None:
        """Note what is mail on disk. Where more waited for that, it is read at once."""
        self.sent.taken(numbers)
        if self.sent.has_more:
            self._stir()

    def mind_bound(self) -> None:
        """See whether too much is on its way to others, and have who sends it there wait; and say for whom we wait ourselves, where a full
        mailbox keeps us from taking in."""
        sent_away = self.engine.room.sent_away
        self._bound.unseen += sent_away - self._sent_away
        self._sent_away = sent_away
        if self._bound.due:
            self._bound.look(self.sent, self._waits)
            full = self._bound.full
            self.engine.post(lambda: self._note_full(full))

    def _note_full(self, full: dict[str, SentElsewhere]) -> None:
        fullness = self.engine.room.fullness
        waited_for = fullness.look_elsewhere(full)
        self._waits = waited_for if fullness.any_here else []

    def end(self, *, for_good: bool) -> bool:
        """End this life; return whether it was with its last commit. `for_good`: let others have its groups at once."""
        clean = self.fault is None and self.engine.stop(_LAST_COMMIT_S) and self.fault is None
        if not clean:
            self.engine.abandon()
        if for_good:
            try:
                self.sent.leave(clean=clean)
            except StoreFailed as error:
                log.warning("the other hosts wait for the end of the lease: %s", error)
        self.sent.close()
        self.store.close()
        return clean


class Sharing:
    """Serves the shared actors that fall to this host, on threads of its own, from `start` to `stop`."""

    def __init__(
        self,
        join: Join,
        actors: Iterable[Actor[Any] | Promised],
        *,
        settings: EngineSettings | None = None,
        bound: SentBound | None = None,
        machine: MachineClocks | None = None,
        elsewhere: Callable[[str], type[HostBound] | type[Actor[Any]]] | None = None,
    ) -> None:
        """`bound`: how much may be on its way to others; by default as much as in a mailbox. `machine`: what it runs on. `elsewhere` finds
        the class of a kind that each host has for itself; None: there is none."""
        self._elsewhere = elsewhere
        self._machine = machine or HostMachine()
        self._join = join
        usual = settings or EngineSettings()
        self._bound = bound or SentBound(usual.mailbox_messages, usual.mailbox_bytes)
        self._actors = list(actors)
        self._settings = settings
        self._life: _Life | None = None
        self._stopping = False
        self._stop_by_s = 0.0
        """Second of the machine's monotonic clock at which nobody waits for its end any more."""
        self._stir = threading.Event()
        self._before, self._clean = 0, False
        self.fault = ""
        """Why this host serves no shared actors at the moment; empty while it does. Any thread."""
        self._thread = threading.Thread(target=self._run, name="sharing", daemon=True)

    def start(self) -> None:
        """Begin the first life, as soon as the database is there."""
        self._thread.start()

    def end(self) -> None:
        """Begin to end: the life under way makes its last commit, and gives its groups back. Any thread."""
        if not self._stopping:
            self._stop_by_s = time.monotonic() + STOP_S
        self._stopping = True
        self._stir.set()

    def stop(self) -> bool:
        """End, and wait until that is done; return whether it was in time, counted from when it began."""
        self.end()
        self._thread.join(max(0.0, self._stop_by_s - time.monotonic()))
        return not self._thread.is_alive()

    @property
    def engine(self) -> Engine | None:
        """The engine of the life under way; None between two lives. Any thread."""
        life = self._life
        return life.engine if life is not None else None

    def engine_of(self, id: str) -> Engine | None:
        """The engine of the life under way, where it serves an actor; None where another host does, or nobody. Any thread."""
        life = self._life
        return life.engine if life is not None and life.placement.is_here(id) else None

    @property
    def groups(self) -> frozenset[int]:
        """The groups that this host serves now. Any thread."""
        life = self._life
        return life.placement.groups if life is not None else frozenset()

    @property
    def held(self) -> list[str]:
        """For whom what shared actors send waits, a sentence each. Any thread."""
        return self._bound.said

    @property
    def done_x(self) -> int:
        """All that older transactions than this one of the database have sent to the life under way is taken in. Any thread."""
        life = self._life
        return life.sent.done_x if life is not None else 0

    @property
    def turns(self) -> int:
        """How many turns the life under way has run. Any thread."""
        engine = self.engine
        return engine.turns.total if engine is not None else 0

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._begin()
            except StoreFailed as error:
                self._note(str(error))
                self._stir.wait(_RETRY_S)
                continue
            self._note("")
            self._live()
            self._end()

    def _begin(self) -> None:
        self._stir.clear()
        began_s = time.monotonic()
        store = self._join(self._before, self._clean)
        self._before, self._clean = store.member, False
        try:
            life = _Life(store, self._actors, self._settings, stir=self._stir.set, bound=self._bound, machine=self._machine)
            if self._elsewhere is not None:
                life.engine.directory.installed = self._elsewhere
            life.engine.start()
        except BaseException:
            store.close()
            raise
        self._life = life
        log.info("serving %d groups of shared actors, from %.0f ms on", len(store.groups), (time.monotonic() - began_s) * 1000)

    def _live(self) -> None:
        """Take in what is sent, and renew the lease, until this life has to end."""
        life = self._life
        assert life is not None
        renew_s = 0.0
        while not (self._stopping or life.fault):
            wait_s = _RETRY_S
            try:
                if time.monotonic() >= renew_s:
                    standing = life.sent.renew()
                    renew_s = time.monotonic() + _RENEW_S
                    if standing.moves or not standing.held:
                        return
                life.mind_bound()
                wait_s = life.look()
                self._note("")
            except StoreFailed as error:
                self._note(str(error))
            self._stir.wait(wait_s)
            self._stir.clear()

    def _end(self) -> None:
        life, self._life = self._life, None
        assert life is not None
        self._clean = life.end(for_good=self._stopping)
        if life.fault is not None:
            log.warning("beginning anew with shared actors: %s", life.fault)

    def _note(self, fault: str) -> None:
        if fault and fault != self.fault:
            log.error("%s; trying again", fault)
        elif self.fault and not fault:
            log.warning("shared actors are served again; it had failed with: %s", self.fault)
        self.fault = fault
