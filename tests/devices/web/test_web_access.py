"""Who may: each route with each token and with none, other sites' pages, names that are not ours, and cookies."""

import http.client
from pathlib import Path

import pytest

from devices.web.app import ROUTES
from devices.web.routing import Needs, WebRoute
from tests.devices.web.served import FULL, READING, WebGateway, bearer, path_of

WRONG = "wrong-0123456789abcdef"


GUARDED = [route for route in ROUTES if route.needs is not Needs.NOTHING]


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_wants_its_token(guarded: WebGateway, route: WebRoute) -> None:
    """None and a wrong one are 401, one that reads is 403 where something is changed, and nothing is told in any of these."""
    path = path_of(route)
    for headers in (
        {},
        bearer(WRONG),
        bearer(""),
        {"Authorization": FULL},
        {"Authorization": f"Basic {FULL}"},
        {"Cookie": f"gateway-0={FULL}"},
    ):
        said = guarded.call(route.method, path, **headers)
        assert said.status == 401, said.body
        assert said.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'
    assert (guarded.call(route.method, path, **bearer(READING)).status == 403) is (route.needs is Needs.WRITING)
    assert guarded.call(route.method, path, **bearer(FULL)).status not in (401, 403)


def test_what_needs_nothing_is_a_short_list() -> None:
    """A route is closed unless somebody has said otherwise."""
    assert sorted(f"{route.method} {route.path}" for route in ROUTES if route.needs is Needs.NOTHING) == [
        "GET /",
        "GET /api/session",
        "GET /api/trips/{slug}",
        "GET /api/trips/{slug}/events",
        "GET /api/trips/{slug}/way",
        "GET /healthz",
        "GET /pages.json",
        "GET /static/{path:path}",
        "GET /track",
        "GET /trip",
        "POST /api/login",
        "POST /api/logout",
        "POST /api/trips/{slug}/stop",
        "POST /api/trips/{slug}/update",
    ]


def test_a_token_that_is_written_anew_holds_at_once(tmp_path: Path) -> None:
    """The file is read for each request: nothing needs a restart."""
    with WebGateway.guarded(tmp_path) as gateway:
        (tmp_path / "token").write_text("another-0123456789\n")
        assert gateway.call("GET", "/api/actors", **bearer(FULL)).status == 401
        assert gateway.call("GET", "/api/actors", **bearer("another-0123456789")).status == 200


def test_a_token_file_that_is_gone_keeps_everybody_out(tmp_path: Path) -> None:
    """503 with the sentence that says which file, and never an open door."""
    with WebGateway.guarded(tmp_path) as gateway:
        (tmp_path / "token").unlink()
        said = gateway.call("GET", "/api/actors", **bearer(FULL))
        assert said.status == 503
        assert "mend web.token_file" in said.json["detail"]


def test_a_token_that_cannot_be_read_is_told_and_not_called_well(tmp_path: Path) -> None:
    """Who looks at the gateway learns why its pages let nobody in, and that they do again."""
    with WebGateway.guarded(tmp_path) as gateway:
        (tmp_path / "token").rename(tmp_path / "away")
        gateway.until(lambda: "web/local is faulty: lets nobody in: cannot use" in gateway.said())
        (tmp_path / "away").rename(tmp_path / "token")
        gateway.until(lambda: gateway.said().count("web/local is ok: listening at ") == 2)


# --- browsers


def test_a_browser_logs_in_with_a_token_and_gets_a_cookie(guarded: WebGateway) -> None:
    """Scripts cannot read it, other sites cannot send it, and it does not hold the token."""
    said = guarded.post("/api/login", {"token": FULL})
    cookie = said.headers["Set-Cookie"]
    assert said.json == {"may_write": True}
    assert FULL not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    held = {"Cookie": cookie.partition(";")[0]}
    assert guarded.post("/api/actors/toggle/cookie/set", {"on": True}, **held).status == 200
    assert guarded.get("/api/session", **held) == {"token_needed": True, "may_read": True, "may_write": True}


def test_a_browser_that_came_by_https_sends_its_cookie_by_nothing_else(guarded: WebGateway) -> None:
    """The proxy in front says by which scheme."""
    said = guarded.post("/api/login", {"token": FULL}, X_Forwarded_Proto="https")
    assert "Secure" in said.headers["Set-Cookie"]


def test_a_reader_that_logs_in_may_look_and_no_more(guarded: WebGateway) -> None:
    """The cookie says what the token allowed."""
    held = {"Cookie": guarded.post("/api/login", {"token": READING}).headers["Set-Cookie"].partition(";")[0]}
    assert guarded.call("GET", "/api/actors", **held).status == 200
    assert guarded.post("/api/actors/toggle/cookie/set", {"on": True}, **held).status == 403


