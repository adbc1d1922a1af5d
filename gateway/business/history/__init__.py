"""Histories: what the values of twins were; see `history.py`."""

from gateway.business.history.archive import Archive
from gateway.business.history.history import ValueHistory
from gateway.business.history.part import HistoryPart

__all__ = ["Archive", "HistoryPart", "ValueHistory"]
