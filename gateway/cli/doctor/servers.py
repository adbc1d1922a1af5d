"""Servers: whether somebody answers where the file has brokers, webhooks and databases."""

import socket
from collections.abc import Iterator, Mapping

from gateway.cli.doctor.finding import Finding, fine, wrong

_PATIENCE_S = 3.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
MQTT = "mqtt"
STORE = "store"
_OF_DATABASES = {STORE: "store.url", "link/main": "link.url"}
"""Where a file has the URLs of databases, by whoever talks to these."""


def look_at_servers(servers: Mapping[str, tuple[str, int]], connected: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Look at the servers in the file, host and port by the ids of the actors that talk to them; those of the `connected` are known to
    answer."""
    for id, (host, port) in servers.items():
        yield fine(id, f"connected to {host}:{port}") if id in connected else _try(id, host, port)


def _try(id: str, host: str, port: int) -> Finding:
    at = f"{host}:{port}"
    try:
        socket.create_connection((host, port), timeout=_PATIENCE_S).close()  # noqa: TID251  # a person may interrupt it
    except (socket.gaierror, UnicodeError):  # the codec of names says the latter of what cannot be one
        return wrong(id, f"nobody knows the name {host}", f"getent hosts {host}; mend host, or write its number, or NAME.local")
    except ConnectionRefusedError:
        return wrong(id, f"nobody listens at {at}", _start(id, host, port))
    except TimeoutError:
        return wrong(
            id, f"{at} does not answer within {_PATIENCE_S:g} s", f"ping {host}; is it on, in this network, and not behind a firewall?"
        )
    except OSError as error:
        return wrong(id, f"{at} cannot be reached: {error.strerror}", "ip route; is the network up?")
    return fine(id, f"somebody answers at {at}")


def _start(id: str, host: str, port: int) -> str:
    if id in _OF_DATABASES:
        return f"sudo systemctl start postgresql, on {host}; does it listen there (listen_addresses)? Or mend {_OF_DATABASES[id]}"
    if not id.startswith(f"{MQTT}/"):
        return f"start what shall listen there, or mend the address in [{id.replace('/', '.')}]"
    if host in _LOCAL:
        return "sudo apt install mosquitto && sudo systemctl enable --now mosquitto"
    return f"on {host}: a line 'listener {port}' in /etc/mosquitto/conf.d/house.conf (config/guide/start.md, A broker for other machines)"
