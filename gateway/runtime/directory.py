"""The directory: who is registered, and which verbs they answer. Any thread may ask; the engine's thread alone changes it."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.builtins import BUILTINS
from gateway.actors.callers import By
from gateway.actors.errors import BadDefinition, UnknownTarget
from gateway.actors.gatherer import Gather
from gateway.actors.hostbound import HostBound
from gateway.actors.ids import HOST, RESERVED, check_id, kind_of, parent_of, root_of
from gateway.actors.messages import REPLY, Reply
from gateway.actors.verbs import Mode, Verb
from gateway.registry import Promised
from gateway.runtime.kinds import Kinds

ASKS = "ask"
"""Kind of the ids that stand for an ask from this process: replies to `ask/N` go to whoever waits."""

_REPLY = Verb(REPLY, Reply, lambda actor, payload, stage: None, Mode.AT_LEAST_ONCE, by=By.ACTORS)


class Directory:
    """The kinds of ordinary actors by name, and the host-bound actors by id."""

    def __init__(self, actors: Iterable[Actor[Any] | Promised], hosted: Iterable[tuple[str, type[HostBound]]]) -> None:
        self.kinds = Kinds(self._check_copies)
        for actor in (Gather(), *actors):
            if actor.kind in self.kinds or actor.kind in RESERVED:
                raise BadDefinition(f"cannot register kind {actor.kind!r}: it is taken; give {type(actor).__name__} another `kind`")
            self.kinds.add(actor)
        for made in self.kinds.made():
            self._check_copies(made)
            self.kinds.bring_readers(made)
        self.hosted: dict[str, type[HostBound]] = dict(hosted)
        self.carriers: dict[str, str] = {}
        """By the first segment of ids that are served elsewhere, the host-bound actor that carries what is sent to them."""
        self.reaches_hosts = False
        """Whether what is sent to an actor by the name of its host is brought there without a carrier."""
        self.installed: Callable[[str], type[HostBound] | type[Actor[Any]]] = self._none_installed
        """The class of a kind that has no actor here, and may have some elsewhere. Raises UnknownTarget."""
        self.verbs_at = lru_cache(maxsize=8192)(self._verbs_at)
        self.find_outside = lru_cache(maxsize=8192)(self._find_outside)
        """Find the row of a verb as `find_verb` does, for a message from outside: it is none of an inner kind, nor one that actors keep."""

    def join(self, id: str, kind: type[HostBound]) -> None:
        """Register a host-bound actor."""
        self.hosted = {**self.hosted, id: kind}  # others may be going through the old one
        self._forget_verbs()

    def serve(self, actor: Actor[Any]) -> None:
        """Have an object serve its kind of ordinary actors, in the place of the one that does, if one does."""
        self.kinds.replace(actor)
        self._forget_verbs()

    def leave(self, id: str) -> None:
        """Register a host-bound actor no more."""
        self.hosted = {one: kind for one, kind in self.hosted.items() if one != id}
        self._forget_verbs()
        self.carry(id, ())

    def carry(self, carrier: str, first: Collection[str]) -> None:
        """Have a host-bound actor carry what is sent to ids that begin with one of these segments, and no others."""
        others = {segment: id for segment, id in self.carriers.items() if id != carrier}
        if first or len(others) != len(self.carriers):
            self.carriers = {**others, **dict.fromkeys(first, carrier)}
            self._forget_verbs()

    def _forget_verbs(self) -> None:
        """Look verbs up anew. New caches: a thread that is just looking one up would put what it found into a cleared one."""
        self.verbs_at = lru_cache(maxsize=8192)(self._verbs_at)
        self.find_outside = lru_cache(maxsize=8192)(self._find_outside)

    def _check_copies(self, actor: Actor[Any]) -> None:
        """Raise BadDefinition where a kind keeps copies of a kind or field that does not exist."""
        for name, copy in actor.copies.items():
            where = f"cannot keep copy {name!r} of {type(actor).__name__}"
            if copy.kind not in self.kinds:
                raise BadDefinition(f"{where}: no kind {copy.kind!r} is registered; {_choice(copy.kind, self.kinds)}")
            known = self.kinds[copy.kind].state_model.model_fields
            for field in copy.fields:
                if field not in known:
                    raise BadDefinition(f"{where}: the state of a {copy.kind} has no {field!r}; {_choice(field, known)}")

    @property
    def listed(self) -> list[str]:
        """What people can write to: ordinary kinds, and host-bound actors by their ids."""
        return [*self.kinds.listed, *(id for id in self.hosted if self.kinds.is_listed(kind_of(id)))]

    def why_absent(self, id: str) -> str:
        """Why nobody takes the mail for an id, in words."""
        known = any(kind_of(one) == kind_of(id) for one in self.hosted)
        return "there is no such device" if known else f"no kind {kind_of(id)!r} is registered"

    def box_of(self, to: str) -> str | None:
        """The host-bound actor whose mailbox takes mail for `to` (its own id, a child id of it, or one that it carries mail to); None for
        ordinary actors."""
        if to in self.hosted:
            return to
        root = root_of(to)
        return root if root in self.hosted else self.carriers.get(root.partition("/")[0])

    def find_verb(self, to: str, verb: str) -> Verb:
        """The row of `verb` at `to`. Raises BadId or UnknownTarget, with what was probably meant."""
        verbs = self.verbs_at(to)
        return verbs.get(verb) or _row(verbs, to, verb)

    def _find_outside(self, to: str, verb: str) -> Verb:
        verbs = self.outside_verbs_at(to)
        if verb not in verbs and (kept := self.verbs_at(to).get(verb)) is not None:
            raise UnknownTarget(f"cannot send {verb!r} to {to} from outside: only {kept.by.value} may send it; {_choice(verb, verbs)}")
        return _row(verbs, to, verb)

    def find_inner(self, to: str, verb: str) -> Verb:
        """Find the row of a verb as `find_outside` does, for a host-bound actor that speaks for itself: it may send what actors may."""
        row = self.find_verb(to, verb)
        if row.by not in (By.OUTSIDE, By.ACTORS):
            raise UnknownTarget(f"cannot send {verb!r} to {to}: only {row.by.value} may send it")
        return row

    def outside_verbs_at(self, to: str) -> dict[str, Verb]:
        """The rows of the verbs that may be sent to an actor from outside, by name. Raises BadId or UnknownTarget."""
        verbs = self.verbs_at(to)
        if self.box_of(to) is None and kind_of(to) in self.kinds and self.kinds[kind_of(to)].inner:
            raise UnknownTarget(f"cannot send to {to}: only other actors write to it; write to {parent_of(to) or 'its parent'}")
        return {name: row for name, row in verbs.items() if row.by is By.OUTSIDE}

    def find_row(self, to: str, verb: str) -> Verb:
        """Find the row of a verb as `find_verb` does, the runtime's own verbs included, for mail that comes back from the store."""
        return BUILTINS.get(verb) or self.find_verb(to, verb)

    def _verbs_at(self, to: str) -> dict[str, Verb]:
        check_id(to)
        box = self.box_of(to)
        if box is not None:
            elsewhere = to.partition("/")[0] in self.carriers
            return {REPLY: _REPLY, **(self._verbs_elsewhere(to) if elsewhere else self.hosted[box].verbs)}
        kind = kind_of(to)
        if to.startswith(f"{HOST}/"):
            if self.reaches_hosts and root_of(to) != to:
                return {REPLY: _REPLY, **self._verbs_elsewhere(to)}
            raise UnknownTarget(f"cannot send to {to}: this gateway is not linked with others; give it a section [link]")
        if kind == ASKS:
            return {REPLY: _REPLY}
        if kind not in self.kinds:
            if self.reaches_hosts and self._is_installed(kind):
                raise UnknownTarget(f"cannot send to {to}: that is of one host, and what hosts share is of none; write to host/NAME/{to}")
            meant = _near(to, self.hosted) or _near(kind, self.kinds) or f"there is {', '.join(sorted(self.listed))}"
            raise UnknownTarget(f"cannot send to {to}: no kind {kind!r} and no host-bound actor of that id; {meant}")
        return self.kinds[kind].verbs

    def _verbs_elsewhere(self, to: str) -> dict[str, Verb]:
        """The verbs of an actor that another host serves. Its kind is installed here too, so that what does not fit is found here."""
        kind = kind_of(to)
        if kind == ASKS or (root_of(to) == to and kind == HOST):
            return {}
        if kind in self.kinds:
            return self.kinds[kind].verbs
        device = next((one for id, one in self.hosted.items() if kind_of(id) == kind), None)
        return (device or self.installed(kind)).verbs

    def _is_installed(self, kind: str) -> bool:
        with suppress(UnknownTarget, BadDefinition):
            return bool(self.installed(kind))
        return False

    def _none_installed(self, kind: str) -> type[HostBound]:
        raise UnknownTarget(f"cannot find kind {kind!r}: it is not installed here; install it here too")


def _row(verbs: dict[str, Verb], to: str, verb: str) -> Verb:
    row = verbs.get(verb)
    if row is None:
        raise UnknownTarget(f"cannot send {verb!r} to {to}: it has no such verb; {_choice(verb, verbs)}")
    return row


def _choice(seen: str, known: Iterable[str]) -> str:
    names = sorted(known)
    return _near(seen, names) or f"there is {', '.join(names) or 'nothing'}"


def _near(seen: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only where there is a mistake

    close = get_close_matches(seen, sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""
