"""A demo that is disturbed never accuses the gateway: whatever happens to its output, its terminal, its broker or itself."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.brokers import Mosquitto, Peer, find_program
from tests.daemons import ROOT
from tests.demo.demos import Watched, account_of, account_of_the_next, fixes, processes, start
from tests.waiting import until


def marks(folder: Path) -> tuple[str, str]:
    """Words of the command lines of a demo's gateway and broker."""
    return str(folder / "gateway.toml"), str(folder / "broker" / "mosquitto.conf")


def test_a_reader_who_goes_ends_the_demo(tmp_path: Path) -> None:
    """`gateway demo | head`: it ends by itself with what a shell shows for SIGPIPE, quietly, and nothing was lost meanwhile."""
    find_program("mosquitto")
    shell = '{ "$0" -m gateway.cli demo --folder "$1"; echo "code $?" >&2; } | head -15'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable, tmp_path], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False
    )
    assert done.stderr == "code 141\n"
    assert len(done.stdout.splitlines()) == 15
    assert not processes(*marks(tmp_path))
    assert fixes(tmp_path) >= 1
    account = account_of_the_next(tmp_path)
    assert account["faults"] == []
    assert account["kills"] == 0


def test_a_disk_that_is_full_under_the_output_is_told(tmp_path: Path) -> None:
    """In one line; and nothing was lost."""
    find_program("mosquitto")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "gateway.cli", "demo", "--folder", str(tmp_path)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False)
    assert done.stderr == "gateway: cannot write what it says: No space left on device; send standard output elsewhere\n"
    assert done.returncode == 73
    assert account_of_the_next(tmp_path)["faults"] == []


@pytest.mark.parametrize(
    ("environ", "arrow"),
    [
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "\\u2192"),
        ({"PYTHONIOENCODING": "latin-1"}, "\\u2192"),
        ({"PYTHONIOENCODING": "utf-8"}, "→"),
    ],
    ids=["C", "latin-1", "utf-8"],
)
def test_a_locale_without_the_arrow_ends_nothing(tmp_path: Path, environ: dict[str, str], arrow: str) -> None:
    """Every fix is said and accounted for, in its folder with an umlaut too."""
    folder = tmp_path / "dämo" if arrow == "→" else tmp_path
    demo = start(folder, "--json", quiet=False, **environ)
    until(lambda: fixes(folder) >= 3)
    demo.send_signal(signal.SIGINT)
    assert account_of(demo)["faults"] == []
    before = fixes(folder)
    loud = start(folder, quiet=False, **environ)
    until(lambda: fixes(folder) >= before + 5)
    loud.send_signal(signal.SIGINT)
    out, _ = loud.communicate(timeout=PATIENCE_S)
    assert f" {arrow} trip/van: fix " in out
    assert "nothing is missing, nothing is double" in out


def test_an_output_that_stands_still_holds_nothing_up(tmp_path: Path) -> None:
    """A pager that is not paged: what comes out is entered all the same, and Ctrl-C is heard when the output goes on."""
    reads, writes = os.pipe()
    room = fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writes, b"." * room)
    demo = start(tmp_path, quiet=False, stdout=writes)
    os.close(writes)
    until(lambda: fixes(tmp_path) >= 5)
    assert unread(reads) == room
    demo.send_signal(signal.SIGINT)
    with os.fdopen(reads, encoding="utf-8") as output:
        said = output.read()
    assert demo.wait(PATIENCE_S) == 0
    assert "nothing is missing, nothing is double" in said


def unread(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_terminal_that_closes_ends_the_demo(tmp_path: Path) -> None:
    """Quiet or not; with its account in order, and nothing of it left."""
    find_program("mosquitto")
    ours, theirs = pty.openpty()
    # as a terminal starts it, whatever these tests were started by: one that ignores the signal, as under nohup, is to outlive its terminal
    command = ["env", "--default-signal=HUP", sys.executable, "-m", "gateway.cli", "demo", "--folder", str(tmp_path), "--quiet"]
    demo = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True)
    os.close(theirs)
    until(lambda: fixes(tmp_path) >= 2)
    os.close(ours)
    demo.send_signal(signal.SIGHUP)  # which the kernel sends where the terminal is the session's own
    demo.wait(PATIENCE_S)
    assert not processes(*marks(tmp_path))
    assert account_of_the_next(tmp_path)["faults"] == []


def test_a_killed_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    """kill -9 of the demo alone ends its gateway and its broker, and those that it had started again; the next one goes on."""
    demo = start(tmp_path)
    gateway, broker = marks(tmp_path)
    until(lambda: fixes(tmp_path) >= 2)
    (first,) = processes(gateway)
    os.kill(first, signal.SIGKILL)
    until(lambda: processes(gateway) not in ([], [first]))
    seen = fixes(tmp_path)
    until(lambda: fixes(tmp_path) >= seen + 2)
    left = Watched(*processes(gateway, broker))
    demo.kill()
    demo.communicate(timeout=PATIENCE_S)
    left.until_ended()
    assert not processes(gateway, broker)
    account = account_of_the_next(tmp_path)
    assert account["faults"] == []
    assert account["kills"] == 1


