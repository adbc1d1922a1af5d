"""What the files that the settings name hold: the token, read anew for each connection, and the certificates to trust."""

import ssl
import threading

from devices.credentials import token
from devices.tls import client_context
from devices.webhook.settings import WebhookSettings


def token_of(settings: WebhookSettings, name: str) -> str:
    """Read the token from its file; empty where none is set. Raises BadSetting."""
    return token(settings.token_file, f"{name}.token_file") if settings.token_file else ""


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
            self._context = self._context or client_context(self._file, f"{self._name}.ca_file")
            return self._context

    def forget(self) -> None:
        """Read the certificates anew the next time: they may have been mended."""
        with self._lock:
            self._context = None
