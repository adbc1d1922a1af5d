"""Time: the gateway's own clock, whether the wall clock can be trusted, and until when a message may be acted on.

**The gateway's clock** runs with the monotonic clock (CLOCK_BOOTTIME) and goes on across restarts: it never goes back. Durable
timers live on it, and all order, silence and expiry. Across a reboot it goes on by what surely passed; the time in which the
machine was off is taken up once the wall clock can be trusted: at the start, or later, all at once.

**Trust.** A Pi without a clock chip boots with a time of the past, and jumps when it first hears a time server. So the wall clock
is trusted from when somebody vouches for it, until the next boot: see `machine.py`. Of two moments at which it was trusted the
difference is believed, and of no others: a jump of fifty years at a boot fires no timer.

**Spans.** From the boot until then is a span of the gateway's clock. When trust comes, what the wall clock should have shown in
that span is known, and how long the machine had been off before it: so stamps of the span can be mended, wherever they are kept,
when they are read; and timers and deadlines that were set in it move along with the clock instead of being due at once.
"""

import logging
from bisect import bisect_right
from operator import attrgetter
from typing import NamedTuple

from gateway.actors.messages import Deadline, Message
from gateway.actors.stage import Timer
from gateway.actors.stamps import Stamp
from gateway.runtime.machine import CHIP, SERVER, HostMachine, MachineClocks

log = logging.getLogger(__name__)

NOTE = "clock"
"""Key of the note in the store that holds this moment for the next life: see `_Note`."""
SPANS = "clock.spans"
"""Key of the note that holds the spans."""

UNNOTED_MS = 15_000
"""So much may pass behind a note in which stamps are still made: the next boot's clock begins behind them."""
STEP_MS = 1000
"""Wall time that moved so far against the machine's clock was set."""
BREAK_MS = 30_000
"""A gateway that did not turn for so long (it hung, the machine slept) did not listen."""
BELIEVED_MS = 5 * 366 * 86_400_000
"""Without a time server it is believed that the machine was off for so long: a clock chip whose battery is empty says anything."""
UNTRUSTED = "the host's clock was not set by a time server yet; runtime.trust_clock = true where there is none"
"""Why what depends on the wall clock waits, for people."""
_SPANS_KEPT = 512
"""One a boot, on machines without a clock chip. What was stamped in older ones stays as it is."""
_OPEN = -1


class Untrusted(NamedTuple):
    """A stretch of the gateway's clock in which nobody vouched for the wall clock."""

    from_ms: int
    to_ms: int
    """Where it ends; -1: it goes on."""
    ahead_ms: int
    """The wall time minus the gateway's clock in it: as it should have been, or, where nobody ever said, as the wall clock had it."""
    shift_ms: int = 0
    """By how much the clock was moved on afterwards, for the time in which the machine had been off."""
    mended: bool = False
    """Whether it is known what the wall clock should have shown."""


class _Note(NamedTuple):
    """One moment as the stored note has it; every time in milliseconds."""

    clock_ms: int
    boot_id: str
    boot_ms: int
    wall_ms: int
    synced: int = 0
    anchor_clock_ms: int = 0
    """The last moment before it at which the wall clock was trusted: the gateway's clock, and"""
    anchor_wall_ms: int = 0
    """the wall time; 0: there was none."""


class Watched(NamedTuple):
    """What the clock found when it looked at the machine's clocks."""

    stepped: bool
    """The wall clock was set since the last note."""
    synced: bool
    """Whether the wall clock can be trusted from now on."""


