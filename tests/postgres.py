"""A PostgreSQL for tests: a real one of Debian's package, on a Unix socket in a folder of its own, as a user who is not root."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.waiting import until

_READY = re.compile("database system is ready to accept (read-only )?connections")


def _programs() -> Path | None:
    """Where initdb and postgres are, of the newest version: Debian has them on nobody's PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]) or 0))
    there = found[-1] if found else shutil.which("initdb")
    return Path(there).parent if there else None


def why_no_postgres() -> str:
    """Why tests with a PostgreSQL cannot run here; empty where they can."""
    if _programs() is None:
        return "cannot run PostgreSQL: it is not installed; apt install postgresql"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed; pip install '.[postgres]'"
    return ""


class PostgresServer:
    """A PostgreSQL server of this test's own; ended by its process id."""

    def __init__(self, *options: str, password: str = "", standby_of: "PostgresServer | None" = None) -> None:
        """`options` are settings of the server, such as `fsync=off`. `password`: it asks its user for that one. `standby_of`: it follows
        another one, that runs."""
        if reason := why_no_postgres():
            pytest.skip(reason)
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.data, self.log = self.folder / "data", self.folder / "log"
        self._options = [word for option in options for word in ("-c", option)]
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._password = password
        if standby_of is not None:
            there = ["--username=gateway", f"--host={standby_of.folder}"]
            self._run("pg_basebackup", f"--pgdata={self.data}", *there, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
            return
        making = ["--no-sync", "--username=gateway", "--encoding=UTF8", "--locale=C"]
        making += ["--auth=scram-sha-256", f"--pwfile={self._written(password)}"] if password else ["--auth=trust"]
        self._run("initdb", f"--pgdata={self.data}", *making)

    def _written(self, password: str) -> Path:
        file = self.folder / "password"
        file.write_text(password)
        file.chmod(0o644)
        return file

    def _program(self, name: str) -> str:
        return str((_programs() or Path()) / name)

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([self._program(program), *words], cwd=self.folder, check=True, capture_output=True, **self._who)

    def standby(self) -> "PostgresServer":
        """A standby of this server, which runs, and which each commit waits for from now on."""
        other = PostgresServer(*self._options[1::2], standby_of=self)
        other.start()
        self.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.ask("postgres", "SELECT pg_reload_conf()")
        until(lambda: self.ask("postgres", "SELECT sync_state FROM pg_stat_replication") == [("sync",)], said=other.said)
        return other

    def promote(self) -> None:
        """Have a standby be the server that is written to."""
        self._run("pg_ctl", "promote", f"--pgdata={self.data}")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        words = ["-D", str(self.data), "-k", str(self.folder), "-c", "listen_addresses=", *self._options]
        with self.log.open("wb") as log:
            command = [self._program("postgres"), *words]
            self._process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._who)
        until(lambda: _READY.search(self.said()), said=lambda: f"it said:\n{self.said()}")

    @property
    def pid(self) -> int:
        """The server's process, which has one child for each connection."""
        assert self._process is not None
        return self._process.pid

    def said(self) -> str:
        """Its log, since it was started last."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill the server, as a power cut of its host would end it, and each of its processes with it."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._process.kill()
        self._process.wait(PATIENCE_S)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))

    def stop(self) -> None:
        """Stop it at once, whoever is connected; the next start needs no recovery."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """Stop it, and take its files away."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """What a configuration says for a database of this server."""
        return f"postgresql://gateway@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database; its URL."""
        self._databases += 1
        name = f"test{self._databases}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def ask(self, database: str, query: str) -> list[Any]:
        """Run a query as the superuser; its rows."""
        import psycopg  # noqa: PLC0415  # need not be there

        url = database if "://" in database else self.url(database)
        with psycopg.connect(url, password=self._password, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres_server(*options: str, password: str = "") -> Iterator[PostgresServer]:
    """A server that runs."""
    server = PostgresServer(*options, password=password)
    try:
        server.start()
        yield server
    finally:
        server.close()
