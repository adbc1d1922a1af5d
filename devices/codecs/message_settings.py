"""What a table takes that brings whole messages in, each of a broker or of a request: who hears of it, and what finds the fields in it."""

from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.codecs.choice import Chosen, check_codec, choice_of, given_by
from devices.codecs.installed import codec_class
from gateway.actors.points import ValueTable, check_values
from gateway.actors.points.point import Given
from gateway.actors.templates import fields_of

REPORT = "report"
_LINE = "line"
"""What a port says of a text; one that comes as a message is a value, as a number is."""
_OF_REPORTS = {"value", "values", "unmapped"}


class MessageSettings(BaseModel):
    """The settings of whatever takes messages in: derive from it, and say what `to` may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    for_reports: ClassVar[tuple[str, ...]] = ("values", "unmapped")
    """The keys that only a report has a use for."""

    to: str
    """An actor id."""
    verb: str = ""
    """Default: what the codec says of it: `position` for nmea, where none of the keys of reports stands below; report for all others. One
    that is given without any of the keys below gets the payload as it came."""
    codec: Chosen = "json"
    """What finds the fields in a message: json, csv, number, onoff, text, ...; with options, a table: {name = "csv", delimiter = ";"}."""
    value: str = Field(default="", max_length=128)
    """What the one value of a message is called that has no names in it (number, onoff, text)."""
    values: ValueTable = {}
    """What the values of a report are, by their names: from which field, in which unit, within which range."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether fields that `values` does not name are values too."""

    @model_validator(mode="after")
    def _reports_its_values(self) -> Self:
        check_codec(self.codec)
        check_values(self.values)
        for key in self.for_reports:
            if key in self.model_fields_set and self.sends != REPORT:
                raise ValueError(f"{key}: is for reports, and this sends {self.verb!r}; take it or the verb out")
        return self

    @property
    def given(self) -> Given:
        """What whoever it reports to gets by the codec and the table."""
        given = given_by(self.to, self.codec, self.values, unmapped=self.unmapped == "take")
        if not self.value or self.values:
            return given
        return given._replace(names=given.names | {self.value}, others=given.others or bool(fields_of(self.value)))

    @property
    def reads(self) -> bool:
        """Whether a codec finds the fields in a message."""
        return not self.verb or bool(self.model_fields_set & {"codec", "value", "values", "unmapped"})

    @property
    def sends(self) -> str:
        """The verb under which messages are sent."""
        if self.verb or self.model_fields_set & _OF_REPORTS:
            return self.verb or REPORT
        natural = codec_class(choice_of(self.codec).name).verb
        return REPORT if natural == _LINE else natural
