"""A gateway whose store is a PostgreSQL database: its lives, a server that is away, and a second gateway on the same one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT, DaemonProcess, ServiceSide
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that a test may kill."""
    with postgres_server() as found:
        yield found


def _daemon(folder: Path, url: str) -> DaemonProcess:
    folder.mkdir(exist_ok=True)
    return DaemonProcess(folder, store=f'url = "{url}"', close_s=1)


def _say(daemon: DaemonProcess, value: int) -> None:
    done = daemon.gateway("tell", "twin/boiler", "report", f'values={{"n": {value}}}')
    assert done.returncode == 0, done.stderr


def _values(daemon: DaemonProcess) -> str:
    """The twin's values as they are in the database."""
    shown = daemon.gateway("export", "twin/boiler")
    return json.dumps(json.loads(shown.stdout)["values"]) if shown.returncode == 0 else shown.stderr


def _has(daemon: DaemonProcess, value: int) -> None:
    daemon.until(lambda: f": {value}," in _values(daemon) or f": {value}}}" in _values(daemon))


def test_what_was_acknowledged_outlives_a_kill(server: PostgresServer, tmp_path: Path) -> None:
    """The next life has it from the database, and no file of a store is made."""
    url = server.new_database()
    with _daemon(tmp_path, url) as daemon:
        daemon.until_listening()
        _say(daemon, 41)
        daemon.kill()
        daemon.again()
        daemon.until_listening()
        _has(daemon, 41)
        shown = daemon.ask(do="show")["show"]["store"]
        assert (shown["url"], shown["path"], shown["bytes"] > 0) == (url, "", True)
        assert url in daemon.gateway("show").stdout
        for command in ("backup", "restore"):
            refused = daemon.gateway(command, str(tmp_path / "copy.db"))
            assert refused.returncode in (2, 75)
            assert url in refused.stderr
        assert daemon.stop() == 0
        assert not daemon.store.exists()
        daemon.again()
        assert "ready: life 3" in daemon.said()
        assert "did not end" not in daemon.said()
        assert daemon.stop() == 0


def test_a_server_that_is_killed_is_waited_for(server: PostgresServer, tmp_path: Path) -> None:
    """Nothing is acknowledged meanwhile, and nothing has to be started again but the server."""
    with _daemon(tmp_path, server.new_database()) as daemon:
        daemon.until_listening()
        _say(daemon, 1)
        server.kill()
        late = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "tell", "twin/boiler", "report", 'values={"n": 2}', "--config", str(daemon.config)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        daemon.until(lambda: "trying again, and sources wait" in daemon.said())
        server.start()
        said = late.communicate(timeout=60)
        daemon.until(lambda: "the store works again; it had failed with: cannot" in daemon.said())
        _say(daemon, 3)
        assert said[1] == "" or "the outcome is unknown" in said[1]  # who asks waits ten seconds, and a server may take longer
        _has(daemon, 3)
        assert daemon.stop() == 0


def test_a_turn_that_waits_for_the_server_is_no_standstill(server: PostgresServer, tmp_path: Path) -> None:
    """It needs a state that is only there: the watchdog is told all the while that the gateway lives, and the turn is made afterwards."""
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "3000000"}
        with DaemonProcess(tmp_path, store=f'url = "{server.new_database()}"', close_s=1, environ=environ) as daemon:
            daemon.until_listening()
            server.kill()
            late = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "tell", "twin/boiler", "report", 'values={"n": 7}', "--config", str(daemon.config)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            daemon.until(lambda: "trying again, and what reads waits" in daemon.said())
            for _ in range(6):  # each comes a second after the one before, and one second without progress would be the last
                systemd.until("WATCHDOG=1", since=len(systemd.heard))
            assert "no progress" not in daemon.said()
            server.start()
            daemon.until(lambda: "the store is read again; it had failed with: cannot " in daemon.said())
            late.wait(PATIENCE_S)
            _say(daemon, 8)
            _has(daemon, 8)
            assert daemon.stop() == 0


def test_a_second_gateway_takes_the_database_over_and_the_first_ends(server: PostgresServer, tmp_path: Path) -> None:
    """It ends with 78, by which systemd does not start it again, and says who has it; nothing that it was told then is kept."""
    url = server.new_database()
    with _daemon(tmp_path / "one", url) as first, _daemon(tmp_path / "two", url) as second:
        second.until_listening()
        _say(second, 2)
        first.gateway("tell", "twin/boiler", "report", 'values={"n": 1}')
        assert first.wait() == 78
        assert f"another gateway has taken it over (process {second.pid} on " in first.said()
        assert "stop one of them, or give it another store.url" in first.said()
        _has(second, 2)
        _say(second, 3)
        assert second.stop() == 0


def test_a_gateway_without_the_database_ends_with_74(server: PostgresServer, tmp_path: Path) -> None:
    """It says what to see to; systemd starts it again until the server is there."""
    url = server.new_database()
    server.stop()
    daemon = _daemon(tmp_path, url).start()
    assert daemon.wait() == 74
    assert f"cannot open {url}: " in daemon.said()
    assert "see that it runs and can be reached" in daemon.said()


def test_a_gateway_on_a_file_knows_nothing_of_postgresql() -> None:
    """Nothing of the driver is imported."""
    code = "import sys, gateway.daemon, gateway.service.opening; print(sorted(n for n in sys.modules if 'psycopg' in n or 'postgres' in n))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
