"""Supervision at work: what is decided about a fault becomes so, in the batch of the turn that decided it.

While a parent decides, the actor is paused, on disk too: a restart in between neither tries the message again nor skips it.
"""

import logging
from collections.abc import Callable, Iterable

from gateway.actors.actor import Actor
from gateway.actors.builtins import BUILTINS
from gateway.actors.copies import Parcel, changes, endings
from gateway.actors.gather import GATHER
from gateway.actors.ids import check_id, kind_of, parent_of
from gateway.actors.messages import Message
from gateway.actors.supervision import CHILD_FAILED, Decision, Fault, Verdict
from gateway.actors.ties import NO_TIES, Ties, Watcher
from gateway.actors.words import printable
from gateway.runtime.cells import Cell, Life, Wait
from gateway.runtime.mail import Mail
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round

log = logging.getLogger(__name__)

FORGOTTEN = "was forgotten"
_UP_TO_HOST = "its fault went up to the host"


class Supervision:
    """Ends, resets, pauses and resumes actors. On the engine's thread."""

    def __init__(
        self, room: Mailroom, *, give_up: Callable[[Cell, Mail, str, Round], None], back_off: Callable[[Cell, int, str, Round], None]
    ) -> None:
        """`give_up` makes a message a dead letter; `back_off` has a cell wait as after so many attempts."""
        self._room = room
        self._activation = room.activation
        self._give_up = give_up
        self._back_off = back_off

    # --- a fault

    def judge(self, cell: Cell, mail: Mail, fault: Fault, round: Round) -> bool:
        """Decide about a message of the cell that failed for good, or have somebody decide. Returns whether the message is to be given up
        at once."""
        decision = self._own_decision(cell, fault)
        if decision is Decision.ESCALATE:
            if not self._supervised(cell) and type(cell.actor).failed is Actor.failed:
                return True
            self._put_back(cell, mail, round)
            self._escalate(cell, fault.changed(child=cell.id), round)
            return False
        if decision is Decision.PAUSE:
            self._put_back(cell, mail, round)
            self._pause(cell, f"it paused itself: {fault.reason}", round, at=fault.message)
            return False
        if decision is Decision.RESUME:
            mail.attempt = 0
            self._put_back(cell, mail, round)
            cell.box.save_new(round)
            self._back_off(cell, cell.actor.attempts, f"it tries {fault.verb} again: {fault.reason}", round)
            return False
        if decision is not Decision.SKIP:
            self.carry_out(decision, cell, fault.reason, round)
        return True

    def decided(self, fault: Fault, verdict: Verdict, me: str, round: Round) -> None:
        """Carry out what a parent has decided. Where the message is dealt with meanwhile, nothing changes for it."""
        decision = verdict.decision
        cell = self._paused_at(fault)
        if cell is None:
            return
        if decision is Decision.ESCALATE:
            self._escalate(cell, fault.changed(child=me), round)
            return
        if decision is Decision.RESUME:
            self._pardon(cell, round)
            self._back_off(cell, cell.actor.attempts, f"its parent has it try {fault.verb} again: {fault.reason}", round)
        elif decision is not Decision.PAUSE:
            self._skip(cell, fault.reason, round)
        for child in self._meant(fault, me, everyone=verdict.all_children):
            self.carry_out(decision, child, fault.reason, round)

    def undecided(self, fault: Fault, error: BaseException, round: Round) -> None:
        """Skip the message, so that nothing hangs, because the policy itself raised."""
        log.error("the policy for %s failed; its message %s is skipped", fault.actor, fault.message, exc_info=error)
        cell = self._paused_at(fault)
        if cell is not None:
            self._skip(cell, fault.reason, round)

    def _paused_at(self, fault: Fault) -> Cell | None:
        """The actor whose message it was, where that waits for the decision; its kind may not be registered any more."""
        if not self._activation.knows(fault.actor):
            return None
        cell = self._activation.cell(fault.actor)
        return cell if cell.ties.paused_at == fault.message else None

    def _skip(self, cell: Cell, reason: str, round: Round) -> None:
        """Let the actor go on without the message that it was paused at. Both in one batch: a crash in between cannot be."""
        mail = self._held(cell, round)
        self._release(cell, round)
        self._drop(cell, mail, reason, round)

    def _held(self, cell: Cell, round: Round) -> Mail | None:
        """The message at which a cell is paused. After a restart it may have to be read back, behind deferred mail."""
        wanted, box = cell.ties.paused_at, cell.box
        if not wanted:
            return None
        while True:
            found = next((mail for mail in box.head if mail.message.id == wanted), None)
            if found is not None or not self._room.bring_back(cell, round):
                return found

    def _drop(self, cell: Cell, mail: Mail | None, reason: str, round: Round) -> None:
        if mail is not None:
            cell.box.head.remove(mail)
            self._give_up(cell, mail, reason, round)

    def _own_decision(self, cell: Cell, fault: Fault) -> Decision:
        try:
            return Decision(cell.actor.failed(fault, cell.state))
        except BaseException as error:  # a policy is the actor's own code: it may say sys.exit(), too
            log.error("the policy of %s failed; its message is skipped", cell.id, exc_info=error)
            return Decision.SKIP

    def _escalate(self, cell: Cell, fault: Fault, round: Round) -> None:
        """Have the nearest ancestor that supervises decide; where there is none, the host: the actor is paused."""
        above = self._supervisor(fault.child)
        if not above:
            log.error("%s is paused: its fault went up to the host: %s", fault.child, fault.reason)
            self._pause(cell, f"{_UP_TO_HOST}: {fault.reason}", round, at=fault.message)
            return
        self._pause(cell, f"{above} decides about its fault: {fault.reason}", round, at=fault.message)
        fault = fault.changed(child=self._child_of(above, fault.child))
        message = Message(self._room.new_id(), above, CHILD_FAILED, fault, cell.id, "", fault.message)
        self._room.deliver(message, round)

    def _child_of(self, above: str, id: str) -> str:
        """The child of `above` that an actor descends from. Where that child's kind is not registered, the next one below it."""
        child = id
        while parent_of(id) != above:
            id = parent_of(id)
            if self._activation.knows(id):
                child = id
        return child

    def _supervised(self, cell: Cell) -> bool:
        return self._supervisor(cell.id) != ""

    def _supervisor(self, id: str) -> str:
        """The nearest ancestor whose class has a policy for its children; empty where there is none."""
        above = parent_of(id)
        while above:
            actor = self._room.directory.kinds.get(kind_of(above))
            if actor is not None and type(actor).child_failed is not Actor.child_failed:
                return above
            above = parent_of(above)
        return ""

    def _meant(self, fault: Fault, me: str, *, everyone: bool) -> Iterable[Cell]:
        """The children that a decision is for. One for all children leaves out gathers: they are no business of a policy."""
        if everyone:
            awake, asleep = self._activation.family(me)
            children = [*awake, *(self._activation.cell(id) for id in asleep if parent_of(id) == me and self._activation.knows(id))]
            return [cell for cell in children if parent_of(cell.id) == me and (cell.actor.kind != GATHER or cell.id == fault.child)]
        return [self._activation.cell(fault.child)] if self._activation.knows(fault.child) else []

    # --- what is decided

    def carry_out(self, decision: Decision, cell: Cell, reason: str, round: Round) -> None:
        """Carry out a decision for one actor."""
        if decision is Decision.RESET:
            self._reset(cell, round)
        elif decision is Decision.STOP:
            self.end(cell, round)
        elif decision is Decision.PAUSE:
            self._pause(cell, f"its parent paused it: {reason}" if reason else "its parent paused it", round)
        elif decision is Decision.RESUME and cell.ties.paused and self._pardon(cell, round):
            self._back_off(cell, cell.actor.attempts, "its parent has it go on", round)

    def end(self, cell: Cell, round: Round) -> None:
        """End an actor and its descendants, the deepest first. What waits for a child came before its end, and revives none."""
        self.end_children(cell.id, "has ended", round)
        self._end_one(cell, round)

    def stop_child(self, child: Cell, round: Round) -> None:
        """End a child because its parent said so. What waits for it came before that, and begins no new life."""
        self.end(child, round)
        self._bury_mail(child, f"{parent_of(child.id)} has stopped it", round)

    def forget(self, cell: Cell, round: Round) -> None:
        """Begin an actor anew; its children end first. All its mail stays, with its attempts anew."""
        self.end_children(cell.id, FORGOTTEN, round)
        self._held(cell, round)  # what it was paused at may be on disk only
        # who keeps copies of it hears of the fresh state, even if the old one cannot be read; who waits for its end, of that
        staying = tuple(one.changed(owed=True) for one in cell.ties.watchers if one.fields)
        parcels = self._renew(cell, staying, tuple(one for one in cell.ties.watchers if not one.fields), round)
        for mail in cell.box.head:
            if mail.attempt:
                mail.attempt = 0
                cell.box.save(mail, round)
        self._begin_anew(cell, round)
        self.send(parcels, cell.id, round)
        round.batch.urgent = True

    def end_children(self, id: str, fate: str, round: Round) -> None:
        """End the descendants of an actor, the deepest first; `fate` says what became of the actor itself."""
        awake, asleep = self._activation.family(id)
        for child in awake:
            self._end_one(child, round)
            self._bury_mail(child, f"{id} {fate}, and {child.id} with it", round)
        self._activation.remove(asleep, round)

    def _bury_mail(self, cell: Cell, reason: str, round: Round) -> None:
        """Give up all mail of a child. The mail of a gather is dropped: nobody misses answers that come too late.

        What the runtime itself says to it stays: who wants to watch it is to hear that it is not there.
        """
        cell.recall()
        kept = []
        while cell.box.head or (cell.box.spilled and self._room.bring_back(cell, round)):
            mail = cell.box.head.popleft()
            if mail.message.verb in BUILTINS:
                kept.append(mail)
                continue
            if kind_of(cell.id) != GATHER:
                self._room.bury(cell.id, mail, reason, round)
            cell.box.drop(mail, round)
        if kept:
            cell.box.head.extend(kept)
            self._room.schedule.wake(cell)

    def _end_one(self, cell: Cell, round: Round) -> None:
        parcels = endings(cell.ties, cell.state, round.now_ms) if cell.ties is not NO_TIES else []
        held, why = self._held(cell, round), cell.ties.paused
        cell.end()
        round.batch.ended.append(cell.id)
        self._begin_anew(cell, round)
        self._drop(cell, held, why, round)
        self.send(parcels, cell.id, round)

    def _begin_anew(self, cell: Cell, round: Round) -> None:
        """Have a cell that has lost its past handle its mail: what was blocked, and what was deferred."""
        mark(cell, round)
        if cell.wait is not Wait.NONE:
            self._room.schedule.release(cell)
        elif cell.box.head:
            self._room.schedule.wake(cell)

    def _reset(self, cell: Cell, round: Round) -> None:
        """Begin an actor anew, without the message at which it was paused."""
        held, why = self._held(cell, round), cell.ties.paused
        parcels = self._renew(cell, cell.ties.watchers, (), round)
        self._begin_anew(cell, round)
        self._drop(cell, held, why, round)
        self.send(parcels, cell.id, round)

    def _renew(self, cell: Cell, staying: tuple[Watcher, ...], leaving: tuple[Watcher, ...], round: Round) -> list[Parcel]:
        """Give a cell a fresh state; return its messages to watchers. A watcher that stays goes on watching; one that leaves is told that
        the actor has ended."""
        old = cell.state
        parcels = endings(cell.ties.changed(watchers=leaving), old, round.now_ms)
        cell.end()
        if staying:
            cell.ties, seen = changes(Ties(watchers=staying), old, cell.state, mail=[], now_ms=round.now_ms, knows=self._activation.knows)
            cell.settle()
            parcels += seen
        return parcels

    def _pause(self, cell: Cell, why: str, round: Round, *, at: str = "") -> None:
        if cell.wait is Wait.UNREADABLE:  # it handles nothing as it is, and its row must stay
            return
        cell.ties = cell.ties.changed(paused=printable(why), paused_at=at or cell.ties.paused_at)
        cell.settle()
        mark(cell, round)
        for mail in cell.box.head:  # what was in memory for this batch only has to wait on disk now
            if not mail.stored:
                cell.box.save(mail, round)
        self._room.schedule.hold(cell, Wait.PAUSED, why)

    def _release(self, cell: Cell, round: Round) -> None:
        """Let a paused actor handle its mail again."""
        cell.ties = lightened(cell.ties.changed(paused="", paused_at=""))
        if cell.ties is NO_TIES and cell.life is not Life.ALIVE:
            cell.end()
        mark(cell, round)
        self._room.schedule.release(cell)

    def resume(self, id: str, round: Round, *, skip: bool) -> bool:
        """Let a paused actor go on, with or without the message at which it was paused; return whether it was paused. Raises BadId or
        UnknownTarget."""
        cell = self._activation.cell(check_id(id))
        if not cell.ties.paused:
            return False
        round.batch.urgent = True
        if skip:
            self._skip(cell, f"somebody decided to skip it; {cell.ties.paused}", round)
        else:
            self._pardon(cell, round)
        return True

    def _pardon(self, cell: Cell, round: Round) -> bool:
        """Let an actor go on with the message at which it was paused, with all attempts anew; return whether there was one."""
        mail = self._held(cell, round)
        if mail is not None:
            mail.attempt = 0
            cell.box.save(mail, round)
        self._release(cell, round)
        return mail is not None

    def _put_back(self, cell: Cell, mail: Mail, round: Round) -> None:
        cell.box.head.appendleft(mail)
        cell.box.save(mail, round)

    # --- what goes with it

    def send(self, parcels: Iterable[Parcel], sender: str, round: Round) -> None:
        """Send messages of the runtime's own to other actors."""
        for parcel in parcels:
            message = Message(self._room.new_id(), parcel.to, parcel.verb, parcel.payload, sender)
            self._room.deliver(message, round)


def escalated(room: Mailroom) -> list[Cell]:
    """The actors in memory that are paused because no ancestor decided. Any thread."""
    held = list(room.schedule.held.values())
    return [cell for cell in held if cell.wait is Wait.PAUSED and cell.ties.paused.startswith(_UP_TO_HOST)]


def lightened(ties: Ties) -> Ties:
    """The ties themselves, or NO_TIES where there is nothing left to remember: an actor with NO_TIES costs nothing more."""
    return ties if ties.copies or ties.watchers or ties.paused else NO_TIES


def mark(cell: Cell, round: Round) -> None:
    """Have an actor stored with this batch."""
    cell.batch = round.batch.number
    round.batch.dirty[cell.id] = cell
