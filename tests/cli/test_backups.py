"""`gateway backup` and `gateway restore`, of a real daemon: while it runs, and while it does not."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.store.backup import look_into
from tests.daemons import ROOT, DaemonProcess, install_kinds


def total(daemon: DaemonProcess) -> int:
    return int(daemon.ask(do="show", id="counter/a")["actor"]["state"]["total"])


def add(daemon: DaemonProcess, units: int) -> None:
    assert daemon.ask(do="tell", to="counter/a", verb="add", payload={"units": units}, timeout_s=60)["ok"]


def keep_telling(daemon: DaemonProcess, ended: threading.Event) -> None:
    """Have commits made until it has ended."""
    while not ended.is_set():
        daemon.ask(do="tell", to="counter/b", verb="add", payload={}, timeout_s=60)


def test_what_was_backed_up_is_there_again_after_a_restore(tmp_path: Path) -> None:
    """While it takes messages; restoring is refused while it runs, and what it replaces can be had back."""
    copy, ended = tmp_path / "copy.db", threading.Event()
    with DaemonProcess(tmp_path, environ=install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")) as daemon:
        daemon.until_listening()
        add(daemon, 7)
        busy = threading.Thread(
            target=lambda: [daemon.ask(do="tell", to="counter/b", verb="add", payload={}, timeout_s=60) for _ in iter(ended.is_set, True)]
        )
        busy.start()
        try:
            made = daemon.gateway("backup", str(copy))
        finally:
            ended.set()
            busy.join()
        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.startswith(f"backed up {daemon.store} to {copy}: ")
        assert copy.stat().st_mode & 0o777 == 0o600
        add(daemon, 1)

        refused = daemon.gateway("restore", str(copy))
        assert (refused.returncode, refused.stdout) == (75, "")
        assert refused.stderr.startswith(f"gateway: cannot restore: the gateway runs, on {daemon.store}; stop it first")
        assert total(daemon) == 8

        assert daemon.stop() == 0
        restored = daemon.gateway("restore", str(copy), "--json")
        assert restored.returncode == 0, restored.stderr
        replaced = Path(json.loads(restored.stdout)["replaced"])
        daemon.again()
        daemon.until_listening()
        assert total(daemon) == 7
        assert daemon.ask(do="show")["show"]["clean_start"], "that it ran when the backup was made is no bad end"

        assert daemon.stop() == 0
        assert daemon.gateway("restore", str(replaced)).returncode == 0
        daemon.again()
        daemon.until_listening()
        assert total(daemon) == 8
        assert daemon.stop() == 0


def test_a_gateway_that_was_killed_can_be_backed_up(tmp_path: Path) -> None:
    """What is in its -wal only is in the backup too, and stays there for the next life. A folder: the file gets a name with the time."""
    (tmp_path / "stick").mkdir()
    with DaemonProcess(tmp_path, environ=install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")) as daemon:
        daemon.until_listening()
        add(daemon, 7)
        daemon.kill()
        wal = (tmp_path / "gateway.db-wal").read_bytes()
        made = daemon.gateway("backup", str(tmp_path / "stick"), "--json")
        assert made.returncode == 0, made.stderr
        found = json.loads(made.stdout)
        assert (found["store"], Path(found["file"]).parent) == (str(daemon.store), tmp_path / "stick")
        assert look_into(Path(found["file"])).rows == found["rows"]
        assert (tmp_path / "gateway.db-wal").read_bytes() == wal
        daemon.again()
        daemon.until_listening()
        assert total(daemon) == 7
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 74, "No such file or directory; name another file"),
        (b"this is no store at all " * 100, 74, "it is no store of a gateway; name a file that gateway backup has made"),
        (b"SQLite format 3\0" + bytes(4000), 74, "it is no store of a gateway; name a file that gateway backup has made"),
        (b"", 74, "it is no store of a gateway; name a file that gateway backup has made"),
    ],
)
def test_what_is_no_backup_replaces_nothing(tmp_path: Path, content: bytes | None, code: int, said: str) -> None:
    """The store is as it was, byte by byte."""
    with DaemonProcess(tmp_path) as daemon:
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
        before = daemon.store.read_bytes()
        if content is not None:
            (tmp_path / "copy.db").write_bytes(content)
        refused = daemon.gateway("restore", str(tmp_path / "copy.db"))
        assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
        assert "moved aside" not in refused.stderr
        assert daemon.store.read_bytes() == before
        assert not list(tmp_path.glob("*.restored*")) + list(tmp_path.glob("*.replaced*"))


def test_a_damaged_backup_is_told_as_what_it_is(tmp_path: Path) -> None:
    """Of another file than the gateway's own nobody says what becomes of that one."""
    with DaemonProcess(tmp_path) as daemon:
        daemon.until_listening()
        assert daemon.gateway("backup", str(tmp_path / "copy.db")).returncode == 0
        assert daemon.stop() == 0
    whole = (tmp_path / "copy.db").read_bytes()
    for damaged in (whole[:8192] + bytes(range(256)) * 16 + whole[12288:], whole[: len(whole) // 2]):
        (tmp_path / "copy.db").write_bytes(damaged)
        refused = daemon.gateway("restore", str(tmp_path / "copy.db"))
        assert refused.returncode == 74
        assert refused.stderr.endswith("; take another backup\n"), refused.stderr


def test_a_backup_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It is said which one."""
    with DaemonProcess(tmp_path) as daemon:
        daemon.until_listening()
        refused = daemon.gateway("backup", str(tmp_path / "none" / "copy.db"))
        assert daemon.stop() == 0
    said = f"cannot write {tmp_path}/none/copy.db: there is no folder {tmp_path}/none; make it, or name another place"
    assert (refused.returncode, refused.stderr) == (74, f"gateway: {said}\n")


def test_a_simulated_gateway_s_backup_is_not_a_real_one_s(tmp_path: Path) -> None:
    """It is refused with whose it is."""
    with DaemonProcess(tmp_path, gateway="simulate = true") as daemon:
        daemon.until_listening()
        assert daemon.gateway("backup", str(tmp_path / "copy.db")).returncode == 0
        assert daemon.stop() == 0
    daemon.write("", gateway="simulate = false")
    refused = daemon.gateway("restore", str(tmp_path / "copy.db"))
    assert refused.returncode == 74
    assert "it is a simulated gateway's, and this one is real" in refused.stderr


def test_a_night_s_backup_is_made_by_the_daemon(tmp_path: Path) -> None:
    """Where it is wanted, and the clock is trusted: here it is noon."""
    noon = 12 - time.gmtime().tm_hour
    with DaemonProcess(tmp_path, "trust_clock = true", store="backups_kept = 3", environ={"TZ": f"XXX{-noon}"}) as daemon:
        [made] = daemon.until(lambda: list((tmp_path / "backups").glob("gateway-*.db")))
        assert daemon.stop() == 0
    assert "note" in look_into(made).rows  # of a store that may have had no commit yet


def test_a_night_s_backup_that_fails_is_said(tmp_path: Path) -> None:
    """In the gateway's health: whoever relies on it must hear of it."""
    (tmp_path / "backups").write_text("in the way")
    noon = 12 - time.gmtime().tm_hour
    with DaemonProcess(tmp_path, "trust_clock = true", store="backups_kept = 3", environ={"TZ": f"XXX{-noon}"}) as daemon:
        daemon.until_listening()
        [said] = daemon.until(lambda: daemon.ask(do="health")["problems"])
        assert said.startswith("there is no backup of ")
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("store", "code", "said"),
    [
        (
            'url = "postgresql://gateway@db.local/gateway"',
            0,
            "note: gateway: cannot back up postgresql://gateway@db.local/gateway: this is for a",
        ),
        ('path = "/proc/nothing/gateway.db"', 1, ""),
    ],
)
def test_an_update_is_not_held_up_by_a_store_that_a_database_keeps(tmp_path: Path, store: str, code: int, said: str) -> None:
    """What the installer does before it changes anything: copies of a database are its server's; a file that cannot be copied stops it."""
    config, program = tmp_path / "gateway.toml", tmp_path / "gateway"
    config.write_text(f'[gateway]\ncontrol_socket = "{tmp_path}/gateway.sock"\n[store]\n{store}\n')
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway.cli "$@"\n')
    program.chmod(0o755)
    script = f'set -eu; . {ROOT}/systemd/parts; configuration="{config}"; copies="{tmp_path}/copies"; keep_copy "{program}"'
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, said in done.stdout) == (code, True), done
    assert not list(tmp_path.glob("copies/*"))
