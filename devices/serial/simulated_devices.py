"""Simulated serial devices: a GPS receiver, meters, and what a codec reads, as the gateway meets them on a real port.

A device numbers what it makes, and everything it says follows from the number, so that a device which is started again goes on where it
was. With `acked` it keeps each line and repeats it until it is acknowledged, as a tracker with a memory does.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Sequence

from devices.codecs.choice import codec_of
from devices.codecs.nmea import MPS_PER_KNOT, write_sentence
from devices.codecs.simulated import Simulated, nested, wanted_fields
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors.vocabulary import Fix

TURN_S = 0.02
"""How long a device that runs by itself waits for an acknowledgement before it looks at its clock."""
FLOOD_LINES = 40


class SimulatedDevice:
    """A device that sends one numbered thing each interval. Subclasses compose it; `turn` is for a caller's own loop."""

    line_end = b"\r\n"
    """What follows each of its lines, unless it is told how to frame them."""

    def __init__(
        self,
        line: SimulatedLine,
        *,
        interval_s: float = 1.0,
        acked: bool = False,
        first: int = 0,
        began_ms: int = 0,
        window: int = 1,
        repeat_s: float = 1.0,
        wrong_every: int = 0,
        wrapped: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Make it. `wrapped` makes what goes onto the line of a frame."""
        self.line = line
        self.interval_s = interval_s
        self.acked = acked
        self.first = first
        """The number it begins with; a device that goes on begins with the first one that was not acknowledged."""
        self.began_ms = began_ms or time.time_ns() // 1_000_000 - round(first * interval_s * 1000)
        """Wall time of number 0, milliseconds since 1970."""
        self.made = 0
        """How many things it has made since it was started."""
        self.acknowledged = 0
        """How many of them the gateway has acknowledged."""
        self.dropped = 0
        """Without `acked`: how many things nobody heard."""
        self.wrong_every = wrong_every
        """Without `acked`: of how many things one has a wrong bit, as on a bad cable; 0: none."""
        self._wrapped = wrapped or (lambda frame: frame + self.line_end)
        self._window = window
        self._repeat_s = repeat_s
        self._made_s = -math.inf
        self._next = first
        self._open: dict[int, float] = {}
        """The numbers that are said and not acknowledged, and when each was said last."""
        self._numbers: dict[bytes, int] = {}
        """What an acknowledgement of each of them names."""

    def compose(self, number: int) -> list[bytes]:
        """The lines of one number, without their ends."""
        raise NotImplementedError

    def names(self, number: int) -> list[bytes]:
        """The words of an acknowledgement of that number, after its first: the lines themselves, unless a device has ids."""
        return self.compose(number)

    def at_ms(self, number: int) -> int:
        """When the thing of that number was made: wall time, milliseconds since 1970."""
        return self.began_ms + round(number * self.interval_s * 1000)

    def turn(self, now_s: float, *, timeout_s: float = 0.0) -> None:
        """Make the things that are due, take acknowledgements, and send what must be sent."""
        if now_s - self._made_s >= self.interval_s:
            self._made_s = now_s if self._made_s < now_s - 2 * self.interval_s else self._made_s + self.interval_s
            self.made += 1
        for line in self.line.hear_lines(timeout_s):
            self._take_ack(line.partition(b" ")[2])
        if self.acked:
            self._say_again(now_s)
        self._say_new(now_s)

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            self.turn(time.monotonic(), timeout_s=TURN_S)
            if not self.line.plugged:
                stop.wait(TURN_S)

    def flood(self, count: int, *, timeout_s: float = 60.0) -> None:
        """Send `count` things as fast as they are read, whatever the interval and without repeats."""
        until = self._next + count
        while self._next < until:
            numbers = range(self._next, min(until, self._next + FLOOD_LINES))
            self.line.send_all(b"".join(self._bytes(number) for number in numbers), timeout_s=timeout_s)
            self._next = numbers.stop
            self.made += len(numbers)

    def _bytes(self, number: int) -> bytes:
        said = b"".join(map(self._wrapped, self.compose(number)))
        is_wrong = self.wrong_every and not self.acked and number % self.wrong_every == self.wrong_every - 1
        return _with_wrong_bit(said) if is_wrong else said

    def _take_ack(self, name: bytes) -> None:
        number = self._numbers.get(name)
        if number is None:
            return
        for known in self.names(number):
            del self._numbers[known]
        del self._open[number]
        self.acknowledged += 1

    def _say_again(self, now_s: float) -> None:
        for number, said_s in self._open.items():
            if now_s - said_s >= self._repeat_s and self.line.send(self._bytes(number)):
                self._open[number] = now_s

    def _say_new(self, now_s: float) -> None:
        while self._next < self.first + self.made and (not self.acked or len(self._open) < self._window):
            heard = self.line.send(self._bytes(self._next))
            if self.acked:
                self._open[self._next] = now_s if heard else -math.inf
                self._numbers.update(dict.fromkeys(self.names(self._next), self._next))
            self.dropped += not heard and not self.acked
            self._next += 1


class GpsTracker(SimulatedDevice):
    """A simulated receiver that drives around a town: RMC and GGA for each fix, with right checksums.

    With `acked`, give the port `ack = "ACK {frame}"`; an acknowledgement of either sentence is enough.
    """

    latitude_deg = 46.948
    longitude_deg = 7.4474
    radius_deg = 0.01

    def fix(self, number: int) -> Fix:
        """The fix of that number: on a circle, a hundredth of a radian each time."""
        angle = number / 100
        shrink = math.cos(math.radians(self.latitude_deg))
        metres = self.radius_deg * 111_195 / 100
        return Fix(
            latitude_deg=self.latitude_deg + self.radius_deg * math.sin(angle),
            longitude_deg=self.longitude_deg + self.radius_deg * math.cos(angle) / shrink,
            at_ms=self.at_ms(number),
            speed_mps=metres / self.interval_s,
            heading_deg=-math.degrees(angle) % 360,
            altitude_m=540 + 10 * math.sin(angle / 3),
            hdop=0.9,
            satellites=8 + number % 5,
        )

    def compose(self, number: int) -> list[bytes]:
        return sentences(self.fix(number))


class JsonMeter(SimulatedDevice):
    """`devices` simulated meters on one line, which take turns: about 100 bytes of JSON each. With `acked`, give the port `ack = "ok
    {id}"`."""

    def __init__(
        self, line: SimulatedLine, *, devices: int = 1, named: Sequence[str] = (), more: Simulated | None = None, **keywords: object
    ) -> None:
        """Make them; their lines have the texts `named` too, unless a meter has them, and the fields that `more` gives."""
        super().__init__(line, **keywords)  # type: ignore[arg-type]  # the keywords of SimulatedDevice, as they are
        self.devices = devices
        self._named = dict.fromkeys(named, "simulated")
        self._more = more

    def compose(self, number: int) -> list[bytes]:
        power_w = 200 + 150 * math.sin(number / 50)
        text = (
            f'{{"device":"m{number % self.devices}","id":{number},"at_ms":{self.at_ms(number)},'
            f'"power_w":{power_w:.1f},"energy_wh":{1_000_000 + number},"voltage_v":{230 + number % 7 / 10:.1f}}}'
        )
        if self._more is not None:
            text = json.dumps({**self._named, **json.loads(text), **nested(self._more(number))}, separators=(",", ":"))
        return [text.encode()]

    def names(self, number: int) -> list[bytes]:
        return [b"%d" % number]


class CodecDevice(SimulatedDevice):
    """Says whatever the codec of a port reads, with the values that the file speaks of. Raises CannotEncode, as it is made, where the codec
    can write no frame of them."""

    def __init__(self, line: SimulatedLine, *, reads: SerialSettings, **keywords: object) -> None:
        super().__init__(line, **keywords)  # type: ignore[arg-type]  # the keywords of SimulatedDevice, as they are
        self._codec = codec_of(reads.codec)
        self._wanted = wanted_fields(reads.values, reads.to)
        self.compose(self.first)

    def compose(self, number: int) -> list[bytes]:
        return list(self._codec.simulated(number, self._wanted(number)))


def _with_wrong_bit(said: bytes) -> bytes:
    at = len(said) // 2
    return said[:at] + bytes([said[at] ^ 1]) + said[at + 1 :]


def sentences(fix: Fix) -> list[bytes]:
    """The sentences in which a receiver says a fix: RMC, then GGA."""
    at = time.gmtime(fix.at_ms // 1000)
    moment = f"{time.strftime('%H%M%S', at)}.{fix.at_ms % 1000:03d}"
    place = f"{_angle(fix.latitude_deg, 2, 'NS')},{_angle(fix.longitude_deg, 3, 'EW')}"
    moved = f"{(fix.speed_mps or 0) / MPS_PER_KNOT:.3f},{fix.heading_deg or 0:.2f}"
    quality = f"1,{fix.satellites or 0:02d},{fix.hdop or 0:.2f},{fix.altitude_m or 0:.1f},M,0.0,M,,"
    return [
        write_sentence(f"GPRMC,{moment},A,{place},{moved},{time.strftime('%d%m%y', at)},,,A"),
        write_sentence(f"GPGGA,{moment},{place},{quality}"),
    ]


def _angle(degrees: float, digits: int, halves: str) -> str:
    """Write degrees as dddmm.mmmmm,E; whole hundred-thousandths of a minute, so that no minute reads 60."""
    units = round(abs(degrees) * 60 * 100_000)
    whole, rest = divmod(units, 60 * 100_000)
    return f"{whole:0{digits}d}{rest // 100_000:02d}.{rest % 100_000:05d},{halves[degrees < 0]}"
