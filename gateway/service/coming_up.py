"""Coming up: who asked for a reload is told of it when the devices that it made are up, or which of them are not, and why."""

import time
from collections.abc import Callable, Sequence

from gateway.actors.hostbound import Health
from gateway.service.hosts import Hosts
from gateway.service.reload import Reloaded

_UP_WITHIN_S = 3.0
"""A port opens and a broker answers within a second; what is not there is looked for on and on, and nobody waits for that."""


class ComingUp:
    """One reload that was done, and whom to tell. On the main thread."""

    def __init__(self, hosts: Hosts, reloaded: Reloaded, answers: Sequence[Callable[[Reloaded], None]]) -> None:
        self._hosts = hosts
        self._reloaded = reloaded
        self._answers = answers
        self._until_s = time.monotonic() + _UP_WITHIN_S

    def told(self) -> bool:
        """Tell them where all is up, or nobody waits any longer; return whether they were told."""
        if self._not_up() and time.monotonic() < self._until_s:
            return False
        self.tell()
        return True

    def tell(self) -> None:
        """Tell them how it is now."""
        for answer in self._answers:
            answer(self._reloaded._replace(not_up=self._not_up()))

    def _not_up(self) -> list[str]:
        made = [hosted for hosted in self._hosts.all if hosted.me in self._reloaded.made and hosted.health is not Health.OK]
        return [f"{one.me} is {one.health.value}{f' ({one.detail})' if one.detail else ''}" for one in made]
