"""Reloading: carries out a reload in a running gateway, and sees to what is left of it. On the main thread.

Devices that do not close in time are replaced when they have; a reload on probation is taken back where it has cost a device.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from gateway.actors.hostbound import Health
from gateway.config import ConfigProblems, Configuration
from gateway.runtime.engine import Engine
from gateway.service.hosts import ENGINE_S, Hosts
from gateway.service.logs import set_level
from gateway.service.probation import Probation
from gateway.service.reload import Reload, Reloaded, compare, read_again

log = logging.getLogger(__name__)


class Reloading:
    """Takes over what the file says, and knows which configuration is in force."""

    def __init__(  # made in one place
        self,
        path: Path,
        configuration: Configuration,
        engine: Engine,
        hosts: Hosts,
        *,
        step: Callable[[], object],
    ) -> None:
        """`step` is called now and then while devices close, for that takes time and is no standstill."""
        self.configuration = configuration
        """What is in force."""
        self.said = Reloaded()
        """What the last reload did, of which something may be left to do."""
        self._path = path
        self._engine = engine
        self._hosts = hosts
        self._step = step
        self._probation: Probation | None = None

    def reload(self) -> Reloaded:
        """Take over what of the file can be, and say in the log what that was."""
        found = read_again(self._path, self.configuration)
        self.said = Reloaded(refused=found) if isinstance(found, ConfigProblems) else self._try(found)
        log.log(logging.ERROR if self.said.refused else logging.INFO, "%s", self.said.text)
        return self.said

    def look(self) -> None:
        """See to what the last reload has left: devices that had not closed, and its probation."""
        if self._hosts.closing and (finished := self._hosts.finish()):
            log.info("the reload goes on: %s closed at last", ", ".join(finished))
            self.said = self.said.later(self._hosts.closing)
        self._watch_probation()

    def _try(self, reload: Reload) -> Reloaded:
        """Take over a reload, on probation. One that was on probation until now has passed."""
        before, length_s = self.configuration, reload.result.gateway.reload_probation_s
        stay = {part.id for part in reload.result.host_bound}
        well = [hosted.me for hosted in self._hosts.all if hosted.me in stay and hosted.health is Health.OK]
        reloaded = self._take_over(reload)
        self._probation = Probation(before, well, length_s) if length_s and reload.concerns_devices else None
        return reloaded

    def _watch_probation(self) -> None:
        """Take the last reload back where it has cost a device; the file stays as it is."""
        probation = self._probation
        if probation is None:
            return
        lost = probation.lost(self._hosts.all)
        if lost:
            self._probation = None
            why = f"the last reload was taken back: {lost}; mend {self._path.name} and reload"
            log.error("%s", why)
            self.said = self._take_over(compare(self.configuration, probation.before))._replace(taken_back=why)
        elif probation.passed:
            self._probation = None

    def _take_over(self, reload: Reload) -> Reloaded:
        set_level(reload.result.gateway.log_level)
        for text in reload.result.warnings if reload.result.loops != self.configuration.loops else ():
            log.warning("%s", text)
        points = self._engine.directory.kinds.points
        before = points.shown
        points.fill(reload.result.points, reload.result.shown)
        if reload.actors:  # before the devices that write to them
            self._engine.inspect(lambda: self._engine.roster.serve(reload.actors, self._engine.round), timeout_s=ENGINE_S)
        order = [part.id for part in reload.result.host_bound]
        self._hosts.change(reload.gone, [*reload.changed, *reload.new], order, self._step)
        if points.shown != before:  # whoever reads devices begins anew
            self._engine.inspect(lambda: self._engine.roster.begin_again(self._engine.round), timeout_s=ENGINE_S)
        self.configuration = reload.result
        return reload.done(self._hosts.closing)
