"""The recipes for services that tell people, each posted to a local server that demands what the service does."""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.devices.webhook.conftest import Hook
from tests.guide import block_with
from tests.http_servers import serving

TOKENS = {"discord": "111222/a-b_c", "telegram": "42:AAx_y", "ntfy": "", "slack": "T0/B0/xyz", "pushover": "azGDORePK8gMaC0QOYAMyEEuzJnyUi"}
NASTY = 'He said "-3 °C",\nthen \\ and {token} {text} </b>\t\u2603'
Demand = Callable[[str, Message, bytes], bool]


def _json(head: Message, body: bytes) -> dict[str, Any]:
    assert head["Content-Type"].startswith("application/json")
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


def discord(path: str, head: Message, body: bytes) -> bool:
    """Source: Discord, Execute Webhook: up to 2000 characters."""
    return path == f"/api/webhooks/{TOKENS['discord']}" and 0 < len(_json(head, body)["content"]) <= 2000


def telegram(path: str, head: Message, body: bytes) -> bool:
    """Source: Telegram Bot API, sendMessage: chat_id a number or @channel, 1 to 4096 characters."""
    said = _json(head, body)
    return path == f"/bot{TOKENS['telegram']}/sendMessage" and type(said["chat_id"]) is int and 0 < len(said["text"]) <= 4096


def ntfy(path: str, head: Message, body: bytes) -> bool:
    """Source: ntfy, Publishing: the topic in the path, the title as UTF-8 in a header, the text as the body."""
    title = head["Title"].encode("latin-1").decode()
    return path == "/my-secret-topic" and title == "Frost ❄ now" and 0 < len(body.decode()) <= 4096


def slack(path: str, head: Message, body: bytes) -> bool:
    """Source: Slack, Sending messages using incoming webhooks."""
    return path == f"/services/{TOKENS['slack']}" and bool(_json(head, body)["text"])


def pushover(path: str, head: Message, body: bytes) -> bool:
    """Source: Pushover, Message API: token, user and message, the first two of 30 letters and digits."""
    said = _json(head, body)
    return path == "/1/messages.json" and len(said["user"]) == 30 and said["token"] == TOKENS["pushover"] and bool(said["message"])


DEMANDS: dict[str, Demand] = {"discord": discord, "telegram": telegram, "ntfy": ntfy, "slack": slack, "pushover": pushover}


class _Service(ThreadingHTTPServer):
    demand: Demand
    bodies: list[bytes]


class _Call(BaseHTTPRequestHandler):
    server: _Service

    def do_POST(self) -> None:
        """Take what fits the demand, and refuse the rest."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            fits = self.server.demand(self.path, self.headers, body)
        except (AssertionError, KeyError, TypeError, ValueError):
            fits = False
        self.server.bodies.append(body)
        self.send_response(200 if fits else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def service(demand: Demand) -> Iterator[_Service]:
    """A local server that takes only what a service takes."""
    with serving(_Service(("127.0.0.1", 0), _Call)) as server:
        server.demand, server.bodies = demand, []
        yield server


@pytest.mark.parametrize("name", DEMANDS)
def test_a_recipe_is_taken_by_its_service(name: str, hook: Hook, tmp_path: Path) -> None:
    """Whatever stands in the text, the service gets it as it was said, and the token only in its place."""
    section = tomllib.loads(block_with("discord.com"))["webhook"][name]
    (tmp_path / "token").write_text(TOKENS[name])
    if "token_file" in section:
        section["token_file"] = str(tmp_path / "token")
    with service(DEMANDS[name]) as server:
        url = f"http://127.0.0.1:{server.server_port}/{section.pop('url').split('/', 3)[3]}"
        with hook(url, **section) as bench:
            assert bench.tell("notify", {"subject": "Frost ❄\nnow", "text": NASTY}).wait() == "done"
    (body,) = server.bodies
    said = body.decode() if name == "ntfy" else "\n".join(str(value) for value in json.loads(body).values())
    assert NASTY in said
