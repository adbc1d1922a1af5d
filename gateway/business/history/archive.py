"""The archive, `archive/all`: how many bytes all histories have, and how far back each fineness is kept so that they fit.

What is finest and oldest goes first: where the histories are too large, readings are kept for a shorter time, at last down to an hour;
then minutes, down to a day; then hours. Where there is room again, it goes the other way.
"""

import logging

from pydantic import Field

from gateway.actors import Actor, Settings, Stage, State, verb
from gateway.business.history.payloads import DAY_S, USUAL, Kept, Reach, day_of

log = logging.getLogger(__name__)

_LOOKS_S = 3600
"""Histories answer a change when their next part begins, so it is judged so seldom."""
_ROOM = 0.7
"""Below this part of the budget, more is kept again."""
_FINENESSES = ("readings_s", "minutes_s", "hours_s")
_LEAST_S = {"readings_s": 3600.0, "minutes_s": float(DAY_S), "hours_s": 30.0 * DAY_S}


class ArchiveSettings(Settings):
    """Section `[actors.archive]`: how long the histories of twins keep what."""

    history_mb: float = Field(default=64, gt=0)
    """Megabytes that all histories together may have; the oldest and finest goes first."""
    readings_s: float = Field(default=USUAL.readings_s, ge=3600)
    """How long each reading is kept, seconds."""
    minutes_s: float = Field(default=USUAL.minutes_s, ge=DAY_S)
    """How long the least, mean and greatest of each minute are kept, seconds."""
    hours_s: float = Field(default=USUAL.hours_s, ge=30 * DAY_S)
    """The same of each hour."""


class ArchiveState(State):
    """What the archive remembers."""

    INNER = ("day", "today", "looked_ms")

    size: int = 0
    """Bytes of all histories. Those of a twin that was forgotten are taken off it within two days."""
    today: int = 0
    """The sum of those that have told it today."""
    day: int = 0
    """Today, by the gateway's clock."""
    reach: Reach | None = None
    """How far back things are kept now; None: as the settings say."""
    looked_ms: int = 0
    """When, on the gateway's clock, the size was last compared with the budget."""


class Archive(Actor[ArchiveState]):
    """Sees to it that the histories fit into their budget."""

    settings_model = ArchiveSettings
    settings: ArchiveSettings

    @verb
    def kept(self, kept: Kept, stage: Stage[ArchiveState]) -> None:
        """Count what one history has, and tell it how far back it may keep it."""
        state = _on_day(stage.state, day_of(stage.clock_ms))
        change = kept.size - kept.was
        counted = kept.size if kept.daily else change if kept.told_daily == state.day else 0
        state = state.changed(size=max(0, state.size + change), today=max(0, state.today + counted))
        stage.state = state = self._looked(state, stage)
        reach = self._reach(state)
        if reach != kept.reach:
            stage.tell(stage.message.sender, "keep_so_long", reach)

    @verb
    def read(self, stage: Stage[ArchiveState]) -> None:
        """Answer with how many bytes the histories have, and how far back they go."""
        reach = self._reach(stage.state)
        stage.reply({"bytes": stage.state.size, "budget_bytes": self._budget, **{name: getattr(reach, name) for name in _FINENESSES}})

    @property
    def _budget(self) -> int:
        return int(self.settings.history_mb * 1_000_000)

    def _reach(self, state: ArchiveState) -> Reach:
        """How far back things are kept now: never farther than the settings say."""
        wanted = {name: float(getattr(self.settings, name)) for name in _FINENESSES}
        return Reach(**{name: min(wanted[name], getattr(state.reach, name)) for name in _FINENESSES} if state.reach else wanted)

    def _looked(self, state: ArchiveState, stage: Stage[ArchiveState]) -> ArchiveState:
        """The state after a look whether the histories fit."""
        if state.looked_ms and stage.since_s(state.looked_ms) < _LOOKS_S:
            return state
        state = state.changed(looked_ms=stage.clock_ms)
        fill, before = state.size / self._budget, self._reach(state)
        reach = _shortened(before, fill) if fill > 1 else self._lengthened(before) if fill < _ROOM else before
        if fill > 1 and reach == before:
            log.warning("cannot keep histories in %s MB: they are too many; raise [actors.archive] history_mb", self.settings.history_mb)
        return state.changed(reach=reach)

    def _lengthened(self, reach: Reach) -> Reach:
        """A reach in which the coarsest that is kept shorter than the settings say is kept longer."""
        for name in reversed(_FINENESSES):
            now_s, wanted_s = getattr(reach, name), getattr(self.settings, name)
            if now_s < wanted_s:
                return reach.changed(**{name: min(wanted_s, now_s * 1.25)})
        return reach


def _shortened(reach: Reach, fill: float) -> Reach:
    """A reach in which the finest that can be kept shorter is."""
    for name in _FINENESSES:
        now_s, least_s = getattr(reach, name), _LEAST_S[name]
        if now_s > least_s:
            return reach.changed(**{name: max(least_s, now_s * max(0.5, 0.95 / fill))})
    return reach


def _on_day(state: ArchiveState, day: int) -> ArchiveState:
    """The state on this day. Each history tells its size once a day, so the sum of a whole day is that of all there are."""
    if day == state.day:
        return state
    whole = state.day and day == state.day + 1 and state.today
    return state.changed(day=day, today=0, size=state.today if whole else state.size)
