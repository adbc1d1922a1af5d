"""What `[mqtt.<key>]` takes: where the broker is, who we are there, and what we listen to."""

import re
import socket
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.backoff import check_order
from devices.codecs.choice import codec_options
from devices.codecs.message_settings import REPORT, MessageSettings
from devices.credentials import secret_faults, secret_notes
from devices.hosts import check_host
from devices.mqtt.topics import check_filter, check_topic, covers, plus_levels, without_share
from devices.simulation import simulation
from gateway.actors import Settings
from gateway.actors.id_patterns import id_pattern
from gateway.actors.ids import key_of
from gateway.actors.points import points_of
from gateway.actors.points.point import Given, Said
from gateway.actors.servers import plain_host
from gateway.actors.templates import check_fields, fields_of, with_empty_level

if TYPE_CHECKING:
    from gateway.actors.points.shown import BrokerNames


def _pattern(text: str) -> str:
    id_pattern(text)
    return text


ActorPattern = Annotated[str, AfterValidator(_pattern)]
"""The type of a pattern of ids and verbs: see `gateway/actors/id_patterns.py`."""


class Subscription(MessageSettings):
    """One `[[mqtt.<key>.subscribe]]`: each message under `topic` goes to the actor `to`. With a verb alone its JSON is the verb's payload;
    else a codec finds the fields in it, and they are reported."""

    topic: str
    """A topic filter, with + and #. Where several match one topic, each hears it once (MQTT 5); on 3.1.1 the first takes it, for a broker
    may send it once there or once for each, and does not say which."""
    to: str
    """An actor id; {1} is what the first + stood for, {2} the second: as a key, where a name cannot stand in an id."""
    value: str = Field(default="", max_length=128)
    """What the one value of a message is called that has no names in it (number, onoff, text); {1} and {2} as in `to`."""
    retained: Literal["ignore", "take"] = "ignore"
    """Whether a message that the broker had kept from before counts."""
    qos: Literal[0, 1] = 1
    fresh: ClassVar[bool] = False
    """What we publish ourselves is heard too, and what the broker has kept comes: whether that counts is said by `retained`."""
    tells_kept: ClassVar[bool] = False
    """A state that is just published counts, whether the broker keeps it or not."""

    @field_validator("topic")
    @classmethod
    def _is_filter(cls, topic: str) -> str:
        return check_filter(topic)

    @model_validator(mode="after")
    def _placeholders_fit(self) -> Self:
        count = plus_levels(self.topic)
        known = [str(number + 1) for number in range(count)]
        for key, text in (("to", self.to), ("value", self.value)):
            if not known and (names := fields_of(text)):
                seen = f"{{{names[0]}}} stands for a + of the topic, and {self.topic!r} has none"
                raise ValueError(f"{key}: {seen}; write + in the place of a level of it, or no {{}} here")
        check_fields(self.to, known, what=f"an address for {self.topic!r}")
        check_fields(self.value, known, what=f"the name of a value for {self.topic!r}")
        return self


