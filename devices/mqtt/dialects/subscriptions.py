"""What `[[mqtt.<key>.subscribe]]` says: messages of other people's devices, each to the actor that the file names."""

from collections.abc import Sequence
from functools import partial

from devices.mqtt.dialects.dialect import Dialect, Interest, Session, TopicRoute
from devices.mqtt.packets import IncomingPublish
from devices.mqtt.payloads import PayloadReader
from devices.mqtt.settings import Subscription
from devices.mqtt.topics import without_share
from gateway.actors.points import Keys
from gateway.actors.templates import fields_of, filled

_NAME_AT_MOST = 256
"""Characters of a device's real name that are told: it stands in each of its reports, and a level of a topic may have 64 kB."""


class Subscriptions(Dialect):
    """The subscriptions of one connection. It publishes nothing."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._keys: dict[tuple[str, str], Keys] = {}
        """By the template and its placeholder: what may be called after what was in one place."""

    def interests(self) -> Sequence[Interest]:
        """One for each table of the file."""
        found = []
        for one in self.session.settings.subscribe:
            reader = PayloadReader(one) if one.reads else None
            own = None if self._names_own(one.topic) else self._pass_over
            found.append(Interest(one.topic, one.qos, partial(self._route, one, reader), own=own))
        return found

    def _names_own(self, topic_filter: str) -> bool:
        """Whether a filter names our own prefix: who writes that wants to hear what we say there."""
        return without_share(topic_filter).startswith(f"{self.session.names.prefix}/")

    def _pass_over(self, arrival: IncomingPublish) -> None:
        """Count what we say under our own prefix, and a filter matches along with all else: a twin that took it would publish it again, for
        ever."""
        del arrival
        self.session.host.count("own")

    def _route(self, subscription: Subscription, reader: PayloadReader | None, topic: str, plus: Sequence[str]) -> TopicRoute:
        del topic
        levels = {str(number): level for number, level in enumerate(plus, 1)}
        keys = {field: self._keys.setdefault((subscription.to, field), Keys()).of(levels[field]) for field in fields_of(subscription.to)}
        names = dict.fromkeys(_shortened(levels[field]) for field, key in keys.items() if key != levels[field])
        return TopicRoute(
            to=filled(subscription.to, keys),
            verb=subscription.sends,
            takes_retained=subscription.retained == "take",
            reads=reader,
            name=", ".join(names),
            value=filled(subscription.value, levels),
        )


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_AT_MOST else name[: _NAME_AT_MOST - 1] + "…"
