"""Durable state behind one interface: SQLite for the daemon, memory for tests. Any other store must pass the same contract."""

from gateway.store.store import BoxSize, Changes, DeadRow, EventReader, EventRow, MailRow, PostRow, SeenRow, SeqSpan, StateRow, Store, Tried

__all__ = [
    "BoxSize",
    "Changes",
    "DeadRow",
    "EventReader",
    "EventRow",
    "MailRow",
    "PostRow",
    "SeenRow",
    "SeqSpan",
    "StateRow",
    "Store",
    "Tried",
]
