"""A serial port: it owns one line, sends each of its readings, and writes what it is told.

Everything runs on the actor's own thread, in one loop around `poll`: bytes, mail, and whatever falls due. A port that is
absent, pulled out or refused is no error of the program: it is a link, opened again by its stable name. Until then what is to be written
waits on disk, for `act_within_s`.

Source: docs of the facts in `line.py`, `names.py` and `outbox.py`.
"""

import errno
import math
import select
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from devices.backoff import Backoff
from devices.codecs.choice import framing_of
from devices.codecs.codec import CannotEncode
from devices.codecs.framing import BadFrame
from devices.link import ACT_WITHIN_S, Faulty, Link, Missing
from devices.serial.echo import Echo
from devices.serial.faults import COUNTERS, explain_loss, explain_opening
from devices.serial.health import ROBBED_S, PortHealth
from devices.serial.holders import open_ports
from devices.serial.line import LINE_FAULTS, OpenPort, TtyLine, Unplugged
from devices.serial.names import find_port
from devices.serial.readings import Reading, reader_for
from devices.serial.settings import SerialSettings
from devices.serial.urls import is_url
from devices.serial.writing import LineWriter
from gateway.actors import Delivery, GatewayError, Health, Inbound, Mode, Payload, Settings, verb
from gateway.actors.vocabulary import Write
from gateway.actors.wire import Piece, Replayed

if TYPE_CHECKING:
    from devices.serial.network import NetworkOpener
    from devices.serial.simulator import Simulation

REOPEN_S = 0.2
REOPEN_MAX_S = 5.0
"""The first wait before the port is opened again, and the longest: a device that comes back is not to wait."""
DRAIN_S = 0.4
"""How long closing waits for bytes that are on their way out."""
TOGETHER = 128
"""How many readings are sent together at most: more would be in memory while they wait for room."""
OVERHEAD_BYTES = 200
"""About what a message takes beside its line."""
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
"""What a poll says of a line whose device has gone, and never of one that only has bytes."""

_new = tuple.__new__
"""Makes a named tuple of all its fields in their order: twice as fast as calling its class, for what is made once a line."""


