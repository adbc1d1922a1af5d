"""A page that is read every so often: what it says becomes reports, and what it does wrong is a fault that names what to mend."""

import json
import tomllib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.http.page import HttpPage
from devices.http.settings import HttpSettings
from gateway.actors import Health
from gateway.actors.vocabulary import Quality
from gateway.config import read
from gateway.testing import Bench
from tests.brokers import free_port
from tests.devices.http.conftest import PageServer, answer
from tests.guide import block_with


def bench(url: str, **rest: Any) -> Bench:
    """A bench with one page; enter it to run it."""
    settings = HttpSettings.model_validate({"url": url, "to": "twin/a", "every_s": 0.05, **rest})
    return Bench(HttpPage("a", settings), "http/a")


def reported(found: Bench) -> list[dict[str, Any]]:
    """The values of each report."""
    return [one.payload.values for one in found.sent]


SHELLY = {
    **{"wifi_sta": {"connected": True, "ssid": "home"}, "relays": [{"ison": True, "source": "http"}]},
    **{"meters": [{"power": 41.5, "total": 9000}], "temperature": 33.2, "uptime": 7},
}
TASMOTA = {"StatusSNS": {"Time": "2031-02-03T04:05:06", "ENERGY": {"Total": 88.12, "Power": 7}}}
METEO = {"latitude": 52.5, "current": {"time": "2031-02-03T04:00", "interval": 900, "temperature_2m": -3.5, "relative_humidity_2m": 81}}
RECIPES: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "shelly": (json.dumps(SHELLY).encode(), "/status", {"power_w": 41.5, "on": True, "temperature_c": 33.2}),
    "plug": (json.dumps(TASMOTA).encode(), "/cm?cmnd=Status%208", {"power_w": 7, "energy_kwh": 88.12}),
    "well": (b"1204\r\n", "/level", {"level_mm": 1204}),
    "weather": (
        json.dumps(METEO).encode(),
        "/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m,relative_humidity_2m",
        {"temperature_c": -3.5, "humidity_pct": 81},
    ),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe(name: str, page: PageServer) -> None:
    """What the page says is enough: the answer, as the device gives it, becomes a report of the twin."""
    body, path, values = RECIPES[name]
    section = tomllib.loads(block_with("[http.shelly]"))["http"][name]
    page.says = answer(body)
    url = f"{page.url}/{section.pop('url').split('/', 3)[3]}"
    with bench(url, **{**section, "every_s": 60.0}) as found:
        found.until(lambda: found.sent)
        ((report, to),) = [(one.payload.values, one.to) for one in found.sent]
    assert (report, to) == (values, f"twin/{name}")
    assert page.asked[0][0] == path


def test_the_recipes_are_a_configuration(tmp_path: Path) -> None:
    """With no problem in it."""
    (tmp_path / "g.toml").write_text(block_with("[http.shelly]"))
    assert [part.id for part in read(tmp_path / "g.toml").host_bound] == [f"http/{name}" for name in RECIPES]


def test_what_is_not_new_is_not_sent_again_and_still_reported(page: PageServer) -> None:
    """A server that gives an ETag is asked for it; 304 says that the values are the same, and the twin hears them."""

    def says(call: BaseHTTPRequestHandler) -> None:
        known = call.headers.get("If-None-Match") == '"one"'
        (answer(b"", 304) if known else answer(b'{"t": 1}', ETag='"one"'))(call)

    page.says = says
    with bench(page.url) as found:
        found.until(lambda: len(found.sent) >= 3)
        assert reported(found)[:3] == [{"t": 1}] * 3
    assert [headers.get("If-None-Match") for _, headers in page.asked[:3]] == [None, '"one"', '"one"']


@pytest.mark.parametrize(("text", "sent"), [("e" * 510, True), ("e" * 511, False), ("e" * 60_000, False), ("e\x01", False)])
def test_an_odd_etag_is_not_sent_back(page: PageServer, text: str, sent: bool) -> None:
    """What a server makes us say has 512 bytes at most, all of them letters; without it, the page is asked for as a whole."""
    etag = f'"{text}"'
    page.says = answer(b'{"t": 1}', ETag=etag)
    with bench(page.url) as found:
        found.until(lambda: len(found.sent) >= 3)
    assert [headers.get("If-None-Match") for _, headers in page.asked[:3]] == [None, *[etag if sent else None] * 2]


