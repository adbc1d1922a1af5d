"""Mail that is stranded: for a kind or a device that is no more. It is told from what is stored. On the engine's thread."""

from typing import Any

from gateway.actors.ids import check_id
from gateway.runtime.engine import Engine
from gateway.runtime.mail import read_header
from gateway.store.store import MailRow

View = dict[str, Any]

SHOWN = 100
"""So many messages are told, the first ones."""


def of_stranded(engine: Engine, id: str) -> View | None:
    """A view of the mail that waits for somebody who is no more, and why; None where none waits."""
    if check_id(id) not in engine.room.stranded:
        return None
    size, why = engine.room.stranded[id]
    mail = [_told(row) for row in engine.store.mail(id, 0, SHOWN)]
    return {"id": id, "why": why, "waiting": size.count, "left_out": size.count - len(mail), "mail": mail}


def header(row: MailRow) -> tuple[str, str, str]:
    """The id, the verb and the sender of stored mail; empty where this program cannot read it."""
    try:
        message, _, verb, sender, *_ = read_header(row.message)[0]
    except ValueError:
        return "", "?", ""
    return message, verb, sender


def _told(row: MailRow) -> View:
    message, verb, sender = header(row)
    payload = row.message.partition(b"\n")[2].decode("utf-8", "replace")
    return {"message": message, "verb": verb, "sender": sender, "attempt": row.attempt, "payload": payload}