def test_a_killed_broker_is_started_again(tmp_path: Path) -> None:
    """What it had promised to deliver is delivered, and the demo says what has happened."""
    demo = start(tmp_path)
    _, mark = marks(tmp_path)
    for _ in range(2):
        seen = fixes(tmp_path)
        until(lambda least=seen + 2: fixes(tmp_path) >= least)
        (broker,) = until(lambda: processes(mark))
        os.kill(broker, signal.SIGKILL)
    until(lambda: processes(mark) and processes(mark) != [broker])
    demo.send_signal(signal.SIGINT)
    out, _ = demo.communicate(timeout=PATIENCE_S)
    assert out.count("!!  the broker (process ") == 2
    assert (demo.returncode, "nothing is missing, nothing is double" in out) == (0, True), out


def test_fresh_begins_anew(tmp_path: Path) -> None:
    """Without what earlier demos left, and with what is not theirs; a demo that runs is not disturbed."""
    first = start(tmp_path, "--json")
    until(lambda: fixes(tmp_path) >= 3)
    (tmp_path / "notes.txt").write_text("mine")
    refused = start(tmp_path, "--fresh")
    assert refused.communicate(timeout=PATIENCE_S)[0] == ""
    assert refused.returncode == 1
    first.send_signal(signal.SIGINT)
    assert account_of(first)["faults"] == []
    with (tmp_path / "ledger").open("a") as ledger:
        ledger.write('["another id", 1, 1]\n')
    assert account_of_the_next(tmp_path)["faults"] == ["1 fixes came out under two ids"]
    fresh = start(tmp_path, "--fresh", "--seconds", "2")
    out, _ = fresh.communicate(timeout=PATIENCE_S)
    assert fresh.returncode == 0, out
    assert out.startswith(f"a fresh demo in {tmp_path}: what earlier demos had left is gone\n")
    assert "it begins afresh" in out
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_a_kill_has_left_half_dropped_is_dropped(tmp_path: Path) -> None:
    """Halves would not agree with each other."""
    assert account_of_the_next(tmp_path)["faults"] == []
    (tmp_path / "ledger").unlink()
    (tmp_path / "dropping").touch()
    account = account_of_the_next(tmp_path)
    assert account["faults"] == []


def test_a_folder_with_other_files_is_no_demo_folder(tmp_path: Path) -> None:
    """A configuration of one's own is not written over, with --fresh neither."""
    (tmp_path / "gateway.toml").write_text("mine")
    for words in ((), ("--fresh",)):
        command = [sys.executable, "-m", "gateway.cli", "demo", "--folder", str(tmp_path), *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"gateway: cannot use the folder {tmp_path}: no demo has run in it, and it is not empty; name another with --folder\n"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.toml"]
    assert (tmp_path / "gateway.toml").read_text() == "mine"


def test_others_at_the_broker_disturb_nothing(tmp_path: Path) -> None:
    """What somebody else publishes under the demo's topics is passed over, a second demo has topics of its own, a fresh one a fresh name.

    And nothing is written over what a real gateway has there.
    """
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker, Peer(broker.port) as peer:
        peer.listen("#")
        words = ("--broker", f"127.0.0.1:{broker.port}", "--json")
        demo, other = (start(tmp_path / name, *words) for name in ("one", "two"))
        until(lambda: fixes(tmp_path / "one") >= 1 and fixes(tmp_path / "two") >= 1)
        root = f"demo-{json.loads((tmp_path / 'one' / 'book.json').read_text())['name']}"
        for body in ("", "[]", "{}", "[" * 100_000, '{"trip": 1e999, "fixes": 1}', '{"trip": "x", "fixes": null}', b"\xff"):
            peer.publish(f"{root}/gateway/demo/trip/van/position", body)
            peer.publish(f"{root}/gateway/demo/toggle/hall", body)
        seen = fixes(tmp_path / "one")
        until(lambda: fixes(tmp_path / "one") >= seen + 2)
        for one in (demo, other):
            one.send_signal(signal.SIGINT)
        assert account_of(demo)["faults"] == []
        assert account_of(other)["faults"] == []
        assert account_of_the_next(tmp_path / "one", *words, "--fresh")["faults"] == []
        assert {topic.split("/")[0].split("-")[0] for topic in {one.topic for one in peer.heard}} == {"demo"}
        assert len({one.topic.split("/")[0] for one in peer.heard}) == 3
