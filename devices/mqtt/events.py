"""What happens to the connection to a broker, as the link tells it."""

from typing import NamedTuple

from devices.mqtt.chart import Cause
from devices.mqtt.limits import Limits


class SessionOpened(NamedTuple):
    """The broker has accepted the connection."""

    session_present: bool
    limits: Limits


class Subscribed(NamedTuple):
    """The broker's answer to our subscriptions, in their order: 0x80 and above refuses one."""

    codes: list[int]


class Unsubscribed(NamedTuple):
    """The broker has taken our word that some of our session's subscriptions are over."""


class Closed(NamedTuple):
    """The connection is gone."""

    cause: Cause
    because: str
    """Why the connection ended, in words."""
    by_broker: bool
    """Whether the broker closed it; not when we did, or it fell silent."""
    code: int = 0
    """The reason in the broker's CONNACK, or in its DISCONNECT (MQTT 5); 0 where there was none."""
    unheard_bytes: int = 0
    """How many of the last bytes that we wrote the broker may never have had."""


Event = SessionOpened | Subscribed | Unsubscribed | Closed
