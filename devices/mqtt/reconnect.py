"""When to connect again, and what to say meanwhile: each way a connection ends, as what it is."""

from devices.mqtt.backoff import Backoff
from devices.mqtt.events import Closed
from devices.mqtt.faults import taken_over, thrown_out, why_no_connection, why_refused
from devices.mqtt.reasons import TAKEN_OVER
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Health

STABLE_S = 30.0
"""After a connection that lived so long, the next attempt comes soon; unless the broker keeps closing them."""
SUSPICIOUS = 3
"""So many connections in a row that the broker took, and closed before the longest backoff was over twice: another client of
our name, most likely. Mosquitto does not say that it is one."""
_RIVAL = 10
"""A rival is given room: the first delay after it is so many times the shortest."""


class Reconnect:
    """The course of one connection actor's connections. `next_s` is the monotonic time of its next attempt."""

    def __init__(self, settings: MqttSettings, names: Names) -> None:
        self.next_s = 0.0
        self._settings = settings
        self._names = names
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s)
        self._opened_s: float | None = None
        self._unwelcome = 0
        self._short = 0

    def opened(self, now_s: float) -> None:
        """The broker took us."""
        self._opened_s = now_s

    def unwelcome(self, code: int) -> None:
        """The broker refused us; the connection closes next."""
        self._unwelcome = code

    def could_not(self, error: Exception, now_s: float) -> tuple[Health, str]:
        """No connection came about."""
        self._short = 0
        self.next_s = now_s + self._backoff.next_s()
        return why_no_connection(error, self._settings, self._names)

    def closed(self, event: Closed, now_s: float) -> tuple[Health, str]:
        """A connection ended."""
        opened_s, self._opened_s = self._opened_s, None
        unwelcome, self._unwelcome = self._unwelcome, 0
        health = self._never_open(event, unwelcome) if opened_s is None else self._was_open(event, now_s - opened_s)
        self.next_s = now_s + self._backoff.next_s()
        return health

    def _never_open(self, event: Closed, unwelcome: int) -> tuple[Health, str]:
        if unwelcome:
            return Health.FAULTY, why_refused(unwelcome, self._settings, self._names)
        keys = f"{self._names.section}.protocol, tls and port"
        return Health.FAULTY, f"cannot log in at {self._settings.address}: {event.because} before the broker took us; look at {keys}"

    def _was_open(self, event: Closed, lived_s: float) -> tuple[Health, str]:
        if event.code == TAKEN_OVER:
            self._backoff.at_least(_RIVAL * self._settings.reconnect_min_s)
            return Health.FAULTY, taken_over(self._settings, self._names)
        self._short = self._short + 1 if event.by_broker and lived_s < 2 * self._settings.reconnect_max_s else 0
        if self._short >= SUSPICIOUS:
            self._backoff.at_least(_RIVAL * self._settings.reconnect_min_s)
            return Health.FAULTY, thrown_out(self._short, self._settings, self._names)
        if lived_s >= STABLE_S:
            self._backoff.reset()
        return Health.MISSING, f"lost the broker at {self._settings.address}: {event.because}; connecting again"
