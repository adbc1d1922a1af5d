"""What `[http.NAME]` takes: a page that is read every so often, and what its answer means."""

from typing import Literal, Self

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from devices.codecs.choice import Chosen, check_codec, choice_of, codec_options
from devices.codecs.installed import codec_class
from devices.credentials import secret_faults
from devices.link import PolledSettings
from devices.urls import TOKEN, check_header, check_url, is_in_clear
from gateway.actors.points import ValueTable, check_values, points_of
from gateway.actors.points.point import Said


class HttpSettings(PolledSettings):
    """The settings of one page of somebody else's server."""

    url: str = Field(default="", max_length=2048)
    """https://host/path; {token} in it stands for the content of token_file."""
    codec: Chosen = "json"
    """What the answer means: the name of a codec that reads values, or a table with its name and its options."""
    values: ValueTable = {}
    """What the values of a report are, by their names: from which field, in which unit, within which range."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether fields that `values` does not name are values too."""
    token_file: str = ""
    """A file that holds a secret and nothing else: an absolute path, or the name of a systemd credential. It goes where {token} stands in
    the url or in a header; where it stands nowhere, as `Authorization: Bearer`."""
    headers: dict[str, str] = Field(default={}, max_length=50)
    """Further headers of each request."""
    ca_file: str = ""
    """Whose certificates to trust; the system's unless set."""
    timeout_s: float = Field(default=5.0, gt=0, le=30)
    """How long one request may take, from the connection to the answer's end."""
    max_answer_bytes: int = Field(default=65536, ge=16, le=4 << 20)
    """A longer answer is a fault, and not read to its end."""

    @property
    def placed(self) -> bool:
        """Whether it is said where the token stands."""
        return any(TOKEN in text for text in (self.url, *self.headers.values()))

    @property
    def in_clear(self) -> bool:
        """Whether what is asked and answered can be read on its way."""
        return is_in_clear(self.url)

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, JsonValue]]]:
        """What the file says to the codec."""
        return [codec_options(self.codec)]

    def points(self, me: str) -> Said:
        """The values of whoever it reports to."""
        del me
        return [(self.to, points_of(self.values))] if self.to else []

    def files(self) -> dict[str, str]:
        """The token and the certificates; what systemd hands to the unit is seen by the unit only."""
        return {key: path for key, path in (("token_file", self.token_file), ("ca_file", self.ca_file)) if path.startswith("/")}

    def file_faults(self) -> dict[str, str]:
        """What is wrong with the certificates, and with the token: a line."""
        from devices.tls import file_faults  # noqa: PLC0415  # for `gateway check` only

        return file_faults(self.ca_file) | secret_faults({"token_file": self.token_file}, what="a token")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return check_url(url) if url else url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            check_header(name, value)
        return headers

    @model_validator(mode="after")
    def _has_a_page(self) -> Self:
        if not self.url and not self.simulate:
            raise ValueError('url is missing; write url = "https://…", or simulate = true')
        if self.ca_file and not self.url.startswith("https:"):
            raise ValueError("'ca_file' needs TLS; write https:// in 'url'")
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
