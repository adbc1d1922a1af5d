"""The port at which a demo shows its pages: the usual one, where it is free, so that a page that is open goes on with the next demo."""

import socket
from contextlib import closing, suppress
from importlib.util import find_spec

USUAL = 8080
_SERVERS = ("starlette", "uvicorn")
"""What serves pages: the extra `web`."""


def find_port(usual: int = USUAL) -> int:
    """Return a port of 127.0.0.1 that is free; 0 where nothing that serves pages is installed.

    Another program may take it before the gateway does: then the gateway says so, and tries again.
    """
    if any(find_spec(name) is None for name in _SERVERS):
        return 0
    return next(port for wanted in (usual, 0) if (port := _free(wanted)))


def _free(port: int) -> int:
    """Return the port where it is free (0: any that is), else 0."""
    with closing(socket.socket()) as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does, for the last one's connections may linger
        probe.bind(("127.0.0.1", port))
        found: int = probe.getsockname()[1]
        return found
    return 0
