"""`gateway replay`: a capture, taken in again by the actors of a configuration, without its devices."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_capture import _capture, _interrupt, _until_captured, scale  # noqa: F401  # a fixture
from tests.cli.test_listen import PORT, Scale
from tests.daemons import DaemonProcess
from tests.waiting import until

CONFIG = PORT.format(port="/dev/ttyNONE")
COUNTED = CONFIG.replace("twin/{device}", "counter/{device}") + 'verb = "take"\n'
HEAD = "# the wire of serial/scale since 2026-01-02T03:04:05Z: seconds, in or out, bytes in hex\n"
BEGAN_MS = 1_767_323_045_000
COUNTER = '''"""Counts readings."""
from gateway.actors import Actor, Payload, Stage, State, verb


class Seen(State):
    count: int = 0


class Line(Payload):
    device: str
    n: int
    id: str


class Counter(Actor[Seen]):
    """Counts readings."""

    @verb
    def take(self, line: Line, stage: Stage[Seen]) -> None:
        """Count one."""
        stage.state = stage.state.changed(count=stage.state.count + STEP)
'''


def _line(n: int, device: str = "scale") -> bytes:
    return f'{{"device": "{device}", "n": {n}, "id": "{n}"}}\n'.encode()


def _file(folder: Path, *pieces: tuple[float, bytes], head: str = HEAD) -> Path:
    file = folder / "wire.txt"
    file.write_text(head + "".join(f"{at_s:.3f} in {content.hex()}\n" for at_s, content in pieces))
    return file


def _replay(daemon: DaemonProcess, file: Path, *words: str | Path, code: int = 0) -> dict[str, Any]:
    found = daemon.gateway("replay", str(file), "--json", *map(str, words))
    assert (found.returncode, found.stderr) == (code, "")
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def test_what_was_captured_comes_to_the_same_without_the_device(tmp_path: Path, scale: Scale) -> None:  # noqa: F811  # the fixture
    """The states of a replay have the values of the gateway that read the port while it was captured."""
    file = tmp_path / "scale.txt"
    with DaemonProcess(tmp_path, PORT.format(port=scale.port)) as daemon:
        process = _capture(daemon, file)
        _until_captured(scale, file)
        scale.say()
        daemon.until(lambda: daemon.ask(do="show", id="serial/scale")["hosted"]["counters"].get("lines") == scale.said)
        daemon.until(lambda: f'"n": {scale.said},'.encode().hex() in file.read_text().replace("\n", ""))
        _interrupt(process)
        live = json.loads(daemon.gateway("export", "twin/scale").stdout)
        assert daemon.stop() == 0
    assert {name: one["value"] for name, one in live["values"].items()} == {"n": scale.said}
    found = _replay(daemon, file)
    values = found["actors"]["twin/scale"]["values"]
    assert {name: one["value"] for name, one in values.items()} == {"n": scale.said}
    assert (found["as"], found["faults"]) == ("serial/scale", 0)


def test_time_is_that_of_the_record(tmp_path: Path) -> None:
    """A line that came in pieces is one, one that was broken off is none, and stamps are of the day of the record, at any speed."""
    daemon = DaemonProcess(tmp_path, CONFIG)
    line = _line(1)
    file = _file(tmp_path, (0.0, line[:9]), (0.9, line[9:]), (100.0, _line(2)[:9]), (105.0, _line(3)))
    found = _replay(daemon, file)
    assert (found["readings"], found["first_faults"]) == (2, ["lines broken off"])
    assert found["actors"]["twin/scale"]["values"]["n"]["value"] == 3
    assert found["actors"]["twin/scale"]["last_seen_ms"] == BEGAN_MS + 105_000
    began_s = time.monotonic()
    assert _replay(daemon, file, "--speed", "200") == found
    assert time.monotonic() - began_s >= 105 / 200


def test_timers_fire_in_the_time_of_the_record(tmp_path: Path) -> None:
    """A trip whose signal was lost for an hour in the record has lost it in the replay, which takes no hour."""
    fix = "$GPRMC,{:06},A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"

    def sentence(clock: int) -> bytes:
        text = fix.format(clock)
        total = 0
        for letter in text[1:].encode():
            total ^= letter
        return f"{text}*{total:02X}\r\n".encode()

    daemon = DaemonProcess(tmp_path, '[serial.gps]\nport = "/dev/ttyNONE"\ncodec = "nmea"\nto = "trip/van"\n')
    fixes = [(float(second), sentence(120_000 + second)) for second in range(10)]
    file = _file(tmp_path, *fixes, head=HEAD.replace("scale", "gps"))
    moving = _replay(daemon, file)["actors"]["trip/van"]["phase"]
    file = _file(tmp_path, *fixes, (3600.0, b"\r\n"), head=HEAD.replace("scale", "gps"))
    lost = _replay(daemon, file)["actors"]["trip/van"]["phase"]
    assert (moving, lost) == ("moving", "lost")


def test_nothing_goes_out(tmp_path: Path) -> None:
    """What an actor publishes is counted, and no broker is asked; nor does the store of the gateway come to be."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        mqtt = f'[mqtt.main]\nhost = "127.0.0.1"\nport = {port}\n[actors.twin]\npublish_to = "mqtt/main"\n'
        daemon = DaemonProcess(tmp_path, CONFIG + mqtt)
        found = _replay(daemon, _file(tmp_path, *((float(n), _line(n)) for n in range(5))))
        broker.setblocking(False)
        with pytest.raises(BlockingIOError):
            broker.accept()
    assert found["left_out"].get("mqtt/main", 0) >= 5
    assert (found["waiting"], found["dead_letters"]) == ({}, 0)
    assert not daemon.store.exists()


