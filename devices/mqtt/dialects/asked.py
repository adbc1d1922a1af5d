"""What actors have asked to hear while the gateway runs, beside what the file says: see `Listen`. It is kept over restarts."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from devices.codecs.choice import codec_of
from devices.codecs.framing import BadFrame, decoded
from devices.codecs.reports import Remark
from devices.mqtt.dialects.dialect import Dialect, Interest, Session, TopicRoute
from devices.mqtt.remembered import kept_in
from devices.mqtt.topics import check_filter
from gateway.actors import BadPayload, Delivery
from gateway.actors.vocabulary import Heard, Listen


class AskedTopics(Dialect):
    """What actors have asked to hear on one connection. It publishes nothing."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._asked = dict(kept_in(session.host.remembered).asked)

    @property
    def by(self) -> list[str]:
        """Ids of the actors that have asked."""
        return list(self._asked)

    def take(self, listen: Listen, delivery: Delivery) -> bool:
        """Take what the sender wants to hear from now on, and have it kept; return whether that is news."""
        by = delivery.message.sender
        try:
            for one in listen.wanted:
                check_filter(one.topic)
        except ValueError as error:
            delivery.failed(str(error), retry=False)
            return False
        if listen == self._asked.get(by, Listen()):
            return False
        self._asked.pop(by, None)
        if listen.wanted:
            self._asked[by] = listen
        host = self.session.host
        host.remember(kept_in(host.remembered)._replace(asked=self._asked).text(), then=host.wake)
        return True

    def interests(self) -> Sequence[Interest]:
        """One for each filter that somebody wants."""
        return list(self._interests())

    def _interests(self) -> Iterator[Interest]:
        for by, listen in self._asked.items():
            for one in listen.wanted:
                if self.session.settings.v5 or not one.cleared:
                    yield Interest(one.topic, 1, partial(self._route, by, one), fresh=one.cleared)

    def _route(self, by: str, heard: Heard, topic: str, plus: Sequence[str]) -> TopicRoute:
        del plus
        if heard.cleared:
            return TopicRoute(by, heard.verb, reads=_Cleared(), value=topic)
        return TopicRoute(by, heard.verb, takes_retained=True, reads=_Text())


class _Text:
    """Reads a message as the text that it is."""

    def __init__(self) -> None:
        self._codec = codec_of("text", {})

    def read(self, payload: bytes, *, name: str, value: str) -> dict[str, Any] | None:
        """Return its `text`. Raises BadPayload."""
        del name, value
        try:
            return decoded(self._codec.decode, payload)
        except BadFrame as error:
            raise BadPayload(str(error)) from None

    def take_remarks(self) -> list[Remark]:
        """There are none."""
        return []


class _Cleared:
    """Reads the message that clears what the broker kept; others say nothing."""

    def read(self, payload: bytes, *, name: str, value: str) -> dict[str, Any] | None:
        """Return the `topic` that was cleared; its name is the `value`."""
        del name
        return None if payload else {"topic": value}

    def take_remarks(self) -> list[Remark]:
        """There are none."""
        return []
