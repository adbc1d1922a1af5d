"""Notices: what somebody is to be told, on its way from who noticed it to whoever is told.

An alarm sends one along a route; `contacts/home`, verb `whom`, is a stop of it: it fills in `recipients` from its contacts and
forwards it. The stop behind tells each recipient, by its channel.
"""

import enum
from typing import Self

from pydantic import Field, model_validator

from gateway.actors import Payload
from gateway.actors.ids import check_id, kind_of
from gateway.actors.models import Model
from gateway.actors.vocabulary import Scalar


class Channel(enum.Enum):
    """How a recipient is told."""

    MQTT = "mqtt"
    """`address` is a topic."""
    WEBHOOK = "webhook"
    """`address` is the id of a webhook: `webhook/alerts`."""


class ContactAddress(Model):
    """Where one contact wants to be told."""

    channel: Channel = Channel.MQTT
    address: str = Field(min_length=1, max_length=1024)
    """A topic, or an actor id, as the channel says."""

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if self.channel is Channel.WEBHOOK and kind_of(check_id(self.address)) != "webhook":
            raise ValueError(f"cannot tell anybody by {self.address!r}: it is no webhook; write webhook/NAME")
        if self.channel is Channel.MQTT and any(character in self.address for character in "+#\0"):
            raise ValueError(f"cannot tell anybody under {self.address!r}: a topic to publish to has no + and no #")
        return self


class Recipient(ContactAddress):
    """Somebody who must be told, and where."""

    name: str = Field(min_length=1, max_length=256)


class Notice(Payload):
    """Payload of the verb `whom` of `contacts/*`, and of whoever tells the recipients: what people must be told."""

    subject: str = Field(default="", max_length=256)
    """One line."""
    text: str = Field(default="", max_length=65536)
    user: str = Field(default="", max_length=128)
    """Whose contacts are to be told: a key such as `ann`; empty: those of every user."""
    group: str = Field(default="", max_length=128)
    """Only contacts of this group; empty: all."""
    recipients: tuple[Recipient, ...] = ()
    """Who is to be told; those that stand here already stay, each once."""
    fields: dict[str, Scalar] = {}
    """Facts for programs: `{"alarm": "frost", "temperature_c": -3.5}`."""
