"""What `[http.NAME]` takes: a page that is read every so often, and what its answer means."""

from typing import Literal, Self

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from devices.codecs.choice import Chosen, check_codec, choice_of, codec_options
from devices.codecs.installed import codec_class
from devices.link import PolledSettings
from devices.url_settings import UrlSettings
from devices.urls import TOKEN
from gateway.actors.points import ValueTable, check_values, points_of
from gateway.actors.points.point import Said
from gateway.actors.templates import fields_of


class HttpSettings(UrlSettings, PolledSettings):
    """The settings of one page of somebody else's server."""

    codec: Chosen = "json"
    """What the answer means: the name of a codec that reads values, or a table with its name and its options."""
    values: ValueTable = {}
    """What the values of a report are, by their names: from which field, in which unit, within which range."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether fields that `values` does not name are values too."""
    timeout_s: float = Field(default=5.0, gt=0, le=30)
    """How long one request may take, from the connection to the answer's end."""
    max_answer_bytes: int = Field(default=65536, ge=16, le=4 << 20)
    """A longer answer is a fault, and not read to its end."""

    @property
    def is_simulated(self) -> bool:
        return bool(self.simulate)

    @property
    def placed(self) -> bool:
        """Whether it is said where the token stands."""
        return any(TOKEN in text for text in (self.url, *self.headers.values()))

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, JsonValue]]]:
        """What the file says to the codec."""
        return [codec_options(self.codec)]

    def points(self, me: str) -> Said:
        """The values of whoever it reports to."""
        del me
        return [(self.to, points_of(self.values))] if self.to else []

    @field_validator("headers")
    @classmethod
    def _have_no_field_but_the_token(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            for odd in fields_of(value.replace(TOKEN, "")):
                raise ValueError(f"{name}: {{{odd}}} stands for nothing here; did you mean {TOKEN}?")
        return headers

    @model_validator(mode="after")
    def _has_the_token_it_names(self) -> Self:
        if not self.token_file and self.placed:
            raise ValueError(f"{TOKEN} stands for the content of a file; add token_file")
        return self

    @model_validator(mode="after")
    def _reads_values(self) -> Self:
        check_codec(self.codec)
        name = choice_of(self.codec).name
        if codec_class(name).verb != "report":
            raise ValueError(f"codec: {name!r} reads no values; write json, csv, keyvalue, regex, number or onoff")
        check_values(self.values)
        return self
