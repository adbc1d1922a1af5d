"""A dialect: what is said and heard on a broker by one convention. The connection that carries it knows no topic.

A dialect names the filters that it needs, and makes of each message there one for an actor; it is acknowledged to the broker when that is
on disk. What comes under a topic where the gateway says something goes to the dialect itself, and is acknowledged at once. A dialect
says what is published when the connection is open, when its filters stand, and at an orderly end; and what the broker is to publish when
the connection dies.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from devices.codecs.reports import Remark
from devices.mqtt.packets import IncomingPublish
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Host
from gateway.actors.vocabulary import Report


class Saying(NamedTuple):
    """Something that a dialect publishes by itself, under a whole topic: nobody waits for it, and no disk holds it."""

    topic: str
    body: bytes
    retain: bool = False
    qos: int = 0


class MessageReader(Protocol):
    """Reads messages of one filter. On its connection's thread."""

    def read(self, payload: bytes, *, name: str, value: str) -> Report | dict[str, Any] | None:
        """Read one message; return None where it says nothing. Raises BadPayload."""

    def take_remarks(self) -> list[Remark]:
        """Take what is to be said of the values of the message that was read last."""


class TopicRoute(NamedTuple):
    """Where the messages of one topic go."""

    to: str
    verb: str
    asks: bool = False
    """Whether an answer is wanted."""
    ask_id: str = ""
    """The id that an ask's topic ends in."""
    answer_topic: str = ""
    """Where an ask is answered that names no response topic; empty: nowhere."""
    takes_retained: bool = False
    forbidden: str = ""
    """Why its messages are refused; empty: they are not."""
    reads: MessageReader | None = None
    """What reads the payload; None: it goes on as it came."""
    name: str = ""
    """The real names of what `to` is called after, where these cannot stand in an id."""
    value: str = ""
    """What the one value of a message is called that has no names in it."""
    here: Callable[[IncomingPublish], None] | None = None
    """Takes what the gateway says itself; it goes to no actor."""
    lasting: bool = True
    """Whether the next message of the topic goes the same way, whatever the gateway says meanwhile."""


class Interest(NamedTuple):
    """One filter that a dialect needs."""

    topic: str
    qos: int
    route: Callable[[str, Sequence[str]], TopicRoute]
    """Works out the route of a topic that the filter matches, from what each + stood for. Raises BadId where it reads as none. Kept in a
    cache."""
    fresh: bool = False
    """Whether neither what we publish ourselves is wanted, nor what the broker has kept (MQTT 5)."""
    tells_kept: bool = False
    """Whether the broker is to say of each message whether it keeps it, of one that was just published too (MQTT 5)."""
    own: Callable[[IncomingPublish], None] | None = None
    """Takes what this connection has published itself under its own prefix; None: that is heard like anything else."""


class TopicUse(enum.Enum):
    """What a topic is to a dialect."""

    FREE = "free"
    KEPT = "kept"
    """Others are heard there, or speak there for us to hear: no answer goes there."""
    SAID = "said"
    """The gateway says something there: it goes to no actor, or a refusal could answer itself for ever."""
    ANSWERS = "answers"
    """Answers go there. They go to no actor."""


class Session(NamedTuple):
    """What a dialect has of the connection that carries it."""

    names: Names
    settings: MqttSettings
    host: Host
    say: Callable[[Saying], None]
    """Publishes something while the connection is open; else, when it is open again."""


class Dialect:
    """One dialect on one connection: override what it needs. Every method runs on the connection's thread."""

    replies = ""
    """What the topics begin with that it keeps for answers; empty where it keeps none."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def interests(self) -> Sequence[Interest]:
        """The filters that it needs, in the order in which they take a message that the broker gives once for all of them."""
        return ()

    def will(self) -> Saying | None:
        """What the broker is to publish when the connection dies; the first dialect that has something is heard."""
        return None

    def at_connect(self) -> Sequence[Saying]:
        """What is published first, each time the broker has taken us."""
        return ()

    def when_heard(self) -> Sequence[Saying]:
        """What is published once the filters stand."""
        return ()

    def at_end(self) -> Sequence[Saying]:
        """What is published last, at an orderly end."""
        return ()

    def refusal(self, arrival: IncomingPublish, reason: str) -> Saying | None:
        """What is published of a message that was refused, beside the answer to whoever asked."""
        del arrival, reason
        return None

    def use_of(self, topic: str) -> TopicUse:
        """What a topic is to it."""
        del topic
        return TopicUse.FREE

    def said_there(self, arrival: IncomingPublish) -> None:
        """Take what came under a topic where the gateway says something, by this one or by another of its prefix."""
