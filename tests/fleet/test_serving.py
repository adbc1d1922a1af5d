"""Several hosts serve the same actors: real gateways on a real PostgreSQL, one of which is killed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import DaemonProcess, install_kinds
from tests.postgres import postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

_KEYS = [f"ledger/{n}" for n in range(24)]
Host = Callable[..., DaemonProcess]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Starts hosts that share ledgers by one database."""
    with ExitStack() as at_end:
        url = at_end.enter_context(postgres_server("fsync=off")).new_database()

        def started(name: str, *, serves: bool) -> DaemonProcess:
            folder = tmp_path / name
            folder.mkdir()
            environ = install_kinds(folder, ledger="tests.fleet.kinds:Ledger")
            link = f'[link]\nurl = "{url}"\nhost = "{name}"\nkinds = ["ledger"]\nserves = {str(serves).lower()}\n'
            daemon = at_end.enter_context(DaemonProcess(folder, link, close_s=5, environ=environ))
            daemon.until_listening()
            return daemon

        yield started


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
    first, second, edge = host("one", serves=True), host("two", serves=True), host("edge", serves=False)
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
