"""The pages as files: how they are served, how much they are, and that they ask nobody else. What they do is in `tests/pages`."""

import gzip
import http.client
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess

STATIC = Path(str(files("devices.web").joinpath("static")))
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())
OURS = [path for path in FILES if path.parent == STATIC]
MOST_BYTES = 90_000
WEB = '[web]\nlisten = "127.0.0.1:0"\n'
LAMP = '[gpio.lamp]\ntype = "led"\npin = 17\n[gpio.lamp.simulate]\n'


def port_of(daemon: DaemonProcess) -> int:
    """The port at which the web server of a gateway listens."""
    found = daemon.until(lambda: re.search(r"web/local is ok: listening at http://127\.0\.0\.1:(\d+)/", daemon.said()))
    return int(found[1])


def fetch(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """What a server answers to GET, and its body as it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gateway with a simulated lamp."""
    with DaemonProcess(tmp_path_factory.mktemp("web"), WEB + LAMP) as daemon:
        yield port_of(daemon)
        daemon.stop()


def test_they_weigh_little() -> None:
    """All that a browser may load, packed, every page together."""
    packed = {path.name: len(gzip.compress(path.read_bytes())) for path in FILES if path.suffix != ".LICENSE"}
    assert sum(packed.values()) < MOST_BYTES, packed


def test_what_others_wrote_has_their_licence() -> None:
    """Beside each file in `vendor`; the two of preact have one."""
    names = {path.stem.replace("hooks", "preact") for path in (STATIC / "vendor").iterdir() if path.suffix in {".js", ".css"}}
    assert {name for name in names if "MIT" in (text := (STATIC / "vendor" / f"{name}.LICENSE").read_text()) or "Apache" in text} == names


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_they_name_no_other_host_and_no_absolute_path(path: Path) -> None:
    """So they work behind any prefix, without a network, and under the policy that forbids what stands inline."""
    text = path.read_text().replace("http://www.w3.org/", "")
    assert not re.search(r"https?://", text)
    assert not re.search(r"""(?:href|src)=["'`]/|fetch\(["'`]/|get\(["'`]/|post\(["'`]/""", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*src=)", text)


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".js"], ids=lambda path: path.name)
def test_each_import_is_there(path: Path) -> None:
    """No page stays empty for a file that is misspelt."""
    for name in re.findall(r'from "(\./[^"]+)"', path.read_text()):
        assert (path.parent / name).is_file(), name


@pytest.mark.parametrize("path", ["/", "/trip", "/track", *(f"/static/{path.relative_to(STATIC)}" for path in FILES)])
def test_each_file_is_served_whole_packed_and_once(port: int, path: str) -> None:
    """As it is on disk; packed for who takes that; not at all for who has it."""
    response, body = fetch(port, path)
    assert response.status == 200
    assert body in {path.read_bytes() for path in FILES}
    assert "default-src 'self'" in response.headers["content-security-policy"]
    packed, small = fetch(port, path, accept_encoding="gzip, br")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small) == body
    again, nothing = fetch(port, path, if_none_match=str(response.headers["etag"]))
    assert (again.status, nothing) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/../server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/static/vendor", "/static/", "/static/vendor/..%2fapp.js"],
)
def test_nothing_else_is(port: int, path: str) -> None:
    """A path is looked for among the names of the files, and never on the disk."""
    response, body = fetch(port, path)
    assert (response.status, json.loads(body)["title"]) == (404, "Not Found")


def test_the_pins_show_their_levels(port: int) -> None:
    """What `api/host-bound` tells asks nothing of the engine."""
    response, body = fetch(port, "/api/host-bound?of=gpio/")
    assert response.status == 200
    assert [(one["id"], one["health"], one["values"]) for one in json.loads(body)["hosted"]] == [("gpio/lamp", "ok", {"on": False})]
    assert json.loads(fetch(port, "/pages.json")[1]) == {"name": "test", "simulated": False}


def test_who_has_no_token_learns_no_name(tmp_path: Path) -> None:
    """The files are for everybody, and say nothing of this gateway; its tiles are for followers, who have no token."""
    (tmp_path / "token").write_text("open sesame\n")
    tiles = 'map_tiles = "https://tiles.example/{z}/{x}/{y}.png"\nmap_attribution = "© somebody"\n'
    with DaemonProcess(tmp_path, f'{WEB}token_file = "{tmp_path / "token"}"\n{tiles}') as daemon:
        port = port_of(daemon)
        maps = {"map_tiles": {"url": "https://tiles.example/{z}/{x}/{y}.png", "attribution": "© somebody"}}
        assert json.loads(fetch(port, "/pages.json")[1]) == maps
        assert json.loads(fetch(port, "/pages.json", authorization="Bearer open sesame")[1]) == {"name": "test", "simulated": False, **maps}
        response, _ = fetch(port, "/trip")
        assert (response.status, "img-src 'self' https://tiles.example data:" in response.headers["content-security-policy"]) == (200, True)
        assert response.headers["referrer-policy"] == "strict-origin-when-cross-origin"
        for path in ("/", "/track"):  # a page without a map asks nobody, and tells nobody
            headers = fetch(port, path)[0].headers
            assert ("tiles.example" in headers["content-security-policy"], headers["referrer-policy"]) == (False, "no-referrer")
        assert fetch(port, "/api/host-bound")[0].status == 401
        daemon.stop()


def test_tiles_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    """`gateway check` says how they are written."""
    daemon = DaemonProcess(tmp_path, f'{WEB}map_tiles = "https://tiles.example/{{z}}/{{x}}.png"\n')
    said = daemon.gateway("check")
    assert 'is no address of tiles; write "https://tiles.example/{z}/{x}/{y}.png"' in said.stdout + said.stderr
