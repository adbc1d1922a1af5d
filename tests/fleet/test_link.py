"""The link: two gateways that write to each other through a PostgreSQL database, which comes and goes. Real ones."""

import time
from pathlib import Path
from typing import Any

import pytest

from gateway.actors.ids import group_of
from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host, link_of
from tests.fleet.kinds import Ledger
from tests.fleet.swallowing import Swallowing
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.service.sharing import Sharing
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore

BARN, HOUSE = "pi-barn", "pi-house"
_MANY = 3000


def _tell(daemon: DaemonProcess, target: str, verb: str, **fields: Any) -> None:
    said = daemon.ask(do="tell", to=target, verb=verb, payload=fields, timeout_s=30.0)
    assert "error" not in said, said


def _ask(daemon: DaemonProcess, target: str, verb: str, **fields: Any) -> dict[str, Any]:
    return daemon.ask(do="ask", to=target, verb=verb, payload=fields, timeout_s=30.0)


def _send(daemon: DaemonProcess, to: str, first: int, last: int) -> None:
    """Have an actor of a host write numbers to another's."""
    _tell(daemon, "ledger/sender", "send", to=to, first=first, last=last)


def _numbers(daemon: DaemonProcess, id: str = "ledger/a") -> list[int]:
    shown = daemon.ask(do="show", id=id)
    numbers: list[int] = shown["actor"]["state"]["numbers"] if shown["ok"] else []
    return numbers


def _are(daemon: DaemonProcess, first: int, last: int) -> None:
    """Wait until these numbers have come, each once, in order."""
    daemon.until(lambda: len(_numbers(daemon)) >= last - first + 1)
    assert _numbers(daemon) == list(range(first, last + 1))


def _left(server: PostgresServer, url: str) -> int:
    """How many messages are on their way in the database."""
    return int(server.ask(url, "SELECT count(*) FROM gateway_shared.post")[0][0])


def test_who_reports_and_awaits_no_answer_looks_no_more_often(server: PostgresServer, url: str, host: Host) -> None:
    """Thousands of such hosts would keep the database busy with nothing."""
    barn = host(BARN)
    start_s, sent = time.monotonic(), 0
    while (took_s := time.monotonic() - start_s) < 4.0:
        _tell(barn, "host/pi-house/ledger/a", "write", n=sent)
        sent += 1
        barn.until(lambda sent=sent: link_of(barn)["counters"].get("handed_in") == sent)  # type: ignore[misc]
    looks = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'post_host'"
    assert server.ask(url, looks)[0][0] < 8 * took_s + 10


def test_one_host_asks_an_actor_of_another(server: PostgresServer, url: str, host: Host) -> None:
    """The actor itself answers; it sees who wrote, by the name that reaches them; and a mistake is said at once."""
    barn, house = host(BARN), host(HOUSE)
    assert _ask(barn, "host/pi-house/ledger/a", "write", n=1)["body"] == {"written": 1}
    assert "did you mean 'write'?" in _ask(barn, "host/pi-house/ledger/a", "wriet", n=1)["error"]
    assert "cannot find kind 'lodger'" in _ask(barn, "host/pi-house/lodger/a", "write", n=1)["error"]
    _tell(barn, "ledger/sender", "send_and_hear", to="host/pi-house/ledger/a", first=2, last=20)
    _are(house, 1, 20)
    assert house.ask(do="show", id="ledger/a")["actor"]["state"]["senders"] == ["host/pi-barn/control/local", "host/pi-barn/ledger/sender"]
    barn.until(lambda: barn.ask(do="show", id="ledger/sender").get("actor", {"state": {}})["state"].get("answers") == 19)
    house.until(lambda: _left(server, url) == 0)
    assert link_of(barn)["health"] == "ok"


def test_what_is_sent_while_the_database_is_away_comes_later(server: PostgresServer, url: str, host: Host) -> None:
    """In order, once, from both sides; and people see since when it is away."""
    barn, house = host(BARN), host(HOUSE)
    server.stop()
    for daemon in (barn, house):
        daemon.until(lambda daemon=daemon: link_of(daemon)["health"] == "missing")
    assert "without its database since 20" in link_of(barn)["detail"]
    for first in range(1, _MANY, 500):
        _send(barn, "host/pi-house/ledger/a", first, first + 499)
        _send(house, "host/pi-barn/ledger/a", first, first + 499)
    server.start()
    _are(house, 1, _MANY)
    _are(barn, 1, _MANY)
    house.until(lambda: _left(server, url) == 0)
    assert link_of(barn)["health"] == "ok"


