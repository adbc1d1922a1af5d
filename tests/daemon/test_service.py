"""The daemon and its service manager: the watchdog, and reloads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.brokers import free_port
from tests.daemon.test_life import mqtt
from tests.daemons import ROOT, DaemonProcess, ServiceSide, install_kinds

MULE = """
import pathlib, threading
from gateway.actors import Health, HostBound, Settings, Start

class Words(Settings):
    word: str

class Mule(HostBound):
    settings_model = Words
    close_s = 0.2

    def __init__(self, key, settings):
        self.settings = settings

    def started(self, start: Start):
        self.host.report(Health.OK, self.settings.word)

    def close(self):
        while not pathlib.Path("hay").exists():
            threading.Event().wait(0.02)
"""

STUBBORN = """
import threading
from gateway.actors import HostBound

class Stubborn(HostBound):
    def __init__(self, key, settings):
        pass

    def started(self, start):
        self.host.send("twin/a", "report", {"values": {"x": 1}}, on_commit=lambda receipt: threading.Event().wait())
"""

SHELF = """
import threading
from gateway.actors import Actor, Stage, State, verb

class Shelved(State):
    VERSION = 1
    count: int = 0

    @classmethod
    def upcast(cls, version, fields):
        threading.Event().wait()

class Shelf(Actor[Shelved]):
    @verb
    def put(self, stage: Stage[Shelved]) -> None:
        stage.state = stage.state.changed(count=stage.state.count + 1)
"""

TEXT = '[serial.a]\nport = "/dev/none"\ncodec = "nmea"\nto = "trip/a"\n'


def test_the_watchdog_hears_of_progress_while_the_broker_is_away(tmp_path: Path) -> None:
    """A broker that is away is no reason to be restarted."""
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
        with DaemonProcess(tmp_path, mqtt(free_port()), environ=environ) as daemon:
            daemon.until(lambda: "mqtt/main is missing" in daemon.said())
            since = len(systemd.heard)
            daemon.until(lambda: systemd.heard[since:].count("WATCHDOG=1") >= 3)
            assert daemon.stop() == 0


def test_the_watchdog_hears_nothing_of_an_engine_that_hangs(tmp_path: Path) -> None:
    """WATCHDOG=1 means progress: it is withheld, STATUS says why, and a file keeps the reason."""
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
        environ |= install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")
        with DaemonProcess(tmp_path, environ=environ) as daemon:
            daemon.until_listening()
            daemon.ask(do="tell", to="counter/a", verb="hang", payload={}, timeout_s=0.2)
            systemd.until("STATUS=the engine has neither turned nor committed")
            since = len(systemd.heard)
            shown = daemon.ask(do="show")["show"]
            assert not shown["healthy"]
            said = daemon.gateway("show").stdout
            assert re.search(r"^  actors +unknown +1 in memory, ", said, re.MULTILINE)
            assert re.search(rf"^  store +unknown +{re.escape(str(daemon.store))}$", said, re.MULTILINE)
            backup = daemon.gateway("backup", str(tmp_path / "copy.db"))
            assert backup.stdout.startswith(f"backed up {daemon.store} to "), backup.stderr
            assert "WATCHDOG=1" not in systemd.heard[since:]
            assert "no progress: the engine has neither turned" in (tmp_path / "gateway.db.last-fault").read_text()
            daemon.kill()


def test_a_callback_that_blocks_is_named_to_the_service_manager(tmp_path: Path) -> None:
    """No commit is made meanwhile, so it is restarted; and people learn whose fault that is."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "stubborn.py").write_text(STUBBORN)
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
        with DaemonProcess(tmp_path, "[stubborn.a]\n", environ=environ) as daemon:
            named = "the on_commit that stubborn/a gave for report to twin/a does not return: a callback must not block"
            assert named in systemd.until("STATUS=the engine has neither turned nor committed")
            daemon.kill()


