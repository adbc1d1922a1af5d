"""Hosts that are linked by one database: real gateways on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import DaemonProcess, install_kinds
from tests.postgres import PostgresServer, postgres_server

Host = Callable[..., DaemonProcess]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with postgres_server("fsync=off") as found:
        yield found


@pytest.fixture
def url(server: PostgresServer) -> str:
    """An empty database."""
    return server.new_database()


@pytest.fixture
def host(url: str, tmp_path: Path) -> Iterator[Host]:
    """Starts hosts that are linked by the database."""
    with ExitStack() as at_end:

        def started(name: str, more: str = "", *, url: str = url, kinds: bool = True) -> DaemonProcess:
            folder = tmp_path / name
            folder.mkdir()
            environ = install_kinds(folder, ledger="tests.fleet.kinds:Ledger", scribe="tests.fleet.kinds:Scribe") if kinds else {}
            link = f'[link]\nurl = "{url}"\nhost = "{name}"\n{more}'
            daemon = at_end.enter_context(DaemonProcess(folder, link, close_s=5, environ=environ))
            daemon.until_listening()
            daemon.until(lambda: link_of(daemon)["health"] == "ok")
            return daemon

        yield started


def link_of(daemon: DaemonProcess) -> dict[str, Any]:
    """The link as `gateway show` has it."""
    found: dict[str, Any] = next(one for one in daemon.ask(do="show")["show"]["host_bound"] if one["id"] == "link/main")
    return found
