"""Servers as they are compared: one name for all under which this machine calls itself, however it is spelt."""

import re

Server = tuple[str, int]
"""A host and its port."""
_OURSELVES = re.compile(r"localhost|ip6-localhost|::1|127(\.\d{1,3}){3}")


def plain_host(host: str) -> str:
    """A name of a host, or its address: in small letters, without a dot at its end, and localhost where it is this machine."""
    name = host.lower().removesuffix(".")
    return "localhost" if _OURSELVES.fullmatch(name) else name


def plain(server: Server) -> Server:
    """A server, its host as `plain_host` has it: two that are equal then are one."""
    return plain_host(server[0]), server[1]
