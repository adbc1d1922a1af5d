"""A reload: what of a changed configuration can be taken over in flight, and what needs a restart.

Devices come, go, and are made anew with other settings; those that did not change are left alone. Ordinary
actors see other settings at their next turn. The store, the bounds of the runtime, and the kinds of one's own actors with their code are
fixed for a life of the engine.
"""

import dataclasses
import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gateway.actors import Actor
from gateway.actors.errors import ANYTHING
from gateway.config import ConfigProblems, Configuration, HostBoundPart, read
from gateway.config.problems import Problem
from gateway.registry import Promised
from gateway.service.hosts import HostToBe, part_of

log = logging.getLogger(__name__)

_IN_FLIGHT = ("log_level", "reload_probation_s")
"""Keys of [gateway] that are taken over."""


class Reload(NamedTuple):
    """What a changed configuration comes to for a running gateway."""

    changed: list[HostToBe]
    """Host-bound actors to be made anew."""
    new: list[HostToBe]
    """Host-bound actors to be made for the first time."""
    gone: list[str]
    """Ids of host-bound actors to be closed for good."""
    actors: list[Actor[Any]]
    """Objects that serve their kinds of ordinary actors from now on."""
    settings: list[str]
    """Other settings that are taken over, by their keys."""
    needs_restart: list[str]
    """Names of sections that a running gateway cannot take over."""
    result: Configuration
    """The configuration that holds from now on."""

    @property
    def concerns_devices(self) -> bool:
        """Whether devices come, go, or are made anew."""
        return bool(self.changed or self.new or self.gone)

    def done(self, closing: Collection[str]) -> "Reloaded":
        """What is to be said of it when it is done; the actors that are `closing` still have to, before it is done for them."""
        named = [*((part.id, "") for part in self.changed), *((part.id, " (new)") for part in self.new)]
        named += [(id, " (gone)") for id in self.gone]
        taken = [f"{id}{said}" for id, said in named if id not in closing]
        made = [part.id for part in (*self.changed, *self.new) if part.id not in closing]
        return Reloaded([*taken, *self.settings], self.needs_restart, closing=list(closing), made=made)


class Reloaded(NamedTuple):
    """What a reload did, to be said in the log, in STATUS, and to whoever asked for it."""

    taken: Sequence[str] = ()
    """What holds from now on: ids of devices, keys of settings."""
    needs_restart: Sequence[str] = ()
    """What the file says and the running gateway does not do."""
    refused: ConfigProblems | None = None
    """Why nothing was taken over."""
    taken_back: str = ""
    """Why an earlier reload was taken back by this one; empty where that is not so."""
    made: Sequence[str] = ()
    """Devices that were made anew, or for the first time."""
    not_up: Sequence[str] = ()
    """Which of these are not up yet, and why, a sentence each."""
    closing: Sequence[str] = ()
    """Devices that have not closed yet; what the file says of them is taken over when they have."""

    def later(self, closing: Sequence[str]) -> "Reloaded":
        """The same when of the devices only these have not closed yet."""
        return self._replace(closing=closing)

    @property
    def status(self) -> str:
        """What is left to do after the reload, in a line; empty where nothing is."""
        if self.refused is not None:
            return f"not reloaded, {self.refused.counted}; the first: {self.refused.problems[0]}"
        waits = f"not closed yet, and taken over when it is: {', '.join(self.closing)}" if self.closing else ""
        needs = f"needs a restart: {', '.join(self.needs_restart)}" if self.needs_restart else ""
        return "; ".join(filter(None, [self.taken_back, waits, needs]))

    @property
    def text(self) -> str:
        """All that the reload did, as text: lines where the file has problems, else one."""
        if self.refused is not None:
            return f"{self.refused.report('cannot reload')}\nthe old configuration stays in force"
        if not self.taken:
            return f"reloaded: nothing was taken over; {self.status}" if self.status else "reloaded: nothing has changed"
        not_up = f"not up yet: {', '.join(self.not_up)}" if self.not_up else ""
        return "; ".join(filter(None, [f"reloaded: {', '.join(self.taken)}", not_up, self.status]))


def read_again(path: Path, now: Configuration) -> Reload | ConfigProblems:
    """What of the file at `path` can be done about a running gateway; or why nothing is taken over. Nothing in it ends the gateway."""
    try:
        return compare(now, read(path))
    except ConfigProblems as error:
        return error
    except ANYTHING as error:  # here it is decided that the old configuration stays: settings and actors may be a user's code
        log.error("cannot read the configuration again", exc_info=error)
        return ConfigProblems(str(path), [Problem(None, "", f"reading it ends in {type(error).__name__}: {error}; see the log")])


