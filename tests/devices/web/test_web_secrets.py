"""What is secret at the web server is in no log, however much is logged: tokens, cookies, what trackers show, whatever became of it."""

import contextlib
import json
import socket
from pathlib import Path

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import FULL, READING, WebGateway, bearer

WRONG = "wrong-0123456789abcdef"
TYPED = "typed-0123456789abcdef"
FIX = {"latitude_deg": 52.5, "longitude_deg": 13.4}


def _say(gateway: WebGateway, content: bytes) -> None:
    """Send bytes, and hang up when an answer has begun, or none comes."""
    with socket.create_connection(gateway.place, timeout=PATIENCE_S) as peer, contextlib.suppress(ConnectionError):
        peer.sendall(content)
        peer.shutdown(socket.SHUT_WR)
        peer.recv(100)


def _use(gateway: WebGateway) -> set[str]:
    """Use every secret in every place where it may stand, rightly and wrongly; return them."""
    secrets = {FULL, READING, WRONG, TYPED}
    for token in (FULL, READING, WRONG):
        gateway.call("GET", "/api/actors", **bearer(token))
        gateway.call("GET", f"/api/actors?token={token}", Authorization=f"Basic {token}")
        gateway.call("GET", f"/api/{token}", Host=token, Origin=f"http://{token}.example")
        gateway.call("POST", f"/api/in/{token}", raw=token.encode(), Idempotency_Key=token, **bearer(FULL))
        said = gateway.post("/api/login", {"token": token})
        if said.status == 200:
            cookie = said.headers["Set-Cookie"].partition(";")[0]
            secrets.add(cookie.rpartition(".")[2])
            gateway.call("GET", "/api/actors", Cookie=cookie)
            gateway.call("GET", "/api/actors", Cookie=f"{cookie}0")
        gateway.post("/api/login", {"token": [token]})
        gateway.call("POST", "/api/login", raw=f'{{"token": "{token}"'.encode(), Content_Type="application/json")
        _say(gateway, f"GET /api/actors HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nBroken {token}\r\n\r\n".encode())
        _say(gateway, f"{token}\r\n\r\n".encode())
    trip = gateway.post("/api/trips", {"title": "home"}, **bearer(FULL)).json
    place = f"/api/trips/{trip['slug']}"
    for token in (trip["token"], TYPED):
        for verb in ("update", "stop"):
            gateway.post(f"{place}/{verb}", {**FIX, "token": token})
            gateway.post(f"{place}/{verb}", FIX, X_Trip_Token=token)
            gateway.post(f"{place}/{verb}", {"token": {"a": token}, "latitude_deg": token})
            gateway.post(f"/api/actors/trip/{trip['slug']}/{verb}/tell", {**FIX, "token": token}, **bearer(FULL))
    return secrets | {trip["token"]}


def test_no_secret_is_in_the_log_at_any_level(tmp_path: Path) -> None:
    """Nor in what a tail and an explanation say of the messages that had them, nor in the figures, nor in what the next life says."""
    with WebGateway.guarded(tmp_path, gateway='log_level = "debug"') as gateway, socket.socket(socket.AF_UNIX) as tail:
        tail.settimeout(PATIENCE_S)
        tail.connect(str(gateway.socket))
        tail.sendall(json.dumps({"do": "tail"}).encode() + b"\n")
        secrets = _use(gateway)
        assert gateway.post("/api/actors/toggle/last/set", {"on": True}, **bearer(FULL)).status == 200
        trip = next(one["id"] for one in gateway.get("/api/actors/trip", **bearer(FULL))["actors"])
        heard = b""
        while b"toggle/last" not in heard:
            heard += tail.recv(65_536)
        explained = json.dumps(gateway.get(f"/api/explain/{trip}", **bearer(FULL)))
        figures = gateway.call("GET", "/metrics", **bearer(FULL)).body.decode()
        said = {"log": gateway.said(), "tail": heard.decode(), "explain": explained, "metrics": figures}
        gateway.kill()
        gateway.again()
        said["next life"] = gateway.said() + gateway.gateway("show").stdout
        assert "debug" in gateway.config.read_text()
    assert [(where, secret) for where, text in said.items() for secret in secrets if secret in text] == []
    assert trip in said["tail"]