def test_two_versions_of_an_actor_are_compared(tmp_path: Path) -> None:
    """The states of one run stay in a store; against it another version's differ where they do, and the same version's nowhere."""
    daemon = DaemonProcess(tmp_path, COUNTED)
    (tmp_path / "actors").mkdir()
    actor, store = tmp_path / "actors" / "counter.py", tmp_path / "one.db"
    actor.write_text(COUNTER.replace("STEP", "1"))
    file = _file(tmp_path, *((float(n), _line(n)) for n in range(3)))
    assert _replay(daemon, file, "--store", store)["actors"] == {"counter/scale": {"count": 3}}
    before = store.read_bytes()
    assert _replay(daemon, file, "--against", store)["differences"] == []
    actor.write_text(COUNTER.replace("STEP", "20"))
    shutil.rmtree(tmp_path / "actors" / "__pycache__", ignore_errors=True)  # written within the same second, it is of the same size
    apart = [{"id": "counter/scale", "field": "count", "before": 3, "now": 60}]
    assert _replay(daemon, file, "--against", store, code=1)["differences"] == apart
    said = daemon.gateway("replay", str(file), "--against", str(store)).stdout.splitlines()
    assert said[-2:] == [f"1 difference to {store}:", "  counter/scale  count  3  →  60"]
    assert store.read_bytes() == before


def test_long_states_are_compared_where_they_differ(tmp_path: Path) -> None:
    """Histories are long texts: a line of each difference fits a screen, and shows it."""
    daemon = DaemonProcess(tmp_path, COUNTED)
    (tmp_path / "actors").mkdir()
    actor, store = tmp_path / "actors" / "counter.py", tmp_path / "one.db"
    long = COUNTER.replace("count: int = 0", 'count: int = 0\n    text: str = ""').replace("STEP", "1")
    changed = long.replace("changed(", "changed(text='x' * 5000 + 'NEW' + 'y' * 5000, ")
    file = _file(tmp_path, (0.0, _line(1)))
    actor.write_text(changed.replace("NEW", "OLD"))
    _replay(daemon, file, "--store", store)
    shutil.rmtree(tmp_path / "actors" / "__pycache__", ignore_errors=True)  # written within the same second, it is of the same size
    actor.write_text(changed)
    said = daemon.gateway("replay", str(file), "--against", str(store)).stdout.splitlines()
    assert said[-2] == f"1 difference to {store}:"
    before, now = said[-1].split("  →  ")
    assert ("xOLDy" in before, "xNEWy" in now) == (True, True)
    assert max(map(len, said)) < 160
    [apart] = _replay(daemon, file, "--against", store, code=1)["differences"]
    assert len(apart["before"]) == len(apart["now"]) == 10_003


