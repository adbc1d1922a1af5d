"""What an actor that shows itself on a broker takes from the configuration: where, and under which topic.

What is published is retained: whoever subscribes later sees at once how things stand.
"""

from functools import lru_cache
from typing import Any

from pydantic import Field, field_validator

from gateway.actors import Settings, Stage
from gateway.actors.ids import check_id_or_none, key_of
from gateway.actors.templates import check_topic, filled, with_empty_level
from gateway.actors.vocabulary import PREFIX, Publish

PUBLISHER = "mqtt/main"
"""Who publishes, unless the file says otherwise."""


class Publishing(Settings):
    """Settings of an actor that publishes what it knows: subclass it, and give `topic` a default."""

    publish_to: str = PUBLISHER
    """Id of the actor that publishes; empty: nothing is published."""
    topic: str = Field(max_length=512)
    """The topic; `{key}` stands for the actor's key, `{id}` for its whole id. One of them, or all actors would share one topic. `{prefix}/`
    before it is the prefix of the connection that publishes, by which two gateways at one broker are told apart."""

    @field_validator("publish_to")
    @classmethod
    def _is_id(cls, text: str) -> str:
        return check_id_or_none(text)

    @field_validator("topic")
    @classmethod
    def _is_template(cls, text: str) -> str:
        return check_topic(text, ("key", "id"), before=PREFIX, needs=True)

    def topic_of(self, me: str) -> str:
        """The topic under which one actor publishes."""
        return _filled(self.topic, me)

    def publish(self, stage: Stage[Any], fields: dict[str, Any], *, under: str = "") -> None:
        """Stage a retained publish of `fields` as JSON, under the actor's topic and `under` (as in "/status")."""
        if self.publish_to:
            self._stage(stage, fields, under)

    def clear(self, stage: Stage[Any], *, under: str = "") -> None:
        """Stage a publish with an empty body, which removes what the broker retained."""
        if self.publish_to:
            self._stage(stage, "", under)

    def published(self, me: str) -> list[tuple[str, str]]:
        """What an actor knows, under its topic."""
        return [(self.publish_to, filled(self.topic, {"key": key_of(me), "id": me}))] if self.publish_to and "/" in me else []

    def lacks(self) -> dict[str, str]:
        """A topic with a level that has no name."""
        why = with_empty_level(self.topic) if self.publish_to else ""
        return {"topic": why} if why else {}

    def addresses(self) -> list[tuple[str, str, str]]:
        """The actor that publishes, if there is one."""
        return [("publish_to", self.publish_to, "publish")] if self.publish_to else []

    def _stage(self, stage: Stage[Any], body: str | dict[str, Any], under: str) -> None:
        stage.tell(self.publish_to, "publish", Publish(topic=self.topic_of(stage.me) + under, body=body, retain=True))


@lru_cache(maxsize=4096)
def _filled(template: str, me: str) -> str:
    """A topic template with the actor's names filled in; kept in a cache, for it is needed at every publish."""
    return filled(template, {"key": key_of(me), "id": me})
