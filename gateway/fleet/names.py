"""What an actor is called on other hosts: `serial/gps` of pi-barn is `host/pi-barn/serial/gps` elsewhere. A kind that all share is called
the same everywhere."""

from collections.abc import Collection
from typing import NamedTuple

from gateway.actors.errors import BadId
from gateway.actors.ids import HOST, check_id, group_of, root_of
from gateway.actors.messages import Message


class Addressed(NamedTuple):
    """A message as it goes to another host."""

    to_host: str
    """The host whose own the receiver is; empty: whichever serves the receiver's kind."""
    message: Message


class HostNames:
    """The names of one host's actors. Any thread."""

    def __init__(self, host: str, shared: Collection[str]) -> None:
        self._host = host
        self._shared = frozenset(shared)

    def addressed(self, message: Message) -> Addressed:
        """A message to an actor elsewhere as it goes there: by the ids that hold there. Its id stays. Its route does not go with it, but on
        from here. Raises BadId where it has no receiver, or a name that is too long."""
        kind, _, rest = message.to.partition("/")
        to_host, to = "", message.to
        if kind == HOST:
            to_host, _, to = rest.partition("/")
            if not to:
                raise BadId(f"cannot send to {message.to}: it is a host; name one of its actors behind it, as {message.to}/twin/door")
        return Addressed(
            to_host,
            message._replace(
                id=message.asked if message.reply_to else message.id,
                to=to,
                sender=self.elsewhere(message.sender),
                reply_to=self.elsewhere(message.reply_to),
                trace=message.trace or message.id,
                route=None,
                until=None,
            ),
        )

    def elsewhere(self, id: str) -> str:
        """What one of our ids is elsewhere; nobody is nobody everywhere."""
        kind = root_of(id).partition("/")[0]
        return id if not id or kind == HOST or kind in self._shared else check_id(f"{HOST}/{self._host}/{id}")


def receiver(to_host: str, to: str) -> str:
    """What the bound of what is on its way goes by: a host, or the group of a shared actor."""
    return f"{HOST}/{to_host}" if to_host else f"group {group_of(to)}"
