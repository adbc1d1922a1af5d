"""Handing over: an open connection goes on under other settings, where these log in at the broker as it has done.

So a subscription that a reload brings is made on the open connection. What is under way comes to its end first.
"""

from typing import TYPE_CHECKING, NamedTuple

from devices.mqtt.chart import Cause, SessionPhase
from devices.mqtt.inbox import Inbox
from devices.mqtt.limits import Limits
from devices.mqtt.outbox import PublishesInHand
from devices.mqtt.reconnect import Reconnect
from devices.mqtt.settings import MqttSettings
from devices.mqtt.subscribing import Subscribing
from gateway.actors import Settings
from gateway.actors.course import Course

if TYPE_CHECKING:
    from devices.mqtt.link import BrokerLink

_TAKEN_OVER = frozenset({"subscribe", "commands", "connected_to"})
"""The keys that concern no login and no limit: what else may differ needs a connection of its own."""


class OpenConnection(NamedTuple):
    """What a connection actor leaves to the one that takes its place."""

    link: "BrokerLink"
    outbox: PublishesInHand
    inbox: Inbox
    reconnect: Reconnect
    course: Course[SessionPhase, Cause]
    limits: Limits
    subscribing: Subscribing


def same_login(one: MqttSettings, other: Settings) -> bool:
    """Whether a connection that was opened with the settings `one` serves the settings `other` as it is."""
    return isinstance(other, MqttSettings) and all(
        getattr(one, key) == getattr(other, key) for key in type(one).model_fields if key not in _TAKEN_OVER
    )