def test_a_cookie_that_was_tampered_with_is_none(guarded: WebGateway) -> None:
    """Its right, its end, its signature: each is signed, under the token that was given."""
    name, _, cookie = guarded.post("/api/login", {"token": READING}).headers["Set-Cookie"].partition(";")[0].partition("=")
    may, end, signature = cookie.split(".")
    forged = [
        f"write.{end}.{signature}",
        f"{may}.{int(end) + 1}.{signature}",
        f"{may}.{end}.{signature[:-1]}{'0' if signature[-1] != '0' else '1'}",
        f"{may}.{end}.",
        f"{may}.-1.{signature}",
        f"{may}.{'9' * 5000}.{signature}",
        "..",
        "é.1.2",
    ]
    for one in forged:
        assert guarded.call("GET", "/api/actors", Cookie=f"{name}={one}".encode().decode("latin-1")).status == 401, one


def test_a_new_token_ends_every_session(tmp_path: Path) -> None:
    """Whoever changes the token wants all of them out."""
    with WebGateway.guarded(tmp_path) as gateway:
        held = {"Cookie": gateway.post("/api/login", {"token": FULL}).headers["Set-Cookie"].partition(";")[0]}
        (tmp_path / "token").write_text("another-0123456789\n")
        assert gateway.call("GET", "/api/actors", **held).status == 401


def test_whoever_logs_out_loses_the_cookie(guarded: WebGateway) -> None:
    """The browser is told to forget it."""
    assert "Max-Age=0" in guarded.post("/api/logout").headers["Set-Cookie"]


def test_a_wrong_token_logs_nobody_in(guarded: WebGateway) -> None:
    """401, and no cookie."""
    said = guarded.post("/api/login", {"token": WRONG})
    assert (said.status, said.headers["Set-Cookie"]) == (401, None)


# --- other sites


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1", "[2001:db8::1]", "", "@localhost"),
        *("[::1].evil.example", "localhost:80@evil.example", "localhost:evil.example", "127.0.0.1:80/x", "localhost:1?x", "[localhost]"),
    ],
)
def test_a_name_that_is_not_ours_is_answered_nothing(gateway: WebGateway, host: str) -> None:
    """A page whose name was made to lead here (DNS rebinding) says its own name in Host."""
    said = gateway.call("GET", "/api/actors", Host=host)
    assert said.status == 403
    assert said.json["type"] == "urn:gateway:forbidden"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8080"])
def test_our_own_names_are_answered(gateway: WebGateway, host: str) -> None:
    """Whichever port a tunnel has."""
    assert gateway.call("GET", "/api/actors", Host=host).status == 200


def test_a_request_without_a_host_is_refused(gateway: WebGateway) -> None:
    """HTTP/1.0 may leave it out: nobody needs that here."""
    host, port = gateway.place
    connection = http.client.HTTPConnection(host, port)
    connection.putrequest("GET", "/api/actors", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


def test_a_page_of_another_site_cannot_change_anything(gateway: WebGateway) -> None:
    """Its browser says where the page came from."""
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        assert gateway.post("/api/actors/toggle/hall/set", {"on": True}, **headers).status == 403, headers
    host, port = gateway.place
    assert gateway.post("/api/actors/toggle/hall/set", {"on": True}, Origin=f"http://{host}:{port}").status == 200


def test_a_proxys_name_is_one_of_ours_where_the_file_says_so(tmp_path: Path) -> None:
    """`hosts` names it, for Host and for Origin."""
    with WebGateway(tmp_path, web='hosts = ["home.example.org"]') as gateway:
        assert (
            gateway.post("/api/actors/toggle/x/set", {"on": True}, Host="home.example.org", Origin="https://home.example.org").status == 200
        )
        assert gateway.post("/api/actors/toggle/x/set", {"on": True}, Origin="https://home.example.org").status == 200


def test_each_answer_tells_the_browser_what_to_keep_to(gateway: WebGateway) -> None:
    """Errors too: nothing of other hosts, nothing inline, no type guessed, no address told on."""
    for path in ("/healthz", "/api/actors", "/api/nothing", "/api/actors/twin/never"):
        headers = gateway.call("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/static/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/..%2f..%2fetc%2fpasswd", "//etc/passwd"]
)
def test_no_path_leads_out(gateway: WebGateway, path: str) -> None:
    """However it is written."""
    said = gateway.call("GET", path)
    assert said.status in (400, 404)
    assert b"root:" not in said.body
