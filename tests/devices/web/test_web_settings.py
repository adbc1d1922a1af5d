"""[web] in the file: what is refused at the check, in words, and what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from devices.web.server import WebServer
from devices.web.settings import WebSettings
from gateway.actors import Health
from gateway.config import ConfigProblems, read
from gateway.testing.bench import Bench
from tests.devices.web.served import WebGateway


def _read(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a file, a line each."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    try:
        read(path)
    except ConfigProblems as error:
        return [line.strip() for line in str(error).splitlines()[1:]]
    return []


@pytest.mark.parametrize(
    "text", ["[web]\n", "[web]\nlisten = '[::1]:0'\n", "[web]\nlisten = 'localhost:80'\nhosts = ['a.example', '::1']\n"]
)
def test_what_stands_there_is_taken(tmp_path: Path, text: str) -> None:
    """The line alone is enough; the section has no name."""
    assert _read(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[web]\nlisten = '0.0.0.0:8080'\n",
            "2:10   web.listen: 0.0.0.0:8080 can be reached from other computers, and no token keeps them out; "
            "add token_file, read_token_file or both, or listen at 127.0.0.1",
        ),
        (
            "[web]\nlisten = '8080'\n",
            '2:10   web.listen: \'8080\' is no address with a port; write "127.0.0.1:8080", or "0.0.0.0:8080" for all networks',
        ),
        (
            "[web]\nhosts = ['https://home.example/']\n",
            "2:9   web.hosts: 'https://home.example/' is no name of a host; write it without http://, port and path",
        ),
        ("[[web]]\n", "1:3   web: two pairs of brackets make a list of tables, and this is one; write [web]"),
        ("[dashboard]\nport = 80\n", "1:2   dashboard: no such table or kind of device; write [web]"),
        ("[web]\nlisen = 'x'\n", "2:9   web.lisen: no such key; did you mean 'listen'?"),
        ("[web.in.a]\nto = 'twim/x'\n", "2:6   web.in.a.to: cannot send to twim/x: there is no kind 'twim'; did you mean 'twin'?"),
        ("[web.in.a]\nto = 'twin/x'\ncodec = 'jsno'\n", "3:9   web.in.a.codec: there is no codec 'jsno'; did you mean 'json'?"),
        (
            "[web.in.a]\nto = 'toggle/{x}'\nverb = 'set'\n",
            "2:6   web.in.a.to: {x} is a field that a codec finds; add codec, or write the id whole",
        ),
        (
            "[web]\ntoken_file = 'a'\nread_token_file = 'a'\n",
            "3:19   web.read_token_file: is the file of token_file, too; who may only read needs a token of their own",
        ),
        ("[web]\nhead_s = 0\n", "2:10   web.head_s: 0 is too small; write more than 0"),
    ],
)
def test_each_mistake_has_its_place_and_its_sentence(tmp_path: Path, text: str, said: str) -> None:
    """At the key, with what to write."""
    assert _read(tmp_path, text) == [said]


def test_a_token_that_is_no_line_is_told_at_the_check(tmp_path: Path) -> None:
    """The check looks into the file, and repeats nothing of it."""
    (tmp_path / "token").write_text("two\nlines\n")
    path = tmp_path / "gateway.toml"
    path.write_text(f"[web]\ntoken_file = '{tmp_path}/token'\nread_token_file = '{tmp_path}/none'\n")
    told = [f"{one.key_path}: {one.text}" for one in read(path, outside=True).outside]
    assert any(one.startswith("web.token_file: ") and "does not hold a token" in one for one in told)
    assert any(one.startswith("web.read_token_file: ") for one in told)


def test_a_port_that_is_taken_is_said_and_tried_again(tmp_path: Path) -> None:
    """The gateway goes on without it; once the port is free it is served."""
    import socket  # noqa: PLC0415  # this test alone listens

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        gateway = WebGateway(tmp_path, web="")
        gateway.write(f'[web]\nlisten = "127.0.0.1:{port}"\n')
        gateway.start()
        try:
            words = f"cannot listen at 127.0.0.1:{port}: another program listens there; stop it, or choose another port in web.listen"
            gateway.until(lambda: words in gateway.said())
            other.close()
            gateway.until(lambda: "web/local is ok" in gateway.said())
            assert gateway.call("GET", "/healthz").status == 200
        finally:
            gateway.__exit__()


def test_a_name_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    """In words, and the server is not made anew for it."""
    with Bench(WebServer("local", WebSettings(listen="heating..local:8080", token_file=str(tmp_path / "token")))) as gateway:
        said = gateway.until(lambda: [said for health, said in gateway.health if health is Health.FAULTY])
    assert said == ["cannot listen at heating..local:8080: 'heating..local' cannot be the name of a host; mend web.listen"]


def test_a_reload_listens_elsewhere(tmp_path: Path) -> None:
    """Its settings are taken over like any device's."""
    with WebGateway(tmp_path) as gateway:
        before = gateway.url
        gateway.write('[web]\nlisten = "127.0.0.2:0"\n')
        assert gateway.ask(do="reload", timeout_s=30)["ok"] is True
        gateway.until(lambda: "listening at http://127.0.0.2:" in gateway.said())
        assert before.startswith("http://127.0.0.1:")


def test_a_gateway_without_the_line_imports_nothing_of_it(tmp_path: Path) -> None:
    """Neither starlette nor uvicorn nor a loop is in memory where the file has no [web]."""
    path = tmp_path / "gateway.toml"
    path.write_text('[gpio.lamp]\npin = 17\ntype = "relay"\nsimulate = true\n')
    code = (
        "import sys\nfrom gateway.config import read\nimport gateway.daemon\n"
        f"for part in read({str(path)!r}).host_bound: part.kind(part.key, part.settings)\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('starlette', 'uvicorn', 'h11', 'asyncio', 'anyio')\n"
        "             or name.startswith('devices.web')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_check_of_a_file_with_the_line_needs_no_server(tmp_path: Path) -> None:
    """Its settings are read without starlette: whoever has not installed it is told so by the gateway, in words."""
    path = tmp_path / "gateway.toml"
    path.write_text("[web]\n")
    code = (
        f"import sys\nfrom gateway.config import read\nread({str(path)!r})\nprint('starlette' in sys.modules, 'uvicorn' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False False"


def test_the_one_value_of_an_entrance_has_its_name() -> None:
    """Who watches the value that a body without names is called by is told of no misspelling."""
    settings = WebSettings.model_validate({"in": {"scale": {"to": "twin/scale", "codec": "number", "value": "weight_g"}}})
    (given,) = settings.given("web/local")
    assert "weight_g" in given.names


@pytest.mark.parametrize(
    ("more", "sends"),
    [
        ({}, "report"),
        ({"codec": "nmea"}, "position"),
        ({"codec": {"name": "nmea", "checksum_required": False}}, "position"),
        ({"codec": "nmea", "verb": "report"}, "report"),
        ({"codec": "nmea", "values": {"height_m": "altitude_m"}}, "report"),
        ({"codec": "text"}, "report"),
        ({"codec": "text", "value": "said"}, "report"),
    ],
)
def test_the_verb_of_an_entrance_is_its_codecs_where_nothing_else_is_said(more: dict[str, object], sends: str) -> None:
    """Who names values wants a report; a text that comes whole is a value."""
    settings = WebSettings.model_validate({"in": {"a": {"to": "twin/x", **more}}})
    assert settings.entrances["a"].sends == sends
