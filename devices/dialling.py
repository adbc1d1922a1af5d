"""Dialling: a connection by TCP to a host that may have several addresses, within a time that counts for all of them together.

The standard library gives each address the whole time: a host with four of them that is off holds up who connects four times as long.
"""

import errno
import os
import socket
import time
from collections.abc import Sequence

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""One address of a host, as `socket.getaddrinfo` gives it."""


def dial(host: str, port: int, *, within_s: float) -> socket.socket:
    """Connect to a host; block for `within_s` seconds at most, besides what the system needs to look up its name. Reading and writing have
    as long after that. Raises OSError: socket.gaierror for the name, TimeoutError where no address answers in time."""
    until_s = time.monotonic() + within_s
    made = dial_first(_look_up(host, port), until_s=until_s)
    made.settimeout(within_s)
    return made


def _look_up(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host. Raises socket.gaierror. A text goes by way of the codec of international names, which takes 0.3 MB and has
    faults of its own for what cannot be a name (`heating..local`): a name without letters of such goes to the system as it is."""
    try:
        return socket.getaddrinfo(host.encode() if host.isascii() else host, port, type=socket.SOCK_STREAM)
    except ValueError as error:  # a UnicodeError, or a zero byte in it
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} cannot be the name of a host") from error


def dial_first(addresses: Sequence[Address], *, until_s: float) -> socket.socket:
    """Connect to the first address that answers, before the monotonic second `until_s`: each has an equal part of the time that is left.
    Raises OSError, of the last one that was tried."""
    failed: OSError = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    for at, (family, kind, protocol, _, address) in enumerate(addresses):
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            break
        try:
            return _connected(family, kind, protocol, address, within_s=left_s / (len(addresses) - at))
        except OSError as error:  # the next one may answer
            failed = error
    raise failed


def _connected(family: int, kind: int, protocol: int, address: object, *, within_s: float) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.settimeout(within_s)
        made.connect(address)  # type: ignore[arg-type]  # as the system gave it
    except OSError:
        made.close()
        raise
    return made
