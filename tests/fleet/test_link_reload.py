"""What a reload takes over of a link, and of the kinds that are shared. A real gateway on a real PostgreSQL."""

import signal

import pytest

from tests.fleet.conftest import Host, link_of
from tests.postgres import why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

_TRIPS = "[actors.trip]\nlost_after_s = {}\n"


def test_a_host_that_serves_begins_anew_for_another_link(url: str, host: Host) -> None:
    """What serves shared actors goes by the link that was there at its start, and a reload says so."""
    barn = host("pi-barn", f'kinds = ["ledger", "trip"]\nserves = true\n{_TRIPS.format(60)}')
    for link, needs in (
        (f'[link]\nurl = "{url}"\nhost = "pi-shed"\nkinds = ["ledger", "trip"]\nserves = true\n', "link/main (it serves shared actors)"),
        (f'[link]\nurl = "{url}"\nhost = "pi-barn"\n', "link/main (it serves shared actors)"),
        ("", "link/main (it serves shared actors)"),
    ):
        said = len(barn.said())
        barn.write(f"{link}{_TRIPS.format(90)}")
        barn.signal(signal.SIGHUP)
        barn.until(lambda said=said: "needs a restart" in barn.said()[said:])
        assert f"needs a restart: {needs}, actors.trip (it is shared)\n" in barn.said()[said:]
        assert link_of(barn)["detail"] == "linked as pi-barn"
    barn.stop()
    barn.again()
    barn.until_listening()
    assert "link/main" not in [one["id"] for one in barn.ask(do="show")["show"]["host_bound"]]


def test_a_host_that_begins_to_serve_begins_anew(url: str, host: Host) -> None:
    """One at the edge takes over another link in flight, but for this."""
    barn = host("pi-barn")
    barn.write(f'[link]\nurl = "{url}"\nhost = "pi-barn"\nkinds = ["ledger"]\nserves = true\n')
    barn.signal(signal.SIGHUP)
    barn.until(lambda: "needs a restart: link/main (it serves shared actors)" in barn.said())
    barn.write(f'[link]\nurl = "{url}"\nhost = "pi-shed"\n')
    barn.signal(signal.SIGHUP)
    barn.until(lambda: link_of(barn)["detail"] == "linked as pi-shed")
