"""A client of the control socket. It imports nothing heavy, so that a command answers at once."""

import contextlib
import json
import os
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from gateway.console.exits import NO_GATEWAY, OF_FAULT, UNKNOWN, Failed

SYSTEM_SOCKET = Path("/run/gateway/gateway.sock")
"""Where the service has it: systemd tells the daemon and not us."""
_PATIENCE_S = 15.0


class Client:
    """One connection to the daemon."""

    def __init__(self, path: Path) -> None:
        """Connect. Raises Failed, which says what to do."""
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_PATIENCE_S)
        try:
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            self._socket.close()
            raise Failed(
                f"no gateway answers at {path}; start one (gateway run), or name its configuration with --config", NO_GATEWAY
            ) from None
        except PermissionError:
            self._socket.close()
            raise Failed(f"{path} may not be used by this user; join the group gateway, or use sudo", NO_GATEWAY) from None
        except OSError as error:
            self._socket.close()
            raise Failed(f"cannot connect to {path}: {error.strerror or error}; look at the gateway's log", NO_GATEWAY) from None
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, request: dict[str, Any], *, patience_s: float = _PATIENCE_S) -> dict[str, Any]:
        """Send a request and return its answer. Raises Failed where that is a no."""
        self._socket.settimeout(patience_s)
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            line = self._lines.readline()
        except TimeoutError:
            raise Failed(f"the gateway at {self.path} does not answer within {patience_s:g} s; the outcome is unknown", UNKNOWN) from None
        except OSError:
            line = b""
        if not line:
            raise Failed("the gateway has ended meanwhile; the outcome is unknown: look before you repeat it", UNKNOWN)
        return _checked(json.loads(line))

    def stream(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a request and yield its answers for as long as they come."""
        self.ask(request)
        self._socket.settimeout(None)
        with contextlib.suppress(ConnectionResetError):  # killed, it ends as it does when it closes
            for line in self._lines:
                yield _checked(json.loads(line))


def socket_path(config: Path | None) -> Path:
    """Where the daemon of a configuration has its socket; where nothing says so, the service's, or this folder's."""
    found = _configured(config) if config is not None else ""
    if found:
        return Path(found).expanduser().absolute()
    directory = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if directory:
        return Path(directory) / SYSTEM_SOCKET.name
    own = Path("var").absolute() / SYSTEM_SOCKET.name
    return SYSTEM_SOCKET if SYSTEM_SOCKET.exists() and not own.exists() else own


def _configured(config: Path) -> str:
    """`gateway.control_socket`, read without checking the rest; a file that cannot be read says nothing."""
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8-sig"))
        return str(table["gateway"]["control_socket"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("ok"):
        raise Failed(str(answer.get("error", "no reason was given")), OF_FAULT.get(str(answer.get("fault")), 1))
    return answer
