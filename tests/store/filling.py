"""What fills a store: mail, row by row."""

from pathlib import Path

from gateway.store import Changes, MailRow
from gateway.store.sqlite import SqliteStore


def bulk(first: int, rows: int, *, size: int = 4000) -> Changes:
    """A commit of so many messages from a place on, each of `size` bytes."""
    return Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * size) for n in range(first, first + rows)])


def filled(path: Path, rows: int = 300) -> None:
    """Make a store with so many messages."""
    store = SqliteStore(path)
    store.commit(bulk(1, rows))
    store.close()
