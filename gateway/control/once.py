"""Requests that are carried out once: what an id names, what is sent to the actor of a key, and what its reply means."""

import json
from typing import Any

from gateway.actors.messages import Reply
from gateway.actors.models import Payload
from gateway.control.pending import Answer, no
from gateway.digests import sha256

OTHER = "something else was asked under this id before; take a new id, or ask the same"


def actor_of(asker: str, id: str) -> str:
    """The actor of a key, which is whoever asks' own."""
    return f"once/{sha256(f'{asker} {id}'.encode()).hexdigest()}"


def named(to: str, verb: str, content: bytes) -> bytes:
    """What an id names: something else under the same id is no repeat. `content` is the payload as JSON."""
    return b"\0".join((to.encode(), verb.encode(), content))


def carried(do: str, to: str, verb: str, payload: Payload) -> dict[str, Any]:
    """What the key's actor is sent."""
    content = payload.to_json()
    digest = sha256(b"\0".join((do.encode(), named(to, verb, content)))).hexdigest()
    return {"to": to, "verb": verb, "payload": json.loads(content), "digest": digest}


def answered(reply: Reply) -> Answer:
    """The answer to whoever asked, made of the reply of the key's actor."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if not reply.ok:
        return no("refused_by_actor", reply.reason)
    if body.get("other"):
        return no("other_content", f"cannot take it: {OTHER}")
    if "sent" in body:
        return {"ok": True, "id": body["sent"], "duplicate": body["again"]}
    answer = body.get("answer", {})
    if not answer.get("ok"):
        return no("refused_by_actor", answer.get("reason", ""))
    return {"ok": True, "body": answer["body"], **({"note": answer["reason"]} if answer["reason"] else {})}