def test_a_turn_that_fails_is_said(tmp_path: Path) -> None:
    """What an actor could not take is a dead letter, once it was tried as often as it would be."""
    daemon = DaemonProcess(tmp_path, COUNTED)
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "counter.py").write_text(COUNTER.replace("STEP", "1 // line.n"))
    found = daemon.gateway("replay", str(_file(tmp_path, (0.0, _line(1)), (1.0, _line(0)), (2.0, _line(1) + b"no JSON\n"))), "--json")
    answer = json.loads(found.stdout)
    assert (answer["dead_letters"], answer["waiting"], answer["faults"]) == (1, {}, 1)
    assert "ZeroDivisionError" in answer["first_dead_letters"][0]["reason"]
    assert "no JSON" in answer["first_faults"][0]


def test_a_line_that_was_cut_off_is_left_out_and_said(tmp_path: Path) -> None:
    """A capture may end in any way; one by hand needs no head, and is read as the device that is named."""
    daemon = DaemonProcess(tmp_path, CONFIG)
    file = _file(tmp_path, (0.0, _line(1)), head="")
    with file.open("a") as more:
        more.write("1.0 in 7")
    found = daemon.gateway("replay", str(file), "--as", "serial/scale", "--json")
    assert (found.returncode, found.stderr) == (0, f"{file}: line 2 is cut off, and left out\n")
    assert json.loads(found.stdout)["readings"] == 1


FORM = "not SECONDS in HEX or SECONDS out HEX; mend the line, or take it out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            HEAD + "0.0 in 41\nin 42\n0.1 in 43\n",
            f"line 3 is 'in 42', {FORM}",
        ),
        (HEAD + "nan in 41\n0 in 41\n", f"line 2 is 'nan in 41', {FORM}"),
        (HEAD + "1.5 in 41\n0.5 in 41\n", "line 3 is of second 0.5, and the one before of 1.5; times only rise"),
        (HEAD.replace("-01-02", "-13-02"), "line 1: 2026-13-02T03:04:05Z is no time; write one as in 2025-06-01T12:00:00Z"),
        ("0 in 41\n", "it does not say of which device it is; name that, as in --as serial/gps"),
    ],
)
def test_a_file_that_is_no_capture_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """The error names the line, and what to do."""
    file = tmp_path / "wire.txt"
    file.write_text(text)
    store = tmp_path / "new.db"
    found = DaemonProcess(tmp_path, CONFIG).gateway("replay", str(file), "--store", str(store))
    assert found.returncode in (1, 65)
    assert found.stderr == f"gateway: cannot replay {file}: {said}\n"
    assert not store.exists()


def test_what_cannot_be_replayed_is_said_at_once(tmp_path: Path) -> None:
    """Nothing that is there is replaced, and what is not there is named."""
    daemon = DaemonProcess(tmp_path, CONFIG + '[gpio.lamp]\ntype = "led"\npin = 17\nsimulate = true\n')
    file, there, none = _file(tmp_path, (0.0, _line(1))), tmp_path / "there.db", tmp_path / "none"
    there.write_text("mine")
    gone = tmp_path / "gone.db"
    (tmp_path / "gone.db.commits").write_bytes(b"of one")
    for words, said in [
        ((none,), f"cannot replay {none}: No such file or directory"),
        (
            (file, "--as", "serial/gps"),
            f"cannot replay {file} as serial/gps: {daemon.config} has no [serial.gps]; name one that it has with --as: serial/scale",
        ),
        ((file, "--as", "gpio/lamp"), f"cannot replay {file} as gpio/lamp: a gpio has no wire with bytes on it"),
        ((file, "--store", there), f"cannot replay into {there}: it is there already; name a new file"),
        (
            (file, "--store", gone),
            f"cannot replay into {gone}: of one that is gone {gone}.commits is left; remove that too, or name a new file",
        ),
        ((file, "--store", none / "new.db"), f"cannot replay into {none / 'new.db'}: there is no folder {none}; make it first"),
        ((file, "--against", none), f"cannot compare with {none}: there is no such file; name another"),
        ((file, "--against", there), f"cannot compare with {there}: it is no store of a gateway; name a file that gateway backup has made"),
        ((file, "--speed", "nan"), "--speed: 'nan' is neither max nor a number above 0 and at most 1000000"),
    ]:
        found = daemon.gateway("replay", *map(str, words))
        assert found.returncode != 0
        assert found.stderr.startswith(f"gateway: {said}"), found.stderr
        assert found.stderr.count("\n") == 1, found.stderr
    assert there.read_text() == "mine"


