"""What the files that the settings name hold: the token, read anew for each connection, and the certificates to trust."""

import ssl
import threading

from devices.credentials import BadSetting, credential, unusable
from devices.tls import client_context
from devices.webhook.settings import WebhookSettings

_AT_MOST_BYTES = 8192


def token_of(settings: WebhookSettings, name: str) -> str:
    """Read the token from its file; empty where none is set. Raises BadSetting."""
    if not settings.token_file:
        return ""
    path = credential(settings.token_file, f"{name}.token_file")
    try:
        token = path.read_bytes()[: _AT_MOST_BYTES + 1].decode("ascii").strip()
    except UnicodeDecodeError:
        raise BadSetting(f"cannot use {settings.token_file} as a token: it is no ASCII; mend {name}.token_file") from None
    except OSError as error:
        raise unusable(path, f"{name}.token_file", error, what="a token") from None
    if not token or len(token) > _AT_MOST_BYTES or not token.isprintable():
        raise BadSetting(f"cannot use {settings.token_file} as a token: it is empty, or longer than a line; mend {name}.token_file")
    return token


class TlsTrust:
    """The certificates that are trusted: read once for all connections (the system's take a tenth of a second). Any thread."""

    def __init__(self, settings: WebhookSettings, name: str) -> None:
        self._file = settings.ca_file
        self._name = name
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Make what TLS needs. Raises BadSetting."""
        with self._lock:
            try:
                self._context = self._context or client_context(self._file)
            except OSError as error:
                raise unusable(self._file, f"{self._name}.ca_file", error, what="a CA") from None
            return self._context

    def forget(self) -> None:
        """Read the certificates anew the next time: they may have been mended."""
        with self._lock:
            self._context = None