def test_a_question_that_is_too_long_is_asked_again_without_the_etag(page: PageServer) -> None:
    """At once, so that no value is late; where that is too long as well, it is a fault."""

    def says(call: BaseHTTPRequestHandler) -> None:
        known = call.headers.get("If-None-Match")
        (answer(b"", 431) if known else answer(b'{"t": 1}', ETag='"one"'))(call)

    page.says = says
    with bench(page.url) as found:
        found.until(lambda: len(found.sent) >= 3)
        assert [health for health, _ in found.health] == [Health.OK]
        assert [headers.get("If-None-Match") for _, headers in page.asked[:5]] == [None, '"one"', None, '"one"', None]
        page.says = answer(b"", 431)
        said = f"{page.url[7:]} said 431 Request Header Fields Too Large"
        found.until(lambda: (Health.FAULTY, said) in found.health)


def test_a_value_out_of_its_range_is_bad(page: PageServer) -> None:
    """The table of values is that of every other input."""
    page.says = answer(b'{"t": 900, "u": null}')
    with bench(page.url, values={"t_c": {"from": "t", "valid": [-40, 80]}}) as found:
        found.until(lambda: found.sent and found.counters["bad_values"])
        report = found.sent[0].payload
    assert (report.values, report.qualities) == ({"t_c": 900, "u": None}, {"t_c": Quality.BAD})


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, {}, "HOST said 404 Not Found; mend http.a.url, token_file or headers"),
        (401, {}, "HOST said 401 Unauthorized; mend http.a.url, token_file or headers"),
        (302, {"Location": "http://127.0.0.1:1/"}, "HOST said 302 Found, which is not followed; mend http.a.url"),
        (500, {}, "HOST said 500 Internal Server Error"),
        (204, {}, "HOST said 204 No Content"),
    ],
)
def test_another_answer_than_200_is_a_fault(page: PageServer, status: int, headers: dict[str, str], said: str) -> None:
    """It names what to mend, and a page that is mended is read again."""
    page.says = answer(b"", status, **headers)
    with bench(page.url) as found:
        found.until(lambda: (Health.FAULTY, said.replace("HOST", page.url[7:])) in found.health)
        page.says = answer(b'{"t": 1}')
        found.until(lambda: {"t": 1} in reported(found))
        assert found.health[-1] == (Health.OK, f"{page.url}, read every 0.05 s")


def test_a_server_that_is_not_there_is_missing(page: PageServer) -> None:
    """The cause is named; when it comes it is read."""
    port = free_port()
    with bench(f"http://127.0.0.1:{port}") as found:
        said = f"127.0.0.1:{port} refuses connections; start its server, or mend http.a.url"
        found.until(lambda: (Health.MISSING, said) in found.health)
        server = PageServer(port)
        server.says = answer(b'{"t": 1}')
        found.until(lambda: reported(found)[:1] == [{"t": 1}])
        server.close()


