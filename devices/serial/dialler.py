"""The dialler: it connects to a port of another computer without holding up the gateway's end.

A name that is looked up and a computer that does not answer may each take half a minute, and neither can be broken off. So both are done
on a thread of their own; the port waits for it a few seconds at most, and not once the gateway ends. An attempt that was given up closes
what it opens, and no second one begins before it is over.
"""

import contextlib
import socket
import threading
from collections.abc import Callable

from devices.dialling import dial
from devices.link import LinkFault, Missing
from devices.serial.urls import NetworkPort

DIAL_S = 6.0
"""How long a port waits for one attempt, what is agreed after it included."""
_LOOK_S = 0.05
"""How often it is looked whether the gateway ends."""

Agree = Callable[[socket.socket], None]
"""Agrees with the other end on how the line is, on the dialler's thread. Raises LinkFault, or OSError."""


class Dialler:
    """Connects to one port, again and again. `connect` belongs to the port's thread."""

    def __init__(self, name: str, place: NetworkPort, agree: Agree) -> None:
        """`name` is the port as it is written in the file."""
        self._name = name
        self._place = place
        self._agree = agree
        self._attempt: _Attempt | None = None

    def connect(self, *, gives_up: Callable[[], bool]) -> socket.socket:
        """Connect; return the socket. Raises LinkFault where that fails or takes too long, or nobody waits any more: `gives_up`."""
        if self._attempt is None or self._attempt.over.is_set():
            self._attempt = _Attempt(self._name, self._place, self._agree)
        attempt = self._attempt
        for _ in range(round(DIAL_S / _LOOK_S)):
            if attempt.over.wait(_LOOK_S) or gives_up():
                break
        self._attempt = attempt if attempt.give_up() else None
        if attempt.fault is not None:
            raise attempt.fault
        if attempt.socket is None:
            raise Missing(f"cannot open {self._name}: no answer within {DIAL_S:g} s; is it switched on, and is the address right?")
        return attempt.socket


class _Attempt:
    """One attempt, on its own thread."""

    def __init__(self, name: str, place: NetworkPort, agree: Agree) -> None:
        self.over = threading.Event()
        self.socket: socket.socket | None = None
        self.fault: LinkFault | None = None
        self._name = name
        self._place = place
        self._agree = agree
        self._lock = threading.Lock()
        self._wanted = True
        threading.Thread(target=self._run, name=f"dials {place}", daemon=True).start()

    def give_up(self) -> bool:
        """Want its socket no more, unless it is there; return whether the attempt goes on without us."""
        with self._lock:
            self._wanted = False
            return not self.over.is_set()

    def _run(self) -> None:
        made, fault = None, None
        try:
            made = dial(self._place.host, self._place.port, within_s=DIAL_S)
            keep_alive(made)
            self._agree(made)
        except LinkFault as error:
            fault = error
        except (OSError, UnicodeError) as error:
            fault = why_not(self._name, self._place, error)
        with self._lock:
            if made is not None and (fault is not None or not self._wanted):
                made.close()
            elif made is not None:
                self.socket = made
            self.fault = fault
            self.over.set()


def keep_alive(line: socket.socket) -> None:
    """Have a dead peer found within half a minute, whether something is written to it or not; and send each piece at once."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    with contextlib.suppress(OSError):  # a kernel may not have it
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 25_000)


def why_not(name: str, place: NetworkPort, error: Exception) -> Missing:
    """The fault that an error of connecting means."""
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Missing(f"cannot open {name}: no address is known for the name {place.host}; is it spelt right, and is the network there?")
    if isinstance(error, ConnectionRefusedError):
        return Missing(f"cannot open {name}: nothing listens at {place}; start what serves the line, or mend the number")
    if isinstance(error, TimeoutError):
        return Missing(f"cannot open {name}: no answer within {DIAL_S:g} s; is it switched on, and is the address right?")
    return Missing(f"cannot open {name}: {error.strerror if isinstance(error, OSError) and error.strerror else error}")
