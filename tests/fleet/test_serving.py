"""Several hosts serve the same actors: real gateways on a real PostgreSQL, one of which is killed."""

from typing import Any

import pytest

from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host
from tests.postgres import why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

_KEYS = [f"ledger/{n}" for n in range(24)]
_SHARED = 'kinds = ["ledger"]\n'
_SERVES = f"{_SHARED}serves = true\n"
_LAMP = '[gpio.lamp]\ntype = "led"\npin = {}\nsimulate = true\n'


def _write(daemon: DaemonProcess, n: int) -> None:
    """Have each ledger write a number down; each is told, and none is answered yet."""
    for id in _KEYS:
        said = daemon.ask(do="tell", to=id, verb="write", payload={"n": n}, timeout_s=30.0)
        assert "error" not in said, said


def _numbers(daemon: DaemonProcess, id: str) -> list[int]:
    answer = daemon.ask(do="ask", to=id, verb="read", payload={}, timeout_s=30.0)
    found: list[int] = answer.get("body", {}).get("numbers", [])
    return found


def _shared(daemon: DaemonProcess) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask(do="show")["show"]["shared"]
    return found


def test_hosts_share_the_actors_and_take_over_those_of_one_that_is_killed(host: Host) -> None:
    """Each serves its part; what one that is killed served goes on elsewhere, and nothing is lost or doubled."""
    first, second, edge = host("one", _SERVES), host("two", _SERVES), host("edge", _SHARED)
    first.until(lambda: _shared(first)["groups"] == 128 == _shared(second)["groups"])
    assert edge.ask(do="show")["show"]["shared"] is None
    _write(edge, 1)
    edge.until(lambda: all(_numbers(edge, id) == [1] for id in _KEYS))
    assert _shared(first)["turns"] > 0 < _shared(second)["turns"]
    second.kill()
    _write(edge, 2)
    first.until(lambda: _shared(first)["groups"] == 256)
    edge.until(lambda: all(_numbers(edge, id) == [1, 2] for id in _KEYS))
    assert "of 256 groups of actors" in first.gateway("show").stdout


def test_shared_actors_write_to_what_each_host_has_for_itself(host: Host) -> None:
    """Its own actors, of kinds that are not shared."""
    one, two = host("one", _SERVES), host("two", _SERVES)
    one.until(lambda: _shared(one)["groups"] == 128 == _shared(two)["groups"])
    fields = {"to": "host/two/scribe/a", "first": 1, "last": 2}
    one.ask(do="tell", to="ledger/sender", verb="send", payload=fields, timeout_s=30.0)
    two.until(lambda: two.ask(do="show", id="scribe/a").get("actor", {"state": {}})["state"].get("numbers") == [1, 2])


def test_what_is_shared_acts_on_what_a_host_has_by_the_name_of_that_host(host: Host) -> None:
    """On a pin of the host that serves it, on one of a host at the edge, and on an actor that is not shared; each answers."""
    serving = host("one", _SERVES + _LAMP.format(5))
    edge = host("edge", f"{_SHARED}{_LAMP.format(6)}[actors.toggle]\noutputs = {{ hall = [] }}\n")
    for to, verb in (("host/one/gpio/lamp", "switch"), ("host/edge/gpio/lamp", "switch"), ("host/edge/toggle/hall", "set")):
        said = edge.ask(do="ask", to="ledger/lights", verb="light", payload={"to": to, "verb": verb}, timeout_s=30.0)
        assert "error" not in said, said
    edge.until(lambda: edge.ask(do="ask", to="ledger/lights", verb="read", payload={}, timeout_s=30.0)["body"]["answers"] == 3)
    for daemon, id in ((serving, "gpio/lamp"), (edge, "gpio/lamp"), (edge, "toggle/hall")):
        assert daemon.ask(do="ask", to=id, verb="read", payload={}, timeout_s=30.0)["body"]["on"], id


def test_what_is_shared_is_told_to_name_the_host_of_what_it_writes_to(host: Host) -> None:
    """A device is of one host, and so is an actor that is not shared; what there is not at all is told apart."""
    serving = host("one", _SERVES + _LAMP.format(5))
    for to, said in (
        ("gpio/lamp", "cannot send to gpio/lamp: that is of one host, and what hosts share is of none; write to host/NAME/gpio/lamp"),
        ("toggle/hall", "cannot send to toggle/hall: that is of one host, and what hosts share is of none; write to host/NAME/toggle/hall"),
        ("gpoi/lamp", "cannot send to gpoi/lamp: no kind 'gpoi' and no host-bound actor of that id; "),
    ):
        answer = serving.ask(do="ask", to="ledger/lights", verb="light", payload={"to": to, "verb": "switch"}, timeout_s=30.0)
        assert said in answer["error"]
