"""What `[web]` takes: where the server listens, whose requests it answers, and how much of them."""

import ipaddress
import re
from typing import Self

from pydantic import BaseModel, Field, JsonValue, field_validator, model_validator

from devices.addresses import check_template
from devices.codecs.choice import codec_options
from devices.codecs.message_settings import REPORT, MessageSettings
from devices.credentials import secret_faults, secret_notes
from gateway.actors import Settings
from gateway.actors.ids import is_key
from gateway.actors.points import points_of
from gateway.actors.points.point import Given, Said
from gateway.actors.templates import fields_of

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/\s]*):(?P<port>[0-9]{1,5})")
_TILES = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/(?=[^{}]*\{z\})(?=.*\{x\})(?=.*\{y\})[A-Za-z0-9._~/?&=+%{}@-]*")
_IN_HOSTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_:")


class IngestSettings(MessageSettings):
    """`[web.in.NAME]`: what is posted to api/in/NAME goes to the actor `to`. With a verb alone the JSON is the verb's payload; else a codec
    finds the fields in it, and they are reported."""

    for_reports = ("values", "unmapped", "value")

    to: str
    """An actor id; {field} is a field of what is posted."""

    @field_validator("to")
    @classmethod
    def _is_template(cls, to: str) -> str:
        return check_template(to)

    @model_validator(mode="after")
    def _has_the_fields_of_its_address(self) -> Self:
        if not self.reads and fields_of(self.to):
            raise ValueError(f"to: {{{fields_of(self.to)[0]}}} is a field that a codec finds; add codec, or write the id whole")
        return self


class WebSettings(Settings):
    """The settings of the web server. A gateway has one."""

    listen: str = "127.0.0.1:8080"
    """The address and the port. 0.0.0.0 or [::] is every network of this host, and wants a token; port 0: any that is free."""
    token_file: str = ""
    """A file that holds the token of who may do everything: an absolute path, or the name of a systemd credential."""
    read_token_file: str = ""
    """Likewise, of who may look at everything and change nothing."""
    hosts: list[str] = Field(default=[], max_length=64)
    """Names under which browsers may reach this server, beside those of this host: that of the proxy in front of it, for example."""
    connections: int = Field(default=256, ge=4, le=4096)
    """How many connections are taken at once; one more is closed."""
    requests: int = Field(default=64, ge=1, le=400)
    """How many requests may be with the gateway at once; one more is answered 503."""
    streams: int = Field(default=200, ge=1, le=4000)
    """How many event streams may be open at once; one more is answered 503."""
    max_body_bytes: int = Field(default=262_144, ge=64, le=4 << 20)
    """A longer body is answered 413, and not read to its end."""
    head_s: float = Field(default=10.0, gt=0, le=300)
    """Seconds that a request's head may take to come, and its body likewise; who takes nothing of an answer for so long is cut."""
    session_s: float = Field(default=30 * 86_400.0, ge=60, le=365 * 86_400)
    """Seconds for which a browser stays logged in."""
    map_tiles: str = Field(default="", max_length=512)
    """Where the maps of trips come from: "https://tiles.example/{z}/{x}/{y}.png". Empty: a way is drawn on a grid, and nobody is asked."""
    map_attribution: str = Field(default="", max_length=200)
    """What the owner of the maps wants to be named with."""

    @field_validator("map_tiles")
    @classmethod
    def _is_tiles(cls, tiles: str) -> str:
        if tiles and not _TILES.fullmatch(tiles):
            raise ValueError(f'{tiles[:80]!r} is no address of tiles; write "https://tiles.example/{{z}}/{{x}}/{{y}}.png"')
        return tiles

    entrances: dict[str, IngestSettings] = Field(default={}, alias="in", max_length=100)
    """`[web.in.NAME]`: what devices and programs may post, by the last part of its path, api/in/NAME."""

    @field_validator("entrances")
    @classmethod
    def _are_keys(cls, entrances: dict[str, IngestSettings]) -> dict[str, IngestSettings]:
        for name in entrances:
            if not is_key(name):
                raise ValueError(f"{name}: no name for a path; use letters, digits and . _ ~ : @ = , - (128 at most)")
        return entrances

    @field_validator("listen")
    @classmethod
    def _is_listen(cls, listen: str) -> str:
        found = _LISTEN.fullmatch(listen)
        if found is None or int(found["port"]) > 65_535:
            raise ValueError(f'{listen[:80]!r} is no address with a port; write "127.0.0.1:8080", or "0.0.0.0:8080" for all networks')
        return listen

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if not (0 < len(host) <= 253 and _IN_HOSTS.issuperset(host.lower())) or host.count(":") == 1:
                raise ValueError(f"{host[:80]!r} is no name of a host; write it without http://, port and path")
        return hosts

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if not self.is_loopback and not (self.token_file or self.read_token_file):
            raise ValueError(
                f"listen: {self.listen} can be reached from other computers, and no token keeps them out; "
                "add token_file, read_token_file or both, or listen at 127.0.0.1"
            )
        if self.token_file and self.token_file == self.read_token_file:
            raise ValueError("read_token_file: is the file of token_file, too; who may only read needs a token of their own")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port to listen at."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this computer reach the server."""
        return is_loopback(self.address[0])

    def claims(self) -> dict[str, str]:
        return {"listen": f"the port {self.address[1]}"} if self.address[1] else {}

    def addresses(self) -> list[tuple[str, str, str]]:
        return [(f"in.{name}.to", one.to, one.sends) for name, one in self.entrances.items()]

    def options(self) -> list[tuple[str, type[BaseModel], dict[str, JsonValue]]]:
        """What the file says to the codec of each entrance."""
        return [codec_options(one.codec, key=f"in.{name}.codec") for name, one in self.entrances.items()]

    def points(self, me: str) -> Said:
        """The values of whoever an entrance reports to."""
        del me
        return [(one.to, points_of(one.values)) for one in self.entrances.values() if one.sends == REPORT]

    def given(self, me: str) -> list[Given]:
        del me
        return [one.given for one in self.entrances.values() if one.sends == REPORT]

    def files(self) -> dict[str, str]:
        """The tokens; what systemd hands to the unit is seen by the unit only."""
        return {key: path for key, path in self.tokens.items() if path.startswith("/")}

    def lacks(self) -> dict[str, str]:
        return secret_faults(self.tokens, what="a token")

    def notes(self) -> dict[str, str]:
        """Who else may read the tokens."""
        return secret_notes(self.tokens)

    @property
    def tokens(self) -> dict[str, str]:
        """Where the tokens are, by the keys that name them."""
        return {key: path for key, path in (("token_file", self.token_file), ("read_token_file", self.read_token_file)) if path}


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this computer's own, which others cannot reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
