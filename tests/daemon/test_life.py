"""A life of the daemon: its start, its service to the service manager, its end, and what the next life finds."""

import os
import re
import resource
import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.brokers import Mosquitto, Peer, free_port
from tests.daemons import ROOT, DaemonProcess, ServiceSide, install_kinds

MOST_KB = 43_500 if sys.version_info < (3, 12) else 45_000
"""Later Pythons, and the OpenSSL beside them, have 2 MB more of code; what the gateway takes for itself is the same."""
GPS = '[serial.gps]\ncodec = "nmea"\nto = "trip/van"\n[serial.gps.simulate]\ninterval_s = 0.05\n'


class HandStarted(DaemonProcess):
    """A gateway whose store and socket are where the environment says, below `at` in the test's folder."""

    def __init__(self, folder: Path, at: str) -> None:
        there = Path(f"{folder}{at}")
        there.mkdir()
        super().__init__(folder, environ={"STATE_DIRECTORY": f"{there}/var", "RUNTIME_DIRECTORY": str(there)})
        self.config.write_text("")


def mqtt(port: int) -> str:
    """A section for a broker on this host."""
    return f'[mqtt.main]\nhost = "127.0.0.1"\nport = {port}\nprefix = "gw"\nreconnect_min_s = 0.1\nreconnect_max_s = 0.5\n'


def test_ready_needs_no_broker_and_no_hardware(tmp_path: Path) -> None:
    """READY comes while the broker is away and a port is missing; STATUS then names both."""
    config = mqtt(free_port()) + '[serial.a]\nport = "/dev/none"\ncodec = "nmea"\nto = "trip/a"\n'
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, config, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        assert f"MAINPID={daemon.pid}" in systemd.until("READY=1")
        systemd.until("STATUS=0 of 2 well; mqtt/main is missing; serial/a is missing")
        assert daemon.stop() == 0
        assert systemd.until("STOPPING=1") == "STOPPING=1\nSTATUS=stopping: signal 15"


def test_who_hears_that_it_is_ready_may_ask_at_once(tmp_path: Path) -> None:
    """The control socket is there before READY is said: nobody is told that the gateway does not run when it has just begun to."""
    with DaemonProcess(tmp_path) as daemon:
        assert daemon.ask(do="show")["ok"]
        assert daemon.said().index("control/local is ok") < daemon.said().index("ready: life")


def test_a_control_socket_that_cannot_be_made_keeps_nobody_from_being_ready(tmp_path: Path) -> None:
    """What is wrong with it is said, and the gateway does its work."""
    path = tmp_path / ("x" * 100)
    with DaemonProcess(tmp_path) as daemon:
        daemon.stop()
        daemon.write("", gateway="")
        daemon.config.write_text(daemon.config.read_text().replace(str(daemon.socket), str(path)))
        daemon.again()
        assert "set gateway.control_socket to a shorter one" in daemon.said()


def test_a_bad_configuration_ends_with_78_and_every_problem(tmp_path: Path) -> None:
    """So that systemd does not start it again, and a person sees all that is to be mended."""
    with ServiceSide(tmp_path) as systemd:
        daemon = DaemonProcess(tmp_path, "[serial.gps]\nbuad = 1\n[nonsense.x]\n", environ={"NOTIFY_SOCKET": str(systemd.path)}).start()
        assert daemon.wait() == 78
        assert "did you mean 'baud'?" in daemon.said()
        assert "nonsense: no such table or kind of device" in daemon.said()
        systemd.until("problems in")


def test_a_store_that_cannot_be_made_ends_with_74(tmp_path: Path) -> None:
    """The error names the file and what to do."""
    (tmp_path / "file").write_text("")
    daemon = DaemonProcess(tmp_path)
    daemon.config.write_text(f'[store]\npath = "{tmp_path}/file/gateway.db"\n[gateway]\ncontrol_socket = "{daemon.socket}"\n')
    assert daemon.start().wait() == 74
    assert "the gateway's user may write to it and to the file; else mend store.path" in daemon.said()


def test_a_second_gateway_on_one_store_is_refused(tmp_path: Path) -> None:
    """It ends with 75 and names the process that has the store; the first one goes on."""
    with DaemonProcess(tmp_path) as first:
        (tmp_path / "second").mkdir()
        second = DaemonProcess(tmp_path / "second")
        second.config.write_text(f'[gateway]\ncontrol_socket = "{tmp_path}/other.sock"\n[store]\npath = "{first.store}"\n')
        assert second.start().wait() == 75
        assert f"cannot start: process {first.pid} has the store {first.store}; stop that gateway" in second.said()
        assert first.ask(do="health")["ok"]


