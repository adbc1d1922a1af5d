"""What `[web]` takes: where the server listens, whose requests it answers, and how much of them."""

import ipaddress
import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from devices.credentials import secret_faults
from gateway.actors import Settings

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/\s]*):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


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
    max_body_bytes: int = Field(default=262_144, ge=64, le=4 << 20)
    """A longer body is answered 413, and not read to its end."""
    head_s: float = Field(default=10.0, gt=0, le=300)
    """Seconds that a request's head may take to come, and its body likewise."""
    session_s: float = Field(default=30 * 86_400.0, ge=60, le=365 * 86_400)
    """Seconds for which a browser stays logged in."""

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
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host[:80]!r} is no name of a host; write it without http://, port and path")
        return hosts

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if not self.is_loopback and not (self.token_file or self.read_token_file):
            raise ValueError(
                f"listen: {self.listen} can be reached from other computers, and no token keeps them out; "
                "add token_file, read_token_file or both, or listen at 127.0.0.1"
            )
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

    def files(self) -> dict[str, str]:
        """The tokens; what systemd hands to the unit is seen by the unit only."""
        return {key: path for key, path in self.tokens.items() if path.startswith("/")}

    def lacks(self) -> dict[str, str]:
        return secret_faults(self.tokens, what="a token")

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
