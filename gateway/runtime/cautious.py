"""The cautious start: after an unclean end turns and deliveries run one at a time, so that what ended the process is found out.

Nothing else is under way while one runs, and which one that is, is on disk before it begins. When the process ends again just then,
that one is suspected; it is set aside when that has happened to it several times:

- A turn is alone until it ends. So its suspicion is as good as proof: it is given up after as many ends as its actor has attempts, two
  at least.
- A delivery is alone until it is settled, or for a while: a pulse of an hour cannot keep all others waiting (and one for which nothing
  is done, an `idle` verb's, keeps none). It may be innocent, and what ends the process something that runs beside it. So there is a
  counter-check: after `KILLS` ends it is held back for a while. When that life ends just as the others did it is cleared of all
  suspicion. When the process lives on it is tried once more, alone: only when the process ends again just then is it given up.

How long a delivery is waited for, and how many turns and deliveries run so, is doubled with each unclean end in a row: what ends the
process late is found out in the end.
"""

import json
import logging
from collections.abc import Callable, Sequence

from gateway.runtime.cells import Cell
from gateway.runtime.outbox import Outbox
from gateway.runtime.recovery import cautious_turns
from gateway.runtime.round import Round
from gateway.runtime.turns import TurnRunner
from gateway.store.store import BoxSize

log = logging.getLogger(__name__)

ALONE = "alone"
"""Key of the note in the store: what runs alone now, whom is suspected of how many ends, and who is held back in this life."""

KILLS = 3
"""After so many ends of the process a delivery is held back for a while; and after one more, given up."""
_PATIENCE_S = 0.1
_DOUBLED_AT_MOST = 7
_KILLS_OF_A_TURN = 2
_PROOF_S = 10.0
"""How much longer than a delivery is waited for the process must live without one that is held back."""


