"""What "well" means: one list. Whatever stands in it is said by `gateway show`, by its health and its exit code, and in systemd's STATUS.

Each line is a function that says what is wrong, a sentence each; `tests/control/test_wellness.py` has a test for each. Any thread: nothing
here waits for the engine or for the disk.
"""

import time
from collections.abc import Callable, Iterator

from gateway.actors.hostbound import Health
from gateway.actors.words import several
from gateway.control.house import House
from gateway.runtime.cells import Cell, Wait
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.runtime.supervision import escalated

_SHOWN = 20
"""So many of one kind are told one by one."""
_STUCK_S = 5.0
_HELD_S = 3.0
"""A source that waits for room is named from so many seconds on."""
_IN_A_LINE = 3
"""So much of it is told in the line for systemd, each with"""
_SAID_AT_MOST = 160
"""so many characters."""


def problems(house: House) -> list[str]:
    """Everything that is not well, one sentence each; empty when all is."""
    return [text for look in LOOKS for text in look(house)]


def status(house: House) -> str:
    """One line for systemd: how many devices are well, and what is not."""
    engine = house.engine
    hosts = [h for h in house.hosts.all if engine.directory.kinds.is_listed(h.kind.kind) or not _is_well(h)]
    ill = [f"{h.me} is {h.health.value}" for h in hosts if not _is_well(h)]
    parts = [f"{len(hosts) - len(ill)} of {len(hosts)} well" if hosts else "no devices", *ill[:_IN_A_LINE]]
    parts[:0] = ["simulated"] if house.simulated else []
    parts += [several(len(ill) - _IN_A_LINE, "more is not well", "more are not well")] if len(ill) > _IN_A_LINE else []
    others = [text for look in LOOKS[1:] for text in look(house)]
    parts += [text if len(text) <= _SAID_AT_MOST else f"{text[:_SAID_AT_MOST]}…" for text in others[:_IN_A_LINE]]
    parts += [f"{len(others) - _IN_A_LINE} more in gateway show"] if len(others) > _IN_A_LINE else []
    parts += [several(len(engine.dead_letters), "dead letter")] if len(engine.dead_letters) else []
    parts += [house.config_fault] if house.config_fault else []
    return "; ".join(parts)


def _is_well(hosted: Hosted) -> bool:
    return hosted.health is Health.OK or hosted.begins


def _devices(house: House) -> Iterator[str]:
    """Host-bound actors that are not ok, in their order. One that has just begun says soon how it is."""
    for hosted in house.hosts.all:
        if not _is_well(hosted):
            yield f"{hosted.me} is {hosted.health.value}{f': {hosted.detail}' if hosted.detail else ''}"


def _threads(house: House) -> Iterator[str]:
    """Host-bound actors whose thread has ended though nobody closed it, or hangs in their own code."""
    for hosted in house.hosts.all:
        if not hosted.alive():
            yield f"the thread of {hosted.me} has ended; restart the gateway"
        elif hosted.hang:
            yield f"{hosted.me} {hosted.hang}"


def _store(house: House) -> Iterator[str]:
    """A store that has lost something, or that takes nothing, and backups that could not be made."""
    if house.store_lost:
        yield house.store_lost
    yield from (engine.store_fault for engine in house.engines if engine.store_fault)
    if house.nightly is not None and house.nightly.fault:
        yield house.nightly.fault
    if house.sharing is not None and house.sharing.fault:
        yield f"shared actors are not served here: {house.sharing.fault}"


def _taking_in(house: House) -> Iterator[str]:
    """Sources that wait, mailboxes that are full, and actors that write to each other without end."""
    for engine in house.engines:
        yield from _of_mail(engine)
    if house.sharing is not None:
        yield from house.sharing.held[:_SHOWN]


def _of_mail(engine: Engine) -> Iterator[str]:
    if engine.ingress.said:
        yield engine.ingress.said
    for box in list(engine.room.fullness.full)[:_SHOWN]:
        yield f"the mailbox of {box} is full ({engine.room.fullness.how(box)})"
    if engine.ingress.said or engine.room.fullness.full:
        for box, count in list(engine.room.giving_way.counts.items())[:_SHOWN]:
            yield f"the oldest telemetry for {box} gave way, for there is no room: {count:,} messages in this life"
    yield from _held(engine)
    if engine.housekeeping.loops.named:
        yield engine.housekeeping.loops.named


def _held(engine: Engine) -> list[str]:
    """Name the sources that have waited for room for longer than a moment, and what for. Any thread."""
    now_s = time.monotonic()
    held = [hold for hold in engine.ingress.held_sources.now() if now_s - hold.since_s >= _HELD_S]
    return [f"{hold.who} takes in less than there is, for {now_s - hold.since_s:.0f} s: {hold.why}" for hold in held[:_SHOWN]]


def _progress(house: House) -> Iterator[str]:
    """An engine that stands still."""
    if house.engine.stuck_s > _STUCK_S:
        yield f"the engine has made no progress for {house.engine.stuck_s:.0f} s"


def _actors(house: House) -> Iterator[str]:
    """Ordinary actors whose state cannot be loaded, or that are paused because nobody above them decides."""
    for engine in house.engines:
        held = list(engine.room.schedule.held.values())
        for cell in [cell for cell in held if cell.wait is Wait.UNREADABLE][:_SHOWN]:
            yield in_a_line(cell)
        for cell in escalated(engine.room)[:_SHOWN]:
            yield f"{cell.id} is paused: {cell.fault}"


def _stranded(house: House) -> Iterator[str]:
    """Mail of kinds and devices that are no more."""
    stranded = [one for engine in house.engines for one in list(engine.room.stranded.items())]
    for id, (size, why) in stranded[:_SHOWN]:
        wait = "message waits" if size.count == 1 else "messages wait"
        yield f"{size.count} {wait} for {id}: {why}; configure it again, or gateway forget {id}"


LOOKS: tuple[Callable[[House], Iterator[str]], ...] = (_devices, _threads, _store, _taking_in, _progress, _actors, _stranded)
"""The list."""


def in_a_line(cell: Cell) -> str:
    """Why an actor's mail waits, and where there is more."""
    return cell.fault if cell.why == cell.fault else f"{cell.why}; `gateway show {cell.id}` has an example"