def test_a_second_gateway_on_another_name_of_the_store_is_refused(tmp_path: Path) -> None:
    """A symbolic link is no way around the lock."""
    with DaemonProcess(tmp_path) as first:
        (tmp_path / "second").mkdir()
        second = DaemonProcess(tmp_path / "second")
        second.store.symlink_to(first.store)
        assert second.start().wait() == 75
        assert f"cannot start: process {first.pid} has the store {second.store}; stop that gateway" in second.said()


def test_a_second_gateway_on_one_socket_is_refused(tmp_path: Path) -> None:
    """It ends with 75, and does not take the socket away."""
    with DaemonProcess(tmp_path) as first:
        first.until_listening()
        (tmp_path / "second").mkdir()
        second = DaemonProcess(tmp_path / "second")
        second.config.write_text(f'[gateway]\ncontrol_socket = "{first.socket}"\n[store]\npath = "{tmp_path}/other.db"\n')
        assert second.start().wait() == 75
        assert f"cannot start: another gateway answers at {first.socket}; stop it" in second.said()
        assert first.ask(do="health")["ok"]


@pytest.mark.parametrize("path", ["gateway.toml", "link.toml", ".."])
def test_a_second_gateway_of_one_configuration_is_refused(tmp_path: Path, path: str) -> None:
    """Wherever their stores and sockets are, which depends on who starts them: by the file's other names too, and after an editor has
    put a new one in its place."""
    (tmp_path / "sub").mkdir()
    with HandStarted(tmp_path, "/a") as first:
        if path == "link.toml":
            (tmp_path / "sub" / path).symlink_to(first.config)
        other = {"gateway.toml": first.config, "link.toml": tmp_path / "sub" / path, "..": tmp_path / "sub/../gateway.toml"}[path]
        fresh = tmp_path / "fresh"
        fresh.write_text(first.config.read_text())
        fresh.replace(first.config)
        second = HandStarted(tmp_path, "/b")
        second.config, second.log = other, tmp_path / "second.log"
        assert second.start().wait() == 75
        assert f"cannot start: process {first.pid} runs from {other} already" in second.said()
        assert not (tmp_path / "b" / "var").exists()
        assert first.stop() == 0
        second.again()
        assert second.stop() == 0


def test_a_simulated_gateway_runs_beside_the_real_one_of_its_file(tmp_path: Path) -> None:
    """It shares nothing with the real one; but there is no second simulated one either."""
    with HandStarted(tmp_path, "/a"):
        simulated, another = HandStarted(tmp_path, "/b"), HandStarted(tmp_path, "/c")
        simulated.config.write_text("[gateway]\nsimulate = true\n")
        simulated.log, another.log = tmp_path / "b" / "log", tmp_path / "c" / "log"
        simulated.again()
        assert another.start().wait() == 75
        assert simulated.stop() == 0


def test_what_was_told_is_there_after_a_kill(tmp_path: Path) -> None:
    """An answer to `tell` means that it is on disk."""
    with DaemonProcess(tmp_path, environ=install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")) as daemon:
        daemon.until_listening()
        assert daemon.ask(do="tell", to="counter/a", verb="add", payload={"units": 7}, timeout_s=60)["ok"]
        daemon.kill()
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="show", id="counter/a")["actor"]["state"] == {"total": 7}
        assert not daemon.ask(do="show")["show"]["clean_start"]


def test_a_store_of_garbage_is_moved_aside(tmp_path: Path) -> None:
    """It never keeps the gateway from starting; where it went is logged, and remembered."""
    (tmp_path / "gateway.db").write_bytes(b"this is no database " * 1000)
    with DaemonProcess(tmp_path) as daemon:
        daemon.until_listening()
        (aside,) = tmp_path.glob("gateway.db.corrupt-*")
        assert aside.read_bytes().startswith(b"this is no database")
        assert f"it was moved to {aside}, and a fresh one begun" in daemon.said()
        assert str(aside) in daemon.ask(do="show")["show"]["last_fault"]
        assert daemon.stop() == 0


