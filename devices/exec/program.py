"""A program: the host-bound actor `exec/NAME`, which runs any program that prints lines, or other frames, and sends what they say.

    [exec.weather]
    command = ["rtl_433", "-F", "json"]
    to = "twin/{model}-{id}"
    coalesce_s = 2

What it owns is a process, started as a link is opened: one that ends is lost, its health says how it ended and what it said last, and
it is started again, later each time. What it prints is read as fast as the gateway takes it in: where that takes no more, the pipe is not
read, and the program waits. What it complains of (stderr) goes to the log, line by line, a few a minute.
At the end it gets SIGTERM, and SIGKILL three seconds later; so does everything that it has started.
"""

import logging
import math
import select
from collections.abc import Iterable
from contextlib import suppress

from devices.backoff import Backoff
from devices.codecs.choice import framing_of
from devices.codecs.framing import CODEC_FAULT, BadFrame, LineFramer, decoded
from devices.exec.process import Process, ending, read_chunk
from devices.exec.readings import LineReading, reader_for
from devices.exec.repeats import Repeats
from devices.exec.settings import ExecSettings, program, why_no_program
from devices.link import Faulty, Link, Missing
from devices.sparing import SparingLog
from gateway.actors import Health, Inbound

STOP_S = 3.0
"""From SIGTERM to SIGKILL."""
PROVEN_S = 2.0
"""A program that has said nothing is said to run once it has lived so long: most that cannot work end at once."""
STABLE_S = 30.0
"""After one that has lived so long, the next start comes soon."""
COMPLAINTS = 30
"""How many lines of stderr are logged in a minute: what programs say when they start, and not what they say when all goes wrong."""
LEFT_CHUNKS = 32
"""How much of what has ended is read at most: two pipes hold less, unless something that it left behind goes on printing."""
_SHOWN = 300
_FRAMING_COUNTERS = ("overflows", "gaps", "bad_frames")
TOGETHER = 128
"""How many lines are sent together at most: more would be in memory while they wait for room."""
OVERHEAD_BYTES = 200
"""About what a message takes beside its line."""

_log = logging.getLogger(__name__)