def test_an_upcast_that_does_not_end_is_named_to_the_service_manager(tmp_path: Path) -> None:
    """No turn runs meanwhile, and the disk is well: it is the actor's own code that somebody has to mend."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "shelf.py").write_text(SHELF)
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
        with DaemonProcess(tmp_path, environ=environ) as daemon:
            daemon.until_listening()
            assert daemon.ask(do="tell", to="shelf/a", verb="put", payload={}, timeout_s=PATIENCE_S)["ok"]
            assert daemon.stop() == 0
            (tmp_path / "actors" / "shelf.py").write_text(SHELF.replace("VERSION = 1", "VERSION = 2"))
            daemon.again()
            daemon.until_listening()
            daemon.ask(do="tell", to="shelf/a", verb="put", payload={}, timeout_s=0.2)
            said = systemd.until("STATUS=the engine has neither turned nor committed")
            assert said.endswith("; the upcast of Shelved from version 1 does not end")
            daemon.kill()


def test_a_disk_that_hangs_keeps_nobody_from_saying_so(tmp_path: Path) -> None:
    """STATUS, show and the last words in memory do not wait for it: here it is a pipe that nobody reads, which takes no byte."""
    (tmp_path / "run").mkdir()
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"}
        environ |= install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")
        daemon = DaemonProcess(tmp_path, environ=environ)
        daemon.socket = tmp_path / "run" / "gateway.sock"
        daemon.write("")
        os.mkfifo(tmp_path / "gateway.db.last-fault.new")
        with daemon:
            daemon.until_listening()
            daemon.ask(do="tell", to="counter/a", verb="hang", payload={}, timeout_s=0.2)
            systemd.until("STATUS=the engine has neither turned nor committed")
            assert not daemon.ask(do="show")["show"]["healthy"]
            kept = tmp_path / "run" / "gateway.db.last-fault"
            daemon.until(lambda: kept.exists() and "no progress: the engine has neither" in kept.read_text())
            daemon.kill()
            (tmp_path / "gateway.db.last-fault.new").unlink()
            daemon.again()
            daemon.until_listening()
            assert "no progress: the engine has neither" in daemon.ask(do="show")["show"]["last_fault"]
            daemon.kill()


def test_a_reload_of_a_bad_file_keeps_the_old_configuration(tmp_path: Path) -> None:
    """It says so in STATUS and in the log, and goes on."""
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, TEXT, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        systemd.until("READY=1")
        since = len(systemd.heard)
        daemon.write(TEXT.replace("nmea", "mnea"))
        daemon.signal(1)
        systemd.until("RELOADING=1", since=since)
        assert "not reloaded, 1 problem in" in systemd.until("READY=1", since=since)
        assert f"cannot reload: 1 problem in {daemon.config}\n" in daemon.said()
        assert "the old configuration stays in force\n" in daemon.said()
        assert "cannot start" not in daemon.said()
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    "text",
    [
        f"{'a.' * 5000}a = 1\n",
        f"[{'a.' * 5000}a]\n",
        f"a = {'9' * 5000}\n",
        f"a = {'[' * 5000}{']' * 5000}\n",
        f"a = {'{a=' * 5000}1{'}' * 5000}\n",
        "a = 9999-99-99\n",
        "\0",
    ],
    ids=["dotted-key", "dotted-table", "digits", "arrays", "tables", "date", "nul"],
)
def test_a_file_that_no_parser_can_take_ends_nobody(tmp_path: Path, text: str) -> None:
    """Nested deeper than a parser goes, or longer than a number may be: at a reload the old file stays in force, at the start it is 78."""
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, TEXT, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        daemon.until_listening()
        daemon.write(text + TEXT)
        told = daemon.gateway("reload")
        assert (told.returncode, told.stderr.endswith("the old configuration stays in force\n")) == (78, True)
        assert "not reloaded, " in systemd.until("STATUS=0 of 1 well; serial/a is missing; not reloaded")
        assert daemon.ask(do="show")["ok"]
        assert daemon.stop() == 0
        daemon.start()
        assert daemon.wait() == 78
        assert "cannot start: 1 problem in " in daemon.said()


def test_a_reload_takes_over_settings_of_a_device(tmp_path: Path) -> None:
    """Its actor is made anew; the others are left alone."""
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, TEXT, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        daemon.until(lambda: "serial/a is missing: cannot open /dev/none" in daemon.said())
        daemon.write(TEXT.replace("/dev/none", "/dev/other"), gateway='log_level = "debug"')
        daemon.signal(1)
        daemon.until(lambda: "serial/a is missing: cannot open /dev/other" in daemon.said())
        daemon.until(lambda: "reloaded: serial/a" in daemon.said())
        assert daemon.stop() == 0


def test_who_asks_for_a_reload_is_told_what_is_wrong(tmp_path: Path) -> None:
    """Each problem with its place, and the exit code of a configuration with problems: so `systemctl reload` fails too."""
    with DaemonProcess(tmp_path, TEXT) as daemon:
        daemon.until_listening()
        daemon.write(TEXT.replace("nmea", "mnea").replace("port", "prot"))
        told = daemon.gateway("reload")
        assert (told.returncode, told.stdout) == (78, "")
        first, *problems, last = told.stderr.splitlines()
        assert first == f"gateway: cannot reload: 2 problems in {daemon.config}"
        assert [line.split()[1] for line in problems] == ["serial.a.prot:", "serial.a.codec:"]
        assert last == "the old configuration stays in force"
        daemon.config.write_text(daemon.config.read_text() + "[serial.a\n")  # no TOML, and still it says where the gateway is
        assert daemon.gateway("reload").returncode == 78
        daemon.config.unlink()
        gone = daemon.gateway("reload", "--socket", str(daemon.socket))
        assert (gone.returncode, "there is no such file" in gone.stderr) == (78, True)
        assert daemon.stop() == 0


def test_who_asks_for_a_reload_is_told_what_was_taken_over_and_what_was_not(tmp_path: Path) -> None:
    """What needs a restart is said again until there is one."""
    with DaemonProcess(tmp_path, TEXT) as daemon:
        daemon.until_listening()
        assert daemon.gateway("reload").stdout == "reloaded: nothing has changed\n"
        new = TEXT.replace("/dev/none", "/dev/other") + TEXT.replace("serial.a", "serial.b")
        daemon.write(new, gateway='log_level = "debug"')
        daemon.config.write_text(daemon.config.read_text().replace('name = "test"', 'name = "other"'))
        needs = "needs a restart: gateway.name\n"
        why = "cannot open {}: there is no such device; plug it in, or see `gateway ports` for the names there are"
        not_up = f"not up yet: serial/a is missing ({why.format('/dev/other')}), serial/b is missing ({why.format('/dev/none')})"
        assert daemon.gateway("reload").stdout == f"reloaded: serial/a, serial/b (new), gateway.log_level; {not_up}; {needs}"
        assert daemon.gateway("reload").stdout == f"reloaded: nothing was taken over; {needs}"
        assert f"\nthe last reload of {daemon.config}:\n  {needs}" in daemon.gateway("show").stdout
        assert daemon.gateway("reload", "--json").stdout == '{"taken":[],"not_up":[],"closing":[],"needs_restart":["gateway.name"]}\n'
        assert daemon.stop() == 0


def test_a_file_whose_reading_breaks_does_not_end_the_gateway(tmp_path: Path) -> None:
    """Settings may be code of the user's, and raise when they are compared."""
    actors = tmp_path / "actors"
    actors.mkdir()
    (actors / "mule.py").write_text(MULE.replace("    word: str", "    word: str\n    def __eq__(self, other): raise KeyError(self.word)"))
    with DaemonProcess(tmp_path, '[mule.a]\nword = "one"\n') as daemon:
        (tmp_path / "hay").touch()
        daemon.until_listening()
        told = daemon.gateway("reload")
        assert (told.returncode, "reading it ends in KeyError: 'one'; see the log\nthe old configuration" in told.stderr) == (78, True)
        assert daemon.gateway("show").returncode == 0
        assert daemon.stop() == 0


