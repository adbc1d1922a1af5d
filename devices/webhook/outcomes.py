"""Outcomes: what an answer, or the lack of one, means for the message that was posted.

Done, refused for good, or later. Later is one of two: the server is away, then everything waits for it; or it failed at this
one request, then the others go on.
Source: RFC 9110, sections 15.3 to 15.6; RFC 6585 section 4 (429); RFC 8470 section 5.2 (425).
"""

import enum
import socket
import ssl
from http.client import HTTPException
from typing import NamedTuple

from devices.credentials import BadSetting
from gateway.actors import Health

AGAIN = (408, 425)
"""Refusals of this request, now: timeout, too early."""
AWAY = (429, 502, 503, 504)
"""Too many requests, or what stands before the server cannot reach it: every other request would fare the same."""
MISCONFIGURED = (401, 403, 404, 405, 407)
"""Refusals that will meet each request until a person has mended something."""
SHOWN_BYTES = 200


class End(enum.Enum):
    """What becomes of a message after a request."""

    DONE = "done"
    REFUSED = "refused"
    """For good."""
    AGAIN = "again"
    """The message failed though the server is there: it is posted again later, and the others meanwhile."""
    AWAY = "away"
    """The server is not there, or not for us: later, and all others too."""


class PostOutcome(NamedTuple):
    """What came of one request."""

    end: End
    status: int = 0
    reason: str = ""
    health: Health = Health.OK
    after_s: float = 0.0
    """How long the server wants us to wait, at least."""


class ServerAnswer(NamedTuple):
    """What a server answered."""

    status: int
    phrase: str
    start: bytes
    """The first bytes of its body."""
    retry_after: str = ""
    location: str = ""


def of_answer(answer: ServerAnswer, name: str) -> PostOutcome:
    """What a server's answer means; `name` is the webhook's section of the configuration."""
    status = answer.status
    if 200 <= status < 300:
        return PostOutcome(End.DONE, status)
    said = _said(answer)
    if status in AWAY:
        return PostOutcome(End.AWAY, status, said, Health.MISSING, after_s=_seconds(answer.retry_after))
    if status in AGAIN or status >= 500:
        return PostOutcome(End.AGAIN, status, said, Health.FAULTY, after_s=_seconds(answer.retry_after))
    if 300 <= status < 400:
        to = f" to {answer.location}" if answer.location else ""
        return PostOutcome(End.REFUSED, status, f"{said}; it redirects{to}, which is not followed; mend {name}.url", Health.FAULTY)
    if status in MISCONFIGURED:
        return PostOutcome(End.REFUSED, status, f"{said}; mend {name}.url, token_file or headers", Health.FAULTY)
    return PostOutcome(End.REFUSED, status, said)


def of_error(error: Exception, host: str, name: str, *, connected: bool) -> PostOutcome:
    """What it means that there was no answer. Once `connected`, it may be this one request that the server does not survive."""
    health, reason = _why(error, host, name)
    return PostOutcome(End.AGAIN if connected else End.AWAY, reason=reason, health=health)


def _why(error: Exception, host: str, name: str) -> tuple[Health, str]:
    if isinstance(error, BadSetting):
        return Health.FAULTY, str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Health.FAULTY, f"cannot trust {host}: {error.verify_message or error}; mend {name}.ca_file or {name}.url"
    if isinstance(error, ssl.SSLError):
        return Health.FAULTY, f"cannot speak TLS with {host}: {error.reason or error}; mend {name}.url"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Health.MISSING, f"cannot find {host} (DNS): {_own_words(error)}; mend {name}.url, or look at the name server"
    if isinstance(error, TimeoutError):
        return Health.MISSING, f"{host} gave no answer in time; look whether it is overloaded, or raise {name}.timeout_s"
    if isinstance(error, ConnectionRefusedError):
        return Health.MISSING, f"{host} refuses connections; start the server, or mend {name}.url"
    if isinstance(error, HTTPException):
        return Health.FAULTY, f"{host} does not answer in HTTP: {type(error).__name__}; mend {name}.url"
    return Health.MISSING, f"cannot reach {host}: {_own_words(error)}; look at the network, or mend {name}.url"


def _own_words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _said(answer: ServerAnswer) -> str:
    text = " ".join(answer.start[:SHOWN_BYTES].decode(errors="replace").split())
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"the server said {answer.status} {answer.phrase}".rstrip() + (f": {shown}" if shown else "")


def _seconds(retry_after: str) -> float:
    """The seconds of a Retry-After; a date in it is not read, our own backoff stands in."""
    return float(retry_after[:6]) if retry_after.isascii() and retry_after.isdigit() else 0.0
