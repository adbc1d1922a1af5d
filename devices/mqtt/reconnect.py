"""When to connect again, and what to say meanwhile: each way a connection ends, as what it is."""

from typing import NamedTuple

from devices.backoff import Backoff
from devices.mqtt.chart import NEVER_TAKEN, Cause
from devices.mqtt.events import Closed
from devices.mqtt.faults import closed_upon, taken_over, thrown_out, why_no_connection, why_refused
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Health

STABLE_S = 30.0
"""After a connection that lived so long, the next attempt comes soon; unless the broker keeps closing them."""
SUSPICIOUS = 3
"""How many connections in a row that the broker took, and closed before the longest backoff was over twice: another client of
our name, most likely. Mosquitto does not say that it is one."""
_RIVAL = 10
"""A rival is given room: the first delay after it is so many times the shortest."""


class SessionEnding(NamedTuple):
    """How a connection ended, or why none came about."""

    cause: Cause
    health: Health
    said: str


class Reconnect:
    """Decides when one actor connects again, and what it says meanwhile. `next_s` is the monotonic time of its next attempt."""

    def __init__(self, settings: MqttSettings, names: Names) -> None:
        self.next_s = 0.0
        self.wait_s = 0.0
        """How long that is from the last end."""
        self._settings = settings
        self._names = names
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s)
        self._short = 0

    def could_not(self, error: Exception, now_s: float) -> SessionEnding:
        """Note that no connection came about."""
        self._short = 0
        self._wait(now_s)
        return SessionEnding(*why_no_connection(error, self._settings, self._names))

    def closed(self, event: Closed, now_s: float, *, lived_s: float | None, upon: str = "") -> SessionEnding:
        """A connection ended; `lived_s` after the broker took it, None where it never did; `upon` its denial of a publish to that topic."""
        if upon:
            self._short = 0
            self._backoff.reset()  # the topic is left alone now: the others need not wait for it
            ending = SessionEnding(event.cause, Health.FAULTY, closed_upon(upon, self._settings))
        else:
            ending = self._never_open(event) if lived_s is None else self._was_open(event, lived_s)
        self._wait(now_s)
        return ending

    def _wait(self, now_s: float) -> None:
        self.wait_s = self._backoff.next_s()
        self.next_s = now_s + self.wait_s

    def _never_open(self, event: Closed) -> SessionEnding:
        if event.code and event.cause in NEVER_TAKEN:
            return SessionEnding(event.cause, Health.FAULTY, why_refused(event.code, self._settings, self._names))
        keys = f"{self._names.section}.protocol, tls and port"
        said = f"cannot log in at {self._settings.address}: {event.because} before the broker took us; look at {keys}"
        return SessionEnding(event.cause, Health.FAULTY, said)

    def _was_open(self, event: Closed, lived_s: float) -> SessionEnding:
        if event.cause is Cause.TAKEN_OVER:
            self._backoff.at_least(_RIVAL * self._settings.reconnect_min_s)
            return SessionEnding(event.cause, Health.FAULTY, taken_over(self._settings, self._names))
        self._short = self._short + 1 if event.by_broker and lived_s < 2 * self._settings.reconnect_max_s else 0
        if self._short >= SUSPICIOUS:
            self._backoff.at_least(_RIVAL * self._settings.reconnect_min_s)
            return SessionEnding(Cause.THROWN_OUT, Health.FAULTY, thrown_out(self._short, self._settings, self._names))
        if lived_s >= STABLE_S:
            self._backoff.reset()
        said = f"lost the broker at {self._settings.address}: {event.because}; connecting again"
        return SessionEnding(event.cause, Health.MISSING, said)
