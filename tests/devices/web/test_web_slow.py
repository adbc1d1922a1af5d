"""Clients that take nothing, many of them: what each can have the gateway and the system hold for it, and that it is let go."""

from contextlib import ExitStack
from pathlib import Path

from tests.devices.web.served import WebGateway
from tests.devices.web.streams import EventsClient
from tests.waiting import until

CLIENTS = 200
STATE_BYTES = 50_000
SAID = 10
"""So many commits are said of a large state: twice what may wait for a client, and a tenth of what a system would keep for it by itself."""
EACH_KB = 200


def _held_kb(gateway: WebGateway) -> int:
    """The memory that is the gateway's own, at its most. Source: proc(5), /proc/pid/status."""
    lines = Path(f"/proc/{gateway.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_two_hundred_clients_that_take_nothing_are_let_go_and_hold_little(tmp_path: Path) -> None:
    """What is said is twice what may wait for each, so all of them are slow, and none is kept; others hear all of it meanwhile."""
    with WebGateway(tmp_path, "[actors.twin]\npublish_to = ''\n", web="head_s = 3\nstreams = 201") as gateway, ExitStack() as at_end:
        quick = at_end.enter_context(EventsClient(gateway, "twin/*"))
        for _ in range(CLIENTS):
            at_end.enter_context(EventsClient(gateway, "twin/*", receive_bytes=4096))
        before_kb = _held_kb(gateway)
        for n in range(SAID):
            payload = {"values": {"n": n, "text": "x" * STATE_BYTES}}
            assert gateway.ask(do="tell", to="twin/door", verb="report", payload=payload, timeout_s=60)["ok"]
            while (quick.states.get("twin/door") or {}).get("count") != n + 1:
                assert quick.next() is not None
        until(lambda: gateway.ask(do="show", id="web/local")["hosted"]["counters"].get("dropped") == CLIENTS)
        assert _held_kb(gateway) - before_kb < CLIENTS * EACH_KB
        assert gateway.call("GET", "/healthz").status == 200
