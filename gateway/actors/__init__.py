"""The language: what actors are written in. Pure: no I/O, no threads, no clock."""

from gateway.actors.actor import Actor
from gateway.actors.callers import By
from gateway.actors.copies import Copy, Ended
from gateway.actors.errors import (
    BadDefinition,
    BadId,
    BadPayload,
    DoesNotFit,
    GatewayError,
    Refused,
    StateTooNew,
    StoreFailed,
    StoreFull,
    Unanswered,
    UnknownTarget,
)
from gateway.actors.gather import Answer, Enough, Gathered, Request
from gateway.actors.hostbound import Delivery, Health, Host, HostBound
from gateway.actors.inbound import Inbound, Refusal
from gateway.actors.itinerary import Route, Stop
from gateway.actors.machine import After, Machine
from gateway.actors.messages import REPLY, START, Message, Reply, Start
from gateway.actors.models import NOTHING, Event, Model, Nothing, Payload, State, Tells
from gateway.actors.phases import History
from gateway.actors.readmodel import ReadModel, ReadStage, ReadState, on
from gateway.actors.receipts import Receipt
from gateway.actors.routes import RouteFailed
from gateway.actors.settings import Settings
from gateway.actors.sourced import EventSourced
from gateway.actors.stage import Stage
from gateway.actors.stamps import Stamp, Stamped
from gateway.actors.supervision import Decision, Fault, Verdict
from gateway.actors.ties import Copied, Order, Standing
from gateway.actors.verbs import Else, Mode, verb

__all__ = [
    "NOTHING",
    "REPLY",
    "START",
    "Actor",
    "After",
    "Answer",
    "BadDefinition",
    "BadId",
    "BadPayload",
    "By",
    "Copied",
    "Copy",
    "Decision",
    "Delivery",
    "DoesNotFit",
    "Else",
    "Ended",
    "Enough",
    "Event",
    "EventSourced",
    "Fault",
    "GatewayError",
    "Gathered",
    "Health",
    "History",
    "Host",
    "HostBound",
    "Inbound",
    "Machine",
    "Message",
    "Mode",
    "Model",
    "Nothing",
    "Order",
    "Payload",
    "ReadModel",
    "ReadStage",
    "ReadState",
    "Receipt",
    "Refusal",
    "Refused",
    "Reply",
    "Request",
    "Route",
    "RouteFailed",
    "Settings",
    "Stage",
    "Stamp",
    "Stamped",
    "Standing",
    "Start",
    "State",
    "StateTooNew",
    "Stop",
    "StoreFailed",
    "StoreFull",
    "Tells",
    "Unanswered",
    "UnknownTarget",
    "Verdict",
    "on",
    "verb",
]
