"""The daemon: one function that reads as a story, and its end the same in reverse.

read the configuration → lock → open the store → make the engine and its host-bound actors → start → ready → serve
→ quieten the sources → drain the mail → close the actors → last commit → close the store → unlock.
"""

import datetime
import faulthandler
import gc
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from gateway.actors.errors import ANYTHING, GatewayError, StoreCorrupt, StoreFailed, StoreForeign, StoreTaken
from gateway.actors.readmodel import JOURNAL
from gateway.actors.settings import Settings
from gateway.actors.words import described
from gateway.config import ConfigProblems, Configuration, read
from gateway.control import views
from gateway.control.actor import CONTROL, Control
from gateway.control.house import ControlSettings, House
from gateway.control.wellness import status
from gateway.fleet.others import others_of
from gateway.fleet.serving import sharing_of
from gateway.runtime.engine import Engine
from gateway.runtime.journal import Journal
from gateway.service.alone import NO_STORE, RUNS_ALREADY, Unrunnable, locked_configuration, locked_store
from gateway.service.bounds import engine_settings
from gateway.service.coming_up import ComingUp
from gateway.service.hosts import Hosts, HostToBe, parts_of
from gateway.service.last_words import LastWords
from gateway.service.life_ending import log_ending
from gateway.service.life_note import LifeNote
from gateway.service.logs import KEPT, RecentFaults, as_lines, from_lines, set_level, set_up_logging
from gateway.service.nightly import NightlyBackup
from gateway.service.notify import Notifier
from gateway.service.opening import OpenedStore, open_store, start_afresh, was_told
from gateway.service.progress import Progress
from gateway.service.reload import Reloaded
from gateway.service.reloading import Reloading
from gateway.service.signals import RELOAD, STOP, Signals
from gateway.service.stacks import Stacks
from gateway.service.standstill import Standstill

log = logging.getLogger(__name__)

GOOD_END = 0
INTERNAL_FAULT = 70
BAD_CONFIG = 78

_COLLECT_EVERY = 20_000
"""New objects between two looks of the collector: messages leave no cycles, and at Python's 700 it looks at each burst many times over."""
_OTHERS = 0o027
"""What others may not do with any file that a gateway makes, as `systemd/gateway.service` has it."""
_LOOK_S = 1.0
_ANSWERS_WITHIN_S = 3.0
_ANSWERS_LOOK_S = 0.005
_COMING_UP_LOOK_S = 0.05
_DRAIN_LOOK_S = 0.02
_LAST_COMMIT_S = 15.0
_FAULTY_COMMIT_S = 3.0
"""So long for the last commit of a store that has just failed: what waits for it stays with its sources."""
_NOTE_FAULTS_S = 60.0


def run(path: Path) -> int:
    """Run the gateway of a configuration file until it is told to stop; return what to exit with."""
    os.umask(os.umask(_OTHERS) | _OTHERS)
    signals = Signals()
    faulthandler.enable()  # when the watchdog aborts us, each thread says where it stood
    faults = set_up_logging()
    notifier = Notifier()
    try:
        return _run(path, signals, faults, notifier)
    except ConfigProblems as error:
        return _say_why_not(notifier, str(error), BAD_CONFIG)
    except Unrunnable as error:
        return _say_why_not(notifier, str(error), error.code)
    except ANYTHING as error:
        log.critical("cannot start", exc_info=error)
        return INTERNAL_FAULT
    finally:
        logging.shutdown()


def _run(path: Path, signals: Signals, faults: RecentFaults, notifier: Notifier) -> int:
    configuration = read(path)
    set_level(configuration.gateway.log_level)
    log.info("starting with %s%s: %s", path, ", simulated" if configuration.gateway.simulate else "", _named(configuration))
    for text in configuration.warnings:
        log.warning("%s", text)
    with ExitStack() as at_end:
        _refuse_second(configuration.gateway.control_socket)
        at_end.callback(locked_configuration(path, simulated=configuration.gateway.simulate))
        at_end.callback(locked_store(configuration.store.path))
        notifier.status("opening the store")
        daemon = Daemon(path, configuration, signals, notifier, faults)
        daemon.open()
        at_end.callback(daemon.close_store)
        daemon.start()
        try:
            daemon.serve()
        except ANYTHING as error:  # whatever it is, the actors are closed in order
            daemon.fail(error)
        daemon.end()
    return daemon.code