def test_the_watchdog_is_fed_while_devices_take_their_whole_time_to_close(tmp_path: Path) -> None:
    """A reload that takes longer than the watchdog waits is no standstill, and who asked waits for its end."""
    actors = tmp_path / "actors"
    actors.mkdir()
    (actors / "mule.py").write_text(MULE.replace("close_s = 0.2", "close_s = 4.0"))
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1000000"}
        with DaemonProcess(tmp_path, '[mule.a]\nword = "one"\n[mule.b]\nword = "one"\n', environ=environ) as daemon:
            daemon.until(lambda: daemon.said().count("is ok: one") == 2)
            since = len(systemd.heard)
            daemon.write('[mule.a]\nword = "two"\n[mule.b]\nword = "two"\n')
            told = daemon.gateway("reload").stdout
            assert told == "reloaded: nothing was taken over; not closed yet, and taken over when it is: mule/a, mule/b\n"
            begun = next(n for n, said in enumerate(systemd.heard[since:], since) if "RELOADING=1" in said)
            during = systemd.heard[begun : next(n for n, said in enumerate(systemd.heard) if n > begun and "READY=1" in said)]
            assert during.count("WATCHDOG=1") >= 4, "one a second at least"
            (tmp_path / "hay").touch()
            daemon.until(lambda: daemon.said().count("is ok: two") == 2)
            assert daemon.stop() == 0


