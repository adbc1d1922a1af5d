"""A host's name is one gateway's: real ones on a real PostgreSQL."""

from pathlib import Path

import pytest

from tests.daemons import DaemonProcess
from tests.fleet.conftest import Host, link_of
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

NAME = "pi-barn"
_SERVES = 'kinds = ["ledger"]\nserves = true\n'


def _config(url: str, more: str = "") -> str:
    return f'[link]\nurl = "{url}"\nhost = "{NAME}"\n{more}'


@pytest.mark.parametrize("more", ["", _SERVES], ids=["edge", "serves"])
def test_a_second_gateway_of_a_name_is_refused_in_words(url: str, host: Host, tmp_path: Path, more: str) -> None:
    """While the first one lives, which goes on; it links once that has left."""
    first = host(NAME, more)
    (tmp_path / "second").mkdir()
    with DaemonProcess(tmp_path / "second", _config(url, more if "serves" in more else ""), environ=first.environ) as second:
        second.until_listening()
        second.until(lambda: link_of(second)["health"] == "missing")
        said = link_of(second)["detail"]
        assert f"cannot link as {NAME}: another gateway has that name (process {first.pid} on " in said
        assert said.endswith("; stop it, or give one of the two another link.host")
        if more:
            assert said in second.ask(do="show")["show"]["shared"]["fault"]
        assert link_of(first)["health"] == "ok"
        first.until(lambda: [one["me"] for one in first.ask(do="hosts")["hosts"]] == [True])
        assert [one["me"] for one in second.ask(do="hosts")["hosts"]] == [False]
        hosts = second.gateway("show", "--hosts").stdout
        assert "*" not in hosts
        assert "the gateway that answers here is none of them: gateway show says why" in hosts
        first.stop()
        second.until(lambda: link_of(second)["health"] == "ok")
        second.stop()


def test_one_that_was_killed_has_its_name_again_at_once(url: str, host: Host) -> None:
    """Though its lease goes on: its process is gone."""
    barn = host(NAME, _SERVES)
    barn.kill()
    barn.again()
    barn.until_listening()
    barn.until(lambda: link_of(barn)["health"] == "ok")
    assert "another gateway has that name" not in barn.said()


def test_a_name_is_free_once_its_lease_is_over(server: PostgresServer, url: str, host: Host) -> None:
    """Of a gateway on another machine nobody can say more."""
    house = host("pi-house")
    hour = "now() + interval '1 h'"
    server.ask(url, f"INSERT INTO gateway_shared.host_name SELECT 'pi-barn', 'x', 'process 1 on moon', now(), interval '1 s', {hour}")
    house.stop()
    house.write(_config(url))
    house.again()
    house.until_listening()
    house.until(lambda: "process 1 on moon" in link_of(house)["detail"])
    server.ask(url, "UPDATE gateway_shared.host_name SET lease_until = now() - interval '1 s' WHERE name = 'pi-barn'")
    house.until(lambda: link_of(house)["health"] == "ok")


def test_a_simulated_gateway_has_nothing_of_a_real_one(server: PostgresServer, url: str, host: Host, tmp_path: Path) -> None:
    """Though its file is that of the real one: neither its name, nor its mail, nor actors that hosts share."""
    real = host(NAME, _SERVES)
    (tmp_path / "trial").mkdir()
    with DaemonProcess(tmp_path / "trial", _config(url, _SERVES), gateway="simulate = true", environ=real.environ) as trial:
        trial.until_listening()
        trial.until(lambda: link_of(trial)["health"] == "ok")
        trial.until(lambda: trial.ask(do="show")["show"]["shared"]["groups"] == 256 == real.ask(do="show")["show"]["shared"]["groups"])
        for daemon, n in ((real, 1), (trial, 2)):
            assert "error" not in daemon.ask(do="tell", to="ledger/a", verb="write", payload={"n": n}, timeout_s=30.0)
            daemon.until(
                lambda daemon=daemon, n=n: (
                    daemon.ask(do="ask", to="ledger/a", verb="read", payload={}, timeout_s=30.0)["body"]["numbers"] == [n]
                )
            )
        assert [one["name"] for one in trial.ask(do="hosts")["hosts"]] == [NAME]
        trial.stop()
    assert link_of(real)["health"] == "ok"
