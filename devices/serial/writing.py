"""Writing to a line: what the port is told to write, and the acknowledgements that it owes, each piece as the line takes it."""

import logging
from collections.abc import Callable

from devices.serial.echo import Echo
from devices.serial.health import PortHealth
from devices.serial.line import LINE_FAULTS, OpenPort
from devices.serial.outbox import WritesInHand
from devices.serial.owed import OwedAcks
from devices.serial.settings import SerialSettings
from gateway.actors import Delivery

_log = logging.getLogger(__name__)


class LineWriter:
    """Writes to one port, whenever it is open. On the port's thread; what the line raises (LINE_FAULTS) goes on to the port."""

    def __init__(self, settings: SerialSettings, echo: Echo, health: PortHealth, wake: Callable[[], None]) -> None:
        """`wake` wakes the port's thread, for an acknowledgement that has come due."""
        self.owed = OwedAcks(wake)
        self._settings = settings
        self._echo = echo
        self._health = health
        self._outbox = WritesInHand(timeout_s=settings.write_timeout_s)

    def __bool__(self) -> bool:
        return bool(self._outbox)

    @property
    def due_s(self) -> float | None:
        """When the line counts as stuck; None: nothing waits."""
        return self._outbox.due_s

    def put(self, content: bytes, delivery: Delivery | None, now_s: float, *, once: bool = False) -> None:
        """Put `content` behind what waits to be written."""
        self._outbox.add(content, delivery, now_s=now_s, once=once)
        self._echo.wrote(content, now_s=now_s)

    def drain(self, line: OpenPort, now_s: float) -> None:
        """Write what the line takes now."""
        if self._outbox.write(line.write, now_s=now_s):
            self._health.no_longer("stuck")

    def acknowledge(self, now_s: float) -> None:
        """Put the acknowledgements that have come due since the last time behind what waits, in one piece."""
        acks = self.owed.take()
        if acks:
            self._health.host.count("acknowledged", len(acks))
            self.put(b"".join(acks), None, now_s)

    def give_up(self) -> None:
        """Give up what waits to be written, because the peer takes nothing; reading goes on."""
        path, within_s = self._health.path, self._settings.write_timeout_s
        reason = f"cannot write to {path}: nothing was taken for {within_s:g} s; is the peer stuck?"
        self._health.host.count("write_timeouts", self._outbox.fail(reason))
        self._echo.clear()
        self._health.be_faulty("stuck", f"nothing can be written to {path}: no byte was taken for {within_s:g} s")

    def finish(self, line: OpenPort, now_s: float) -> None:
        """Write what the line still takes at once, on an orderly end."""
        try:
            self._outbox.write(line.write, now_s=now_s)
        except LINE_FAULTS as error:
            _log.debug("%s: cannot write what was left: %s", self._health.host.me, error)

    def clear(self) -> None:
        """Forget what waits: it goes back to its mailbox, for nothing of it has failed, but for what is tried at most once."""
        self._outbox.clear(f"cannot write to {self._health.path}: it was closed before")
        self._echo.clear()
