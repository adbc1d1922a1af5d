"""The gateway's own sections of the file: [gateway], [store] and [runtime]. Units stand in the names of the keys."""

import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from gateway.actors import Settings
from gateway.actors.ids import is_key

_AbsolutePath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
"""Absolute from here on: a library of a device may change the working directory."""


_PASSWORD = re.compile(r"://[^/@:]*:[^/@]*@|[?&]password=")
"""In a URL; each part of it ends where the next one begins."""
_POSTGRES_PORT = 5432
_OF_A_FILE = {
    "max_mb": "how large a database may become is for its server to say",
    "budget_mb_a_day": "how much a database writes is its server's affair",
    "ballast_mb": "the disk of a database is its server's",
    "backups_kept": "a database is backed up by its own tools (pg_dump, pg_basebackup)",
}
"""Keys that say nothing of a database, and what does."""


def check_has_no_password(url: str) -> str:
    """Return the URL of a database; raise ValueError where a password stands in it."""
    if _PASSWORD.search(url):
        raise ValueError("a password does not belong in this file; write it into one of its own, and say its name: 'password_file'")
    return url


def database_servers(url: str) -> dict[str, tuple[str, int]]:
    """The server in the URL of a database, by the key `url`; empty where that names several, one of which is enough, or a socket here."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and "," not in parts.netloc and "%" not in parts.hostname:
            return {"url": (parts.hostname, parts.port or _POSTGRES_PORT)}
    return {}


def _in_directory(variable: str, name: str) -> Path:
    """The path of `name` in the directory that systemd gave us, else in var/ of the working directory."""
    given = os.environ.get(variable, "").split(":")[0]
    return (Path(given) if given else Path("var")).absolute() / name


class GatewaySettings(Settings):
    """Section [gateway]: what concerns the daemon as a whole."""

    name: str = Field(default_factory=socket.gethostname)
    """What this gateway calls itself in `gateway show`: letters, digits and . _ ~ : @ = , - (default: the host's name)."""
    simulate: bool = False
    """True: every device that can be is simulated, no hardware is touched, and nothing is shared with a real gateway."""
    control_socket: _AbsolutePath = Field(default_factory=lambda: _in_directory("RUNTIME_DIRECTORY", "gateway.sock"))
    """Where the command line finds the daemon (default: $RUNTIME_DIRECTORY/gateway.sock, else var/gateway.sock)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    reload_probation_s: float = Field(default=60.0, ge=0, le=3600)
    """Seconds after a reload in which it is taken back if a broker or a device that was well before it is lost; 0: it never is."""
    actors: str = "actors"
    """A folder with actors of one's own, whose *.py are loaded; relative to this file. The one of the default may be absent."""

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not is_key(name):
            raise ValueError(f"cannot use {name[:128]!r} as a name: write letters, digits and . _ ~ : @ = , - (128 at most)")
        return name


class StoreSettings(Settings):
    """Section [store]: what is on disk, and how much of it."""

    path: _AbsolutePath = Field(default_factory=lambda: _in_directory("STATE_DIRECTORY", "gateway.db"))
    """The file (default: $STATE_DIRECTORY/gateway.db, else var/gateway.db; of a simulated gateway in a folder simulated there)."""
    url: str = ""
    """A PostgreSQL database in place of the file: "postgresql://gateway@db.local/gateway"; empty: the file."""
    password_file: Annotated[str, AfterValidator(lambda path: str(Path(path).expanduser().absolute()) if path else "")] = ""
    """A file that holds the password of the database's user, and nothing else; empty: there is none, or libpq's own ways have it."""
    loss_window_s: float = Field(default=0.0, ge=0, le=60)
    """Seconds of acknowledged messages that a power cut may cost, for less SD wear; 0: none, each has waited for the disk."""
    budget_mb_a_day: int = Field(default=0, ge=0)
    """Megabytes that may be written to the disk in a day; above it, readings of the same come in less often. 0: no budget."""
    max_mb: int = Field(default=1024, ge=0)
    """The most the file may take, in megabytes; the last quarter of it, 64 at most, is a reserve for what came in before. 0: no limit."""
    ballast_mb: int = Field(default=8, ge=0, le=1024)
    """Megabytes kept aside and freed when the disk is full, so that deleting still works; 0: none."""
    dead_letters_kept: int = Field(default=10_000, ge=0)
    """How many dead letters are kept; above it, those that somebody has looked at make room for new ones, and the others stay."""
    dead_letters_mb: int = Field(default=64, ge=1)
    """How many megabytes of dead letters are kept, likewise."""
    ids_kept: int = Field(default=10_000, ge=0)
    """How many message ids are remembered per source, to know a repeated message."""

    backups_kept: int = Field(default=0, ge=0, le=3650)
    """Days: each night the store is backed up into the folder backups beside it, and so many days' backups are kept; 0: none is made."""

    @field_validator("url")
    @classmethod
    def _is_of_postgres(cls, url: str) -> str:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("the URL of a store begins with postgresql://; a file is told by 'path'")
        return check_has_no_password(url)

    @model_validator(mode="after")
    def _fits_a_database(self) -> Self:
        if self.password_file and not self.url:
            raise ValueError("'password_file' is set and 'url' is not; set both")
        for key, instead in _OF_A_FILE.items():
            if self.url and key in self.model_fields_set and getattr(self, key):
                raise ValueError(f"'{key}' is for a file, and 'url' is set; leave one of them out: {instead}")
        return self

    @property
    def where(self) -> str:
        """Where it is, in words: what to look at when it hangs."""
        return f"the database {self.url}" if self.url else f"the disk of {self.path}"

    def servers(self) -> dict[str, tuple[str, int]]:
        """That of the database."""
        return database_servers(self.url)

    def simulated(self) -> Self:
        """These settings for a simulated gateway: where the file does not say where its store is, the store has a folder of its own."""
        if "path" in self.model_fields_set:
            return self
        return self.model_copy(update={"path": self.path.parent / "simulated" / self.path.name})


class RuntimeSettings(Settings):
    """Section [runtime]: how much is held in memory and in mailboxes, and how long closing may take."""

    idle_s: float = Field(default=300.0, gt=0)
    """Seconds without a message after which an ordinary actor leaves memory; its state is kept."""
    active_actors: int = Field(default=10_000, ge=1)
    """How many ordinary actors may be in memory at once."""
    mailbox_messages: int = Field(default=1_000_000, ge=1)
    """How many messages may wait in one mailbox, on disk; then sources wait."""
    mailbox_mb: int = Field(default=512, ge=1)
    """How many megabytes of them."""
    ingress_messages: int = Field(default=500, ge=1)
    """How many messages from outside may be in memory, on their way to their commit; then sources wait."""
    ingress_mb: int = Field(default=16, ge=1)
    """How many megabytes of them."""
    explain_kb: int = Field(default=512, ge=0, le=1024 * 1024)
    """Kilobytes of memory for what `gateway explain` tells from: nearly two thousand turns; 0: nothing is kept."""
    trust_clock: bool = False
    """True: the host's clock is right from the boot on, though neither a time server nor a clock chip vouches for it."""
    close_s: float = Field(default=10.0, ge=0, le=600)
    """Seconds that mail has to drain to its devices when the daemon stops; the rest waits in the store."""


def own_folder(path: str | Path, gateway: GatewaySettings) -> Path | None:
    """The folder of the user's own kinds; None where the file wants none, or there is none of the usual name beside it."""
    folder = Path(path).absolute().parent / Path(gateway.actors).expanduser()
    usual = gateway.actors == GatewaySettings.model_fields["actors"].default
    return folder if gateway.actors and (not usual or may_be_folder(folder)) else None


def may_be_folder(path: Path) -> bool:
    """Whether a path is a folder, or cannot be looked at: then whoever reads it says so."""
    try:
        return path.is_dir()
    except PermissionError:
        return True
