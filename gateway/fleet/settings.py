"""What `[link]` takes: the database through which this gateway and others write to each other, and what is served elsewhere."""

import socket
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from gateway.actors import Settings
from gateway.actors.ids import RESERVED, is_key
from gateway.config import Configuration
from gateway.config.sections import check_has_no_password, database_servers
from gateway.service.sent_bound import SentBound

_Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class LinkSettings(Settings):
    """The settings of the link. A gateway has one."""

    url: str
    """The PostgreSQL database, the same for all: "postgresql://gateway@db.local/gateway"."""
    password_file: str = ""
    """A file that holds the password of the database's user, and nothing else: an absolute path; empty: there is none."""
    host: str = Field(default_factory=socket.gethostname)
    """What the others call this host; each has another name. What it calls serial/gps is host/NAME/serial/gps for them."""
    kinds: list[_Kind] = Field(default=[], max_length=256)
    """The kinds of ordinary actors that are served by the hosts that share the database, and not here."""
    serves: bool = False
    """Whether this host is one of those that serve them: each of those has some of the actors, and all have them together."""

    @field_validator("host")
    @classmethod
    def _is_key(cls, host: str) -> str:
        if not is_key(host):
            raise ValueError(f"{host!r} cannot be part of an id; take letters, digits and . _ ~ : @ = , -")
        return host

    mailbox_messages: int = Field(default=100_000, ge=1)
    """How many messages may be on their way in the database to one host, or one group of shared actors; then the oldest telemetry gives
    way, and whoever sends other things there waits. The same on all hosts."""
    mailbox_mb: int = Field(default=64, ge=1)
    """How many megabytes of them."""
    simulate: bool = False
    """True: this gateway is linked with simulated ones only, in a part of the database of their own; as it is where all is simulated."""

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("write postgresql://USER@HOST/DATABASE")
        return check_has_no_password(url)

    @model_validator(mode="after")
    def _can_be_elsewhere(self) -> Self:
        if own := sorted({"link", "control", *RESERVED} & set(self.kinds)):
            raise ValueError(f"kinds: {own[0]!r} belongs to each host; take it out")
        return self

    @model_validator(mode="after")
    def _serves_something(self) -> Self:
        if self.serves and not self.kinds:
            raise ValueError('serves: say what, as in kinds = ["trip"]')
        return self

    @property
    def password_path(self) -> Path | None:
        """The file that holds the password; None where there is none."""
        return Path(self.password_file) if self.password_file else None

    def shared(self) -> dict[str, str]:
        return {f"kinds.{at}": kind for at, kind in enumerate(self.kinds)}

    def kept_for_life(self) -> list[str]:
        """Those that are shared, where this host serves them: a life of what serves them keeps to one database, one name and one code."""
        return self.kinds if self.serves else []

    def bound(self) -> SentBound:
        """The bound of what is on its way to others."""
        return SentBound(self.mailbox_messages, self.mailbox_mb * 1024 * 1024)

    def files(self) -> dict[str, str]:
        return {"password_file": self.password_file} if self.password_file else {}

    def servers(self) -> dict[str, tuple[str, int]]:
        """That of the database."""
        return database_servers(self.url)

    def lacks(self) -> dict[str, str]:
        """The driver, where it is not installed."""
        from importlib.util import find_spec  # noqa: PLC0415  # for `gateway check` only

        return {} if find_spec("psycopg") else {"url": "psycopg is not installed; pip install 'psycopg[binary]'"}


def link_of(configuration: Configuration) -> LinkSettings | None:
    """The settings of the link of a configuration; None where it has none."""
    return next((part.settings for part in configuration.host_bound if isinstance(part.settings, LinkSettings)), None)
