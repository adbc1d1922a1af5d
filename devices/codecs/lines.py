"""Where lines begin and end, what they mean, and who hears of them: the settings that every input of lines has, a port as
a program."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from devices.addresses import check_template
from devices.codecs.choice import Chosen, check_choices, choice_of, codec_options, fields_found, framing_options, given_by, usual_framing
from devices.codecs.installed import codec_class
from gateway.actors import Settings
from gateway.actors.points import ValueTable, check_values, points_of
from gateway.actors.points.point import Given, Said
from gateway.actors.templates import fields_of


class LineSettings(Settings):
    """The settings of an input whose lines a codec reads."""

    codec: Chosen
    """What its frames mean: the name of a codec, or a table with its name and its options."""
    framing: Chosen | None = None
    """Where its frames begin and end: the name of a framing, or a table with its name and its options. Unset: what its codec needs, else
    `lf`."""
    to: str = Field(max_length=256)
    """Actor id that hears of each line; with a codec that finds fields it may hold {fields} of the line: `twin/{device}`."""
    verb: str = ""
    """Default: what the codec says of it, `report` for json, `position` for nmea, `line` for text."""
    payload: Literal["report", "fields"] | None = None
    """Send a Report of the line's scalar fields, or all fields as they are. Default: a report for the verb `report`."""
    values: ValueTable = {}
    """What the values of a report are, by their names: from which field, in which unit, within which range."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether fields that `values` does not name are values too."""
    max_line_bytes: int = Field(default=4096, ge=16, le=65536)
    max_depth: int = Field(default=8, ge=1, le=64)
    """How deep a JSON line may be nested."""

    @property
    def sends(self) -> str:
        """The verb under which lines are sent."""
        return self.verb or codec_class(self.codec_name).verb

    @property
    def codec_name(self) -> str:
        """The name of the codec."""
        return choice_of(self.codec).name

    @property
    def framed(self) -> Chosen:
        """The framing that the file names, or the usual one of the codec."""
        return usual_framing(self.codec) if self.framing is None else self.framing

    @property
    def as_report(self) -> bool:
        """Whether the fields of a line are sent as a Report."""
        return self.payload == "report" or (self.payload is None and self.sends == "report")

    def addresses(self) -> list[tuple[str, str, str]]:
        return [("to", self.to, self.sends)]

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, Any]]]:
        return [codec_options(self.codec), framing_options(self.framed)]

    def given(self, me: str) -> list[Given]:
        """What whoever it reports to gets by the codec and the table."""
        del me
        return [given_by(self.to, self.codec, self.values, unmapped=self.unmapped == "take")] if self.as_report else []

    def points(self, me: str) -> Said:
        """The values of whoever it reports to."""
        del me
        return [(self.to, points_of(self.values))]

    @field_validator("to")
    @classmethod
    def _is_address(cls, to: str) -> str:
        return check_template(to)

    @model_validator(mode="after")
    def _has_a_codec_with_fields(self) -> Self:
        check_choices(codec=self.codec, framing=self.framing)
        if codec_class(self.codec_name).verb != "report" and fields_of(self.to):
            raise ValueError(f'to: {{fields}} need codec = "json"; a line of codec "{self.codec_name}" has none')
        found = fields_found(self.codec) if fields_of(self.to) else None
        if found is not None and (odd := next((name for name in fields_of(self.to) if name not in found), "")):
            raise ValueError(f"to: codec {self.codec_name!r} finds no field {odd!r} in a line, only {', '.join(found)}; write the id whole")
        return self

    @model_validator(mode="after")
    def _reports_its_values(self) -> Self:
        check_values(self.values)
        for key in ("values", "unmapped"):
            if key in self.model_fields_set and not self.as_report:
                raise ValueError(f"{key}: is for reports, and this sends {self.sends!r}; take it out, or have it report")
        return self
