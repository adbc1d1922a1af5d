"""A part of a history: at most some 8 kB of readings, minutes or hours.

It is a child of its history: `twin/boiler/history/temp/history_part/readings-7`.
"""

from gateway.actors import Actor, Stage, State, verb
from gateway.business.history.means import HOUR_S, MINUTE_S, spans_in
from gateway.business.history.payloads import Search, TextAdded
from gateway.business.history.readings import readings_in
from gateway.business.history.rows import with_readings, with_spans


class HistoryPartState(State):
    """What one part of a history remembers."""

    text: str = ""
    """Chunks between spaces: see `readings.py` and `means.py`."""


class HistoryPart(Actor[HistoryPartState]):
    """An actor that keeps one part of a history."""

    inner = True

    @verb
    def add(self, more: TextAdded, stage: Stage[HistoryPartState]) -> None:
        """Add to the text of this part."""
        stage.state = stage.state.changed(text=stage.state.text + more.text)

    @verb
    def end(self, stage: Stage[HistoryPartState]) -> None:
        """End: what it has is too old. It is told so by a message, as what was sent before that must not be stranded."""
        stage.stop()

    @verb
    def readings(self, search: Search, stage: Stage[HistoryPartState]) -> None:
        """Add the readings of this part to a search, and send the search on."""
        found = [reading for chunk in stage.state.text.split() for reading in readings_in(chunk)]
        stage.forward(with_readings(search, found))

    @verb
    def minutes(self, search: Search, stage: Stage[HistoryPartState]) -> None:
        """Add the minutes of this part to a search, and send the search on."""
        self._spans(search, stage, MINUTE_S)

    @verb
    def hours(self, search: Search, stage: Stage[HistoryPartState]) -> None:
        """Add the hours of this part to a search, and send the search on."""
        self._spans(search, stage, HOUR_S)

    def _spans(self, search: Search, stage: Stage[HistoryPartState], length_s: int) -> None:
        found = [span for chunk in stage.state.text.split() for span in spans_in(chunk, length_s)]
        stage.forward(with_spans(search, found))