class GatewayClock:
    """The gateway's own clock, which tells time to everybody else. Read it on any thread; everything else is on the engine's. It is
    `gateway.actors.stamps.Time`."""

    def __init__(self, machine: MachineClocks, *, clock_ms: int | None = None) -> None:
        """Make a clock that begins at `clock_ms`, or at what the wall clock says."""
        self._machine = machine
        self.synced = False
        """Whether the wall clock can be trusted."""
        self.voucher = ""
        """Who vouches for it, in words; empty while nobody does."""
        self.spans: list[Untrusted] = []
        """In their order. A changed list is another list: other threads read it."""
        self._offset_ms = (machine.wall_ms() if clock_ms is None else clock_ms) - machine.boot_ms()
        self._anchor: tuple[int, int] | None = None
        self._noted_ahead_ms = self._ahead_ms()
        self.listening_since_ms = self._turned_ms = self.clock_ms()
        self.now_ms = machine.wall_ms
        """Wall time, milliseconds since 1970. It may jump."""
        self.mono_s = machine.mono_s
        """Monotonic seconds since some moment of this process, for delays and deadlines."""

    def clock_ms(self) -> int:
        """The gateway's clock, milliseconds. It never goes back; forward it jumps once in a boot at most, when trust comes."""
        return self._machine.boot_ms() + self._offset_ms

    # --- lives

    def resume(self, note: str, spans: str = "") -> None:
        """Go on from where the stored notes of an earlier life end; once in a life, before the clock is asked anything else."""
        self.spans = [_read_span(word) for word in spans.split()]
        if note:
            self._go_on(_read_note(note))
        self.listening_since_ms = self._turned_ms = self.clock_ms()
        if not self.synced and not (self.spans and self.spans[-1].to_ms == _OPEN):
            self.spans = [*self.spans, Untrusted(self.clock_ms(), _OPEN, self._wall_ahead_ms())][-_SPANS_KEPT:]
        self.watch()

    def _go_on(self, noted: _Note) -> None:
        machine = self._machine
        boot_ms = machine.boot_ms()
        self._anchor = (noted.anchor_clock_ms, noted.anchor_wall_ms) if noted.anchor_wall_ms else None
        if noted.synced:
            self._anchor = (noted.clock_ms, noted.wall_ms)
        if noted.boot_id == machine.boot_id:
            self._offset_ms = noted.clock_ms + max(0, boot_ms - noted.boot_ms) - boot_ms
            self.synced, self.voucher = bool(noted.synced), "an earlier life in this boot" if noted.synced else ""
            return
        self.synced, self.voucher = False, ""
        self._offset_ms = noted.clock_ms + max(boot_ms, UNNOTED_MS) - boot_ms  # so much surely passed
        if self.spans and self.spans[-1].to_ms == _OPEN:  # that boot ended without trust
            ahead_ms = noted.wall_ms - noted.clock_ms
            self.spans = [*self.spans[:-1], self.spans[-1]._replace(to_ms=self.clock_ms(), ahead_ms=ahead_ms)]

    def note(self) -> str:
        """The note of this moment, for the next life."""
        self._noted_ahead_ms = self._ahead_ms()
        clock_ms, wall_ms = self.clock_ms(), self.now_ms()
        if self.synced:
            self._anchor = (clock_ms, wall_ms)
        anchor = self._anchor or (0, 0)
        noted = _Note(clock_ms, self._machine.boot_id, self._machine.boot_ms(), wall_ms, int(self.synced), *anchor)
        return " ".join(map(str, noted))

    def note_of_spans(self) -> str:
        """The note of the stretches in which the wall clock was not trusted, for the next life. It changes at the start of a life, and when
        trust comes."""
        return " ".join(f"{s.from_ms},{s.to_ms},{s.ahead_ms},{s.shift_ms},{s.mended:d}" for s in self.spans)

    # --- trust

    def watch(self) -> Watched:
        """Look at the machine's clocks: whether the wall clock was set, and whether it can be trusted now. What that changed belongs into
        the next note."""
        came = not self.synced and self._trust(self._machine.voucher())
        stepped = abs(self._ahead_ms() - self._noted_ahead_ms) > STEP_MS
        if stepped and self.spans and self.spans[-1].to_ms == _OPEN:
            self.spans = [*self.spans[:-1], self.spans[-1]._replace(ahead_ms=self._wall_ahead_ms())]
        return Watched(stepped, came)

    def _trust(self, voucher: str) -> bool:
        """Believe whoever vouches for the wall clock now, where that can be believed; return whether it was."""
        if not voucher:
            return False
        clock_ms, wall_ms = self.clock_ms(), self.now_ms()
        off_ms = 0 if self._anchor is None else max(0, self._anchor[0] + wall_ms - self._anchor[1] - clock_ms)
        if voucher != SERVER and off_ms > BELIEVED_MS:
            if voucher == CHIP:
                return False
            log.error(
                "the machine was off for %.0f days by its clock, which no time server vouches for: no timer is fired by that",
                off_ms / 86_400_000,
            )
            off_ms = 0
        self.synced, self.voucher = True, voucher
        self._close_spans(clock_ms, wall_ms, off_ms)
        if off_ms:
            self._offset_ms += off_ms
            self.listening_since_ms = self._turned_ms = self.clock_ms()
        log.info("the host's clock can be trusted, by the word of %s; the machine was off for %.0f s before", voucher, off_ms / 1000)
        return True

    def _close_spans(self, clock_ms: int, wall_ms: int, off_ms: int) -> None:
        """Note the true wall time of this boot's untrusted stretch, and how far the gateway's clock moves for all of them."""
        since_ms = self._anchor[0] if self._anchor else 0
        spans = [span._replace(shift_ms=span.shift_ms + off_ms) if span.from_ms >= since_ms else span for span in self.spans]
        if spans and spans[-1].to_ms == _OPEN:
            last = spans.pop()
            spans.append(last._replace(to_ms=clock_ms, ahead_ms=wall_ms - clock_ms, mended=True))
        self.spans = spans

    def _ahead_ms(self) -> int:
        return self._machine.wall_ms() - self._machine.boot_ms()

    # --- what was stamped, set and sent before it was trusted

    def mended(self, stamp: Stamp) -> Stamp:
        """The stamp with the true wall time, where that is known by now. Any thread."""
        span = None if stamp.synced else self._span_at(stamp.clock_ms)
        if span is None or not span.mended:
            return stamp
        return Stamp(stamp.clock_ms + span.ahead_ms, stamp.clock_ms + span.shift_ms)

    def unpacked(self, packed: int) -> Stamp:
        """The stamp that a packed number stands for, with the true wall time where that is known by now. Any thread."""
        if packed >= 0:
            return Stamp(packed, 0)
        span = self._span_at(-packed)
        wall_ms = -packed + (self._wall_ahead_ms() if span is None else span.ahead_ms)
        return self.mended(Stamp(wall_ms, -packed, synced=False))

    def wall_at(self, clock_ms: int) -> int:
        """What the wall clock should have shown, about, at a moment of this life."""
        return clock_ms + self._wall_ahead_ms() if self._span_at(clock_ms) is None else self.unpacked(-clock_ms).wall_ms

    def _wall_ahead_ms(self) -> int:
        return self.now_ms() - self.clock_ms()

    def moved(self, clock_ms: int, set_ms: int) -> int:
        """A time that was worked out on the gateway's clock at `set_ms` (0: when the wall clock was trusted), moved along with the
        clock."""
        return clock_ms + self._shift_of(set_ms) if set_ms else clock_ms

    def moved_timer(self, timer: Timer) -> Timer:
        """A timer with the due time that is right by what is known now. One that may still move stays as it is."""
        final = self.synced or (self._anchor is not None and timer.set_ms < self._anchor[0])
        return timer._replace(due_ms=self.moved(timer.due_ms, timer.set_ms), set_ms=0) if timer.set_ms and final else timer

    def _shift_of(self, set_ms: int) -> int:
        span = self._span_at(set_ms)
        return span.shift_ms if span is not None else 0

    def _span_at(self, clock_ms: int) -> Untrusted | None:
        """The untrusted stretch that holds a moment of the gateway's clock."""
        spans = self.spans
        at = bisect_right(spans, clock_ms, key=attrgetter("from_ms")) - 1
        if at < 0 or (spans[at].to_ms != _OPEN and clock_ms > spans[at].to_ms):
            return None
        return spans[at]

    # --- listening

    def turned(self, clock_ms: int) -> None:
        """Note that the engine took messages in at `clock_ms`. After a standstill nobody has been heard for a while: listening begins
        anew."""
        if clock_ms - self._turned_ms > BREAK_MS:
            self.listening_since_ms = clock_ms
        self._turned_ms = clock_ms

    def deaf(self) -> None:
        """Note that the gateway takes nothing in now, so that it hears nobody."""
        self.listening_since_ms = self.clock_ms()

    # --- until when a message may be acted on

    def deadline(self, expires_ms: int, *, expires_s: float | None = None) -> tuple[int, Deadline | None]:
        """Work out `Message.expires_ms` and `until` of a message that came from outside. Any thread.

        `expires_ms` is wall time by the outside's own clock (0: it said none), `expires_s` how long from now on (None: the same).
        """
        if not expires_ms and expires_s is None:
            return 0, None
        clock_ms, wall_ms = self.clock_ms(), self.now_ms()
        said_ms = 0 if self.synced else clock_ms
        left_ms = [] if expires_s is None else [round(expires_s * 1000)]
        if expires_ms and not self.synced:
            return expires_ms, Deadline(clock_ms + left_ms[0] if left_ms else 0, said_ms, open=True)
        left_ms += [expires_ms - wall_ms] if expires_ms else []
        return max(1, wall_ms + min(left_ms)), Deadline(max(1, clock_ms + min(left_ms)), said_ms)

    def with_deadline(self, message: Message, *, now_ms: int, clock_ms: int) -> Message:
        """A message of this gateway's own that expires, with its deadline: worked out by the same wall time, right or wrong."""
        until = Deadline(max(1, clock_ms + message.expires_ms - now_ms), 0 if self.synced else clock_ms)
        return message._replace(until=until)

    def left_ms(self, message: Message) -> int | None:
        """How many milliseconds a message that expires may still be acted on; negative: it expired so long ago; None: nobody can say yet.
        Any thread."""
        until = message.until or Deadline(0, open=True)
        left_ms = [self._left_ms(until)] if until.clock_ms else []
        if until.open and self.synced:
            left_ms.append(message.expires_ms - self.now_ms())
        if until.open and not self.synced and not (left_ms and left_ms[0] < 0):
            return None
        return min(left_ms)

    def least_left_ms(self, message: Message, act_by: Deadline | None) -> int | None:
        """As `left_ms`, for a message that may have an age limit, too; None also where it has neither."""
        ends = [self._left_ms(act_by)] if act_by is not None else []
        if message.expires_ms and (left_ms := self.left_ms(message)) is not None:
            ends.append(left_ms)
        return min(ends, default=None)

    def _left_ms(self, until: Deadline) -> int:
        return self.moved(until.clock_ms, until.said_ms) - self.clock_ms()


class SystemClock(GatewayClock):
    """The clock of this machine."""

    def __init__(self, *, trusted: bool = False) -> None:
        """`trusted`: the configuration says that the wall clock is right from the boot on."""
        super().__init__(HostMachine(trusted=trusted))


def _read_note(text: str) -> _Note:
    clock_ms, boot_id, *others = text.split()
    return _Note(int(clock_ms), boot_id, *map(int, others))


def noted_wall_ms(note: str) -> int:
    """The wall time of a note, milliseconds; 0 where there is none."""
    return _read_note(note).wall_ms if note else 0


def _read_span(word: str) -> Untrusted:
    from_ms, to_ms, ahead_ms, shift_ms, mended = map(int, word.split(","))
    return Untrusted(from_ms, to_ms, ahead_ms, shift_ms, bool(mended))