TICKING = COUNTER.replace(
    "        stage.state = stage.state.changed(count=stage.state.count + STEP)\n",
    """        stage.after(1000, "tick", name="tick")

    @verb
    def tick(self, stage: Stage[Seen]) -> None:
        \"\"\"Count a thousand seconds.\"\"\"
        stage.state = stage.state.changed(count=stage.state.count + 1)
        stage.after(1000, "tick", name="tick")
""",
)


def test_a_pause_of_months_is_not_lived_through(tmp_path: Path) -> None:
    """Of each a day passes with all that falls due in it, in its time; the rest passes at once, and is said."""
    daemon = DaemonProcess(tmp_path, COUNTED)
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "counter.py").write_text(TICKING)
    days = 86_400.0
    file = _file(tmp_path, (0.0, _line(1)), (0.5 * days, _line(2)), (100.0 * days, _line(3)), (1100.0 * days + 60, _line(4)))
    found = _replay(daemon, file)
    assert (found["readings"], found["skipped_s"]) == (4, 98.5 * days + 999 * days + 60)
    assert found["actors"]["counter/scale"] == {"count": 43 + 86 + 1 + 86 + 1}, (
        "of half a day, and of two days; and one late for each pause"
    )
    said = daemon.gateway("replay", str(file)).stdout.splitlines()
    assert said[1] == "of pauses longer than a day 1097.5 days passed at once: what fell due in them came late, and once"


WATCHER = '''"""Ends the program as soon as it has another thread."""
import os
import threading
import time

from gateway.actors import Actor, State


class Watched(Actor[State]):
    """Nobody."""


def end() -> None:
    while threading.active_count() < 3:
        time.sleep(0.0)
    os.kill(os.getpid(), NUMBER)


threading.Thread(target=end, daemon=True).start()
'''


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_ended_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    """No folder of its own, by kill as by Ctrl-C."""
    daemon = DaemonProcess(tmp_path, CONFIG)
    file = _file(tmp_path, (0.0, _line(1)), (9_000.0, _line(2)))
    own = tmp_path / "own"
    own.mkdir()
    words = [sys.executable, "-m", "gateway.cli", "replay", str(file), "--config", str(daemon.config), "--speed", "1"]
    with subprocess.Popen(words, env={**os.environ, "TMPDIR": str(own)}, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: any(own.glob("gateway-replay-*/replay.db")))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert not list(own.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_ended_while_it_starts_ends_in_order(tmp_path: Path, number: int) -> None:
    """The engine is never left running on a store that is closed."""
    daemon = DaemonProcess(tmp_path, CONFIG)
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "watcher.py").write_text(WATCHER.replace("NUMBER", str(int(number))))
    file = _file(tmp_path, (0.0, _line(1)), (9_000.0, _line(2)))
    own = tmp_path / "own"
    own.mkdir()
    words = [sys.executable, "-m", "gateway.cli", "replay", str(file), "--config", str(daemon.config), "--speed", "1"]
    ended = subprocess.run(words, env={**os.environ, "TMPDIR": str(own)}, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (130, "")
    assert not list(own.iterdir())
