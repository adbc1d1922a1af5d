"""The chart of a connection: in which phase it may be, what may happen there, and where that leads. There is no other state.

`gateway show --machine mqtt/main` draws it. What is done on each move is in `connection.py`; when to come back, in `reconnect.py`.
A session's subscriptions are the broker's to keep while we are away, so there is no phase for giving them up.
"""

import enum
from typing import Any

from gateway.actors.course import Delay, Table

CONNACK_S = 10.0
"""How long the broker may take to answer our CONNECT."""
SUBACK_S = 10.0
"""How long it may take to answer our SUBSCRIBE."""
DENIED_S = 60.0
"""How long after a denied subscription it is tried again: access lists get mended."""
FAREWELL_S = 2.0
"""How long closing waits for the broker."""


class SessionPhase(enum.Enum):
    """What a connection does now."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    REACHING = "reaching"
    """Name lookup, TCP, TLS. Each has a time limit of its own, after which the call comes back."""
    LOGGING_IN = "logging in"
    """CONNECT is sent, CONNACK awaited."""
    CONNECTED = "connected"
    SUBSCRIBING = "subscribing"
    """SUBSCRIBE is sent, SUBACK awaited. Publishes flow already."""
    READY = "ready"
    DENIED = "partly denied"
    """The broker denied some subscription; the others stand, and publishes flow."""
    BACKING_OFF = "backing off"
    CLOSING = "closing"
    """What is under way comes to its end, and we say goodbye."""
    CLOSED = "closed"


class Cause(enum.Enum):
    """What may happen to a connection, in words for people."""

    TIME_TO_CONNECT = "time to connect"
    BAD_SETTING = "a file of the settings cannot be used"
    NAME_UNKNOWN = "the name of the host cannot be looked up"
    UNTRUSTED = "the broker's certificate is not trusted"
    NO_TLS = "TLS did not come about"
    UNREACHABLE = "the broker cannot be reached"
    REACHED = "there is a socket"
    WELCOME = "the broker took us"
    BAD_LOGIN = "the broker refused our user name or password"
    REFUSED = "the broker refused us"
    NO_CONNACK = "no answer to CONNECT in time"
    NOTHING_TO_SUBSCRIBE = "there is nothing to subscribe to"
    SUBSCRIBED = "the broker took our subscriptions"
    SUBSCRIPTION_DENIED = "the broker denied a subscription"
    NO_SUBACK = "no answer to SUBSCRIBE in time"
    OTHERS_WANTED = "other subscriptions are wanted"
    TIME_TO_SUBSCRIBE = "time to try the denied ones again"
    NO_PUBACK = "a publish was left without its PUBACK"
    SILENT = "no answer to a ping in time"
    HUNG_UP = "the socket was closed, or what came was no MQTT"
    SENT_AWAY = "the broker said DISCONNECT"
    TAKEN_OVER = "another client took our name"
    THROWN_OUT = "the broker keeps closing what it took"
    OVERRUN = "messages were left with the broker for want of room"
    DROPPED = "we closed the socket"
    CLOSE = "we are told to close"
    FAREWELL = "all is said"
    FAREWELL_OVER = "the time to say goodbye is over"


NEVER_REACHED = frozenset({Cause.BAD_SETTING, Cause.NAME_UNKNOWN, Cause.UNTRUSTED, Cause.NO_TLS, Cause.UNREACHABLE})
"""What ends the attempt to open a socket."""
NEVER_TAKEN = frozenset({Cause.BAD_LOGIN, Cause.REFUSED, Cause.NO_CONNACK})
"""What ends a login, and nothing else."""
LOST = frozenset({Cause.SILENT, Cause.HUNG_UP, Cause.SENT_AWAY, Cause.TAKEN_OVER, Cause.DROPPED})
"""What may end any connection."""
GIVEN_UP = frozenset({Cause.NO_PUBACK, Cause.OVERRUN})
"""Why we end a connection that the broker took."""


def chart(*, connack_s: float = CONNACK_S, suback_s: float = SUBACK_S, denied_s: float = DENIED_S) -> Table[SessionPhase, Cause]:
    """Make the table of moves. How long to back off comes from the course's owner, its `wait_s`."""
    return Table(
        initial=SessionPhase.DISCONNECTED,
        parents={
            SessionPhase.REACHING: SessionPhase.CONNECTING,
            SessionPhase.LOGGING_IN: SessionPhase.CONNECTING,
            SessionPhase.SUBSCRIBING: SessionPhase.CONNECTED,
            SessionPhase.READY: SessionPhase.CONNECTED,
            SessionPhase.DENIED: SessionPhase.CONNECTED,
        },
        moves={
            SessionPhase.DISCONNECTED: {Cause.TIME_TO_CONNECT: SessionPhase.CONNECTING, Cause.CLOSE: SessionPhase.CLOSED},
            SessionPhase.CONNECTING: {Cause.CLOSE: SessionPhase.CLOSING},
            SessionPhase.REACHING: {Cause.REACHED: SessionPhase.LOGGING_IN, **_all(NEVER_REACHED, SessionPhase.BACKING_OFF)},
            SessionPhase.LOGGING_IN: {Cause.WELCOME: SessionPhase.CONNECTED, **_all(NEVER_TAKEN | LOST, SessionPhase.BACKING_OFF)},
            SessionPhase.CONNECTED: {
                **_all(LOST | GIVEN_UP | {Cause.THROWN_OUT}, SessionPhase.BACKING_OFF),
                Cause.OTHERS_WANTED: SessionPhase.SUBSCRIBING,
                Cause.CLOSE: SessionPhase.CLOSING,
            },
            SessionPhase.SUBSCRIBING: {
                Cause.NOTHING_TO_SUBSCRIBE: SessionPhase.READY,
                Cause.SUBSCRIBED: SessionPhase.READY,
                Cause.SUBSCRIPTION_DENIED: SessionPhase.DENIED,
                Cause.NO_SUBACK: SessionPhase.BACKING_OFF,
            },
            SessionPhase.DENIED: {Cause.TIME_TO_SUBSCRIBE: SessionPhase.SUBSCRIBING},
            SessionPhase.BACKING_OFF: {Cause.TIME_TO_CONNECT: SessionPhase.CONNECTING, Cause.CLOSE: SessionPhase.CLOSED},
            SessionPhase.CLOSING: _all(
                LOST | GIVEN_UP | NEVER_TAKEN | {Cause.NO_SUBACK, Cause.FAREWELL, Cause.FAREWELL_OVER}, SessionPhase.CLOSED
            ),
        },
        delays={
            SessionPhase.DISCONNECTED: Delay(0.0, Cause.TIME_TO_CONNECT),
            SessionPhase.LOGGING_IN: Delay(connack_s, Cause.NO_CONNACK),
            SessionPhase.SUBSCRIBING: Delay(suback_s, Cause.NO_SUBACK),
            SessionPhase.DENIED: Delay(denied_s, Cause.TIME_TO_SUBSCRIBE),
            SessionPhase.BACKING_OFF: Delay(_wait_s, Cause.TIME_TO_CONNECT),
            SessionPhase.CLOSING: Delay(FAREWELL_S, Cause.FAREWELL_OVER),
        },
        final={SessionPhase.CLOSED},
    )


def _all(causes: frozenset[Cause], phase: SessionPhase) -> dict[Cause, SessionPhase]:
    return {cause: phase for cause in Cause if cause in causes}


def _wait_s(owner: Any) -> float:
    return float(owner.wait_s)