def test_a_server_that_dribbles_or_says_too_much_does_not_hold_it(page: PageServer) -> None:
    """The time is for the whole answer, and so are the bytes."""

    def dribble(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.end_headers()
        while not page.over.wait(0.02):
            call.wfile.write(b" ")
            call.wfile.flush()

    page.says = dribble
    with bench(page.url, timeout_s=0.3) as found:
        said = f"{page.url[7:]} gave no whole answer in 0.3 s; raise http.a.timeout_s"
        found.until(lambda: (Health.FAULTY, said) in found.health)
        page.says = answer(b" " * 100)
    with bench(page.url, max_answer_bytes=99) as found:
        said = f"the answer of {page.url[7:]} has more than 99 bytes; raise http.a.max_answer_bytes"
        found.until(lambda: (Health.FAULTY, said) in found.health)


@pytest.mark.parametrize("size", [b"-1", b"-5;x", b"zz"])
def test_a_piece_of_no_size_is_not_read(page: PageServer, size: bytes) -> None:
    """Of a piece that has less than no bytes, as its server says, no more is read than of any other."""
    sent: list[int] = []

    def says(call: BaseHTTPRequestHandler) -> None:
        call.send_response(200)
        call.send_header("Transfer-Encoding", "chunked")
        call.end_headers()
        call.wfile.write(size + b"\r\n")
        for _ in range(640):  # 40 MB, far beyond what fits into the kernel's buffers
            call.wfile.write(b" " * 65536)
            sent.append(65536)

    page.says = says
    with bench(page.url) as found:
        found.until(lambda: found.health)
        assert found.health[0][0] is Health.FAULTY
        assert found.health[0][1] in (
            f"{page.url[7:]} does not answer in HTTP: IncompleteRead; mend http.a.url",
            f"the answer of {page.url[7:]} has more than 65536 bytes; raise http.a.max_answer_bytes",
        )
    assert sum(sent) < 640 * 65536


def test_what_cannot_be_read_is_a_bad_reading(page: PageServer) -> None:
    """Nothing of it is reported; the next good one is."""
    page.says = answer(b"<html>login</html>")
    with bench(page.url) as found:
        found.until(lambda: found.counters["read_faults"] >= 2)
        page.says = answer(b'{"t": 1}')
        found.until(lambda: found.sent)
        assert reported(found)[0] == {"t": 1}


def test_the_token_goes_as_bearer_or_where_it_is_wanted(page: PageServer, tmp_path: Path) -> None:
    """Read anew for each request, and shown nowhere."""
    (tmp_path / "token").write_text("s3cret\n")
    page.says = answer(b'{"t": 1}')
    with bench(page.url, token_file=str(tmp_path / "token")) as found:
        found.until(lambda: found.sent)
    assert page.asked[-1][1]["Authorization"] == "Bearer s3cret"
    with bench(f"{page.url}/a?k={{token}}", token_file=str(tmp_path / "token"), headers={"X-Key": "{token}"}) as found:
        found.until(lambda: found.sent)
        assert "s3cret" not in str(found.health)
    path, headers = page.asked[-1]
    assert (path, headers["X-Key"], "Authorization" in headers) == ("/a?k=s3cret", "s3cret", False)


def test_simulated_nothing_leaves_this_host() -> None:
    """Its values are those of the table, each of its type."""
    with bench("", simulate=True, values={"power_w": "p", "on": {"type": "boolean"}}) as found:
        found.until(lambda: len(found.sent) > 12)
        values = reported(found)
    assert {type(value["power_w"]) for value in values} == {float}
    assert {value["on"] for value in values} == {True, False}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, 'url is missing; write url = "https://…", or simulate = true'),
        ({"url": "ftp://a/"}, "it begins with neither https:// nor http://; write one of them"),
        ({"url": "https://a/{token}"}, "{token} stands for the content of a file; add token_file"),
        (
            {"url": "https://a/?k={tokn}"},
            "braces hold nothing but {token} in a URL; did you mean {token}? write others as %7B and %7D",
        ),
        ({"url": "http://a/", "headers": {"X": "{tokn}"}}, "X: {tokn} stands for nothing here; did you mean {token}?"),
        ({"url": "http://a/", "ca_file": "/x.pem"}, "'ca_file' needs TLS; write https:// in 'url'"),
        ({"url": "http://a/", "codec": "text"}, "codec: 'text' reads no values; write json, csv, keyvalue, regex, number or onoff"),
        (
            {"url": "http://a/", "headers": {"X-Api-Key": "hunter2"}},
            'a secret does not belong in this file; write X-Api-Key = "{token}", and token_file',
        ),
    ],
)
def test_what_is_refused_says_why(fields: dict[str, Any], said: str) -> None:
    """Each in words of its own."""
    with pytest.raises(ValidationError) as raised:
        HttpSettings.model_validate(fields)
    assert [error["msg"] for error in raised.value.errors()] == [f"Value error, {said}"]


def test_a_slow_page_is_no_hang() -> None:
    """Nobody is told to restart the gateway while a page takes as long as the file allows."""
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": "http://192.0.2.1/", "to": "twin/a", "timeout_s": HttpPage.step_s})
