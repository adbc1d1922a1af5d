"""A client of the control socket. It imports nothing heavy, so that a command answers at once."""

import contextlib
import json
import os
import select
import socket
from collections.abc import Callable, Iterator
from typing import Any, Self

from gateway.console.exits import BAD_INPUT, INTERNAL_FAULT, NO, NO_GATEWAY, NOT_ALLOWED, NOT_NOW, OF_FAULT, UNKNOWN, Failed
from gateway.console.peer import why_silent
from gateway.console.place import why_not_allowed

_PATIENCE_S = 15.0
_SOON_S = 3.0
"""After so long whoever waits for more is told so."""
_LOOKS = frozenset(
    {
        *("show", "machine", "list", "names", "verbs", "kinds", "ports", "health", "hosts", "standing", "hosted", "explain"),
        *("letters", "letter", "export", "tail", "listen"),
    }
)
"""Requests that change nothing, and that may be repeated whatever became of them."""
_AGAIN = "ask again in a minute, and where it stays so see its log (journalctl -u gateway)"


class _Told(dict[str, Any]):
    """What the gateway has told. One of another version may leave out what this program wants: then that is said, whoever looks."""

    def __missing__(self, key: str) -> Any:
        advice = "restart it, or use the command that belongs to it"
        raise Failed(f"the gateway that runs is of another version than this command: its answer has no {key!r}; {advice}", NO)


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

    def ask(
        self,
        request: dict[str, Any],
        *,
        patience_s: float = _PATIENCE_S,
        look: bool | None = None,
        waiting: Callable[[str], None] | None = None,
    ) -> dict[str, Any]:
        """Send a request and return its answer. Raises Failed where that is a no.

        `look`: whether it changes nothing; None: as what it asks for has it. `waiting` is told what is waited for, where the answer does
        not come soon.
        """
        is_look = _is_look(request) if look is None else look
        self._socket.settimeout(patience_s)
        sent = self._send(_as_utf8(request) + b"\n")
        try:
            line = self._line(patience_s, waiting)
        except TimeoutError:
            raise self._silent(patience_s, is_look=is_look) from None
        except OSError:
            line = b""
        if line.endswith(b"\n"):
            return _checked(self._read(line), is_look=is_look)
        if not sent:
            raise Failed(f"the gateway at {self.path} hung up before it heard the request; nothing was done: send it again", NOT_NOW)
        if is_look:
            raise Failed(f"the gateway has ended meanwhile; {_AGAIN}", NOT_NOW)
        raise Failed("the gateway has ended meanwhile; the outcome is unknown: look before you repeat it", UNKNOWN)

    def _line(self, patience_s: float, waiting: Callable[[str], None] | None) -> bytes:
        """The next line that comes, within `patience_s`. Raises TimeoutError."""
        if waiting is not None and patience_s > _SOON_S and not select.select([self._socket], [], [], _SOON_S)[0]:
            patience_s -= _SOON_S
            why = why_silent(self._socket)
            waiting(f"no answer of the gateway at {self.path} yet{f': {why}' if why else ''}; it is waited for, for up to {patience_s:g} s")
        self._socket.settimeout(patience_s)
        return self._lines.readline()

    def _silent(self, patience_s: float, *, is_look: bool) -> Failed:
        """The error where no answer came in time."""
        why = why_silent(self._socket)
        if is_look:
            return Failed(
                f"the gateway at {self.path} does not answer within {patience_s:g} s{f': {why}' if why else f'; {_AGAIN}'}", NOT_NOW
            )
        advice = f"{why}, and look before you repeat it" if why else "look before you repeat it"
        return Failed(f"the gateway at {self.path} does not answer within {patience_s:g} s; the outcome is unknown: {advice}", UNKNOWN)

    def _read(self, line: bytes) -> dict[str, Any]:
        """An answer. Raises Failed where it is none: something else listens there."""
        try:
            answer = json.loads(line, object_hook=_Told)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise Failed(f"what answers at {self.path} is no gateway: {line[:60]!r}; name another socket", INTERNAL_FAULT)
        return answer

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
                if line.endswith(b"\n"):  # else it was killed in the middle of it
                    yield _checked(self._read(line), is_look=True)


def _is_look(request: dict[str, Any]) -> bool:
    """Whether a request changes nothing."""
    return request.get("do") in _LOOKS or (request.get("do") == "forget" and not request.get("sure"))


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


def _checked(answer: dict[str, Any], *, is_look: bool) -> dict[str, Any]:
    """An answer that is a yes. Raises Failed where it is a no; of a look no outcome is unknown."""
    if answer.get("ok"):
        return answer
    text, code = str(answer.get("error", "no reason was given")), OF_FAULT.get(str(answer.get("fault")), NO)
    if is_look and code == UNKNOWN:
        fact = text.removeprefix("the outcome is unknown: ").partition(";")[0]
        raise Failed(f"{fact}; {_AGAIN}", NOT_NOW)
    raise Failed(text, code)
