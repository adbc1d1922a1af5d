"""Dead letters over the control socket: list, show, retry, drop. Everything here runs on the engine's thread."""

from typing import Any

from gateway.actors.errors import GatewayError
from gateway.actors.messages import Reply
from gateway.runtime.engine import Engine
from gateway.runtime.mail import decode, read_header
from gateway.store.store import DeadRow


class NoSuchLetter(GatewayError, LookupError):
    """Raised where there is no dead letter of that number: list them."""


def letters(engine: Engine, after: int, limit: int) -> dict[str, Any]:
    """A page of dead letters, oldest first, without their payloads."""
    rows = engine.store.dead(after, limit + 1)
    for row in rows[:limit]:
        engine.dead_letters.look(row.n)
    return {"letters": [_shown(row, engine) for row in rows[:limit]], "more": len(rows) > limit, "total": len(engine.dead_letters)}


def letter(engine: Engine, n: int) -> dict[str, Any]:
    """One dead letter, with its payload."""
    row = _find(engine, n)
    return {"letter": {**_shown(row, engine), "payload": row.message.partition(b"\n")[2].decode("utf-8", "replace")}}


def retry(engine: Engine, n: int) -> None:
    """Send a dead letter's message again, and forget the letter, in one commit. Raises what keeps it from being delivered."""
    row = _find(engine, n)
    message = decode(row.message, engine.directory.find_verb)
    engine.room.deliver(message, engine.round)
    engine.dead_letters.drop(n, engine.round)


def drop(engine: Engine, n: int) -> None:
    """Forget a dead letter."""
    if not engine.dead_letters.drop(n, engine.round):
        raise NoSuchLetter(f"cannot drop dead letter {n}: there is none of that number; list them")


def after_commit(engine: Engine, done: Any) -> None:
    """Call `done` when what was just changed is on disk."""
    engine.round.batch.replies.append((lambda reply: done(), Reply(of="")))
    engine.round.batch.urgent = True


def _find(engine: Engine, n: int) -> DeadRow:
    rows = engine.store.dead(n - 1, 1)
    if not rows or rows[0].n != n:
        raise NoSuchLetter(f"cannot find dead letter {n}: there is none of that number; list them")
    return rows[0]


def _shown(row: DeadRow, engine: Engine) -> dict[str, Any]:
    return shown(row, engine.clock.unpacked(row.at_ms).wall_ms)


def shown(row: DeadRow, at_ms: int) -> dict[str, Any]:
    """A dead letter as it is shown, without its payload: when it became one is wall time. Any thread."""
    found = {
        "n": row.n,
        "at_ms": at_ms,
        "mailbox": row.box,
        "reason": row.reason,
        "attempts": row.attempt,
    }
    try:
        (id, to, verb, sender, *_), _ = read_header(row.message)
    except (ValueError, LookupError) as error:
        return {**found, "id": "", "to": row.box, "verb": "", "sender": "", "unreadable": str(error)}
    return {**found, "id": id, "to": to, "verb": verb, "sender": sender}