def test_a_store_with_a_torn_page_is_found_after_an_unclean_end(tmp_path: Path) -> None:
    """It is checked when the last life did not end well, and then moved aside."""
    environ = install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")
    with DaemonProcess(tmp_path, environ=environ) as daemon:
        daemon.until_listening()
        for n in range(50):
            assert daemon.ask(do="tell", to=f"counter/{n}", verb="add", payload={}, timeout_s=60)["ok"]
        assert daemon.stop() == 0
        daemon.again()
        daemon.until_listening()
        daemon.kill()
        content = bytearray(daemon.store.read_bytes())
        for page in range(1, len(content) // 4096):
            content[page * 4096 : page * 4096 + 2048] = os.urandom(2048)
        daemon.store.write_bytes(content)
        daemon.again()
        assert "the store was corrupt" in daemon.said()
        assert len([p for p in tmp_path.glob("gateway.db.corrupt-*") if not p.name.endswith(("-wal", "-shm", ".commits"))]) == 1


def _counters(daemon: DaemonProcess, count: int) -> int:
    """How many of so many counters have a state."""
    return sum(daemon.ask(do="export", id=f"counter/{n}")["ok"] for n in range(count))


def test_one_bad_page_costs_what_is_on_it_and_is_said(tmp_path: Path) -> None:
    """What could be read is there again; the gateway is not well in that life, and well in the next."""
    with DaemonProcess(tmp_path, environ=install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")) as daemon:
        daemon.until_listening()
        for n in range(200):
            assert daemon.ask(do="tell", to=f"counter/{n}", verb="add", payload={}, timeout_s=60)["ok"]
        assert daemon.stop() == 0
        daemon.again()
        daemon.kill()
        content = bytearray(daemon.store.read_bytes())
        for found in re.finditer(b"counter/150", bytes(content)):  # its row, and the index
            content[found.start()] ^= 1
        daemon.store.write_bytes(content)
        daemon.again()
        daemon.until_listening()
        assert 100 < _counters(daemon, 200) < 200
        [problem] = daemon.ask(do="health")["problems"]
        assert "a fresh one begun; " in problem
        assert problem.endswith("pages that cannot be read: 1 of states of actors")
        assert daemon.stop() == 0
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="health")["healthy"]
        assert daemon.stop() == 0


def test_commits_that_a_disk_has_lost_are_counted_and_said(tmp_path: Path) -> None:
    """With since when; what is there is used, and the gateway is not well in that life."""
    with (
        ServiceSide(tmp_path) as systemd,
        DaemonProcess(
            tmp_path, environ={"NOTIFY_SOCKET": str(systemd.path), **install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")}
        ) as daemon,
    ):
        daemon.until_listening()
        for n in range(20):
            assert daemon.ask(do="tell", to=f"counter/{n}", verb="add", payload={}, timeout_s=60)["ok"]
        daemon.kill()
        wal = tmp_path / "gateway.db-wal"
        os.truncate(wal, wal.stat().st_size * 2 // 3)
        daemon.again()
        daemon.until_listening()
        [problem] = daemon.ask(do="health")["problems"]
        assert re.match(
            r"the store has lost what was committed last: \d+ commits, (those after \d{4}-.* until|until) \d{4}-.*; its files", problem
        )
        systemd.until("STATUS=no devices; the store has lost what was committed last: ")
        assert daemon.gateway("show").returncode == 1
        assert daemon.stop() == 0


def test_mail_drains_to_the_broker_before_the_end(tmp_path: Path) -> None:
    """What was committed before SIGTERM is published before the exit, and the status says offline."""
    with (
        Mosquitto(tmp_path) as broker,
        Peer(broker.port) as peer,
        DaemonProcess(tmp_path, mqtt(broker.port), close_s=PATIENCE_S) as daemon,
    ):
        peer.listen("#")
        daemon.until(lambda: "mqtt/main is ok" in daemon.said())
        for n in range(20):
            assert daemon.ask(do="tell", to="twin/t", verb="report", payload={"values": {"n": n}}, timeout_s=60)["ok"]
        assert daemon.stop() == 0
        assert len(peer.until(lambda: [p for p in peer.payloads("gw/twin/t") if b'"count":20' in p])) == 1
        assert "not drained" not in daemon.said()


def test_a_broker_that_is_away_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """Mail for an actor that is not well is not waited for: it is in the store."""
    with DaemonProcess(tmp_path, mqtt(free_port()), close_s=PATIENCE_S) as daemon:
        daemon.until_listening()
        daemon.until(lambda: "mqtt/main is missing" in daemon.said())
        assert daemon.ask(do="tell", to="twin/t", verb="report", payload={"values": {"n": 1}}, timeout_s=60)["ok"]
        began_s = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began_s < PATIENCE_S / 2
        daemon.again()
        daemon.until_listening()
        waiting = {one["id"]: one["waiting"] for one in daemon.ask(do="show")["show"]["host_bound"]}
        assert waiting["mqtt/main"] == 1


def test_the_socket_is_for_owner_and_group_and_goes_with_the_daemon(tmp_path: Path) -> None:
    """Mode 0660; a stale one, left by a kill, is replaced."""
    with DaemonProcess(tmp_path) as daemon:
        daemon.until_listening()
        assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o660
        daemon.kill()
        assert daemon.socket.exists()
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="health")["healthy"]
        assert daemon.stop() == 0
        assert not daemon.socket.exists()


def test_a_client_beyond_the_limit_of_open_files_waits(tmp_path: Path) -> None:
    """It costs no time while it waits, the control socket says why, and it is served when there is room again."""
    with DaemonProcess(tmp_path) as daemon, socket.socket(socket.AF_UNIX) as client:
        daemon.until_listening()
        was = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (3, was[1]))
        client.settimeout(PATIENCE_S)
        client.connect(str(daemon.socket))
        client.sendall(b'{"do": "health"}\n')
        daemon.until(lambda: "control/local is faulty: cannot take a client: Too many open files" in daemon.said())
        began_s, ticks = time.monotonic(), _cpu_ticks(daemon.pid)
        daemon.until(lambda: time.monotonic() - began_s > 1.0)
        assert _cpu_ticks(daemon.pid) - ticks < 0.5 * os.sysconf("SC_CLK_TCK")
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, was)
        assert b'"ok":true' in client.makefile("rb").readline()
        daemon.until(lambda: daemon.said().count("control/local is ok") == 2)


