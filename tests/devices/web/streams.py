"""Who listens to api/events as a browser does."""

import http.client
import json
import socket
from typing import Any, NamedTuple, Self

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import WebGateway


class StreamedEvent(NamedTuple):
    """One event, as a browser would see it."""

    event: str
    id: str
    """The last id that was said, here or before."""
    data: Any


class EventsClient:
    """A client of api/events. Closed at the end of a `with`."""

    def __init__(self, gateway: WebGateway, of: str, *, last: str = "", token: str = "", receive_bytes: int = 0) -> None:
        self.last = last
        self.retry_ms = 0
        self.heartbeats = 0
        self.states: dict[str, Any] = {}
        """How the actors stand, by all that was said."""
        host, port = gateway.place
        headers = {"Host": f"{host}:{port}", "Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": last} if last else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        self.peer = socket.socket()
        if receive_bytes:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.peer.settimeout(PATIENCE_S)
        self.peer.connect((host, port))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.peer.sendall(f"GET /api/events?of={of} HTTP/1.1\r\n{lines}\r\n".encode())
        self.answer = http.client.HTTPResponse(self.peer)
        self.answer.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.answer.close()
        self.peer.close()

    def next(self) -> StreamedEvent | None:
        """Block until the next event, and return it; None where the stream has ended."""
        fields: dict[str, str] = {}
        while line := self._line():
            if line.startswith(":"):
                self.heartbeats += 1
            elif line == "\n" and "data" in fields:
                self.last = fields.get("id", self.last)
                return self._took(StreamedEvent(fields.get("event", "message"), self.last, json.loads(fields["data"])))
            elif line != "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
                self.retry_ms = int(value) if name == "retry" else self.retry_ms
        return None

    def _line(self) -> str:
        try:
            return self.answer.readline().decode()
        except (ConnectionError, http.client.IncompleteRead):  # it was cut
            return ""

    def until(self, **wanted: Any) -> None:
        """Read on until actors stand so: `until(**{"twin/door": {...}})`, each with these fields in its state."""
        while not all(self._stands(id, fields) for id, fields in wanted.items()):
            assert self.next() is not None, f"the stream ended; last was {self.states}"

    def _stands(self, id: str, fields: dict[str, Any]) -> bool:
        state = self.states.get(id) or {}
        return all(state.get(name) == value for name, value in fields.items())

    def _took(self, event: StreamedEvent) -> StreamedEvent:
        if event.event == "snapshot" and event.data.get("begin"):
            self.states = {}
        self.states |= {state["id"]: state["state"] for state in event.data["states"]}
        return event
