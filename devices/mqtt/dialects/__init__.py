"""Dialects: what is said and heard on a broker. A new one is a file here, and a line below."""

from devices.mqtt.dialects.dialect import Dialect, Session
from devices.mqtt.dialects.own import OwnTopics
from devices.mqtt.dialects.subscriptions import Subscriptions


def dialects_of(session: Session) -> list[Dialect]:
    """What one connection speaks. Where two want the same message and the broker says not for whom it is, the first takes it."""
    return [OwnTopics(session), Subscriptions(session)]