class MqttSimulation(BaseModel):
    """`[mqtt.<key>.simulate]`: the broker is a real one, and what is said there lies apart from what real gateways say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = Field(default="simulated", max_length=128)
    """Level, or levels, in front of every topic that is published, and of the gateway's own topics. What `subscribe` reads is others'."""

    @field_validator("root")
    @classmethod
    def _is_root(cls, root: str) -> str:
        if root.startswith(("/", "$")) or root.endswith("/"):
            raise ValueError(f"cannot use {root!r} in front of topics: begin it with no $ and no /, and end it with none")
        return check_topic(root)


class MqttSettings(Settings):
    """The settings of one connection to one broker."""

    host: str = Field(default="localhost", min_length=1, max_length=253)
    port: int | None = Field(default=None, ge=1, le=65535)
    """1883 unless set; 8883 with `tls`."""
    protocol: Literal["5", "3.1.1"] = "5"
    client_id: str = Field(default="", max_length=128)
    """`gateway-<hostname>-<key>` unless set. Two clients of one id throw each other out. `-simulated` is added where `simulate` is."""
    keepalive_s: int = Field(default=30, ge=1, le=65535)
    session_expiry_s: int = Field(default=7 * 86400, ge=0, le=0xFFFFFFFE)
    """How long the broker keeps commands for us while we are away (MQTT 5 only)."""

    username: str = ""
    password_file: str = ""
    """A file that holds the password and nothing else: an absolute path, or the name of a systemd credential."""

    tls: bool = False
    ca_file: str = ""
    """Whose certificates to trust; the system's unless set."""
    cert_file: str = ""
    key_file: str = ""

    prefix: str = ""
    """Topics of the gateway's own begin with it; `gateway/<hostname>` unless set."""
    status_topic: str = ""
    """Where "online" and "offline" are kept; `<prefix>/status` unless set."""
    commands: bool | list[ActorPattern] = True
    """Whether `<prefix>/tell/…` and `<prefix>/ask/…` are listened to: who may publish there may do anything. A list: whom they may tell
    and ask, by patterns of ids and verbs (`toggle/*`, `gpio/lamp@switch`); others get the refusal for an answer."""
    subscribe: list[Subscription] = Field(default=[], max_length=1000)

    connected_to: str = ""
    """Id of an actor that gets `connected` each time the broker has taken us, which may have lost what it kept."""

    in_flight: int = Field(default=256, ge=1, le=1000)
    """How many publishes may be without their PUBACK; the broker may allow fewer."""
    receive_maximum: int = Field(default=500, ge=1, le=1000)
    """How many messages the broker may send before the first of them is on disk and acknowledged (MQTT 5); and how many may wait for room
    in the gateway before nothing is read from the broker."""
    max_packet_bytes: int = Field(default=262_144, ge=1024, le=16_777_216)
    """Larger messages are never held in memory. An MQTT 5 broker is told, and drops them; what comes all the same is refused."""
    message_ids: bool = True
    """Whether each publish carries its message's id as the user property `id` (MQTT 5)."""

    ack_timeout_s: float = Field(default=30.0, gt=0)
    """How long the broker may leave a publish without its PUBACK before the connection is made anew."""
    reconnect_min_s: float = Field(default=1.0, gt=0)
    reconnect_max_s: float = Field(default=60.0, gt=0)

    simulate: bool | MqttSimulation = False
    """True: the gateway is a simulated one, and shares neither its client id nor a topic with a real one."""

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        return check_host(host)

    @field_validator("prefix", "status_topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        return check_topic(topic) if topic else topic

    @model_validator(mode="after")
    def _names_whose_password(self) -> Self:
        if self.password_file and not self.username:
            raise ValueError("'password_file' is set and 'username' is not; set both")
        return self

    @model_validator(mode="after")
    def _has_tls_for_its_files(self) -> Self:
        if (self.ca_file or self.cert_file) and not self.tls:
            raise ValueError("'ca_file' and 'cert_file' need TLS; set tls = true")
        return self

    @model_validator(mode="after")
    def _has_a_key_for_its_certificate(self) -> Self:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("'cert_file' and 'key_file' belong together; set both or neither")
        return self

    @model_validator(mode="after")
    def _each_subscription_hears(self) -> Self:
        places: dict[tuple[str, str, str], int] = {}
        wide: dict[str, int] = {}
        for n, one in enumerate(self.subscribe, 1):
            m = places.setdefault((one.topic, one.to, one.verb), n)
            if m != n:
                raise ValueError(f"'subscribe' {n} is the same as {m}: each message would be told twice; take one out")
            over = next((topic for topic in wide if topic != one.topic and covers(topic, one.topic)), "")
            if over and not self.v5:
                raise ValueError(
                    f"'subscribe' {n} ({one.topic!r}) would hear nothing: {wide[over]} ({over!r}) takes all of it on MQTT 3.1.1; "
                    f'put it before that one, or set protocol = "5"'
                )
            if not self.v5 and ("+" in one.topic or "#" in one.topic):
                wide.setdefault(one.topic, n)
        return self

    @model_validator(mode="after")
    def _waits_longer_and_longer(self) -> Self:
        check_order(self, "reconnect_min_s", "reconnect_max_s")
        return self

    def servers(self) -> dict[str, tuple[str, int]]:
        return {"host": (self.host, self.port_number)}

    def claims(self) -> dict[str, str]:
        """The client id, where one is set: only one actor may have it at its broker."""
        return {"client_id": f"MQTT client {self.client_id} at {plain_host(self.host)}:{self.port_number}"} if self.client_id else {}

    def addresses(self) -> list[tuple[str, str, str]]:
        """The actors that the subscriptions send to, and whoever hears of each connection."""
        told = [("connected_to", self.connected_to, "connected")] if self.connected_to else []
        return told + [(f"subscribe.{n}.to", subscription.to, subscription.sends) for n, subscription in enumerate(self.subscribe)]

    def heard(self) -> list[tuple[str, str, str]]:
        """The filters of the subscriptions, and whom each tells."""
        return [(f"subscribe.{n}.topic", without_share(one.topic), one.to) for n, one in enumerate(self.subscribe)]

    def patterns(self) -> list[tuple[str, str]]:
        """Whom commands may be for."""
        return [] if isinstance(self.commands, bool) else [(f"commands.{n}", one) for n, one in enumerate(self.commands)]

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
        """What the subscriptions say to their codecs."""
        return [codec_options(one.codec, key=f"subscribe.{n}.codec") for n, one in enumerate(self.subscribe)]

    def given(self, me: str) -> list[Given]:
        """What whoever the subscriptions report to gets of them."""
        del me
        return [one.given for one in self.subscribe if one.sends == REPORT and one.reads]

    def points(self, me: str) -> Said:
        """The values of whoever the subscriptions report to."""
        del me
        return [(one.to, points_of(one.values)) for one in self.subscribe]

    def broker_names(self, me: str) -> "BrokerNames":
        """What this connection is called, for whoever writes topics that others use."""
        from gateway.actors.points.shown import BrokerNames  # noqa: PLC0415  # for gateways whose devices somebody shows

        names = Names(key_of(me), self)
        status = names.root + self.status_topic if self.status_topic else f"{names.prefix}/status"
        online, offline = ("online", "offline") if self.simulation is None else ("online, simulated", "offline, simulated")
        return BrokerNames(id=me, prefix=names.prefix, root=names.root, status=status, online=online, offline=offline)

    def files(self) -> dict[str, str]:
        """The password and the certificates; what systemd hands to the unit is seen by the unit only."""
        named = {key: getattr(self, key) for key in ("password_file", "ca_file", "cert_file", "key_file")}
        return {key: path for key, path in named.items() if path.startswith("/")}

    def lacks(self) -> dict[str, str]:
        """What is wrong with the certificates, with the password, a line, and with topics: a level without a name."""
        from devices.tls import file_faults  # noqa: PLC0415  # for `gateway check` only

        found = file_faults(self.ca_file, self.cert_file, self.key_file) if self.tls else {}
        topics = {key: text for key in ("prefix", "status_topic") if (topic := getattr(self, key)) and (text := with_empty_level(topic))}
        return found | secret_faults({"password_file": self.password_file}, what="a password") | topics

    def notes(self) -> dict[str, str]:
        """Who else may read the password."""
        return secret_notes({"password_file": self.password_file})

    @property
    def port_number(self) -> int:
        """The broker's port; where none is set, that of the protocol."""
        return self.port or (8883 if self.tls else 1883)

    @property
    def address(self) -> str:
        """The broker's `host:port`, for people."""
        return f"{self.host}:{self.port_number}"

    @property
    def v5(self) -> bool:
        """Whether this connection speaks MQTT 5."""
        return self.protocol == "5"

    @property
    def simulation(self) -> MqttSimulation | None:
        """How this connection is kept apart from real gateways; None where it is a real one."""
        return simulation(self.simulate, MqttSimulation)


_CLIENT_ID_AT_MOST = 128
_MARK = "-simulated"


class Names:
    """The names of one connection: what it is called at the broker, and what its topics begin with.

    A simulated gateway has names of its own whatever the file says: that was written for the real one, whose commands the broker keeps
    under its client id, and whose kept values stand under its topics.
    """

    def __init__(self, key: str, settings: MqttSettings, hostname: str = "") -> None:
        host = re.sub(r"[^A-Za-z0-9._-]", "-", hostname or socket.gethostname())
        client_id = settings.client_id or f"gateway-{host}-{key}"[:_CLIENT_ID_AT_MOST]
        simulation = settings.simulation
        self.section = f"mqtt.{key}"
        self.client_id = client_id if simulation is None else client_id[: _CLIENT_ID_AT_MOST - len(_MARK)] + _MARK
        self.root = "" if simulation is None else f"{simulation.root}/"
        """Stands in front of every topic that is published."""
        self.prefix = self.root + (settings.prefix or f"gateway/{host}")
        """What {prefix} stands for at the beginning of a topic."""
