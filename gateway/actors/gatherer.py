"""The child that waits for answers: `<who gathers>/gather/<key>`, one for each gather and ask, gone when it has told.

It is always registered, and nobody writes to it but its parent and who answers.
"""

from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.gather import GATHER, Answer, BeginGather, Gathered
from gateway.actors.messages import Reply
from gateway.actors.models import Payload, State
from gateway.actors.stage import Stage
from gateway.actors.verbs import verb


class GatherState(State):
    """What the waiting child remembers until every answer is there."""

    begun: BeginGather | None = None
    answers: tuple[Answer | None, ...] = ()
    """One place for each request."""


class Gather(Actor[GatherState]):
    """The child actor that waits for the answers of one gather, and tells its parent once."""

    kind = GATHER
    inner = True

    @verb
    def begin(self, begin: BeginGather, stage: Stage[GatherState]) -> None:
        """Wait for the answers from now on, until the deadline at most. A request that nobody could take counts as answered."""
        if stage.state.begun is None:
            answers = tuple(
                _answer(begin, at, ok=False, reason=asked.fault) if asked.fault else None for at, asked in enumerate(begin.asked)
            )
            stage.state = GatherState(begun=begin, answers=answers)
            stage.after(begin.within_s, "deadline")
            for answer in answers:
                if answer is not None:
                    _tell_part(stage, begin, answer)
            _tell_if_settled(stage)

    @verb
    def reply(self, reply: Reply, stage: Stage[GatherState]) -> None:
        """Take one answer. A second answer to the same request, and one that comes too late, change nothing."""
        begun, answers = stage.state.begun, stage.state.answers
        if begun is None:
            return
        at = _place(begun, answers, reply, stage.message.sender)
        if at is not None and answers[at] is None:
            answer = _answer(begun, at, ok=reply.ok, reason=reply.reason, body=reply.body)
            stage.state = stage.state.changed(answers=(*answers[:at], answer, *answers[at + 1 :]))
            _tell_part(stage, begun, answer)
            _tell_if_settled(stage)

    @verb
    def deadline(self, stage: Stage[GatherState]) -> None:
        """Tell the parent what has come, because the time is over (the gather's own timer)."""
        if stage.state.begun is not None:
            _tell(stage, stage.state.begun)


def _answer(begun: BeginGather, at: int, **said: Any) -> Answer:
    asked = begun.asked[at]
    return Answer(to=asked.to, verb=asked.verb, at=at, **said)


def _place(begun: BeginGather, answers: tuple[Answer | None, ...], reply: Reply, sender: str) -> int | None:
    """The number of the request that a reply answers: by the id in the reply, or, where somebody passed the request on, by who answers."""
    for at, asked in enumerate(begun.asked):
        if asked.of == reply.of:
            return at
    if begun.single:
        return 0
    for at, asked in enumerate(begun.asked):
        if answers[at] is None and (sender == asked.to or sender.startswith(f"{asked.to}/")):
            return at
    return None


def _tell_part(stage: Stage[GatherState], begun: BeginGather, answer: Answer) -> None:
    """Tell the parent of one answer, where it wants to hear of each."""
    if begun.each:
        stage.tell(stage.parent, begun.each, answer.changed(name=begun.name))


def _tell_if_settled(stage: Stage[GatherState]) -> None:
    """Tell the parent when every answer is there, when enough good ones are, or when so many cannot come any more."""
    begun, answers = stage.state.begun, stage.state.answers
    if begun is None:
        return
    missing = answers.count(None)
    good = _good(answers)
    if not missing or (begun.enough and (good >= begun.enough or good + missing < begun.enough)):
        _tell(stage, begun)


def _good(answers: tuple[Answer | None, ...]) -> int:
    return sum(1 for answer in answers if answer is not None and answer.ok)


def _tell(stage: Stage[GatherState], begun: BeginGather) -> None:
    """Tell the parent what has come, and end."""
    said = outcome(begun, stage.state.answers)
    if begun.route is not None:
        stage.send_along(begun.route, said, reply_to=begun.reply_to)
    else:
        stage.tell(stage.parent, begun.then, said)
    stage.mail.append(stage.mail.pop()._replace(trace=begun.trace))  # a timer's message knows nothing of what began it all
    stage.stop()


def outcome(begun: BeginGather, answers: tuple[Answer | None, ...]) -> Payload:
    """The payload that the verb `then` gets for these answers."""
    if begun.single:
        late = f"no answer within {begun.within_s:g} s; the outcome is unknown"
        answer = answers[0] or _answer(begun, 0, ok=False, reason=late, timed_out=True)
        return answer.changed(name=begun.name)
    missing = tuple(asked.to for asked, answer in zip(begun.asked, answers, strict=True) if answer is None)
    came = tuple(answer for answer in answers if answer is not None)
    enough = _good(answers) >= begun.enough if begun.enough else not missing
    return Gathered(name=begun.name, answers=came, missing=missing, complete=not missing, enough=enough)
