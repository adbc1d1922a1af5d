"""A meter on a wire: sends numbered JSON lines, and repeats each until it is acknowledged."""

import contextlib
import json
import os
import pty
import select
import socket
import time
import tty
from collections.abc import Callable, Iterable, Iterator

DIALOUT = 20
"""The group of serial ports, on every Debian."""

AGAIN_S = 1.0

METERS = """
[gateway]
name = "lab"
[mqtt.main]
host = "localhost"
prefix = "gateway"
reconnect_max_s = 2.0
[serial.meters]
port = "/dev/ttyS1"
baud = 115200
codec = "json"
to = "twin/{device}"
ack = "ok {id}"
[actors.twin]
silent_after_s = 0.0
"""
"""The configuration of a machine at whose second port a meter hangs."""
JOURNAL = "journalctl --output=cat --no-pager --boot --unit=gateway"
IS_OPEN = "serial/meters is ok: /dev/ttyS1 is open"


class Meter:
    """The far end of a serial line. Lines say `{"id": 7, "device": "boiler", "n": 7}` and are answered `ok 7`."""

    def __init__(self, descriptor: int) -> None:
        self._wire = descriptor
        self._heard = b""
        self._unanswered: dict[int, float] = {}
        self._last = 0
        self.acknowledged: set[int] = set()

    def send(self, count: int) -> set[int]:
        """Send so many new lines; their numbers."""
        fresh = set(range(self._last + 1, self._last + count + 1))
        self._last += count
        for number in sorted(fresh):
            self._say(number)
        return fresh

    def skip(self, count: int) -> None:
        """Go on with higher numbers: the lower ones were another's."""
        self._last += count

    def until_acknowledged(self, numbers: Iterable[int], *, limit_s: float = 60) -> None:
        """Wait until these are acknowledged; what is not, is sent again every second."""
        wanted = set(numbers)
        self.run(lambda: wanted <= self.acknowledged, limit_s=limit_s)

    def run(self, done: Callable[[], bool], *, limit_s: float = 60) -> None:
        """Listen and repeat until `done()`."""
        deadline = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < deadline, f"not acknowledged within {limit_s} s: {sorted(self._unanswered)[:10]}"
            self._repeat()
            if select.select([self._wire], [], [], 0.1)[0]:
                self._listen()

    def listen_on(self) -> None:
        """Hear what is on the wire still: the power of the other side is gone."""
        with contextlib.suppress(OSError):
            while select.select([self._wire], [], [], 0.5)[0] and self._listen():
                pass

    def _say(self, number: int) -> None:
        self._unanswered[number] = time.monotonic()
        with contextlib.suppress(OSError):  # nobody listens at the other end now
            os.write(self._wire, json.dumps({"id": number, "device": "boiler", "n": number}).encode() + b"\n")

    def _repeat(self) -> None:
        late_s = time.monotonic() - AGAIN_S
        for number in sorted(number for number, said_s in self._unanswered.items() if said_s < late_s)[:20]:
            self._say(number)

    def _listen(self) -> bool:
        chunk = os.read(self._wire, 4096)
        *lines, self._heard = (self._heard + chunk).split(b"\n")
        for line in lines:
            word, _, number = line.partition(b" ")
            if word == b"ok" and number.isdigit():
                self.acknowledged.add(int(number))
                self._unanswered.pop(int(number), None)
        return bool(chunk)


@contextlib.contextmanager
def meter_on_pty() -> Iterator[tuple[Meter, str]]:
    """A meter on a pseudo-terminal; the path of the port at the other end, which belongs to the group dialout."""
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        path = os.ttyname(theirs)
        os.chown(path, 0, DIALOUT)
        os.chmod(path, 0o660)  # noqa: PTH101  # beside chown
        yield Meter(ours), path
    finally:
        os.close(ours)
        os.close(theirs)


@contextlib.contextmanager
def meter_on_socket(wire: socket.socket) -> Iterator[Meter]:
    """A meter whose wire is the socket of an emulated adapter."""
    wire.setblocking(False)
    try:
        yield Meter(wire.fileno())
    finally:
        wire.close()
