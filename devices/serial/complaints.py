"""Complaints: faults of a line are counted each time, and logged sparingly, so that a bad cable fills no journal."""

import logging

from devices.serial.faults import COUNTERS
from devices.sparing import SparingLog
from gateway.actors.hostbound import Host


class Complaints:
    """Counts and logs the faults of one port. On the actor's thread."""

    def __init__(self) -> None:
        self._counted: dict[str, int] = {}
        self._log = SparingLog(logging.getLogger(__name__))

    def say(self, host: Host, path: str, fault: str, detail: str, *, by: int = 1) -> None:
        """Count a fault of the port at `path`, and log it unless its kind was logged a few times in the last minute."""
        host.count(fault, by)
        self._log.warn(fault, f"{host.me}: {COUNTERS.get(fault, fault)} on {path}{detail and f': {detail}'}")

    def count(self, host: Host, path: str, now: dict[str, int]) -> None:
        """Complain of what others have counted by `now` more than at the last call."""
        if now != self._counted:
            for name, count in now.items():
                if more := count - self._counted.get(name, 0):
                    self.say(host, path, name, "", by=more)
            self._counted = now
