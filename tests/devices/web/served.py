"""A gateway with a web server, as a process of its own, and what a program says to it."""

import http.client
import json
import re
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from devices.web.routing import WebRoute
from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess

LISTENING = re.compile(r"web/local is ok: listening at (http://\S+/)")
FULL, READING = "full-0123456789abcdef", "read-0123456789abcdef"
"""The tokens of a guarded gateway."""


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WebGateway(DaemonProcess):
    """A gateway with [web] on the loopback, at a port that the system chose."""

    def __init__(self, folder: Path, config: str = "", *, web: str = "", **more: Any) -> None:
        self._web = f'[web]\nlisten = "127.0.0.1:0"\n{web}\n'
        super().__init__(folder, f"{self._web}{config}", **more)

    @classmethod
    def guarded(cls, folder: Path, config: str = "", **more: Any) -> Self:
        """One that wants a token."""
        (folder / "token").write_text(f"{FULL}\n")
        (folder / "read_token").write_text(f"{READING}\n")
        return cls(folder, config, web=f'token_file = "{folder}/token"\nread_token_file = "{folder}/read_token"', **more)

    def __enter__(self) -> Self:
        super().__enter__()
        self.until(lambda: LISTENING.search(self.said()))
        return self

    @property
    def url(self) -> str:
        found = LISTENING.search(self.said())
        assert found is not None
        return found[1]

    @property
    def place(self) -> tuple[str, int]:
        """The host and the port."""
        split = urlsplit(self.url)
        assert split.hostname is not None
        assert split.port is not None
        return split.hostname, split.port

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Said:
        """Make one request with a connection of its own; `body` becomes JSON. Names of headers are written with _ for -."""
        host, port = self.place
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw
        if body is not None:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=content, headers=sent)
            answer = connection.getresponse()
            return Said(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a path that can be looked at."""
        said = self.call("GET", path, **headers)
        assert said.status == 200, said.body
        return said.json

    def post(self, path: str, body: Any = None, **headers: str) -> Said:
        return self.call("POST", path, {} if body is None else body, **headers)


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def path_of(route: WebRoute) -> str:
    """A path that a route takes."""
    return re.sub(r"\{(\w+)(?::(\w+))?\}", lambda found: {"int": "1", "path": "twin/x"}.get(found[2] or "", "x"), route.path)
