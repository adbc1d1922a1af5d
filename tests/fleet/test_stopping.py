"""The end of a host that serves shared actors is bounded, whatever its database does. Real gateways on a real PostgreSQL."""

import re
from pathlib import Path

import pytest

from tests.daemons import ROOT
from tests.fleet.conftest import Host
from tests.fleet.swallowing import Swallowing
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway import daemon
from gateway.config.sections import RuntimeSettings
from gateway.fleet.link import HostLink
from gateway.service import sharing

_SERVES = 'kinds = ["ledger"]\nserves = true\n'


def test_all_that_the_end_waits_for_fits_into_what_the_unit_gives() -> None:
    """The mail, the link beside what serves shared actors, and the last commit."""
    given = re.search(r"^TimeoutStopSec=(\d+)$", (ROOT / "systemd" / "gateway.service").read_text(), re.MULTILINE)
    assert given is not None
    waits_s = RuntimeSettings().close_s + max(HostLink.close_s, sharing.STOP_S) + daemon._LAST_COMMIT_S
    assert waits_s < int(given[1])


def test_it_ends_though_the_database_does_not_answer(server: PostgresServer, url: str, host: Host, tmp_path: Path) -> None:
    """What is left behind is named; the next life goes on."""
    (tmp_path / "between").mkdir()
    with Swallowing(tmp_path / "between", server.folder) as between:
        one = host("one", _SERVES, url=url.replace(str(server.folder), str(between.folder)))
        one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 256)
        between.swallows = True
        assert one.stop() == daemon.INTERNAL_FAULT
        between.swallows = False
        one.again()
        one.until_listening()
        assert "what serves shared actors did not close in time" in one.ask(do="show")["show"]["last_fault"]
        one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 256)
        assert one.stop() == 0


def test_a_host_serves_again_once_bytes_come_through(server: PostgresServer, url: str, host: Host, tmp_path: Path) -> None:
    """Bytes that were swallowed are never answered: its connections give up, and what others took over meanwhile is theirs."""
    (tmp_path / "between").mkdir()
    with Swallowing(tmp_path / "between", server.folder) as between:
        one, two = host("one", _SERVES, url=url.replace(str(server.folder), str(between.folder))), host("two", _SERVES)
        one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 128)
        between.swallows = True
        two.until(lambda: two.ask(do="show")["show"]["shared"]["groups"] == 256)
        between.swallows = False
        two.until(lambda: two.ask(do="show")["show"]["shared"]["groups"] == 128)
        one.until(lambda: one.ask(do="show")["show"]["shared"]["groups"] == 128)
        assert one.stop() == 0
