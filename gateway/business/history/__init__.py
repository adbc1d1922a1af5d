"""Histories: what the values of twins were; see `history.py`."""

from gateway.business.history.archive import Archive
from gateway.business.history.history import History
from gateway.business.history.part import HistoryPart

__all__ = ["Archive", "History", "HistoryPart"]
