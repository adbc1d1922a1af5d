"""The language: what actors are written in. Pure: no I/O, no threads, no clock."""

from gateway.actors.actor import Actor
from gateway.actors.errors import (
    BadDefinition,
    BadId,
    BadPayload,
    GatewayError,
    Refused,
    StateTooNew,
    StoreFailed,
    StoreFull,
    Unanswered,
    UnknownTarget,
)
from gateway.actors.hostbound import Delivery, Health, Host, HostBound
from gateway.actors.messages import NOTHING, REPLY, START, Message, Nothing, Payload, Reply, Start, State
from gateway.actors.receipts import Receipt
from gateway.actors.settings import Settings
from gateway.actors.stage import Stage
from gateway.actors.verbs import Mode, verb

__all__ = [
    "NOTHING",
    "REPLY",
    "START",
    "Actor",
    "BadDefinition",
    "BadId",
    "BadPayload",
    "Delivery",
    "GatewayError",
    "Health",
    "Host",
    "HostBound",
    "Message",
    "Mode",
    "Nothing",
    "Payload",
    "Receipt",
    "Refused",
    "Reply",
    "Settings",
    "Stage",
    "Start",
    "State",
    "StateTooNew",
    "StoreFailed",
    "StoreFull",
    "Unanswered",
    "UnknownTarget",
    "verb",
]
