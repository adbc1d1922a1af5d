"""Once: a request that is carried out once, however often it is made under one key, and is answered the same each time.

Whoever asks from outside and hears nothing (the network went, the gateway was restarted) asks again under the same key. It has an actor,
`once/<digest>`, sends what is asked on in the turn in which it first hears of it, and keeps the answer: with the commit both are there, or
neither is. A day after the first time it forgets.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from typing import Any

from pydantic import Field, JsonValue

from gateway.actors import REPLY, Actor, By, Payload, Reply, Stage, State, verb
from gateway.actors.models import Model

KEPT_S = 86_400.0
"""For how long a key is known."""
_MOST_WAITING = 16
"""How many who ask under one key are answered when the answer comes; of more, the last ones."""


class Carry(Payload):
    """Payload of the verbs `carry` and `pass_on`: what is asked, and of whom. It was checked as what comes from outside is."""

    to: str
    verb: str
    payload: dict[str, JsonValue] = Field(default={})
    digest: str
    """Of all of it: the same key with another one is a mistake of who asks."""


class WaitingAsker(Model):
    """Somebody who waits for the answer."""

    reply_to: str
    of: str


class OnceState(State):
    """What is known of one key."""

    digest: str = ""
    sent: str = ""
    """Id of the message that was sent on."""
    answer: dict[str, Any] | None = None
    """The answer's `ok`, `reason` and `body`; None while there is none."""
    waiting: tuple[WaitingAsker, ...] = ()


class Once(Actor[OnceState]):
    """The actor of one key. It answers {other: true} where something else was asked under the key before."""

    @verb(by=By.ACTORS)
    def carry(self, asked: Carry, stage: Stage[OnceState]) -> None:
        """Ask, the first time; answer with {answer: …} when it is there."""
        if not self._begin(asked, stage, reply_to=stage.me):
            return
        state = stage.state
        if state.answer is not None:
            stage.reply({"answer": state.answer})
        elif stage.message.reply_to:
            asker = WaitingAsker(reply_to=stage.message.reply_to, of=stage.message.asked)
            stage.state = state.changed(waiting=(*state.waiting, asker)[-_MOST_WAITING:])

    @verb(by=By.ACTORS)
    def pass_on(self, asked: Carry, stage: Stage[OnceState]) -> None:
        """Tell, the first time; answer with the id of the message, {sent, again}."""
        again = bool(stage.state.sent)
        if self._begin(asked, stage, reply_to=""):
            stage.reply({"sent": stage.state.sent, "again": again})

    @verb
    def reply(self, answer: Reply, stage: Stage[OnceState]) -> None:
        """Keep the answer, and give it to whoever waits."""
        state = stage.state
        if answer.of != state.sent or state.answer is not None:
            return
        kept = {"ok": answer.ok, "reason": answer.reason, "body": answer.body}
        for asker in state.waiting:
            stage.tell(asker.reply_to, REPLY, Reply(of=asker.of, body={"answer": kept}))
        stage.state = state.changed(answer=kept, waiting=())

    @verb(by=By.ITSELF)
    def forget(self, stage: Stage[OnceState]) -> None:
        """Forget the key (its own timer)."""
        stage.stop()

    def _begin(self, asked: Carry, stage: Stage[OnceState], *, reply_to: str) -> bool:
        """Send on what is asked, where it is new; return whether it is what was asked under this key before."""
        state = stage.state
        if not state.sent:
            stage.tell(asked.to, asked.verb, asked.payload, reply_to=reply_to, expires_ms=stage.message.expires_ms)
            stage.state = OnceState(digest=asked.digest, sent=stage.mail[-1].id)
            stage.after(KEPT_S, "forget")
        elif state.digest != asked.digest:
            stage.reply({"other": True})
            return False
        return True
