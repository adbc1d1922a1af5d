"""The history of one value of a twin: `twin/boiler/history/temp_c`. Its readings are kept for a day, its minutes for a month, its hours for
years, in parts of some 8 kB, each an actor of its own.

The twin itself has the last readings, in its own state and so in its own commit, and hands them over some at a time. Whoever asks has
the question go from the twin through the parts that have something of its time: see `rows.py`.
"""

from gateway.actors import Actor, Stage, State, verb
from gateway.actors.callers import By
from gateway.business.history.means import MINUTE_S, Span, as_hour, gathered, span_of
from gateway.business.history.payloads import DAY_S, USUAL, Kept, Reach, ReadingsKept, Search, day_of
from gateway.business.history.readings import PastReading, chunk_of, decimals_of
from gateway.business.history.recent import moved_to, read_recent
from gateway.business.history.searching import answer_of, begun_search
from gateway.business.history.shelf import PART_BYTES, Shelf, part_id, with_spans, with_text

ASKED_TOGETHER = 24
"""A question visits so many parts before it comes back."""
ARCHIVE = "archive/all"


class HistoryState(State):
    """What the history of a value remembers."""

    INNER = ("readings", "minutes", "hours", "minute", "hour", "told_daily", "told")

    value: str = ""
    """The name of the value, as the device calls it."""
    readings: Shelf = Shelf()
    minutes: Shelf = Shelf()
    hours: Shelf = Shelf()
    minute: Span | None = None
    """The minute that is not over."""
    hour: Span | None = None
    told: int = 0
    """Bytes that the archive was last told."""
    told_daily: int = 0
    """The day, by the gateway's clock, on which the archive was last told for its sum."""
    reach: Reach = USUAL

    @property
    def size(self) -> int:
        """How many bytes its parts have."""
        return sum(part.size for shelf in (self.readings, self.minutes, self.hours) for part in shelf.parts)


class ValueHistory(Actor[HistoryState]):
    """An actor that keeps what one value was."""

    kind = "history"
    inner = True

    @verb
    def keep(self, more: ReadingsKept, stage: Stage[HistoryState]) -> None:
        """Keep some more readings."""
        state = stage.state
        if not state.value:
            stage.after(DAY_S, "look_daily", name="daily")
        readings = _mended(*read_recent(more.text), stage)
        minutes, minute = gathered(state.minute, [span_of(reading, MINUTE_S) for reading in readings])
        hours, hour = gathered(state.hour, [as_hour(span) for span in minutes])
        times_s = min(readings).at_ms // 1000, max(readings).at_ms // 1000
        decimals = max(decimals_of(reading.value) for reading in readings) + 1
        shelves = {
            "readings": with_text(state.readings, "readings", f" {chunk_of(readings)}", times_s, stage),
            "minutes": with_spans(state.minutes, "minutes", minutes, decimals, stage),
            "hours": with_spans(state.hours, "hours", hours, decimals, stage),
        }
        state = state.changed(value=more.value, minute=minute, hour=hour, **shelves)
        stage.state = _told(stage, _without_old(stage, state))

    @verb
    def find(self, search: Search, stage: Stage[HistoryState]) -> None:
        """Send a question through the parts that have something of its time; answer it when all of them were asked."""
        state = stage.state
        if not search.fineness:
            search = begun_search(search, {"readings": state.readings, "minutes": state.minutes, "hours": state.hours})
        shelf: Shelf = getattr(state, search.fineness)
        ahead = [number for number in shelf.in_time(search) if number > search.part][:ASKED_TOGETHER]
        if ahead and not search.next_ms:
            stops = [*((part_id(stage, search.fineness, number), search.fineness) for number in ahead), (stage.me, "find")]
            stage.send_along(stage.route(stops), search.changed(part=ahead[-1]))
        else:
            stage.reply(answer_of(search, state.minute, state.hour))

    @verb
    def keep_so_long(self, reach: Reach, stage: Stage[HistoryState]) -> None:
        """Keep everything as far back as the archive allows."""
        stage.state = _told(stage, _without_old(stage, stage.state.changed(reach=reach)))

    @verb(by=By.ITSELF)
    def look_daily(self, stage: Stage[HistoryState]) -> None:
        """Drop what is too old, and tell the archive how much is kept (once a day, by its own timer)."""
        stage.after(DAY_S, "look_daily", name="daily")
        stage.state = _told(stage, _without_old(stage, stage.state), daily=True)


def _mended(readings: list[PastReading], clock_ms: int, stage: Stage[HistoryState]) -> list[PastReading]:
    """The readings with their times as they should have been, where that is known by now."""
    stamp = stage.unpacked(-clock_ms) if clock_ms else None
    return readings if stamp is None or not stamp.synced else moved_to(readings, stamp.wall_ms)


def _without_old(stage: Stage[HistoryState], state: HistoryState) -> HistoryState:
    """The state without the parts that are older than the archive keeps them. Nothing is too old while nobody knows what time it is."""
    if not stage.synced:
        return state
    now_s, reach, changed = stage.now_ms // 1000, state.reach, dict[str, Shelf]()
    for name, back_s in (("readings", reach.readings_s), ("minutes", reach.minutes_s), ("hours", reach.hours_s)):
        shelf: Shelf = getattr(state, name)
        for number in (old := shelf.older_than(now_s - back_s)):
            stage.tell(part_id(stage, name, number), "end")  # behind what this turn may have sent it
        if old:
            changed[name] = shelf.changed(parts=tuple(part for part in shelf.parts if part.number not in old))
    return state.changed(**changed) if changed else state


def _told(stage: Stage[HistoryState], state: HistoryState, *, daily: bool = False) -> HistoryState:
    """Tell the archive how much is kept: once a day, and where it is some more or less than before."""
    size = state.size
    if not daily and abs(size - state.told) < PART_BYTES:
        return state
    stage.tell(ARCHIVE, "kept", Kept(size=size, was=state.told, daily=daily, told_daily=state.told_daily, reach=state.reach))
    return state.changed(told=size, told_daily=day_of(stage.clock_ms) if daily else state.told_daily)
