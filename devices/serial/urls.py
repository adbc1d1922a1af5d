"""Ports of other computers, by the addresses that pyserial gives them: `socket://host:port` and `rfc2217://host:port`.

`socket://` is a serial line whose bytes go over TCP as they are: ser2net's `raw`, an ESP with a serial bridge, an Elfin. `rfc2217://` has
the settings of the line (its baud, its parity) set from here: ser2net's `telnet(rfc2217)`.

Source: pyserial 3.5, documentation, "URL Handlers"; RFC 2217.
"""

import contextlib
import ipaddress
import re
from typing import NamedTuple

SCHEMES = ("socket", "rfc2217")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_PLACE = re.compile(r"(?P<host>[^\s:/?#@\[\]]+|\[[0-9A-Fa-f:.]+(?:%\w+)?\]):(?P<port>[0-9]{1,5})/?")
_HIGHEST = 65535


_NO_SCHEME = re.compile(
    r"(?:(?:socket|rfc2217|tcp|telnet):/?|//)?(?P<host>\d+(?:\.\d+){3}|\[[0-9A-Fa-f:.]+\]|localhost|"
    r"(?![0-9A-F]{4}:\d{4}\Z)(?=[^:]*[A-Z])[^\W_](?:[.-]*[^\W_])*(?=:\d{3}))"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)
"""A host, with the number of a TCP port where it is a name: a part of a by-id name may end with a colon and two digits, or be the numbers
of a maker and a product; and udev joins its parts by an underscore, which stands in no name of a host."""


class NetworkPort(NamedTuple):
    """Where a port of another computer is."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"

    @property
    def meaning(self) -> str:
        """The same text for two addresses that lead to one port, as far as that shows without a look into the network."""
        host = self.host.lower().removesuffix(".")
        with contextlib.suppress(ValueError):  # a name is compared as it is written
            host = str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
        return f"tcp {host} port {self.port}"


def is_url(name: str) -> bool:
    """Whether a port is named by an address of the network."""
    return "://" in name


def place_without_scheme(name: str) -> str:
    """The HOST:PORT that a name of a port is, where it is one without the scheme in front; empty where it may be a device."""
    found = _NO_SCHEME.fullmatch(name)
    return f"{found['host']}:{found['port'] or 'PORT'}" if found else ""


def network_port(name: str) -> NetworkPort | None:
    """Where the port is that an address names; None for a device of this host. Raises ValueError, with what to write."""
    found = _ADDRESS.fullmatch(name)
    if found is None:
        return None
    scheme, place = found[1].lower(), found[2]
    if scheme not in SCHEMES:
        raise ValueError(
            f"{name} is none of the addresses that a port may have; write socket://HOST:PORT for its bytes alone, rfc2217://HOST:PORT "
            "where its other end takes settings by RFC 2217, or a device that `gateway ports` lists"
        )
    if "@" in place:
        raise ValueError(f"{scheme}:// knows no users; take out what stands before the @")
    if "?" in place or "#" in place or "/" in place.rstrip("/"):
        raise ValueError(
            f'an address of a port ends with the number of its TCP port, and has no path nor options; write "{_plain(scheme, place)}"'
        )
    given = _PLACE.fullmatch(place)
    if given is None:
        raise ValueError(f'{name} has no host and number of a TCP port; write {scheme}://HOST:PORT, such as "{scheme}://192.0.2.7:3333"')
    number = int(given["port"])
    if not 1 <= number <= _HIGHEST:
        raise ValueError(f"{number} is no number of a TCP port; they go from 1 to {_HIGHEST}")
    return NetworkPort(scheme, given["host"].strip("[]"), number)


def _plain(scheme: str, place: str) -> str:
    return f"{scheme}://{re.split('[/?#]', place)[0]}"
