"""A request as it comes in: one line of JSON, read with all its limits before anybody acts on it; and its fields.

Whatever the bytes are, what is read can be written as JSON again: `n` goes back to the client as it came.
"""

import json
from typing import Any, NamedTuple, NoReturn

from gateway.actors.errors import GatewayError
from gateway.actors.payloads import DEEPEST, TooDeep, refuse_depth

MOST_TIMEOUT_S = 3600.0
MOST_LISTED = 1000
_LONGEST_N = 256
_AROUND_PAYLOAD = 4
"""How much deeper than a payload a request may be: what is too deep in the payload is said of the payload."""


class BadRequest(GatewayError, ValueError):
    """A request is not well formed: mend it."""


class SocketRequest(NamedTuple):
    """One request."""

    n: Any
    """What the client calls it."""
    fields: dict[str, Any]


def read_request(line: bytes) -> SocketRequest:
    """Read one line. Raises BadRequest, and nothing else."""
    if not line.strip():
        raise BadRequest("cannot read the request: the line is empty")
    try:
        refuse_depth(line, DEEPEST + _AROUND_PAYLOAD)
        found = json.loads(line, parse_constant=_refuse_constant)
    except BadRequest:
        raise
    except TooDeep as error:
        raise BadRequest(f"cannot read the request: {error}") from None
    except (ValueError, RecursionError):
        raise BadRequest("cannot read the request: it is no line of JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("cannot read the request: it is no JSON object")
    return SocketRequest(_checked_n(found.get("n")), found)


def text_of(request: dict[str, Any], name: str) -> str:
    """A text; empty where it is not there."""
    found = request.get(name, "")
    if not isinstance(found, str):
        raise BadRequest(f"cannot read the request: {name!r} is no text")
    if not found.isascii() and any("\ud800" <= character <= "\udfff" for character in found):
        raise BadRequest(f"cannot read the request: {name!r} holds half a character (a lone surrogate)")
    return found


def texts_of(request: dict[str, Any]) -> dict[str, str]:
    """What was typed for each value of the payload, by its name; empty where it was not typed."""
    found = request.get("texts", {})
    if not (isinstance(found, dict) and all(isinstance(text, str) for text in found.values())):
        raise BadRequest("cannot read the request: 'texts' is no JSON object of texts")
    return found


def number_of(request: dict[str, Any], name: str, default: float) -> float:
    """A number that a double holds to its last digit."""
    found = request.get(name, default)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise BadRequest(f"cannot read the request: {name!r} is no number")
    if not abs(found) < 2**53:
        raise BadRequest(f"cannot read the request: {name!r} is out of range")
    return found


def whole_of(request: dict[str, Any], name: str, default: int) -> int:
    """A whole number."""
    found = number_of(request, name, default)
    if found != int(found):
        raise BadRequest(f"cannot read the request: {name!r} is {found:g}, and no whole number")
    return int(found)


def truth_of(request: dict[str, Any], name: str) -> bool:
    """True or false; false where it is not there."""
    found = request.get(name, False)
    if not isinstance(found, bool):
        raise BadRequest(f"cannot read the request: {name!r} is neither true nor false")
    return found


def timeout_s_of(request: dict[str, Any]) -> float:
    """For how many seconds the client waits."""
    if "timeout_s" not in request:
        raise BadRequest("cannot read the request: 'timeout_s' is missing; say how long to wait")
    found = number_of(request, "timeout_s", 0)
    if not 0 < found <= MOST_TIMEOUT_S:
        raise BadRequest(f"cannot read the request: 'timeout_s' must be above 0 and at most {MOST_TIMEOUT_S:.0f}")
    return found


def expires_s_of(request: dict[str, Any]) -> float | None:
    """In how many seconds the message expires; None: never."""
    if "expires_s" not in request:
        return None
    found = number_of(request, "expires_s", 0)
    if found < 0:
        raise BadRequest("cannot read the request: 'expires_s' is below 0; leave it out, or say in how many seconds the message expires")
    return found or None


def limit_of(request: dict[str, Any]) -> int:
    """How many are wanted."""
    return max(1, min(MOST_LISTED, whole_of(request, "limit", 100)))


def _checked_n(n: Any) -> Any:
    try:
        long = len(json.dumps(n, ensure_ascii=False, allow_nan=False).encode()) > _LONGEST_N
    except ValueError:  # a lone surrogate, or a number that became infinite
        raise BadRequest("cannot read the request: its 'n' cannot be written as JSON again") from None
    if long:
        raise BadRequest(f"cannot read the request: its 'n' is longer than {_LONGEST_N} bytes")
    return n


def _refuse_constant(text: str) -> NoReturn:
    raise BadRequest(f"cannot read the request: {text} is no number that JSON has")