def test_a_device_that_does_not_close_in_time_is_replaced_when_it_has(tmp_path: Path) -> None:
    """Nobody has to reload again, and what was said of it last holds; the others do not wait for it."""
    actors = tmp_path / "actors"
    actors.mkdir()
    (actors / "mule.py").write_text(MULE)
    with DaemonProcess(tmp_path, '[mule.a]\nword = "one"\n') as daemon:
        daemon.until(lambda: "mule/a is ok: one" in daemon.said())
        daemon.write('[mule.a]\nword = "two"\n')
        waits = "not closed yet, and taken over when it is: mule/a"
        assert daemon.gateway("reload").stdout == f"reloaded: nothing was taken over; {waits}\n"
        daemon.write('[mule.a]\nword = "three"\n[mule.b]\nword = "four"\n')
        assert daemon.gateway("reload").stdout == f"reloaded: mule/b (new); {waits}\n"
        daemon.until(lambda: "mule/b is ok: four" in daemon.said())
        assert waits in daemon.gateway("show").stdout
        (tmp_path / "hay").touch()
        daemon.until(lambda: "mule/a is ok: three" in daemon.said())
        daemon.until(lambda: waits not in daemon.gateway("show").stdout)
        assert "mule/a is ok: two" not in daemon.said()
        assert daemon.stop() == 0


def test_reloads_leave_no_descriptor_behind(tmp_path: Path) -> None:
    """Whichever device is made anew, it takes the place of the one before it."""
    text = (
        '[serial.a]\nto = "trip/a"\ncodec = "nmea"\nmax_depth = {n}\n[serial.a.simulate]\ndevice = "gps"\n'
        '[gpio.b]\ntype = "led"\npin = {n}\nsimulate = true\n'
        '[mqtt.c]\nhost = "127.0.0.1"\nport = 1\nkeepalive_s = {n}\n'
    )
    with DaemonProcess(tmp_path, text.format(n=5)) as daemon:
        descriptors = Path(f"/proc/{daemon.pid}/fd")
        daemon.until_listening()
        before = len(list(descriptors.iterdir()))
        for n in range(6, 26):
            daemon.write(text.format(n=n))
            daemon.signal(1)
            daemon.until(lambda n=n: daemon.said().count("reloaded: serial/a, gpio/b, mqtt/c") == n - 5)
            daemon.until_listening()
        daemon.until(lambda: len(list(descriptors.iterdir())) < before + 8)  # some are on their way, at both looks
        assert daemon.stop() == 0


def test_a_reload_names_what_needs_a_restart(tmp_path: Path) -> None:
    """What is fixed for a life: the name, and the store's settings."""
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, TEXT, environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon:
        systemd.until("READY=1")
        since = len(systemd.heard)
        daemon.write(TEXT.replace("serial.a", "serial.b") + "[actors.trip]\nlost_after_s = 5.0\n")
        daemon.config.write_text(daemon.config.read_text().replace('name = "test"', 'name = "other"'))
        daemon.signal(1)
        said = systemd.until("READY=1", since=since)
        assert said.rstrip().endswith("needs a restart: gateway.name")
        assert daemon.stop() == 0


def test_systemd_python_is_used_where_it_is_installed(tmp_path: Path) -> None:
    """Without it our own notify takes its place, and the log says how to get it."""
    packages = Path("/usr/lib/python3/dist-packages/systemd")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "systemd").symlink_to(packages)
    environ = {"PYTHONPATH": str(tmp_path / "site")}
    probe = subprocess.run([sys.executable, "-c", "import systemd.daemon"], env=environ, capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("python3-systemd is not installed for this Python")
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), **environ}
    with ServiceSide(tmp_path) as systemd, DaemonProcess(tmp_path, environ=told) as daemon:
        systemd.until("READY=1")
        assert "apt install python3-systemd" not in daemon.said()
        assert daemon.stop() == 0


def test_what_is_logged_is_as_long_as_a_log_can_take(tmp_path: Path) -> None:
    """An error of ten megabytes, in its text, in its traceback or in what caused it, is told by its beginning and its end."""
    script = tmp_path / "logs.py"
    script.write_text(
        "import logging\n"
        "from gateway.service.logs import set_up_logging\n"
        "faults = set_up_logging({})\n"
        "try:\n"
        "    try:\n"
        "        raise ValueError('a' * 10_000_000)\n"
        "    except ValueError as error:\n"
        "        raise KeyError('\\n' * 10_000_000 + 'the end') from error\n"
        "except KeyError as error:\n"
        "    logging.error('%s failed', 'b' * 10_000_000, exc_info=error)\n"
        "logging.error('short')\n"
        "assert faults.total == 2\n"
    )
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=ROOT).stderr
    assert len(said) < 30_000
    assert said.count(" characters left out) … ") == 2
    assert "error root: bbbb" in said
    assert "bbb failed\nTraceback (most recent call last):\n" in said
    assert "the end" in said
    assert said.endswith("error root: short\n")
