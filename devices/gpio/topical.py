"""What all have in common that publish how a line stands: the topic, of which the section's name is a part."""

from typing import TYPE_CHECKING

from pydantic import field_validator

from gateway.actors import Settings
from gateway.actors.ids import key_of
from gateway.actors.templates import check_topic, filled
from gateway.actors.vocabulary import PREFIX


class TopicalSettings(Settings):
    """The settings of whatever publishes under one topic: derive from it, and declare `topic` with its default."""

    if TYPE_CHECKING:
        topic: str  # each kind declares it in its place among its keys

    def topic_of(self, me: str) -> str:
        """The topic under which the actor `me` publishes."""
        return filled(self.topic, {"key": key_of(me)})

    @field_validator("topic", check_fields=False)
    @classmethod
    def _is_topic(cls, given: str) -> str:
        return check_topic(given, ("key",), before=PREFIX)