class Program(Link[ExecSettings]):
    """Runs one program, and takes in what it prints."""

    kind = "exec"
    close_s = STOP_S + 2.0
    counters_said = {
        "lost": "times it ended",
        "repeats": "repeats dropped",
        "bad_lines": "lines not understood",
        "overflows": "lines longer than max_line_bytes",
        "gaps": "frames broken off",
        "bad_frames": "frames that are none",
        "complaints": "lines on stderr",
        "refused": "lines the gateway refused",
        "codec_faults": "faults of the codec",
        "bad_values": "values that are bad",
        "ignored_values": "values ignored",
        "values_beyond": "values too many for a report",
    }

    _process: Process | None = None
    _began_s = 0.0
    _heard_s = 0.0
    """When it printed something last; when it was started, where it has not."""
    _listened_s = 0.0
    """A clock that runs only while we wait for what it prints: bytes that wait for us are no gap."""
    _proven = False
    _last = ""
    """What it complained of last."""

    # --- its life

    def backoff(self) -> Backoff:
        return Backoff(self.settings.restart_min_s, self.settings.restart_max_s)

    def prepare(self) -> None:
        settings = self.settings
        self._sends = settings.sends
        self._read = reader_for(settings)
        self._repeats = Repeats(settings.coalesce_s)
        self._faults = SparingLog(_log)
        self._complaints = SparingLog(_log, at_most=COMPLAINTS)
        self._command = settings.command
        if settings.simulation is not None:
            from devices.exec.simulator import command_of  # noqa: PLC0415  # only where one is

            self._command = command_of(settings)
        self._name = self._command[0].rpartition("/")[2]

    def open(self) -> str:
        """Start the program; that it works, it shows by what it prints."""
        path = program(self._command[0])
        if not path:
            raise Missing(why_no_program(self._command[0]))
        try:
            self._process = Process(path, self._command)
        except OSError as error:
            advice = "; does its first line name what runs it (#!/bin/sh)?" if error.errno == 8 else ""
            raise Faulty(f"cannot start {path}: {error.strerror}{advice}") from error
        self._begin_framing()
        self._words = LineFramer(max_gap_s=math.inf)
        self._began_s = self._heard_s = self.clock()
        self._proven, self._last = False, ""
        self._ready: set[int] = set()
        self._poll = select.poll()
        for descriptor in (self.host.fileno(), self._process.out, self._process.err, self._process.end):
            self._poll.register(descriptor, select.POLLIN)
        return ""

    def _begin_framing(self) -> None:
        """Make what cuts the output of a new process into frames. A program may pause inside a line as long as it likes."""
        settings = self.settings
        self._framer = framing_of(settings.framed, max_bytes=settings.max_line_bytes, max_gap_s=math.inf)
        if settings.skip_first:
            self._framer.skip_first(self._listened_s)
        self._counted = dict.fromkeys(_FRAMING_COUNTERS, 0)

    @property
    def due_s(self) -> float:
        framing_s = self._framer.due_s if self.is_open and not self.host.quiet else None
        return min(self._look_due_s, math.inf if framing_s is None else self.clock() + framing_s - self._listened_s)

    @property
    def _look_due_s(self) -> float:
        """When it is to be seen that it runs, or that it hangs."""
        if not self.is_open or self.host.quiet:
            return math.inf
        silent_s = self._heard_s + self.settings.silent_after_s if self.settings.silent_after_s else math.inf
        return min(silent_s, math.inf if self._proven else self._began_s + PROVEN_S)

    def block(self, timeout_s: float | None) -> None:
        """Block until it prints, complains or ends. Once the gateway closes nothing more is taken from it."""
        if not self.is_open or self.host.quiet:
            self.host.wait(timeout_s)
            return
        began_s = self.clock()
        self._ready = {descriptor for descriptor, _ in self._poll.poll(None if timeout_s is None else timeout_s * 1000 + 1)}
        self._listened_s += self.clock() - began_s

    def turn(self) -> None:
        process = self._process
        if process is None or self.host.quiet:
            return
        ready, self._ready = self._ready, set()
        if process.err in ready:
            self._hear_complaints(process)
        if process.out in ready:
            self._take_in(process)
        elif (due_s := self._framer.due_s) is not None and self._listened_s > due_s:
            self._send_frames(self._framer.expire(self._listened_s))
        if process.end in ready:
            self._mourn(process)
        elif self.clock() >= self._look_due_s:
            self._look_at_clock()

    def shut(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop(STOP_S)

    # --- what it prints

    def _take_in(self, process: Process) -> bool:
        """Send what it has printed, one chunk of it; return whether there was any."""
        chunk = read_chunk(process.out)
        if chunk == b"":  # it has closed its output: its end is near
            self._hear_no_more(process.out)
        if not chunk:
            return False
        self._heard_s = self.clock()
        if not self._proven:
            self._prove()
        self._send_frames(self._framer.feed(chunk, self._listened_s))
        return True

    def _send_frames(self, frames: Iterable[bytes]) -> None:
        """Send what frames say, and count what the framing has dropped."""
        said: list[Inbound] = []
        for frame in frames:
            self._add(frame, said)
            if len(said) >= TOGETHER:
                self._send(said)
                said = []
        self._send(said)
        for name, before in self._counted.items():
            if (count := getattr(self._framer, name)) > before:
                self.host.count(name, count - before)
                self._counted[name] = count

    def _add(self, frame: bytes, said: list[Inbound]) -> None:
        """Put what one frame says behind what is to be sent together."""
        try:
            for reading in decoded(self._read, frame):
                self._add_reading(reading, len(frame), said)
        except BadFrame as error:
            self.host.count("codec_faults" if error.fault == CODEC_FAULT else "bad_lines")
            self._faults.warn(error.fault, f"{self.host.me}: {error}; the line was {frame[:60]!r}")

    def _send(self, said: list[Inbound]) -> None:
        """Send what frames said; block while too much is under way, so that the pipe is not read."""
        refusals = self.host.send_all(said) if said else []
        if len(said) > len(refusals):
            self.host.count("lines", len(said) - len(refusals))
        for refusal in refusals:
            self.host.count("refused")
            self._faults.warn("refused", f"{self.host.me}: {refusal.error}")

    def _add_reading(self, reading: LineReading, size: int, said: list[Inbound]) -> None:
        if reading.payload is not None:
            if self._repeats.is_one(reading.to, reading.same, self.clock()):
                self.host.count("repeats")
                return
            said.append(Inbound(reading.to, self._sends, reading.payload, size=size + OVERHEAD_BYTES))
        for remark in reading.remarks:
            self.host.count(remark.counter)
            if remark.words:
                self._faults.warn(remark.counter, f"{self.host.me}: a value that is bad: {remark.words}")

    def _hear_complaints(self, process: Process) -> bool:
        chunk = read_chunk(process.err)
        if chunk == b"":
            self._hear_no_more(process.err)
        for line in self._words.feed(chunk or b"\n", 0.0) if chunk is not None else ():  # its last line may have no end
            text = "".join(letter if letter.isprintable() else " " for letter in line.decode(errors="replace")).strip()[:_SHOWN]
            if text:
                self._last = text
                self.host.count("complaints")
                self._complaints.note("stderr", f"{self.host.me}: {text}")
        return bool(chunk)

    def _hear_no_more(self, descriptor: int) -> None:
        with suppress(KeyError):  # it was known before
            self._poll.unregister(descriptor)

    # --- how it is

    def _prove(self) -> None:
        self._proven = True
        simulated = " (simulated)" if self.settings.simulation is not None else ""
        self.host.report(Health.OK, f"{self._name} runs as process {self._process.pid if self._process else 0}{simulated}")

    def _look_at_clock(self) -> None:
        """Say that a quiet program runs; start one anew that has said nothing for too long."""
        silent_s = self.settings.silent_after_s
        if silent_s and self.clock() >= self._heard_s + silent_s:
            raise Faulty(f"{self._name} has printed nothing for {silent_s:g} s, and is started anew; silent_after_s says so")
        if not self._proven:
            self._prove()

    def _mourn(self, process: Process) -> None:
        """Take what is left of one that has ended, and lose it."""
        for _ in range(LEFT_CHUNKS):
            if not (self._hear_complaints(process) | self._take_in(process)):
                break
        self._send_frames(self._framer.expire(math.inf))  # its end is a silence
        self._process = None
        code = process.stop(STOP_S)
        if self.clock() - self._began_s >= STABLE_S:
            self.works()
        raise Faulty(f"{self._name} {ending(code)}{f': {self._last}' if self._last else ''}; it is started again")
