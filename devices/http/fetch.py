"""Fetching: one GET at a time, over a connection that is made anew for each; with a limit for the whole of it, in seconds and in bytes.

A server that gives an ETag is asked whether anything is new, and need not say it again. No redirect is followed.
Source: RFC 9110, sections 13.1.2 (If-None-Match) and 15; RFC 6585, section 5 (431).
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from devices.credentials import BadSetting, token
from devices.dialling import dial
from devices.http.settings import HttpSettings
from devices.http_answers import read_at_most
from devices.link import Faulty, LinkFault, Missing
from devices.tls import client_context
from gateway.actors.templates import filled

_ETAG_AT_MOST = 512
"""Bytes. A longer ETag is not sent back: it is the server that would say how long our questions are."""
_TOO_LONG = 431
_MENDED_BY_PEOPLE = (401, 403, 404, 405, 407, 410)


class Fetcher:
    """Gets one page. On the actor's own thread."""

    def __init__(self, settings: HttpSettings, name: str) -> None:
        """`name` is the section, for what is said of faults."""
        self._settings = settings
        self._name = name
        self._netloc = urlsplit(settings.url).netloc
        self._tls: ssl.SSLContext | None = None
        self._etag = ""
        self._last = b""

    def get(self) -> bytes:
        """The body of the page as it is now. Raises Missing where there is no server, Faulty where a person has something to mend or the
        answer is none."""
        try:
            return self._get()
        except LinkFault:
            raise
        except BadSetting as error:
            raise Faulty(str(error)) from None
        except ssl.SSLError as error:
            self._tls = None  # it may be mended meanwhile
            why = getattr(error, "verify_message", "") or error.reason or str(error)
            raise Faulty(f"cannot trust {self._netloc}: {why}; mend {self._name}.ca_file or {self._name}.url") from None
        except TimeoutError:
            raise Faulty(f"{self._netloc} gave no whole answer in {self._settings.timeout_s:g} s; raise {self._name}.timeout_s") from None
        except socket.gaierror as error:
            raise Missing(f"cannot find {self._netloc} (DNS): {error.strerror}; mend {self._name}.url, or look at the network") from None
        except ConnectionRefusedError:
            raise Missing(f"{self._netloc} refuses connections; start its server, or mend {self._name}.url") from None
        except HTTPException as error:
            raise Faulty(f"{self._netloc} does not answer in HTTP: {type(error).__name__}; mend {self._name}.url") from None
        except OSError as error:
            raise Missing(
                f"cannot reach {self._netloc}: {error.strerror or error}; look at the network, or mend {self._name}.url"
            ) from None

    def _get(self) -> bytes:
        settings = self._settings
        secret = token(settings.token_file, f"{self._name}.token_file") if settings.token_file else ""
        parts = urlsplit(filled(settings.url, {"token": secret}))
        bearer = {"Authorization": f"Bearer {secret}"} if secret and not settings.placed else {}
        asked = {"If-None-Match": self._etag} if self._etag else {}
        given = {name: filled(value, {"token": secret}) for name, value in settings.headers.items()}
        headers = {"User-Agent": "pi-device-gateway", "Accept": "*/*", "Connection": "close", **given, **bearer, **asked}
        with self._connected(parts.hostname or "", parts.port, tls=parts.scheme == "https") as http:
            http.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers)
            response = http.getresponse()
            if response.status != _TOO_LONG or not asked:
                return self._body_of(response)
        self._etag = ""
        return self._get()

    @contextlib.contextmanager
    def _connected(self, host: str, port: int | None, *, tls: bool) -> Iterator[HTTPConnection]:
        """A connection whose socket is shut when the time for the whole request is over: a server that dribbles would go on for ever."""
        until_s = time.monotonic() + self._settings.timeout_s
        plain = dial(host, port or (443 if tls else 80), within_s=self._settings.timeout_s)
        over = threading.Event()
        guard = threading.Timer(max(0.0, until_s - time.monotonic()), _shut, (plain, over))
        guard.daemon = True
        guard.start()
        http = HTTPConnection(host, port)
        try:
            http.sock = plain
            if tls:
                self._tls = self._tls or client_context(self._settings.ca_file, f"{self._name}.ca_file")
                http.sock = self._tls.wrap_socket(plain, server_hostname=host)
            yield http
            if over.is_set():  # what it was shut in the middle of may look like its end
                raise TimeoutError
        except (OSError, HTTPException, ValueError):
            if over.is_set():
                raise TimeoutError from None
            raise
        finally:
            guard.cancel()
            http.close()
            plain.close()

    def _body_of(self, response: HTTPResponse) -> bytes:
        if response.status == 304 and self._etag:
            return self._last
        if response.status != 200:
            self._refuse(response)
        most = self._settings.max_answer_bytes
        body = read_at_most(response, most + 1)
        if len(body) > most:
            raise Faulty(f"the answer of {self._netloc} has more than {most} bytes; raise {self._name}.max_answer_bytes")
        if response.length:  # the connection ended before what was promised
            raise Faulty(f"the answer of {self._netloc} ends in the middle")
        etag = response.getheader("ETag") or ""
        self._etag = etag if len(etag) <= _ETAG_AT_MOST and etag.isprintable() else ""
        self._last = body if self._etag else b""
        return body

    def _refuse(self, response: HTTPResponse) -> None:
        said = f"{self._netloc} said {response.status} {response.reason[:100]}".rstrip()
        if 300 <= response.status < 400:
            said += f", which is not followed; mend {self._name}.url"
        elif response.status in _MENDED_BY_PEOPLE:
            said += f"; mend {self._name}.url, token_file or headers"
        raise Faulty(said)


def _shut(connection: socket.socket, over: threading.Event) -> None:
    """End a request that takes too long, on the timer's thread."""
    over.set()
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