def compare(now: Configuration, wanted: Configuration) -> Reload:
    """What of `wanted` differs from `now`, and what can be done about it."""
    if wanted.gateway.simulate is not now.gateway.simulate:  # a device that is made anew would be the other's, with our store
        return Reload([], [], [], [], [], ["gateway.simulate, and with it all the rest"], now)
    before = {part.id: part for part in now.host_bound}
    after = {part.id: part for part in wanted.host_bound}
    kept = [id for id in {**before, **after} if _is_kept(before.get(id), after.get(id))]
    after = _with_kept(before, after, kept)
    shared = {kind for part in before.values() for kind in part.settings.kept_for_life()}
    recoded = [id for id, part in after.items() if id in before and part.kind is not before[id].kind]
    changed = [part for id, part in after.items() if id in before and id not in recoded and part.settings != before[id].settings]
    new, gone = [part_of(part) for id, part in after.items() if id not in before], [id for id in before if id not in after]
    needs = [f"{id} (it serves shared actors)" for id in kept] + [f"{id} (new code)" for id in recoded]
    served, fixed = _actors(now.actors, wanted.actors)
    fixed += [f"actors.{actor.kind} (it is shared)" for actor in served if actor.kind in shared]
    served = [actor for actor in served if actor.kind not in shared]
    needs += _sections(now, wanted) + fixed
    actors = _in_force(now.actors, wanted.actors, [actor.kind for actor in served])
    parts = tuple(before[id] if id in recoded else part for id, part in after.items())
    gateway = now.gateway.model_copy(update={key: getattr(wanted.gateway, key) for key in _IN_FLIGHT})
    settings = [f"gateway.{key}" for key in _IN_FLIGHT if getattr(gateway, key) != getattr(now.gateway, key)]
    settings += [f"actors.{actor.kind}" for actor in served]
    result = dataclasses.replace(now, gateway=gateway, host_bound=parts, actors=actors, loops=wanted.loops)
    return Reload([part_of(part) for part in changed], new, gone, served, settings, needs, result)


def _is_kept(old: HostBoundPart | None, new: HostBoundPart | None) -> bool:
    """Whether a change of a section needs a restart, for the settings it has or had are kept for a life."""
    if old is not None and new is not None and old.settings == new.settings:
        return False
    return any(part is not None and part.settings.kept_for_life() for part in (old, new))


def _with_kept(before: dict[str, HostBoundPart], after: dict[str, HostBoundPart], kept: Collection[str]) -> dict[str, HostBoundPart]:
    """The wanted sections, with those that are kept as they were: there or not."""
    found = {id: before[id] if id in kept and id in before else part for id, part in after.items() if id in before or id not in kept}
    return {**found, **{id: before[id] for id in kept if id in before and id not in after}}


def _sections(now: Configuration, wanted: Configuration) -> list[str]:
    pairs: list[tuple[str, Any, Any]] = [
        ("gateway", now.gateway, wanted.gateway),
        ("store", now.store, wanted.store),
        ("runtime", now.runtime, wanted.runtime),
    ]
    return [
        f"{name}.{key}"
        for name, old, new in pairs
        for key in type(old).model_fields
        if key not in _IN_FLIGHT and getattr(old, key) != getattr(new, key)
    ]


def _made(actor: Actor[Any] | Promised) -> Actor[Any]:
    return actor.make() if isinstance(actor, Promised) else actor


def _actors(now: Sequence[Actor[Any] | Promised], wanted: Sequence[Actor[Any] | Promised]) -> tuple[list[Actor[Any]], list[str]]:
    """The objects that serve their kinds from now on, because their settings have changed; and what needs a restart."""
    before, after = ({actor.kind: actor for actor in actors} for actors in (now, wanted))
    gone = [f"actors.{kind} (gone)" for kind in before if kind not in after]
    new = [f"actors.{kind} (new)" for kind in after if kind not in before]
    pairs = [(kind, before[kind], actor) for kind, actor in after.items() if kind in before]
    both = [
        (kind, _made(old), _made(actor)) for kind, old, actor in pairs if not (isinstance(old, Promised) and isinstance(actor, Promised))
    ]
    recoded = [f"actors.{kind} (new code)" for kind, old, actor in both if type(old) is not type(actor)]
    other = [actor for _, old, actor in both if type(old) is type(actor) and old.settings != actor.settings]
    return other, new + gone + recoded


def _in_force(
    now: Sequence[Actor[Any] | Promised], wanted: Sequence[Actor[Any] | Promised], taken: Collection[str]
) -> tuple[Actor[Any] | Promised, ...]:
    """The ordinary kinds that hold from now on: those that are taken over, and the others as they were."""
    after = {actor.kind: actor for actor in wanted if actor.kind in taken}
    return tuple(after.get(actor.kind, actor) for actor in now)
