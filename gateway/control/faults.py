"""Faults: the words for programs that go with the sentences for people, where a request is answered with a no."""

from gateway.actors.errors import BadId, BadPayload, GatewayError, Refused, UnknownTarget
from gateway.actors.messages import Reply
from gateway.control import dead, forget
from gateway.control.absent import Unwritten
from gateway.control.pending import Answer, no
from gateway.control.reading import BadRequest
from gateway.control.resume import NotPaused
from gateway.runtime.trail import Unexplained

_FAULTS: tuple[tuple[type[GatewayError], str], ...] = (
    (UnknownTarget, "unknown_target"),
    (BadId, "bad_id"),
    (BadPayload, "bad_payload"),
    (Refused, "refused"),
    (dead.NoSuchLetter, "not_found"),
    (Unexplained, "not_found"),
    (NotPaused, "not_paused"),
    (forget.NothingStored, "not_found"),
    (Unwritten, "unwritten"),
)


def fault_of(error: GatewayError) -> str:
    """The word for an error, for programs that read the answer."""
    return next((word for kind, word in _FAULTS if isinstance(error, kind)), "bad_request" if isinstance(error, BadRequest) else "failed")


def replied(reply: Reply) -> Answer:
    """The answer to whoever asked, made of the reply of whom they asked."""
    if not reply.ok:
        return no("refused_by_actor", reply.reason)
    return {"ok": True, "body": reply.body, **({"note": reply.reason} if reply.reason else {})}


def unknown(timeout_s: float, fact: str) -> Answer:
    """The answer where nobody knows what became of a request."""
    return no("outcome_unknown", f"the outcome is unknown: {fact} within {timeout_s:g} s; look before you repeat it")
