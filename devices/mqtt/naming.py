"""How a message from a broker is known again: by its sender's id, or by its packet's while the broker keeps our session."""

from typing import NamedTuple

from devices.mqtt.dialects.dialect import TopicRoute
from devices.mqtt.packets import IncomingPublish
from gateway.actors import BadId
from gateway.digests import blake2b

SESSION = "session"
"""The scope of ids that hold as long as the broker keeps our session."""
_MAX_ID = 128
_new = tuple.__new__
"""Makes a named tuple of all its fields in their order: twice as fast as calling its class, for what is made once a message."""


class Name(NamedTuple):
    """How a message is known again when it comes again: see `Host.send`."""

    id: str = ""
    content: bytes = b""
    scope: str = ""
    again: bool = True


def _of_copy(arrival: IncomingPublish, route: TopicRoute) -> tuple[bytes, ...]:
    """What tells a copy of a message from the one for the first subscription that its topic matches."""
    return () if arrival.via < 0 else (route.to.encode(), route.verb.encode())


def name_of(arrival: IncomingPublish, route: TopicRoute) -> Name:
    """The name of a message: the sender's own id, together with what it says and to whom; else that of the packet, while the broker keeps
    our session, where only what is marked as a repeat is one.

    The id that an ask's topic ends in says where the answer goes, and a client may use one for all its asks.
    """
    given = arrival.properties.id or route.ask_id
    if given and (len(given) > _MAX_ID or not given.isprintable()):
        raise BadId(f"cannot use {given[:40]!r}… as the id of a message: it must be 1 to {_MAX_ID} printable characters")
    content = b"\0".join((arrival.topic.encode(), arrival.payload, *_of_copy(arrival, route)))
    if arrival.properties.id:
        return Name(given, content)
    if given:
        return Name(given, arrival.packet_id.to_bytes(2, "big") + content, SESSION, arrival.dup)
    if not arrival.qos:
        return Name()
    digest = blake2b(content, digest_size=12).hexdigest()
    return _new(Name, (f"{arrival.packet_id}:{digest}", b"", SESSION, arrival.dup))
