"""Any host answers for all: what another host has, and what several hosts share, is shown and decided from wherever somebody asks. Real
gateways on a real PostgreSQL."""

from typing import Any

import pytest

from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

_SHARED = 'kinds = ["ledger"]\n'
_SERVES = f"{_SHARED}serves = true\n"


def _tell(daemon: DaemonProcess, to: str, n: int) -> None:
    said = daemon.ask(do="tell", to=to, verb="write", payload={"n": n}, timeout_s=30.0)
    assert "error" not in said, said


def _numbers(daemon: DaemonProcess, id: str) -> list[int]:
    found: list[int] = daemon.ask(do="show", id=id).get("actor", {"state": {}})["state"].get("numbers", [])
    return found


def _read_and_explained(daemon: DaemonProcess, id: str) -> list[str]:
    """What an actor has handled lately, by the host that serves it now: it has been read by this host just before."""
    daemon.ask(do="ask", to=id, verb="read", payload={}, timeout_s=30.0)
    steps = daemon.ask(do="explain", id=id).get("explained", {"steps": []})["steps"]
    return [step["verb"] for step in steps]


def _letters(daemon: DaemonProcess) -> dict[str, dict[str, Any]]:
    """The dead letters of all hosts, by what names them."""
    said = daemon.ask(do="letters", hosts=True)
    return {f"host/{one['host']}/{one['n']}" if one["host"] else str(one["n"]): one for one in said.get("letters", [])}


def _all_know_each_other(*daemons: DaemonProcess) -> None:
    for daemon in daemons:
        daemon.until(lambda daemon=daemon: len(daemon.ask(do="hosts").get("hosts", [])) == len(daemons))


def test_a_shared_actor_is_shown_from_anywhere(host: Host) -> None:
    """By whichever host serves it, though another is asked, and though that one has just been killed."""
    one, two, edge = host("one", _SERVES), host("two", _SERVES), host("edge", _SHARED)
    _all_know_each_other(one, two, edge)
    one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 128)
    ids = [f"ledger/{n}" for n in range(12)]
    for n, id in enumerate(ids):
        _tell(edge, id, n)
    for daemon in (one, two, edge):
        for n, id in enumerate(ids):
            daemon.until(lambda daemon=daemon, n=n, id=id: _numbers(daemon, id) == [n])
        assert daemon.ask(do="list", prefix="ledger/")["ids"] == sorted(ids)
        assert daemon.ask(do="export", id="ledger/7")["stored"]["id"] == "ledger/7"
        daemon.until(lambda daemon=daemon: "read" in _read_and_explained(daemon, "ledger/7"))
    said = edge.gateway("show", "ledger/71")
    assert "did you mean 'ledger/7'?" in said.stderr
    two.kill()
    for n, id in enumerate(ids):
        edge.until(lambda n=n, id=id: _numbers(edge, id) == [n])


def test_what_another_host_has_is_shown_by_the_name_of_that_host(host: Host) -> None:
    """Its actors, its devices, what they did; and a mistake, or that it is away, is said at once."""
    barn, house = host("barn"), host("house")
    _all_know_each_other(barn, house)
    _tell(barn, "host/house/ledger/a", 1)
    barn.until(lambda: _numbers(barn, "host/house/ledger/a") == [1])
    said = barn.gateway("show", "host/house/ledger/a")
    assert "host/house/ledger/a  in memory" in said.stdout
    assert "linked as house" in barn.gateway("show", "host/house/link/main").stdout
    assert "host/house/ledger/a" in barn.gateway("show", "host/house/ledger/*").stdout
    assert "write" in barn.gateway("explain", "host/house/ledger/a").stdout
    assert _numbers(house, "host/house/ledger/a") == [1]
    assert "did you mean 'house'?" in barn.gateway("show", "host/hose/ledger/a").stderr
    assert "name one of its actors behind it" in barn.gateway("show", "host/house").stderr
    assert "forgot host/house/ledger/a" in barn.gateway("forget", "host/house/ledger/a", "--yes").stdout
    assert _numbers(house, "ledger/a") == []
    house.stop()
    barn.until(lambda: "cannot ask house: it is stopped since 20" in barn.gateway("show", "host/house/ledger/a").stderr)


def test_dead_letters_of_all_hosts_are_decided_from_one(server: PostgresServer, url: str, host: Host) -> None:
    """Those of each host, and those of shared actors; who has some and does not answer is named."""
    base, edge, barn = host("base", _SERVES), host("edge", _SHARED), host("barn")
    _all_know_each_other(base, edge, barn)
    _tell(edge, "ledger/a", -1)
    _tell(barn, "ledger/own", -2)
    edge.until(lambda: len(_letters(edge)) == 2)
    found = _letters(edge)
    (own,) = [name for name, one in found.items() if one["host"] == "barn"]
    (shared,) = [name for name, one in found.items() if not one["host"]]
    assert (own, found[own]["to"], found[shared]["to"]) == ("host/barn/1", "ledger/own", "ledger/a")
    said = edge.gateway("dead-letters", "--hosts")
    assert (said.returncode, own in said.stdout, shared in said.stdout) == (0, True, True)
    for name, number in ((own, "-2"), (shared, "-1")):
        assert f'"n":{number}' in edge.gateway("dead-letters", "show", name).stdout.replace('\\"', '"')
    assert edge.gateway("dead-letters", "retry", own, shared).returncode == 0
    edge.until(lambda: len(_letters(edge)) == 2 and not {own, shared} & set(_letters(edge)))
    again = list(_letters(edge))
    assert edge.gateway("dead-letters", "drop", *again).returncode == 0
    edge.until(lambda: not _letters(edge))
    assert "there is none of that number" in edge.gateway("dead-letters", "drop", shared).stderr
    _tell(barn, "ledger/own", -3)
    edge.until(lambda: len(_letters(edge)) == 1)
    barn.stop()
    edge.until(lambda: "not those of barn: stopped since 20" in edge.gateway("dead-letters", "--hosts").stdout)


def test_a_message_is_explained_by_all_hosts_that_know_of_it(host: Host) -> None:
    """The one that sent it first, then the one that took it in; and who cannot be asked is named."""
    base, edge, shed = host("base", _SERVES), host("edge", _SHARED), host("shed")
    _all_know_each_other(base, edge, shed)
    shed.stop()
    edge.until(lambda: {one["name"]: one["away"] for one in edge.ask(do="hosts").get("hosts", [])}.get("shed"))
    id = edge.ask(do="tell", to="ledger/a", verb="write", payload={"n": 1}, timeout_s=30.0)["id"]
    base.until(lambda: [one["host"] for one in base.ask(do="explain", id=id, hosts=True).get("explained", [])] == ["edge", "base"])
    said = base.gateway("explain", id, "--hosts").stdout
    assert said.index("edge:\n") < said.index("base:\n") < said.index("not what shed knows: stopped since 20")
    assert base.gateway("explain", "00000a-3fc21d-1", "--hosts").stdout.startswith("no host knows of 00000a-3fc21d-1\n")
