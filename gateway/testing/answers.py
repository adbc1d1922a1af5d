"""Answers to a gather or an ask in a test that runs one actor alone: `turns.answers_come({"cents": 990}, None)`."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.actors import Answer, Message, Payload, Reply
from gateway.actors.gather import Asked, BeginGather
from gateway.actors.gatherer import outcome
from gateway.actors.payloads import read_payload
from gateway.actors.routes import Sending, along
from gateway.actors.verbs import Verb

Said = Payload | dict[str, Any] | None
"""What one who was asked says: the body of a yes, a Reply as it is, or nothing in time."""


def last_gather(mail: Sequence[Message], name: str) -> Message:
    """The message that began the last gather or ask, of that name where one is given. Raises AssertionError where there is none."""
    found = [message for message in mail if isinstance(message.payload, BeginGather) and name in ("", message.payload.name)]
    if not found:
        raise AssertionError(f"nobody was asked{f' by {name!r}' if name else ''}: there is no gather in the mail")
    return found[-1]


def answered(
    began: Message, said: Sequence[Said], find_verb: Callable[[str, str], Verb], new_id: Callable[[], str], now_ms: int
) -> Message:
    """The message that the verb `then` gets when these answers were given."""
    begun = began.payload
    assert isinstance(begun, BeginGather)
    asked = sum(not one.fault for one in begun.asked)
    if asked != len(said):
        raise AssertionError(f"{asked} were asked, and {len(said)} answers given: give None for who is silent")
    each = iter(said)
    payload = outcome(begun, tuple(_answer(one, next(each)) if not one.fault else _refused(one) for one in begun.asked))
    me = began.sender
    if begun.route is None:
        return Message(new_id(), me, begun.then, payload, began.to, trace=begun.trace)
    sending = Sending(find_verb, new_id, began.to, now_ms)
    return along(begun.route, payload, sending, reply_to=begun.reply_to, trace=begun.trace, expires_ms=0)


def _refused(asked: Asked) -> Answer:
    return Answer(to=asked.to, verb=asked.verb, ok=False, reason=asked.fault)


def _answer(asked: Asked, said: Said) -> Answer | None:
    if said is None:
        return None
    reply = said if isinstance(said, Reply) else read_payload(Reply, {"of": asked.of, "body": said}, where=f"the answer of {asked.to}")
    return Answer(to=asked.to, verb=asked.verb, ok=reply.ok, reason=reply.reason, body=reply.body)
