"""The name of a host, as people write it: what is no name, and what to write in its place. A broker's, unless another key has its port."""

import re

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_WITH_PORT = re.compile(r"(?P<host>[^:\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_PLAIN = ("mqtt", "tcp")
_WITH_TLS = ("mqtts", "ssl", "tls")


def check_host(host: str) -> str:
    """Return the name of a broker's host, or its address. Raises ValueError that says what to write, where it is none."""
    if found := _SCHEME.fullmatch(host.strip()):
        raise ValueError(_of_address(found["scheme"].lower(), found["rest"]))
    if not host.strip():
        raise ValueError("nothing but a space stands here; write the broker's name or address, or leave the line out for localhost")
    if "@" in host:
        raise ValueError("a user stands before the @; write username and password_file, and here the host alone")
    return _check_name(host, port_key="port")


def check_plain_host(host: str, *, port_key: str) -> str:
    """The same of a device's host, to which nothing but a port belongs, under `port_key`."""
    if found := _SCHEME.fullmatch(host.strip()):
        _, name, port = _apart(found["rest"])
        raise ValueError(f"{found['scheme']}:// does not belong to a host; {_advice(name or 'NAME', port, port_key)}")
    if not host.strip():
        raise ValueError("nothing but a space stands here; write the device's name or address")
    return _check_name(host, port_key=port_key)


def keys_of_place(place: str, *, port_key: str) -> str:
    """What to write for HOST:PORT, or a host alone, where one key takes the host and `port_key` the port."""
    _, host, port = _apart(place)
    return _advice(host or "NAME", port, port_key)


def _check_name(host: str, *, port_key: str) -> str:
    """The same of whatever has no scheme."""
    if host != host.strip():
        raise ValueError(f'there is a space around {host.strip()!r}; write "{host.strip()}"')
    if found := _WITH_PORT.fullmatch(host):
        raise ValueError(f"the port has a key of its own; {_advice(found['host'], int(found['port']), port_key)}")
    if host.startswith("[") and host.endswith("]"):
        raise ValueError(f'an address stands here without brackets; write "{host[1:-1]}"')
    if re.fullmatch(r"\$\{?\w+\}?|%\w+%", host):
        raise ValueError(f"a file has no variables; write what {host} stands for")
    if "/" in host:
        raise ValueError(
            f'a path is no part of a host; write "{host.partition("/")[0]}"' if host[0] != "/" else "a path is no host; write its name"
        )
    if odd := re.search(r"[^\w.:%-]", host):
        raise ValueError(f"{odd.group()!r} stands in no name of a host; write a name such as broker.local, or an address such as 192.0.2.4")
    return host


def _of_address(scheme: str, rest: str) -> str:
    """What to write for an address with a scheme: the keys that say what is in it. What may be a password is not repeated."""
    if scheme not in (*_PLAIN, *_WITH_TLS):
        said = "MQTT over websockets is not spoken here" if scheme in ("ws", "wss") else f"{scheme}:// leads to no broker"
        return f"{said}; write the host alone, and the port on which the broker speaks plain MQTT"
    has_user, host, port = _apart(rest)
    more = ", tls = true" if scheme in _WITH_TLS else ""
    more += ", username and password_file" if has_user else ""
    return f"{scheme}:// does not belong to a host; {_advice(host or 'NAME', port)}{more}"


def _apart(rest: str) -> tuple[bool, str, int]:
    """Whether a user stands in what is behind a scheme, the host, which may be empty, and the port; 0 where there is none."""
    _, at, place = rest.partition("/")[0].rpartition("@")
    with_port = _WITH_PORT.fullmatch(place)
    host, port = (with_port["host"], int(with_port["port"])) if with_port else (place, 0)
    return bool(at), host, port


def _advice(host: str, port: int, port_key: str = "port") -> str:
    return f'write host = "{host.strip("[]")}"' + (f" and {port_key} = {port}" if port else "")
