"""Telling the service manager how we are: by systemd-python where it is installed, else by a few lines of our own.

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

_STARTING_S = 120.0
"""So long systemd waits on, each time that it hears of a start's progress."""
_STARTING_EVERY_S = 5.0


class Notifier:
    """Tells systemd how the gateway is. Where nobody listens, every call does nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._send = _sender(environ)
        self._status = ""
        self._starting_s = 0.0
        """When systemd is to hear next that the start makes progress."""
        self.watchdog_s = _watchdog_s(environ)
        """Within how many seconds systemd wants to hear that we make progress; 0: it does not ask."""

    def ready(self, status: str) -> None:
        """Tell systemd that all is started. Said again after a reload."""
        self._status = status
        self._send(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={_line(status)}")

    def starting(self) -> None:
        """Tell systemd, now and then, that the start makes progress, so that it waits longer than TimeoutStartSec."""
        now_s = time.monotonic()
        if now_s >= self._starting_s:
            self._starting_s = now_s + _STARTING_EVERY_S
            self._send(f"EXTEND_TIMEOUT_USEC={int(_STARTING_S * 1_000_000)}")

    def status(self, status: str) -> None:
        """Tell systemd one line for people, when that line has changed."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """Tell systemd that the gateway makes progress; call it only when progress was seen."""
        if self.watchdog_s:
            self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Tell systemd that a reload begins; `ready` ends it."""
        self._send("RELOADING=1")

    def stopping(self, status: str) -> None:
        """Tell systemd that the gateway has begun to end."""
        self._status = status
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")


def _sender(environ: Mapping[str, str]) -> Callable[[str], None]:
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return lambda state: None
    try:
        from systemd import daemon  # type: ignore[attr-defined, unused-ignore]  # noqa: PLC0415  # not everywhere
    except ImportError:
        log.info("systemd-python is not installed: we notify by ourselves, and the journal has no fields; apt install python3-systemd")
        return lambda state: _notify(address, state)
    return lambda state: _notify_by(daemon.notify, state)


def _notify_by(notify: Callable[[str], object], state: str) -> None:
    try:
        notify(state)
    except OSError as error:
        log.warning("cannot tell systemd %s: %s", state.partition("\n")[0], error)


def _notify(address: str, state: str) -> None:
    """Send one datagram to systemd's socket; "@" stands for the first byte of an abstract name."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        log.warning("cannot tell systemd %s: %s", state.partition("\n")[0], error)


def _watchdog_s(environ: Mapping[str, str]) -> float:
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(usec) / 1_000_000


def _line(text: str) -> str:
    return " ".join(text.split())
