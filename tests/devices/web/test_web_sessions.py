"""Cookies of an earlier life: a restart logs nobody out, another token all who had the old one."""

from pathlib import Path

import pytest

from devices.web.app import ROUTES
from devices.web.routing import EVENT_STREAM, Needs
from tests.brokers import free_port
from tests.devices.web.served import FULL, READING, WebGateway, path_of

ANOTHER = "another-0123456789abcdef"
PAGES = ("/", "/track", "/trip", "/pages.json", "/static/app.js")


def _log_in(gateway: WebGateway, token: str) -> dict[str, str]:
    """The header with which a browser comes from now on."""
    said = gateway.post("/api/login", {"token": token})
    assert said.status == 200
    return {"Cookie": said.headers["Set-Cookie"].partition(";")[0]}


def _again(gateway: WebGateway) -> None:
    gateway.again()
    gateway.until(lambda: "listening at" in gateway.said())


@pytest.mark.parametrize("end", [WebGateway.stop, WebGateway.kill], ids=["a restart", "a kill"])
def test_whoever_is_logged_in_stays_so_over(tmp_path: Path, end: object) -> None:
    """The cookie is signed with the token, and nothing of it is kept: the next life knows it again, with the same rights."""
    with WebGateway.guarded(tmp_path) as gateway:
        writes, reads = _log_in(gateway, FULL), _log_in(gateway, READING)
        end(gateway)  # type: ignore[operator]  # a method
        _again(gateway)
        assert gateway.get("/api/session", **writes) == {"token_needed": True, "may_read": True, "may_write": True}
        assert gateway.get("/api/session", **reads) == {"token_needed": True, "may_read": True, "may_write": False}
        assert gateway.call("GET", "/api/actors", **reads).status == 200


def test_gateways_at_two_ports_of_a_host_do_not_log_each_other_s_browsers_out(tmp_path: Path) -> None:
    """A browser has one jar for all ports: what the second gives does not take the place of what the first gave."""
    jar: dict[str, str] = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    gateways = [WebGateway.guarded(tmp_path / name) for name in ("one", "two")]
    for gateway in gateways:
        gateway.config.write_text(gateway.config.read_text().replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    with gateways[0] as one, gateways[1] as two:
        for gateway in (one, two):
            name, _, value = _log_in(gateway, FULL)["Cookie"].partition("=")
            jar[name] = value
        assert len(jar) == 2
        held = "; ".join(f"{name}={value}" for name, value in jar.items())
        assert [gateway.get("/api/session", Cookie=held)["may_write"] for gateway in (one, two)] == [True, True]


def test_a_cookie_of_another_token_is_answered_as_none(tmp_path: Path) -> None:
    """Over a restart too: every route that wants one says 401, streams among them, and the pages come, to log in."""
    with WebGateway.guarded(tmp_path) as gateway:
        old = _log_in(gateway, FULL)
        (tmp_path / "token").write_text(f"{ANOTHER}\n")
        gateway.stop()
        _again(gateway)
        for route in ROUTES:
            if route.needs is not Needs.NOTHING:
                assert gateway.call(route.method, path_of(route), **old).status == 401, route.path
        assert any(route.media == EVENT_STREAM and route.needs is Needs.READING for route in ROUTES)
        for page in PAGES:
            assert gateway.call("GET", page, **old).status == 200, page
        assert gateway.get("/api/session", **old) == {"token_needed": True, "may_read": False, "may_write": False}
        assert gateway.call("GET", "/api/actors", **_log_in(gateway, ANOTHER)).status == 200
        assert "cannot answer a request" not in gateway.said()


def test_a_cookie_is_none_where_its_kind_of_token_is_gone(tmp_path: Path) -> None:
    """Whoever takes read_token_file out of the file wants those out who had it; a gateway without tokens minds no cookie."""
    with WebGateway.guarded(tmp_path) as gateway:
        reads, writes = _log_in(gateway, READING), _log_in(gateway, FULL)
        text = gateway.config.read_text()
        gateway.config.write_text("\n".join(line for line in text.splitlines() if "read_token_file" not in line))
        gateway.stop()
        _again(gateway)
        assert gateway.call("GET", "/api/actors", **reads).status == 401
        assert gateway.call("GET", "/api/actors", **writes).status == 200
        gateway.config.write_text("\n".join(line for line in text.splitlines() if "token_file" not in line))
        gateway.stop()
        _again(gateway)
        assert gateway.call("GET", "/api/actors", **reads).status == 200
