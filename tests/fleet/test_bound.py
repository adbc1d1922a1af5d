"""What is on its way to one host, or one group, has a bound: who sends there waits, and telemetry gives way. Real gateways."""

from pathlib import Path

import pytest

from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host, link_of
from tests.postgres import PostgresServer, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from tests.faults.court import Court
from tests.faults.tokens import CARRIERS, Conserved

MOST = 50
_BOUND = f"mailbox_messages = {MOST}\n"
_SERVES = f'kinds = ["ledger"]\nserves = true\n{_BOUND}'
AWAY = "host/pi-house/ledger/a"


def _have_send(daemon: DaemonProcess, first: int, last: int, *, to: str = AWAY, verb: str = "send") -> None:
    said = daemon.ask(do="tell", to="ledger/sender", verb=verb, payload={"to": to, "first": first, "last": last}, timeout_s=30.0)
    assert "error" not in said, said


def _numbers(daemon: DaemonProcess, id: str = "ledger/a") -> list[int]:
    shown = daemon.ask(do="show", id=id)
    found: list[int] = shown["actor"]["state"]["numbers"] if shown["ok"] else []
    return found


def _on_their_way(server: PostgresServer, url: str) -> int:
    return int(server.ask(url, "SELECT count(*) FROM gateway_shared.post WHERE to_host = 'pi-house'")[0][0])


def _are(daemon: DaemonProcess, numbers: list[int]) -> None:
    daemon.until(lambda: len(_numbers(daemon)) >= len(numbers))
    assert _numbers(daemon) == numbers


def _problems(daemon: DaemonProcess) -> str:
    found: list[str] = daemon.ask(do="show")["show"]["problems"]
    return "; ".join(found)


def test_what_an_edge_sends_to_who_is_away_waits_at_the_edge(server: PostgresServer, url: str, host: Host) -> None:
    """Once too much is on its way; what is for others goes on, and in the end all of it arrives in order."""
    barn, house, shed = host("pi-barn", _BOUND), host("pi-house", _BOUND), host("pi-shed", _BOUND)
    house.stop()
    waits = f"what is for host/pi-house waits, for {MOST} messages ("
    _have_send(barn, 1, MOST + 200)
    barn.until(lambda: waits in link_of(barn)["detail"])
    _have_send(barn, 1, 3, to="host/pi-shed/ledger/c")
    shed.until(lambda: _numbers(shed, "ledger/c") == [1, 2, 3])
    assert _on_their_way(server, url) == MOST
    house.again()
    house.until_listening()
    _are(house, [*range(1, MOST + 201)])
    barn.until(lambda: link_of(barn)["detail"] == "linked as pi-barn")


def test_a_shared_actor_that_writes_to_who_is_away_waits(server: PostgresServer, url: str, host: Host) -> None:
    """And no other actor; people are told, and in the end all of it arrives in order."""
    one, house = host("one", _SERVES), host("pi-house", _BOUND)
    one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 256)
    house.stop()
    _have_send(one, 1, MOST + 10)
    one.until(lambda: f"what is for host/pi-house waits, for {MOST + 10} messages (" in _problems(one))
    _have_send(one, MOST + 11, MOST + 200)
    _ask = {"do": "ask", "verb": "write", "payload": {"n": 1}, "timeout_s": 30.0}
    assert one.ask(to="ledger/other", **_ask)["body"] == {"written": 1}
    assert _on_their_way(server, url) == MOST + 10
    house.again()
    house.until_listening()
    _are(house, [*range(1, MOST + 201)])
    one.until(lambda: "host/pi-house" not in _problems(one))


@pytest.mark.parametrize("sender", ["pi-barn", "one"])
def test_the_oldest_telemetry_for_who_is_away_gives_way(server: PostgresServer, url: str, host: Host, sender: str) -> None:
    """Whoever sends it; it is counted and said, and what is no telemetry stays."""
    telling, house = host(sender, _SERVES if sender == "one" else _BOUND), host("pi-house", _BOUND)
    house.stop()
    _have_send(telling, 1, 5)
    _have_send(telling, 6, MOST + 50, verb="tell_readings")
    last = "SELECT encode(message, 'escape') FROM gateway_shared.post WHERE to_host = 'pi-house' ORDER BY n DESC LIMIT 1"
    telling.until(lambda: f'"n":{MOST + 50}' in str(server.ask(url, last)) and MOST * 0.9 <= _on_their_way(server, url) < MOST)
    gone = MOST + 50 - _on_their_way(server, url)
    said = f"the oldest telemetry for host/pi-house gave way: {gone} messages in this life"
    telling.until(lambda: said in (_problems(telling) or link_of(telling)["detail"]))
    house.again()
    house.until_listening()
    _are(house, [*range(1, 6), *range(6 + gone, MOST + 51)])


def test_hosts_that_are_full_to_each_other_go_on(server: PostgresServer, tmp_path: Path) -> None:
    """Their actors send each other far more than may wait at either: each message is handled once, and nobody waits for ever."""
    with Court(server, tmp_path) as court:
        for name in ("pi-barn", "pi-shed"):
            court.begin(name, most=20)
        until(lambda: court.serves("pi-barn") and court.serves("pi-shed"), said=court.said)
        until(lambda: len({court.owner(id) for id in CARRIERS}) == 2, said=court.said)
        there = next(id for id in CARRIERS if court.owner(id) != court.owner(CARRIERS[0]))
        court.pass_on(3000, 4, (CARRIERS[0], there))
        court.has_carried(3000 * 4)
        assert court.carried() == Conserved.all(3000, 4)
        court.has_nothing_left()
