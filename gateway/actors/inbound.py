"""Inbound messages: what a host-bound actor brings in from its outside by `Host.send_all`, and what of it was not taken."""

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.errors import GatewayError, without_frames
from gateway.actors.models import Payload
from gateway.actors.receipts import Receipt


class Inbound(NamedTuple):
    """One message from the outside that is brought in together with others, by `Host.send_all`: the arguments of `Host.send`."""

    to: str
    verb: str
    payload: Payload | dict[str, Any] | bytes | str | None = None
    id: str = ""
    content: bytes = b""
    scope: str = ""
    again: bool = True
    reply_to: str = ""
    expires_ms: int = 0
    expires_s: float | None = None
    size: int = 256
    on_commit: Callable[[Receipt], None] | None = None


class Refusal(NamedTuple):
    """One message of several that was not taken."""

    place: int
    """Which one, counted from 0."""
    error: GatewayError
    """Why: what `Host.send` would have raised."""

    @classmethod
    def of(cls, place: int, error: GatewayError) -> "Refusal":
        """The refusal for an error that was caught: it keeps no frame."""
        return cls(place, without_frames(error))