def test_killed_while_it_catches_up_it_goes_on(server: PostgresServer, url: str, host: Host) -> None:
    """The sender and the receiver: each message comes once, in order."""
    barn, house = host(BARN), host(HOUSE)
    server.stop()
    for first in range(1, _MANY, 500):
        _send(barn, "host/pi-house/ledger/a", first, first + 499)
    server.start()
    handed = "SELECT coalesce(max(handed), 0) FROM gateway_shared.host_mark WHERE host = 'pi-barn'"
    for least in (1, 1001):
        barn.until(lambda least=least: server.ask(url, handed)[0][0] >= least)
        barn.kill()
        house.kill()
        barn.again()
        house.again()
    house.until_listening()
    _are(house, 1, _MANY)
    house.until(lambda: _left(server, url) == 0)


def test_a_server_that_is_killed_is_found_again(server: PostgresServer, url: str, host: Host) -> None:
    """While messages are on their way."""
    barn, house = host(BARN), host(HOUSE)
    for first in range(1, _MANY, 500):
        _send(barn, "host/pi-house/ledger/a", first, first + 499)
        if first in {501, 1501}:
            server.kill()
            server.start()
    _are(house, 1, _MANY)


def test_bytes_that_vanish_on_their_way_lose_nothing(server: PostgresServer, url: str, host: Host, tmp_path: Path) -> None:
    """Though nobody says that they have: the link gives up, says so, and begins anew once they come through."""
    (tmp_path / "between").mkdir()
    with Swallowing(tmp_path / "between", server.folder) as between:
        barn, house = host(BARN, url=url.replace(str(server.folder), str(between.folder))), host(HOUSE)
        _send(barn, "host/pi-house/ledger/a", 1, 500)
        between.swallows = True
        _send(barn, "host/pi-house/ledger/a", 501, 1000)
        barn.until(lambda: link_of(barn)["health"] == "missing")
        assert "no answer within 10 s" in link_of(barn)["detail"]
        between.swallows = False
        _are(house, 1, 1000)
        barn.stop()


def test_what_nobody_takes_there_is_a_dead_letter_there(url: str, host: Host, tmp_path: Path) -> None:
    """Whoever asked is told why; tried again once somebody takes it, it arrives."""
    barn, house = host(BARN), host(HOUSE, kinds=False)
    assert "no kind 'ledger'" in _ask(barn, "host/pi-house/ledger/a", "write", n=1)["error"]
    assert "no kind 'ledger'" in house.gateway("dead-letters").stdout
    house.stop()
    (tmp_path / HOUSE / "actors").mkdir()
    own = "from tests.fleet.kinds import Ledger as Base\n\n\nclass Ledger(Base):\n    pass\n"
    (tmp_path / HOUSE / "actors" / "ledger.py").write_text(own)
    house.again()
    house.until_listening()
    assert house.gateway("dead-letters", "retry", "all").returncode == 0
    _are(house, 1, 1)


def test_what_is_for_a_shared_kind_goes_to_its_group(server: PostgresServer, url: str, host: Host) -> None:
    """And to nobody here, a child of it too; of other kinds all stays here."""
    barn = host(BARN, 'kinds = ["ledger"]')
    for n in range(20):
        _tell(barn, f"ledger/{n}", "write", n=n)
    _tell(barn, "ledger/7/ledger/child", "write", n=20)
    barn.until(lambda: _left(server, url) == 21)
    rows = server.ask(url, "SELECT to_grp FROM gateway_shared.post ORDER BY n")
    assert [row[0] for row in rows] == [group_of(f"ledger/{n}") for n in [*range(20), 7]]
    _tell(barn, "twin/door", "report", values={"open": True})
    assert barn.ask(do="show", id="twin/door")["ok"]
    assert not barn.ask(do="show", id="ledger/7")["ok"]
    for whose in ("ledger", "ledger/7", "ledger/*"):
        assert "cannot show events of ledger: the hosts that share it record them" in barn.gateway("events", whose).stderr


def test_a_shared_actor_answers_a_host_at_the_edge(url: str, host: Host) -> None:
    """To whoever asked there, and to its actors, by the name of that host; and it writes to them of its own."""
    place = SharedPlace(url)
    sharing = Sharing(lambda before, clean: GroupedStore(place, "db-host", before=before, clean=clean), [Ledger()])
    sharing.start()
    try:
        barn = host(BARN, 'kinds = ["ledger"]')
        assert [_ask(barn, "ledger/a", "write", n=n).get("body") for n in (1, 2)] == [{"written": 1}, {"written": 2}]
        assert _ask(barn, "ledger/a", "read")["body"]["senders"] == ["host/pi-barn/control/local"]
        _tell(barn, "ledger/b", "send", to="host/pi-barn/ledger/own", first=1, last=3)
        barn.until(lambda: _ask(barn, "ledger/own", "read").get("body", {}).get("numbers") == [1, 2, 3])
    finally:
        assert sharing.stop()
