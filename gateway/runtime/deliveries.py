"""Deliveries: mail in a host-bound actor's hands, until it says done or failed."""

from typing import Any, Protocol

from gateway.actors.messages import Message, Payload


class Post(Protocol):
    """How a settled delivery gets back to the engine. Any thread."""

    def __call__(self, delivery: "Delivery", *, pressing: bool) -> None: ...


class Delivery:
    """One message handed out. Settled once, from any thread; what is said later is not heard."""

    __slots__ = ("_settled", "attempt", "body", "box", "kept", "message", "post", "pressing", "reason", "retry", "seq", "taken", "void")

    def __init__(self, message: Message, seq: int, attempt: int, box: str, *, post: Post, pressing: bool) -> None:
        self.message = message
        self.seq = seq
        self.attempt = attempt
        self.box = box
        self.post = post
        self.pressing = pressing
        """Whether somebody waits for it to be settled."""
        self.kept = False
        self.reason = ""
        """Why it failed; empty when it is done."""
        self.retry = True
        self.body: dict[str, Any] | None = None
        self.taken = False
        """Whether the actor has seen it."""
        self.void = False
        """Whether whoever it was for has gone: it must not be done any more."""
        self._settled = False

    def keep(self) -> None:
        self.kept = True

    def done(self, body: Payload | dict[str, Any] | None = None) -> None:
        if not self._settled:
            self._settled = True
            self.body = body.model_dump(mode="json") if isinstance(body, Payload) else body
            self.post(self, pressing=self.pressing)

    def failed(self, reason: str, *, retry: bool = True) -> None:
        if not self._settled:
            self._settled = True
            self.reason = reason or "no reason was given"
            self.retry = retry
            self.post(self, pressing=True)

    def end(self) -> None:
        """Whoever has it in hands has gone: hear nothing more of it."""
        self.void = self._settled = True