class Daemon:
    """One life of the gateway, from opening its store to closing it. On the main thread, `fail` excepted."""

    def __init__(self, path: Path, configuration: Configuration, signals: Signals, notifier: Notifier, faults: RecentFaults) -> None:
        self.path = path.absolute()
        self.configuration = configuration
        self.code = GOOD_END
        self._signals = signals
        self._notifier = notifier
        self._faults = faults
        store, beside = configuration.store.path, configuration.gateway.control_socket.parent
        self._last_words = LastWords(store, beside=beside)
        self._stacks = Stacks(beside, store, os.environ)
        self._standstill = Standstill(self._last_words, self._stacks)
        self._life_note = LifeNote(store, self._last_words, self._stacks)
        self._why = ""
        self._broken = ""
        """The fault of ours that ends this life; empty while there is none."""
        self._taken = False
        """Whether another gateway has the store now."""
        self._uncommitted = False
        """Whether this life ends without its last commit."""
        self._asked: deque[Callable[[Reloaded], None]] = deque()
        """Who waits to hear of a reload."""
        self._coming_up: list[ComingUp] = []
        """Who waits until what a reload has made is up."""
        self._linked_by = configuration
        """The configuration whose link the house shows."""
        self._noted_faults = 0
        self._noted_s = 0.0
        self._engine: Engine
        self._house: House
        self._hosts: Hosts
        self._nightly: NightlyBackup
        self._progress: Progress
        self._reloading: Reloading

    # --- the beginning

    def open(self) -> None:
        """Open the store, and make the engine of what is in it. A store that proves corrupt meanwhile is moved aside, once."""
        store, simulated, progress = self.configuration.store, self.configuration.gateway.simulate, self._notifier.starting
        try:
            opened = open_store(store, simulated=simulated, progress=progress)
            try:
                self._assemble(opened)
            except StoreCorrupt as error:
                self._assemble(start_afresh(store, str(error), opened.store, simulated=simulated, progress=progress))
        except StoreForeign as error:
            raise Unrunnable(f"cannot start: {error}", BAD_CONFIG) from error
        except StoreFailed as error:
            raise Unrunnable(str(error), NO_STORE) from error

    def _assemble(self, opened: OpenedStore) -> None:
        configuration = self.configuration
        self._house = house = House(configuration.gateway.name, self.path, self._faults, self._last_words)
        control = ControlSettings(path=configuration.gateway.control_socket)
        parts = [
            *parts_of(configuration.host_bound),
            HostToBe(JOURNAL, Journal, lambda: Journal("local", Settings(), opened.store.event_reader), {}),
            HostToBe(CONTROL, Control, lambda: Control("local", control, house), {}),
        ]
        settings = engine_settings(configuration)
        engine = Engine(
            opened.store,
            configuration.actors,
            [(part.id, part.kind) for part in parts],
            settings=settings,
            fatal=self.fail,
        )
        house.sharing, house.others = sharing_of(configuration, settings), others_of(configuration)
        engine.directory.kinds.points.fill(configuration.points, configuration.shown)
        self._engine, self._hosts = engine, Hosts(parts, engine)
        self._progress = Progress(engine, self._hosts, self._notifier, configuration.store.where)
        self._reloading = Reloading(self.path, configuration, engine, self._hosts, step=self._progress.say_alive)
        house.engine, house.hosts, house.reload = engine, self._hosts, self.ask_reload
        engine.view, engine.desk = lambda: views.whole(house), house.within.ask
        house.simulated, house.simulated_devices = configuration.gateway.simulate, configuration.simulated
        house.earlier_faults = from_lines(opened.store.notes().get("faults", ""))
        house.store_lost = opened.fault
        house.ending = self._life_note.ending(is_first=engine.life == 1, is_clean=engine.clean_start)
        if opened.fault:
            self._last_words.say(opened.fault)
            was_told(opened.store)
        log_ending(house.ending)
        self._life_note.begin()
        self._nightly = house.nightly = NightlyBackup(configuration.store.path, configuration.store.backups_kept, self._local_time)
        engine.start(self._hosts.give, absent=[part.id for part in parts])

    def start(self) -> None:
        """Start the host-bound actors, and say that all is up. Their hardware and their brokers may come later."""
        self._hosts.start()
        self._nightly.start()
        if self._house.sharing is not None:
            self._house.sharing.start()
        gc.collect()
        gc.freeze()  # what is here now stays: the collector need not look at it again
        gc.set_threshold(_COLLECT_EVERY, 20, 20)
        self._await_control()
        self._notifier.ready(status(self._house))
        log.info("ready: life %d, process %d; %s", self._engine.life, os.getpid(), self._engine.taken_up.said)

    def _await_control(self) -> None:
        """Wait until the control socket answers or has a fault, for who hears that all is up may ask at once; a slow disk ends the wait."""
        until_s = time.monotonic() + _ANSWERS_WITHIN_S
        while not self._hosts.told(CONTROL) and time.monotonic() < until_s:
            time.sleep(_ANSWERS_LOOK_S)
            self._progress.say_alive()

    def _local_time(self) -> datetime.datetime | None:
        """Local time, once somebody vouches for it."""
        return datetime.datetime.now().astimezone() if self._engine.clock.synced else None

    # --- the middle

    def serve(self) -> None:
        """Watch the progress, and heed signals, until a signal says stop or a fault of ours ends this life."""
        look_s = min(_LOOK_S, self._notifier.watchdog_s / 3 or _LOOK_S)
        while not (self._why or self._broken):
            number = self._signals.wait(_COMING_UP_LOOK_S if self._coming_up else look_s)
            if number in STOP:
                self._why = f"signal {number}"
            elif number == RELOAD or self._asked:
                self.reload()
            self._reloading.look()
            self._say_reload()
            self._coming_up = [one for one in self._coming_up if not one.told()]
            self._look()

    def _look(self) -> None:
        """See whether the gateway makes progress, and tell the service manager."""
        fault = self._progress.say_alive()
        self._notifier.status(fault or status(self._house))  # first: what follows may wait for the disk
        self._standstill.see(fault)
        self._note_faults()

    def _note_faults(self) -> None:
        """Keep the last warnings in the store, with the next commit."""
        now_s = time.monotonic()
        if self._faults.total == self._noted_faults or now_s < self._noted_s:
            return
        self._noted_faults, self._noted_s = self._faults.total, now_s + _NOTE_FAULTS_S
        self._note("faults", self._last_faults())

    def _last_faults(self) -> str:
        """The last warnings, of lives before this one too."""
        return as_lines([*self._house.earlier_faults, *self._faults.newest()][-KEPT:])

    def _note(self, key: str, text: str) -> None:
        engine = self._engine
        engine.post(lambda: engine.round.batch.note(key, text))

    def fail(self, error: BaseException) -> None:
        """End this life because of a fault of ours: the next one begins from the last commit. Any thread."""
        if not self._broken:
            self._broken = described(error)
            self._taken = isinstance(error, StoreTaken)
            log.critical("cannot go on: %s", self._broken, exc_info=None if isinstance(error, GatewayError) else error)
            self._last_words.say(self._broken)
            self._signals.wake()

    # --- a reload

    def ask_reload(self, answer: Callable[[Reloaded], None]) -> None:
        """Reload soon, and give `answer` what came of the reload. Any thread."""
        self._asked.append(answer)
        self._signals.wake()

    def reload(self) -> None:
        """Take over what the file says now: which devices there are, their settings, and the log level. What else changed is named."""
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        self._notifier.reloading()
        reloaded = self._reloading.reload()
        self._say_reload()
        self._notifier.ready(status(self._house))
        if asked:
            self._coming_up.append(ComingUp(self._hosts, reloaded, asked))

    def _say_reload(self) -> None:
        """Have people see what is left of the last reload."""
        self._house.config_fault = self._reloading.said.status
        configuration = self._reloading.configuration
        self._house.simulated_devices = configuration.simulated
        if configuration is not self._linked_by:
            self._linked_by, self._house.others = configuration, others_of(configuration)

    # --- the end

    def end(self) -> None:
        """Close in order: sources first, then the mail, then the sinks, their last words, and those that carry them; then the last
        commit."""
        self._notifier.stopping(f"stopping: {self._broken or self._why}")
        log.info("stopping: %s", self._broken or self._why)
        for one in self._coming_up:
            one.tell()
        self._hosts.quieten()
        self._nightly.stop()
        self._engine.clock.deaf()  # from here on nobody can be heard
        deadline_s = time.monotonic() + self.configuration.runtime.close_s
        drained = not self._broken and self._drain(deadline_s)
        left = self._hosts.close(carriers=False)
        if drained:
            self._drain(deadline_s)
        if self._house.sharing is not None:
            self._house.sharing.end()
        left += self._hosts.close(carriers=True)
        if self._house.sharing is not None and not self._house.sharing.stop():
            left.append("what serves shared actors")
        fault = ""
        if left and not self._broken:
            fault = f"{', '.join(left)} did not close in time, and {'was' if len(left) == 1 else 'were'} left behind"
            self._last_words.say(fault)
            self._notifier.status(fault)
        if not self._broken:
            self._note("faults", self._last_faults())
            self._note("exit", f"{int(time.time())} {self._why}")
        self._uncommitted = bool(self._broken) or not self._last_commit()
        if not self._uncommitted:
            self._life_note.end(f"{self._why}; {fault}" if fault else self._why)
        self._stacks.close()
        if left or self._uncommitted:
            self.code = INTERNAL_FAULT  # what was left behind may hold a pin as it must not stay: who looks after it is to see that
        if self._taken:
            self.code = BAD_CONFIG  # two that each began again would take the store from each other for ever: a person says which is meant
        log.info("ended: %s", "well" if self.code == GOOD_END else "not well, see above")

    def _last_commit(self) -> bool:
        timeout_s = _FAULTY_COMMIT_S if self._engine.store_fault else _LAST_COMMIT_S
        if self._engine.stop(timeout_s):
            return True
        fault = f"the last commit was not done within {timeout_s:.0f} s: {self._engine.store_fault or 'the disk hangs'}"
        log.critical("%s", fault)
        self._last_words.say(fault)
        return False

    def _drain(self, deadline_s: float) -> bool:
        """Wait until what has come in has gone out, and return whether it has; a second signal to stop ends the wait."""
        self._engine.ingress.hurry()
        while waiting := self._waiting():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or self._signals.wait(min(left_s, _DRAIN_LOOK_S)) in STOP:
                log.warning("not drained, it waits in the store: %s", ", ".join(f"{count} for {id}" for id, count in waiting.items()))
                return False
            self._progress.say_alive()
        return True

    def _waiting(self) -> dict[str, int]:
        engine = self._engine
        held = engine.ingress.held + len(engine.room.schedule.ready)
        return {**({"the engine": held} if held else {}), **self._hosts.undrained()}

    def close_store(self) -> None:
        """Close the store, unless a commit hangs in it: then the process ends around it, and the next life finds the last commit."""
        if self._uncommitted:
            return
        try:
            self._engine.store.close()
        except StoreFailed as error:
            log.error("%s", error)


def _say_why_not(notifier: Notifier, text: str, code: int) -> int:
    for line in text.split("\n"):
        log.critical("%s", line)
    notifier.status(text)
    return code


def _refuse_second(socket: Path) -> None:
    if Control.answers(socket):
        raise Unrunnable(
            f"cannot start: another gateway answers at {socket}; stop it, or give this one another gateway.control_socket", RUNS_ALREADY
        )


def _named(configuration: Configuration) -> str:
    return ", ".join(part.id for part in configuration.host_bound) or "no devices"
