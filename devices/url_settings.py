"""What a section takes that speaks to somebody's HTTP server: the address, the secret, the certificates."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from devices.credentials import secret_faults, secret_notes
from devices.urls import check_header, check_url, is_in_clear, server_of
from gateway.actors import Settings


class UrlSettings(Settings):
    """The settings of whatever makes requests to one URL: derive from it, and say whether it `is_simulated`."""

    url: str = Field(default="", max_length=2048)
    """https://host/path; {token} in it stands for the content of token_file, and no other brace may be in it."""
    token_file: str = ""
    """A file that holds a secret and nothing else: an absolute path, or the name of a systemd credential. It goes where {token} stands in
    the url, in a header or in a body; where it stands nowhere, as `Authorization: Bearer`."""
    headers: dict[str, str] = Field(default={}, max_length=50)
    """Further headers of each request."""
    ca_file: str = ""
    """Whose certificates to trust; the system's unless set."""

    @property
    def is_simulated(self) -> bool:
        """Whether no request leaves this host."""
        raise NotImplementedError

    @property
    def in_clear(self) -> bool:
        """Whether what is asked and answered can be read on its way, because the address is no https."""
        return is_in_clear(self.url)

    def servers(self) -> dict[str, tuple[str, int]]:
        return {} if self.is_simulated else server_of(self.url)

    def files(self) -> dict[str, str]:
        """The token and the certificates; what systemd hands to the unit is seen by the unit only."""
        return {key: path for key, path in (("token_file", self.token_file), ("ca_file", self.ca_file)) if path.startswith("/")}

    def lacks(self) -> dict[str, str]:
        """What is wrong with the certificates, and with the token: a line."""
        from devices.tls import file_faults  # noqa: PLC0415  # for `gateway check` only

        return file_faults(self.ca_file) | secret_faults({"token_file": self.token_file}, what="a token")

    def notes(self) -> dict[str, str]:
        """Who else may read the token."""
        return secret_notes({"token_file": self.token_file})

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
    def _has_an_address(self) -> Self:
        if not self.url and not self.is_simulated:
            raise ValueError('url is missing; write url = "https://…", or simulate = true')
        if self.ca_file and not self.url.startswith("https:"):
            raise ValueError("'ca_file' needs TLS; write https:// in 'url'")
        return self