class SerialPort(Link[SerialSettings]):
    """Holds one serial port of this host, or a simulated device in its place."""

    kind = "serial"
    acts = ("write", "write_once")
    close_s = 2.0
    wired = True
    counters_said = COUNTERS

    def __init__(self, key: str, settings: SerialSettings) -> None:
        super().__init__(key, settings)
        self._sends = settings.sends
        self._framer = framing_of(settings.framed, max_bytes=settings.max_line_bytes, max_gap_s=settings.max_gap_s)
        self._reader = reader_for(settings, self._payload_of)
        self._health = PortHealth(settings)
        self._echo = Echo(removes=settings.rs485_echo, baud=settings.baud, delay_s=settings.write_timeout_s)
        self._writer = LineWriter(settings, self._echo, self._health, self._wake)
        self._owed = self._writer.owed
        self._line: OpenPort | None = None
        self._simulation: Simulation | None = None
        self._network: NetworkOpener | None = None
        self._poll = select.poll()
        self._polled = -1
        """What the line is polled for now; -1: it is not."""
        self._settled_s = 0.0
        self._listened_s = 0.0
        """A clock that runs only while we wait for the line: bytes that wait for us are no gap."""
        self._heard_s: float | None = None
        """When, on that clock, the last bytes came; None: the silence after them has been seen."""

    # --- its life

    def backoff(self) -> Backoff:
        return Backoff(REOPEN_S, REOPEN_MAX_S)

    @classmethod
    def wire(cls, settings: Settings) -> Iterator[bytes]:
        """The bytes that come over the wire of a port that no gateway has open."""
        from devices.serial.overheard import overheard  # noqa: PLC0415  # for people who listen only

        assert isinstance(settings, SerialSettings)
        return overheard(settings)

    @classmethod
    def replay(
        cls, settings: Settings, wire: Iterable[Piece], payload_of: Callable[[str, str], type[Payload] | None]
    ) -> Iterator[Replayed]:
        """What the port would have brought in of a recorded wire, by its framing and its codec."""
        from devices.serial.replayed import replayed  # noqa: PLC0415  # for people who replay only

        assert isinstance(settings, SerialSettings)
        return replayed(settings, wire, payload_of)

    def prepare(self) -> None:
        self._health.host = self.host
        self._poll.register(self.host.fileno(), select.POLLIN)
        if (place := self.settings.network) is not None:
            from devices.serial.network import NetworkOpener  # noqa: PLC0415  # only where one is

            self._network = NetworkOpener(self.settings, place)

    def open(self) -> str:
        """Open the port by its stable name. That it works, its bytes show: see `_read`."""
        self._owed.opening += 1
        try:
            self._line = self._network.open(self.host) if self._network is not None else self._open_tty()
        except (GatewayError, *LINE_FAULTS) as error:
            open_ports().give_back(self.host.me)
            raise explain_opening(self._health.path, error) from error
        self._settled_s = self.clock() + self.settings.settle_s
        self._framer.clear()
        if self.settings.skips_first:
            self._framer.skip_first(self._listened_s)
        self._health.be_open()
        return ""

    def _open_tty(self) -> OpenPort:
        self._health.path = find_port(self.settings.port) if self.settings.simulation is None else self._simulated()
        open_ports().take(self.host.me, self._health.path)
        return TtyLine(self._health.path, self.settings, self.host)

    def _simulated(self) -> str:
        """The path of the simulated device, which begins with the first opening."""
        if self._simulation is None:
            from devices.serial.simulator import simulate  # noqa: PLC0415  # only where one is

            try:
                self._simulation = simulate(self.settings)
            except CannotEncode as error:
                raise Faulty(f"cannot simulate {self.host.me}: {error}") from error
        return self._simulation.path

    @property
    def due_s(self) -> float:
        if self._line is None:
            return math.inf
        dues_s = [due_s for due_s in (self._writer.due_s, self._echo.due_s) if due_s is not None]
        now_s = self.clock()
        if now_s - self._health.robbed_s < ROBBED_S:
            dues_s.append(self._health.robbed_s + ROBBED_S)
        elif self._heard_s is not None and not self.host.quiet and not self.host.held_back:
            dues_s.append(now_s + self._heard_s + self._framer.max_gap_s - self._listened_s)
        return min(dues_s, default=math.inf)

    def block(self, timeout_s: float | None) -> None:
        """Block until there are bytes, mail, room to write, or something is due."""
        wanted = self._wanted()
        if wanted != self._polled and self._line is not None:
            (self._poll.register if self._polled < 0 else self._poll.modify)(self._line.fileno(), wanted)
            self._polled = wanted
        began_s = self.clock()
        ready = self._poll.poll(None if timeout_s is None else timeout_s * 1000 + 1)
        if wanted > 0 and wanted & select.POLLIN:
            self._listened_s += self.clock() - began_s
        for descriptor, events in ready:
            if self._line is not None and descriptor == self._line.fileno():
                self._turn_to_line(events)

    def turn(self) -> None:
        if self._line is None:
            return
        now_s = self.clock()
        if self._owed.waiting:
            self._acknowledge(now_s)
        if (due_s := self._writer.due_s) is not None and now_s > due_s:
            self._give_up_writing()
        if (due_s := self._echo.due_s) is not None and now_s > due_s:
            self._take_in(self._echo.remove(b"", now_s=now_s), now_s)
        if self._heard_s is not None and self._listened_s - self._heard_s > self._framer.max_gap_s:
            self._fall_silent()

    def quiet(self) -> None:
        """Read no more; what waits stays in the kernel, or with the device."""
        self._heard_s = None

    def shut(self) -> None:
        """Close a line that has failed at once, or the device comes back under a new number."""
        self._let_go()

    def leave(self) -> None:
        """Give the port back, within a second."""
        if self._owed.waiting and self._line is not None:
            self._acknowledge(self.clock())
        self._let_go(drain_s=DRAIN_S)
        if self._simulation is not None:
            self._simulation.close()
        self.host.report(Health.CLOSED)

    # --- writing

    @verb(act_within_s=ACT_WITHIN_S)
    def write(self, text: Write, delivery: Delivery) -> None:
        """Write a text and the port's line ending, or bytes by their hex digits. Done when the system has taken all of it."""
        delivery.keep()
        self._put(text.frame(self.settings.line_ending), delivery)

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=ACT_WITHIN_S)
    def write_once(self, text: Write, delivery: Delivery) -> None:
        """Write as `write` does, and never a second time: what may have begun when the line or the gateway failed is answered "unknown"."""
        delivery.keep()
        self._put(text.frame(self.settings.line_ending), delivery, once=True)

    def _put(self, content: bytes, delivery: Delivery, *, once: bool = False) -> None:
        now_s = self.clock()
        self._writer.put(content, delivery, now_s, once=once)
        self._drain(now_s)

    def _drain(self, now_s: float) -> None:
        """Write what the line takes now; one that fails is lost."""
        if self._line is not None:
            try:
                self._writer.drain(self._line, now_s)
            except LINE_FAULTS as error:
                self._lose(error)

    def _acknowledge(self, now_s: float) -> None:
        self._writer.acknowledge(now_s)
        self._drain(now_s)

    def _give_up_writing(self) -> None:
        """Give up what waits to be written, after one more try, for we may have been held up."""
        self._drain(self.clock())
        if self._writer.due_s is not None and self._writer.due_s <= self.clock():
            self._writer.give_up()

    def _payload_of(self, to: str) -> type[Payload] | None:
        return self.host.payload_of(to, self._sends)

    def _wake(self) -> None:
        """Wake this port's thread. Any thread."""
        self.host.wake()

    # --- reading

    def _turn_to_line(self, events: int) -> None:
        now_s = self.clock()
        if events & select.POLLOUT:
            self._drain(now_s)
        if self._line is None:
            return
        if events & select.POLLIN and not self.host.quiet:
            self._read(self._line, now_s)
        elif events & _GONE:  # nothing is read any more: what comes while the gateway ends stays where it is
            self._lose(Unplugged(errno.EIO, "the device hung up"))

    def _read(self, line: OpenPort, now_s: float) -> None:
        try:
            chunk = line.read()
        except LINE_FAULTS as error:
            self._lose(error)
            return
        if not chunk:
            if line.shared:
                self._be_robbed(now_s)
        elif now_s < self._settled_s:
            self._skip_banner(chunk)
        else:
            self.works()
            if self._health.fault:
                self._health.heard(now_s)
            self._take_in(self._echo.remove(chunk, now_s=now_s) if self._echo.removes else chunk, now_s)

    def _skip_banner(self, chunk: bytes) -> None:
        """Drop what a board says while it boots: it is no reading, nor is the rest of a line that the window cuts."""
        self.host.count("settling_bytes", len(chunk))
        self._framer.clear()
        self._framer.feed(chunk, self._listened_s)
        cut = self._framer.due_s is not None
        (self._framer.skip if cut else self._framer.clear)()

    def _take_in(self, chunk: bytes, now_s: float) -> None:
        """Cut a chunk into lines and send what they say."""
        self._heard_s = self._listened_s
        frames = self._framer.feed(chunk, self._listened_s) if chunk else self._framer.expire(self._listened_s)
        bad, told = 0, False
        suspects = self._echo.expects and not self._echo.removes
        said: list[Inbound] = []
        for frame in frames:
            if suspects and self._echo.is_own(frame, now_s=now_s):
                self._health.name_echo(frame)
                continue
            try:
                readings = self._reader.read(frame)
            except BadFrame as error:
                self._health.drop(error, frame)
                bad += 1
                continue
            for reading in readings:
                told = self._add(reading, len(frame), said) or told
            if len(said) >= TOGETHER:
                self._send(said)
                said = []
        self._send(said)
        if frames:
            self.host.count("lines", len(frames))
        self._health.count(self._framer, self._echo, self._reader)
        if len(frames) > bad:
            self._health.understood(self._reader, now_s, told=told)
        elif chunk or bad:
            self._health.doubt_it(chunk, now_s)

    def _add(self, reading: Reading, size: int, said: list[Inbound]) -> bool:
        """Put a reading behind those that are to be sent together; acknowledge at once what holds nothing to keep. Return whether it is to
        be sent."""
        to, payload, id, ack, content = reading
        if not to:
            if ack:
                self._owed.owe(ack, self._owed.opening)
            return False
        on_commit = self._owed.after_commit(ack) if ack else None
        # the scope is the receiver's id: devices that share a line number their lines each for itself
        scope, size = to if id else "", size + OVERHEAD_BYTES
        said.append(_new(Inbound, (to, self._sends, payload, id, content, scope, True, "", 0, None, size, on_commit)))
        return True

    def _send(self, said: list[Inbound]) -> None:
        """Send readings; block while too much is under way, so that the port is not read."""
        for refusal in self.host.send_all(said) if said else ():
            self._health.complain("refused", str(refusal.error))

    def _fall_silent(self) -> None:
        """Drop half a line, and tell half an epoch, after a silence longer than the gap."""
        self._take_in(b"", self.clock())
        self._heard_s = None
        try:
            readings = self._reader.idle()
        except BadFrame as error:
            self._health.drop(error, b"")
            return
        said: list[Inbound] = []
        for reading in readings:
            self._add(reading, 0, said)
        self._send(said)

    def _be_robbed(self, now_s: float) -> None:
        """Note that another process takes our bytes. What is left of the line is worth nothing."""
        self._framer.skip()
        self._health.be_robbed(now_s)

    # --- losing

    def _lose(self, error: Exception) -> None:
        path = self._health.path
        self.lose(Missing(explain_loss(path, error, is_cable=not is_url(path))))

    def _let_go(self, *, drain_s: float = 0.0) -> None:
        line, self._line = self._line, None
        if line is not None:
            if self._polled >= 0:
                self._poll.unregister(line.fileno())
                self._polled = -1
            if drain_s and self._writer:
                self._writer.finish(line, self.clock())
            line.close(drain_s=drain_s)
            open_ports().give_back(self.host.me)
        self._writer.clear()
        self._framer.clear()
        self._heard_s = None

    def _wanted(self) -> int:
        """The events to poll the line for. A hang-up is always told, and needs no asking."""
        if self._line is None:
            return -1
        reading = not self.host.quiet and self.clock() - self._health.robbed_s >= ROBBED_S and not self.host.held_back
        return (select.POLLIN if reading else 0) | (select.POLLOUT if self._writer else 0)
