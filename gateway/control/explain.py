"""Explaining: which message made which, in which turn and commit, and what came of it. On the engine's thread.

    {"do": "explain", "id": "00000a-3fc21d-1000000000123", "limit": 100}     a message: what led to it, and what it led to
    {"do": "explain", "id": "trip/van", "limit": 20}                         an actor: what it handled lately

All of it is told from the engine's trail, which is short and does not outlive the process, and from the mail that waits: that which is
only on disk too, so that after a kill it can be told what is still to come.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gateway.actors.messages import Message
from gateway.control.stranded import header
from gateway.runtime.engine import Engine
from gateway.runtime.mail import Mail, decode, due_of
from gateway.runtime.trail import DONE, WELL, Step, Unexplained
from gateway.store.store import MailRow

View = dict[str, Any]

_LOOKED_AT_MOST = 1000
"""So many messages on disk are looked at for one id."""
_SAME_ID_AT_MOST = 5
"""The outside may give one id to several messages: so many of them are explained, the last ones."""


def explain(engine: Engine, id: str, limit: int) -> View:
    """What happened to a message, or to an actor. Raises Unexplained."""
    if not engine.trail.on:
        raise Unexplained(f"cannot explain {id}: nothing is kept to tell from; set runtime.explain_kb above 0")
    past = Past(engine)
    places = past.places_of(id) or past.places_on_disk(id)
    if places:
        return {"message": id, "told": [past.told(place, limit) for place in places[-_SAME_ID_AT_MOST:]], "kept": past.kept}
    steps = [step for step in past.steps if step.to == id]
    waiting = past.waiting_for(id, limit)
    if steps or waiting:
        shown = [past.step(step) for step in steps[-limit:]]
        return {"actor": id, "steps": shown, "left_out": len(steps) - len(shown), "waiting": waiting, "kept": past.kept}
    raise Unexplained(f"cannot explain {id}: no message of that id, and none to an actor of that id, is known; {_how_far(past.kept)}")


def _how_far(kept: View) -> str:
    if not kept["steps"]:
        return "nothing has happened since the start of the gateway"
    back = "the start of the gateway" if kept["whole"] else f"{kept['back_s']:.0f} s ago"
    return f"what is kept goes back to {back} ({kept['steps']} turns and deliveries)"


class Waiting(NamedTuple):
    """A message that waits, and where."""

    seq: int
    message: Message
    where: str
    timer: str
    """The name of the timer that sent it; empty where none did."""


class Past:
    """What the trail holds, prepared to be followed. A message is known by its place in the order of all mail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._committed = engine.commits.last
        self._hosted = engine.directory.hosted
        self.steps = engine.trail.steps()
        self._by_place: dict[int, list[Step]] = {}
        for step in self.steps:
            self._by_place.setdefault(step.seq, []).append(step)
        self._waiting = {one.seq: one for one in _waiting(engine)}
        self._maker: dict[int, Step] = {}
        self._made: dict[int, list[int]] = {}
        """By the place of a message, the places of those made because of it."""
        self._link()
        self._clock = engine.clock
        back_ms = engine.clock.clock_ms() - self.steps[0].clock_ms if self.steps else 0
        self.kept = {"steps": len(self.steps), "back_s": round(back_ms / 1000, 1), "whole": not engine.trail.dropped}

    def _link(self) -> None:
        """Find out what made each message that was handled, or that waits as far as is known."""
        self._maker, self._made = _makers(self.steps, self._waiting.values()), {}
        for place, step in self._maker.items():
            self._made.setdefault(step.seq, []).append(place)

    def places_of(self, id: str) -> list[int]:
        """The places of the messages with an id, in their order."""
        handled = {step.seq for step in self.steps if step.message == id}
        return sorted(handled | {seq for seq, one in self._waiting.items() if one.message.id == id})

    def places_on_disk(self, id: str) -> list[int]:
        """The same of mail that is only on disk: the first of each mailbox are looked at."""
        room, left = self._engine.room, _LOOKED_AT_MOST
        for box in [*room.outboxes, *room.activation.unopened, *(cell.id for cell in self._engine.cells if cell.box.spilled)]:
            rows = self._engine.store.mail(box, 0, left) if left else []
            left -= len(rows)
            for row in rows:
                message = self._read(row)
                if message is not None and message.id == id:
                    due = due_of(row.message)
                    self._waiting[row.seq] = Waiting(row.seq, message, f"waits for {box}, on disk", due.name if due else "")
        self._link()
        return self.places_of(id)

    def waiting_for(self, id: str, limit: int) -> list[View]:
        """The first of the mail that waits for an actor, by what is on disk of it; what it has in hands is among it."""
        rows = self._engine.store.mail(id, 0, limit)
        headers = [(row.attempt, *header(row)) for row in rows]
        return [{"message": message, "verb": verb, "sender": sender, "attempt": attempt} for attempt, message, verb, sender in headers]

    def _read(self, row: MailRow) -> Message | None:
        try:
            return decode(row.message, self._engine.directory.find_row)
        except (ValueError, LookupError):  # of a kind or a shape that is no more
            return None

    def told(self, place: int, limit: int) -> View:
        """What led to a message, the first cause first, then the message, then the tree of what it led to, `depth` by `depth`."""
        above = [place]
        while above[-1] in self._maker:
            above.append(self._maker[above[-1]].seq)
        lines = list(enumerate(reversed(above)))
        if len(lines) > limit:
            lines = [lines[0], *lines[len(lines) - limit + 1 :]]
        below = self._below(place, depth=len(above))
        shown = [*lines, *below[: limit - len(lines)]]
        nodes = [{"depth": depth, "asked": one == place, **self.node(one)} for depth, one in shown]
        return {"origin": self._origin(above[-1]), "nodes": nodes, "left_out": len(above) + len(below) - len(shown)}

    def _below(self, place: int, *, depth: int) -> list[tuple[int, int]]:
        """(depth, place) of everything that a message led to, each below what made it."""
        found = []
        ahead = [(depth, one) for one in sorted(self._made.get(place, ()), reverse=True)]
        while ahead:
            here, one = ahead.pop()
            found.append((here, one))
            ahead += [(here + 1, made) for made in sorted(self._made.get(one, ()), reverse=True)]
        return found

    def _origin(self, place: int) -> View:
        """Where the first message of a chain came from."""
        known: Message | Step = self._by_place[place][0] if place in self._by_place else self._waiting[place].message
        id = known.message if isinstance(known, Step) else known.id
        if known.trace not in ("", id) or (known.sender and known.sender != known.to and known.sender not in self._hosted):
            return {"from": "forgotten", "sender": known.sender, "trace": known.trace}
        return {"from": "timer" if known.sender == known.to else "outside", "sender": known.sender, "trace": id}

    def node(self, place: int) -> View:
        """One message, and what became of it, without what it led to."""
        steps = self._by_place.get(place, [])
        waiting, where, timer = self._waiting.get(place), "", ""
        if waiting is not None:
            message, where, timer = waiting.message, waiting.where, waiting.timer
            named = {"message": message.id, "to": message.to, "verb": message.verb, "sender": message.sender}
        elif steps:
            named = {"message": steps[0].message, "to": steps[0].to, "verb": steps[0].verb, "sender": steps[0].sender}
            timer = steps[0].timer.name if steps[0].timer else ""
        else:
            named = {"message": "", "to": "", "verb": "", "sender": ""}
            where = "it waits on disk, or nothing more is known of it"
        return {**named, "timer": timer, "steps": [self.outcome(step) for step in steps], "waits": where}

    def outcome(self, step: Step) -> View:
        """What came of one attempt at a message."""
        on_disk = step.batch <= self._committed
        at_ms = self._clock.wall_at(step.clock_ms)
        return {"at_ms": at_ms, "outcome": step.outcome or "ok", "well": _is_well(step), "commit": step.batch, "on_disk": on_disk}

    def step(self, step: Step) -> View:
        """One attempt at a message, with the message."""
        named = {"message": step.message, "verb": step.verb, "sender": step.sender, "made": step.upto - step.since}
        return {**named, **self.outcome(step)}


