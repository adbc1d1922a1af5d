"""Stores as a test wants to find them: with much mail in them, and a page that cannot be read."""

from pathlib import Path

from gateway.runtime.recovery import ENDED
from gateway.store import Changes, MailRow
from gateway.store.sqlite import SqliteStore

ROWS = 20_000
PAGE = 2048


def corrupt(path: Path, *, page: int = 20) -> None:
    """Give a store ROWS messages for a device, the mark of a bad end, and a page that cannot be read."""
    store = SqliteStore(path)
    for first in range(0, ROWS, 1000):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 200) for n in range(first, first + 1000)], notes={ENDED: "running"}))
    store.close()
    with path.open("r+b") as file:
        file.seek(PAGE * page + 50)
        file.write(b"\xff" * 4)
