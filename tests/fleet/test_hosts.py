"""One view of all hosts: whichever is asked tells how each of them is, and since when one is away. Real gateways on a real PostgreSQL."""

import json
import urllib.request
from typing import Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess
from tests.devices.web.served import LISTENING
from tests.fleet.conftest import Host, link_of
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

_SHARED = 'kinds = ["ledger"]\n'
_SERVES = f"{_SHARED}serves = true\n"
_WEB = '[web]\nlisten = "127.0.0.1:0"\n'


def _hosts(daemon: DaemonProcess) -> dict[str, dict[str, Any]]:
    """All hosts by their names, as one of them tells it."""
    said = daemon.ask(do="hosts")
    return {one["name"]: one for one in said.get("hosts", [])}


def test_any_host_tells_how_all_are(server: PostgresServer, url: str, host: Host) -> None:
    """Who serves how much, who is not well and why, what is on its way to whom, and since when one is away."""
    base, edge, shed = host("base", _SERVES), host("edge", _SHARED), host("shed")
    for daemon in (base, edge, shed):
        daemon.until(lambda daemon=daemon: {one["well"] for one in _hosts(daemon).values()} == {True} and len(_hosts(daemon)) == 3)
        daemon.until(lambda daemon=daemon: _hosts(daemon)["base"]["groups"] == 256)
    seen = _hosts(edge)
    assert [(one["name"], one["serves"], one["me"]) for one in seen.values()] == [
        ("base", True, False),
        ("edge", False, True),
        ("shed", False, False),
    ]
    assert {one["life"] for one in seen.values()} == {1}
    said = edge.gateway("show", "--hosts")
    assert said.returncode == 0
    assert "base    serves 256 groups  life 1, version" in said.stdout
    assert "edge *  at the edge" in said.stdout
    shed.kill()
    server.ask(url, "UPDATE gateway_shared.host_state SET at = at - interval '3 days' WHERE name = 'shed'")
    assert "error" not in edge.ask(do="tell", to="host/shed/ledger/a", verb="write", payload={"n": 1}, timeout_s=30.0)
    edge.until(lambda: (_hosts(edge)["shed"]["away"], _hosts(edge)["shed"]["coming"]) == (True, 1))
    said = base.gateway("show", "--hosts")
    assert said.returncode == 1
    (line,) = [line for line in said.stdout.splitlines() if line.startswith("shed")]
    assert "away for 3 d, since 20" in line
    assert "1 message on the way to it, for " in line
    assert "cannot forget host edge: it is linked" in base.gateway("forget", "host/edge", "--yes").stderr
    shed.again()
    base.until(lambda: _hosts(base)["shed"]["well"] and not _hosts(base)["shed"]["coming"])
    assert _hosts(base)["shed"]["life"] == 2
    shed.stop()
    base.until(lambda: _hosts(base)["shed"]["stopped"])
    assert "stopped for " in base.gateway("show", "--hosts").stdout
    assert "error" not in edge.ask(do="tell", to="host/shed/ledger/a", verb="write", payload={"n": 1}, timeout_s=30.0)
    edge.until(lambda: _hosts(edge)["shed"]["coming"] == 1)
    forgotten = edge.gateway("forget", "host/shed", "--yes").stdout
    assert forgotten == "forgot host/shed: what it has said of itself; 1 message for it: dropped\n"
    assert set(_hosts(edge)) == {"base", "edge"}
    assert server.ask(url, "SELECT count(*) FROM gateway_shared.post WHERE to_host = 'shed'") == [(0,)]


def test_a_misspelt_host_is_told(host: Host) -> None:
    """What is sent to it waits, for it may still come; how much does, and what to do, stands below all hosts."""
    barn = host("barn")
    assert "error" not in barn.ask(do="tell", to="host/hose/ledger/a", verb="write", payload={"n": 1}, timeout_s=30.0)
    barn.until(lambda: barn.ask(do="hosts").get("unheard"))
    said = barn.gateway("show", "--hosts")
    assert said.returncode == 1
    assert "no host hose was ever linked: 1 message on the way to it, for " in said.stdout
    assert "mend the name where that is sent, or gateway forget host/hose" in said.stdout
    assert (
        barn.gateway("forget", "host/hose", "--yes").stdout == "forgot host/hose: what it has said of itself; 1 message for it: dropped\n"
    )
    assert barn.ask(do="hosts")["unheard"] == []


def test_without_the_database_nobody_can_tell_and_says_so(server: PostgresServer, host: Host) -> None:
    """A gateway that is linked with none says what to do."""
    barn = host("barn")
    barn.until(lambda: "barn" in _hosts(barn))
    server.stop()
    barn.until(lambda: link_of(barn)["health"] == "missing")
    barn.until(lambda: "see that it runs and can be reached" in barn.gateway("show", "--hosts").stderr)
    barn.write("")
    barn.ask(do="reload", timeout_s=30.0)
    barn.until(lambda: "give it a section [link]" in barn.gateway("show", "--hosts").stderr)


def _got(daemon: DaemonProcess, path: str) -> str:
    """What the web of a host answers."""
    found = LISTENING.search(daemon.said())
    assert found is not None
    with urllib.request.urlopen(f"{found[1]}{path}", timeout=PATIENCE_S) as answer:
        return str(answer.read().decode())


def test_the_web_tells_it_too(host: Host) -> None:
    """As JSON, and as metrics: whether the link is up, and how much is on its way."""
    barn, house = host("barn", _WEB), host("house")
    barn.until(lambda: LISTENING.search(barn.said()) and set(_hosts(barn)) == {"barn", "house"})
    house.kill()
    for n in range(3):
        assert "error" not in barn.ask(do="tell", to="host/house/ledger/a", verb="write", payload={"n": n}, timeout_s=30.0)
    barn.until(lambda: {one["name"]: one["coming"] for one in json.loads(_got(barn, "api/hosts"))["hosts"]} == {"barn": 0, "house": 3})
    wanted = {"gateway_link_up 1", "gateway_link_coming_messages 0", "gateway_link_waiting_messages 0"}
    barn.until(lambda: wanted <= set(_got(barn, "metrics").splitlines()))