class Cautious:
    """Decides, after an unclean end, which turns and deliveries run alone, and which message ended the process. On the engine's thread."""

    def __init__(self, ends: int, note: str, *, least: int, boxes: Callable[[], Sequence[BoxSize]]) -> None:
        """`ends`: how many lives in a row did not end well; `note`: what the last one left; `least`: how many turns, and how many
        deliveries, run alone after one such end; `boxes`: what the store says of the mailboxes in which mail waits.
        """
        self.turns_left = self.deliveries_left = cautious_turns(ends, least)
        """How many of them run alone yet."""
        self._patience_s = _PATIENCE_S * 2.0 ** min(ends - 1, _DOUBLED_AT_MOST) if ends else 0.0
        alone, kills, held_back = _read(note)
        waiting = {size.box for size in boxes()} if note else set()
        self._kills = {name: ends for name, ends in kills.items() if _box(name) in waiting}
        if ends:
            for cleared in held_back:  # the process ended without it, too
                self._kills.pop(cleared, None)
            if _box(alone) in waiting:
                self._kills[alone] = self._kills.get(alone, 0) + 1
        self._alone = ""
        self._held_back: set[str] = set()
        self._lived_without: set[str] = set()
        """The messages that are tried once more in this life."""
        self._given_with = 0
        """Number of the batch with which the delivery that is alone was handed out; 0: none is."""
        self.until_s = 0.0
        """Monotonic second until which it is waited for; 0 before it is in its actor's hands."""

    # --- turns

    @property
    def watches_turns(self) -> bool:
        """Whether turns run alone. They do so only while deliveries do, too."""
        return self.turns_left > 0 and self.deliveries_left > 0

    @property
    def careful(self) -> bool:
        """Whether it may be that something runs alone: then nothing runs but by its mailbox."""
        return bool(self._kills or self._given_with or (self.turns_left and self.deliveries_left))  # asked a few times a commit

    def watches(self, cell: Cell) -> bool:
        """Whether a cell's next turn must be run by `run`."""
        return self.watches_turns or (bool(self._kills) and _name(cell.id, cell.box.head[0].seq) in self._kills)

    def run(self, cell: Cell, turns: TurnRunner, round: Round, commit: Callable[[], Round]) -> None:
        """Run a cell's next turn with nothing else beside it, where that is possible; or give up its message.

        `commit` makes the batch durable, blocks until it is, and returns the next round.
        """
        mail = cell.box.head[0]
        name = _name(cell.id, mail.seq)
        kills = self._kills.get(name, 0)
        if kills >= max(_KILLS_OF_A_TURN, cell.actor.attempts):
            cell.box.head.popleft()
            turns.set_aside(cell, mail, f"the process ended {kills} times while {cell.id} handled it", round)
        else:
            if self.watches_turns:
                self.turns_left -= 1
                self._begin(name, round)
                if not mail.stored:
                    cell.box.save(mail, round)
                cell.box.save_new(round)
                cell.box.stay(mail.seq, round.batch.number + 1)  # where memory is full, it would leave with this commit
                round = commit()
            turns.run(cell, round)
        self._clear(name, round)

    # --- deliveries

    @property
    def waits(self) -> bool:
        """Whether a delivery runs alone now: nothing else may begin."""
        return self._given_with > 0

    def suspects(self, box: str) -> frozenset[int]:
        """The places of the messages in a mailbox that may have ended the process."""
        return frozenset(int(name.rpartition(" ")[2]) for name in self._kills if _box(name) == box)

    def hand_out(self, outbox: Outbox, round: Round) -> bool:
        """Hand out an outbox's next message with nothing else beside it, where that is possible; or hold it back. Returns whether it was
        handed out."""
        mail = outbox.box.head[0]
        name = _name(outbox.box.id, mail.seq)
        suspected = name in self._kills
        if self._kills.get(name, 0) >= KILLS and name not in self._lived_without:
            self._hold_back(name, outbox, round)
            return False
        outbox.hand_out(round)
        if self.deliveries_left or suspected:
            self.deliveries_left = max(0, self.deliveries_left - 1)
            self._begin(name, round)
            self._given_with, self.until_s = round.batch.number, 0.0
        return True

    def _hold_back(self, name: str, outbox: Outbox, round: Round) -> None:
        """Hold back a message at which the process ended again and again, to see whether the process lives without it."""
        mail = outbox.box.head.popleft()
        wait_s = self._patience_s + _PROOF_S
        message, kills = mail.message, self._kills[name]
        log.warning("%s to %s is held back for %.1f s: the process ended %d times at it", message.verb, message.to, wait_s, kills)
        outbox.lanes.refuse(mail, round.now_s + wait_s)
        self._held_back.add(name)
        self._note(round)

    def guilty(self, outbox: Outbox, round: Round) -> str:
        """Why an outbox's next message is to be given up: the process lived without it, and ended with it again; empty where it is not."""
        mail = outbox.box.head[0]
        name = _name(outbox.box.id, mail.seq)
        if name in self._held_back:
            self._held_back.discard(name)
            self._lived_without.add(name)
            self._note(round)
        kills = self._kills.get(name, 0)
        if kills <= KILLS:
            return ""
        self._clear(name, round)
        return f"the process ended {kills} times while {outbox.box.id} did it, and lived without it"

    def look(self, committed: int, round: Round) -> None:
        """See whether the delivery that runs alone has had its time, so that others may run."""
        if self._given_with and committed >= self._given_with:
            if not self.until_s:
                self.until_s = round.now_s + self._patience_s
            elif round.now_s >= self.until_s:
                self._clear(self._alone, round)

    def ended(self, box: str, seq: int, round: Round) -> None:
        """Note that a delivery was settled or taken back: it did not end the process."""
        if self._kills or self._alone:
            self._clear(_name(box, seq), round)

    # --- the record

    def _begin(self, name: str, round: Round) -> None:
        self._alone = name
        self._note(round)

    def _clear(self, name: str, round: Round) -> None:
        """Note that a turn or delivery has ended, and the process has not."""
        known = self._kills.pop(name, None) is not None
        if self._alone == name:
            self._alone, self._given_with, known = "", 0, True
        if known:
            self._note(round)

    def _note(self, round: Round) -> None:
        found = [self._alone, self._kills, sorted(self._held_back)]
        round.batch.changes.notes[ALONE] = json.dumps(found) if any(found) else ""
        round.batch.urgent = True


def _name(box: str, seq: int) -> str:
    return f"{box} {seq}"


def _box(name: str) -> str:
    return name.rpartition(" ")[0]


def _read(note: str) -> tuple[str, dict[str, int], list[str]]:
    """Read the note of the last life: what ran alone, the suspects and how often the process ended at each, and who was held back."""
    alone, kills, held_back = json.loads(note) if note else ("", {}, [])
    return alone, kills, held_back
