"""Replies: what an actor answers to a request, under the key of whoever made it."""

from typing import Any

from starlette.requests import Request

from devices.web.asking import timeout_s_of
from devices.web.problems import HttpProblem, taken
from gateway.actors.errors import BadId
from gateway.actors.ids import check_id

KEY = "idempotency-key"
_LONGEST_KEY = 256


def words_for(request: Request, do: str, id: str, verb: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The words that ask or tell an actor something. Raises HttpProblem."""
    words = {"do": do, "to": checked(id), "verb": verb, "payload": payload, "timeout_s": timeout_s_of(request)}
    key = request.headers.get(KEY)
    if key is None:
        return words
    if not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
        raise HttpProblem("bad_request", f"the Idempotency-Key is {key[:40]!r}: send 1 to {_LONGEST_KEY} printable characters")
    return {**words, "id": key, "once": True}


async def reply_of(request: Request, id: str, verb: str, payload: dict[str, Any]) -> Any:
    """Ask an actor, and return the body of its reply. Raises HttpProblem."""
    return taken(await request.app.door.ask(words_for(request, "ask", id, verb, payload))).get("body")


def checked(id: str) -> str:
    """An actor id. Raises HttpProblem."""
    try:
        return check_id(id)
    except BadId as error:
        raise HttpProblem("bad_id", str(error)) from None