def test_it_stays_within_its_memory(tmp_path: Path) -> None:
    """With a serial port and a broker, under 20 fixes a second: the most it ever had, as the kernel counts, started as the unit does.

    In its second life, when what it imports is compiled: installed, it is from the first on.
    """
    unit = (ROOT / "systemd" / "gateway.service").read_text()
    as_the_unit = {"PYTHONPYCACHEPREFIX": str(tmp_path / "compiled"), "PYTHONDONTWRITEBYTECODE": "", "MALLOC_ARENA_MAX": "1"}
    assert "Environment=MALLOC_ARENA_MAX=1\n" in unit
    assert "/opt/gateway/bin/python -OO -m gateway.cli run " in unit
    with (
        Mosquitto(tmp_path) as broker,
        DaemonProcess(tmp_path, mqtt(broker.port) + GPS, python=["-OO"], environ=as_the_unit) as daemon,
    ):
        _until_turns(daemon, 100)
        assert daemon.stop() == 0
        daemon.again()
        _until_turns(daemon, 100)
        assert _most_kb(daemon.pid) < MOST_KB
        loaded = Path(f"/proc/{daemon.pid}/maps").read_text()
        assert not [name for name in ("libssl", "libcrypto") if name in loaded]  # nobody speaks TLS
        assert daemon.stop() == 0


def test_a_fault_of_ours_ends_with_70_and_is_remembered(tmp_path: Path) -> None:
    """The host-bound actors are closed, nothing is committed after it, and the next life says why the last one ended."""
    environ = install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")
    with DaemonProcess(tmp_path, GPS, environ=environ) as daemon:
        daemon.until_listening()
        daemon.ask(do="tell", to="counter/a", verb="end_process", payload={}, timeout_s=2)
        assert daemon.wait() == 70
        assert "serial/gps is closed" in daemon.said()
        daemon.again()
        assert "the last life did not end well: " in daemon.said()
        assert "AttributeError: 'NoneType' object has no attribute " in daemon.said()
        daemon.signal(signal.SIGKILL)


def _until_turns(daemon: DaemonProcess, count: int) -> None:
    """Wait until it has run so many turns in this life."""
    daemon.until_listening()
    daemon.until(lambda: daemon.ask(do="show")["show"]["totals"]["turns"] > count)


def _most_kb(pid: int) -> int:
    """The most memory that a process has had, in kB.

    Source: proc(5), /proc/pid/status.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _cpu_ticks(pid: int) -> int:
    """Ticks of processor time that a process has used.

    Source: proc(5), /proc/pid/stat, fields 14 and 15.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
