"""A client of the control socket. It imports nothing heavy, so that a command answers at once."""

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, Self

from gateway.console.exits import BAD_INPUT, NO_GATEWAY, NOT_ALLOWED, NOT_NOW, OF_FAULT, UNKNOWN, Failed
from gateway.console.place import why_not_allowed

_PATIENCE_S = 15.0


class Client:
    """One connection to the daemon."""

    def __init__(self, path: str | os.PathLike[str], *, advice: Callable[[], str] = lambda: "; start it") -> None:
        """Connect. Raises Failed, which says what to do: what `advice` says, where nobody answers at the path."""
        self.path = os.fspath(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_PATIENCE_S)
        try:
            self._socket.connect(self.path)
        except (OSError, ValueError) as error:
            self._socket.close()
            raise self._unconnected(error, advice) from None
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._socket.close()

    def _unconnected(self, error: Exception, advice: Callable[[], str]) -> Failed:
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            return Failed(f"no gateway answers at {self.path}{advice()}", NO_GATEWAY)
        if isinstance(error, PermissionError):
            return Failed(f"cannot ask the gateway at {self.path}: {why_not_allowed(self.path)}", NOT_ALLOWED)
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        return Failed(f"cannot connect to {self.path}: {said}; look at the gateway's log", NO_GATEWAY)

    def ask(self, request: dict[str, Any], *, patience_s: float = _PATIENCE_S) -> dict[str, Any]:
        """Send a request and return its answer. Raises Failed where that is a no."""
        self._socket.settimeout(patience_s)
        sent = self._send(_as_utf8(request) + b"\n")
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise Failed(f"the gateway at {self.path} does not answer within {patience_s:g} s; the outcome is unknown", UNKNOWN) from None
        except OSError:
            line = b""
        if not line and not sent:
            raise Failed(f"the gateway at {self.path} hung up before it heard the request; nothing was done: send it again", NOT_NOW)
        if not line:
            raise Failed("the gateway has ended meanwhile; the outcome is unknown: look before you repeat it", UNKNOWN)
        return _checked(json.loads(line))

    def _send(self, request: bytes) -> bool:
        """Send a request; whether all of it went. Where the gateway hung up first, it may have said why."""
        try:
            self._socket.sendall(request)
        except TimeoutError:
            raise Failed(f"the gateway at {self.path} does not take the request; nothing was done: send it again", NOT_NOW) from None
        except OSError:
            return False
        return True

    def stream(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send a request and yield its answers for as long as they come."""
        self.ask(request)
        self._socket.settimeout(None)
        with contextlib.suppress(ConnectionResetError):  # killed, it ends as it does when it closes
            for line in self._lines:
                yield _checked(json.loads(line))


def _as_utf8(request: dict[str, Any]) -> bytes:
    """A request as JSON. In a locale that has no UTF-8 words come as bytes in disguise: they are UTF-8 all the same, or refused."""
    try:
        line = json.dumps(request, ensure_ascii=False).encode(errors="surrogateescape")
        line.decode()
    except UnicodeEncodeError as error:
        raise Failed(
            f"cannot send what was written: it holds half a character ({error.object[error.start]!a}); leave it out", BAD_INPUT
        ) from None
    except UnicodeDecodeError as error:
        seen = error.object[max(0, error.start - 10) : error.end]
        raise Failed(
            f"cannot send what was written: byte 0x{error.object[error.start]:02x} in {seen!r} is no UTF-8; write UTF-8", BAD_INPUT
        ) from None
    except RecursionError:
        raise Failed("cannot send what was written: it is nested too deep; write it flatter", BAD_INPUT) from None
    return line


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("ok"):
        raise Failed(str(answer.get("error", "no reason was given")), OF_FAULT.get(str(answer.get("fault")), 1))
    return answer