def _is_well(step: Step) -> bool:
    return step.outcome == WELL or step.outcome.startswith((DONE, "forwarded", "deferred"))


def _makers(steps: list[Step], waiting: Iterable[Waiting]) -> dict[int, Step]:
    """Which step made the message in each place. Where one lies within another (a full mailbox in the midst of a turn), the inner did.
    What a timer sent was made by the turn that set the timer."""
    found: dict[int, Step] = {}
    for step in sorted(steps, key=lambda step: step.since - step.upto):
        for place in range(step.since + 1, step.upto + 1):
            found[place] = step
    return {**found, **_setters(steps, waiting)}


def _setters(steps: list[Step], waiting: Iterable[Waiting]) -> dict[int, Step]:
    """Which step set the timer that sent the message in each place: the last one before it that named the timer, for one that names a timer
    whose message waits calls the message back."""
    setters: dict[int, Step] = {}
    last: dict[tuple[str, str], Step] = {}
    for step in steps:
        if step.timer is not None and step.seq not in setters and (step.to, step.timer.name) in last:
            setters[step.seq] = last[step.to, step.timer.name]
        last.update({(step.to, name): step for name in step.timers})
    for one in waiting:
        if one.timer and (one.message.to, one.timer) in last:
            setters.setdefault(one.seq, last[one.message.to, one.timer])
    return setters


def _waiting(engine: Engine) -> Iterator[Waiting]:
    """All mail in memory that waits."""
    for outbox in engine.room.outboxes.values():
        id = outbox.box.id
        yield from (_waits(mail, f"waits for {id}") for mail in outbox.box.head)
        yield from (_waits(mail, f"in the hands of {id}") for mail, _ in outbox.in_hand.values())
        yield from (_waits(mail, f"waits for {id}, which refused it") for mail in outbox.lanes.mail())
    for cell in engine.cells:
        if cell.box.head or cell.deferred:
            why = f": {cell.fault}" if cell.fault else ""
            yield from (_waits(mail, f"waits for {cell.id}{why}") for mail in cell.box.head)
            yield from (_waits(mail, f"waits until {cell.id} has changed") for mail in cell.deferred or ())


def _waits(mail: Mail, where: str) -> Waiting:
    return Waiting(mail.seq, mail.message, where, mail.timer.name if mail.timer else "")
