"""What `[webhook.<key>]` takes: where messages are posted, and as whom."""

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from devices.backoff import check_order
from devices.simulation import simulation
from devices.url_settings import UrlSettings
from devices.urls import TOKEN
from devices.webhook.bodies import FACTS, BodyTemplate
from gateway.actors.templates import check_fields

_FACT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class WebhookSimulation(BaseModel):
    """`[webhook.<key>.simulate]`: a server of our own on the loopback takes the posts, and can be told to fail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fail_every: int = Field(default=0, ge=0)
    """The simulator answers every n-th request with `status`; 0: it answers none so."""
    status: int = Field(default=503, ge=400, le=599)
    answer_after_s: float = Field(default=0.0, ge=0, le=3600)
    """Seconds until it answers."""


class WebhookSettings(UrlSettings):
    """The settings of one webhook: an address that takes HTTP POSTs."""

    headers: dict[str, str] = Field(default={}, max_length=50)
    """Further headers of each request; a template, as `body` is."""
    body: str | dict[str, JsonValue] = ""
    """What is posted, as the server wants it: a table becomes JSON, a text goes as it is. {subject}, {text}, {name} (the sender's key),
    {sender}, {id}, {user}, {group}, {fields} and {recipients} stand for what the message says. Empty: all of it, as JSON of our own."""
    content_type: str = Field(default="", pattern=r"^([!#$&^_.+A-Za-z0-9-]+/[ -~]{1,127})?$")
    """The type of `body`; application/json for a table and text/plain for a text unless set. A table can be a form, too:
    application/x-www-form-urlencoded."""
    facts: dict[str, bool | int | float | str] = Field(default={}, max_length=64)
    """Further fields of `body` and of headers, from the message's own `fields`, by name; each with what stands where a message has none."""
    timeout_s: float = Field(default=10.0, gt=0, le=300)
    """How long one request may take, from the connection to the answer's end."""
    in_flight: int = Field(default=4, ge=1, le=16)
    """How many requests may be under way at once; with 1 they go in order, but for one that the server fails."""
    retry_min_s: float = Field(default=1.0, gt=0)
    """The first wait before a request is made again; doubled each time."""
    retry_max_s: float = Field(default=300.0, gt=0)
    simulate: bool | WebhookSimulation = False
    """True: nothing leaves this host; a server of our own takes the posts."""

    @field_validator("facts")
    @classmethod
    def _are_facts(cls, facts: dict[str, bool | int | float | str]) -> dict[str, bool | int | float | str]:
        for name in facts:
            if name == "token" or not _FACT.fullmatch(name):
                raise ValueError(f"{name[:40]!r} cannot be the name of a fact; use letters, digits and _, and not token")
        return facts

    @model_validator(mode="after")
    def _knows_its_fields(self) -> Self:
        wrong = []
        known = (*FACTS, *(name for name in self.facts if name not in FACTS), "token")
        try:
            if template := self.template:
                template.check(known)
        except ValueError as error:
            wrong.append(f"body: {error}")
        if self.content_type and not self.body:
            wrong.append("content_type: it is that of 'body'; write a body, or leave it out")
        for name, value in self.headers.items():
            try:
                check_fields(value, known, what="a header")
            except ValueError as error:
                wrong.append(f"headers.{name}: {error}")
        if wrong:
            raise ValueError(
                "\n".join(f"{line}; one of the message's own, name in 'facts'" if "stands for nothing" in line else line for line in wrong)
            )
        return self

    @property
    def template(self) -> BodyTemplate | None:
        """What a message is written as; None where it goes as JSON of our own."""
        return BodyTemplate(self.body, self.content_type) if self.body else None

    @property
    def places_token(self) -> bool:
        """Whether it is said where the token stands."""
        template = self.template
        return any(TOKEN in text for text in (self.url, *self.headers.values())) or (template is not None and template.needs_token)

    @model_validator(mode="after")
    def _has_the_token_it_names(self) -> Self:
        if not self.token_file and self.places_token:
            raise ValueError(f"{TOKEN} stands for the content of a file; add token_file")
        return self

    @model_validator(mode="after")
    def _waits_longer_and_longer(self) -> Self:
        check_order(self, "retry_min_s", "retry_max_s")
        return self

    @property
    def simulation(self) -> WebhookSimulation | None:
        """How the webhook is simulated; None where it is not."""
        return simulation(self.simulate, WebhookSimulation)

    @property
    def is_simulated(self) -> bool:
        return self.simulation is not None
