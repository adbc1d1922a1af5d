"""The life of a program: started, ended, started again, and ended with all that it has started. Real processes."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.exec.conftest import Run, Write
from tests.waiting import until


def alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def said(bench: Bench, health: Health, words: str) -> str:
    """The detail that has these words, once it is said."""
    return str(bench.until(lambda: next((detail for one, detail in bench.health if one is health and words in detail), None)))


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("echo 'usb_open error -3' >&2; exit 3", "stub ended with exit code 3: usb_open error -3; it is started again"),
        ("printf 'no end of line' >&2; exit 1", "stub ended with exit code 1: no end of line; it is started again"),
        ("exit 0", "stub ended with exit code 0; it is started again"),
        ("kill -SEGV $$", "stub was ended by SIGSEGV; it is started again"),
    ],
)
def test_one_that_ends_says_how_and_is_started_again(write: Write, run: Run, script: str, how: str) -> None:
    """With its code or its signal, and the last thing that it complained of."""
    with run(write(script)) as bench:
        bench.until(lambda: bench.counters["lost"] == 3)
        assert set(bench.health) == {(Health.FAULTY, how)}, "one that ends at once is never said to be well"
        assert bench.why_away == how


def test_one_that_is_not_there_is_missing_and_started_when_it_comes(tmp_path: Path, write: Write, run: Run) -> None:
    """By its full path, or by its name on the PATH."""
    path = tmp_path / "rtl_433"
    with run(path) as bench:
        said(bench, Health.MISSING, f"cannot start {path}: there is no such file, or this user may not see it; mend the path")
        write("echo '{\"a\": 1}'; exec sleep 1000", "rtl_433")
        bench.until(lambda: bench.sent)
    with run("no-such-program-here") as bench:
        said(bench, Health.MISSING, "there is no such program on the PATH; install it, or write its full path")


def test_one_that_cannot_be_run_says_why(tmp_path: Path, run: Run) -> None:
    """No right to run it; a text that is no program."""
    path = tmp_path / "plain"
    path.write_text("just text\n")
    with run(path) as bench:
        said(bench, Health.MISSING, f"cannot start {path}: it cannot be run by this user; chmod a+rx it")
        path.chmod(0o755)
        said(bench, Health.FAULTY, f"cannot start {path}: Exec format error; does its first line name what runs it (#!/bin/sh)?")


def test_at_the_end_it_gets_sigterm_and_so_does_what_it_has_started(tmp_path: Path, write: Write, run: Run) -> None:
    """Though the threads of a gateway block that signal, and a child inherits what is blocked."""
    script = f"sleep 1000 &\necho $! > {tmp_path}/child\ntrap 'echo term > {tmp_path}/ended; exit 0' TERM\necho '{{\"a\": 1}}'\nwait"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
    try:
        with run(write(script)) as bench:
            bench.until(lambda: bench.sent)
            child = int((tmp_path / "child").read_text())
            assert alive(child)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert (tmp_path / "ended").read_text() == "term\n"
    until(lambda: not alive(child))


def test_one_that_is_deaf_to_sigterm_is_killed_and_its_children_too(tmp_path: Path, write: Write, run: Run) -> None:
    """Within the limit of its close."""
    script = f"trap '' TERM\nsleep 1000 &\necho $! > {tmp_path}/child\necho $$ > {tmp_path}/own\necho '{{\"a\": 1}}'\nwait\nsleep 1000"
    with run(write(script)) as bench:
        bench.until(lambda: bench.sent)
        pids = [int((tmp_path / name).read_text()) for name in ("own", "child")]
        bench.stop(bench.actor.close_s + 5)
    until(lambda: not any(map(alive, pids)))


def test_a_child_that_outlives_its_program_is_ended_before_the_next_one_starts(tmp_path: Path, write: Write, run: Run) -> None:
    """Or a receiver would stay taken by what nobody knows of."""
    script = f"[ -e {tmp_path}/child ] && exec sleep 1000\nsleep 1000 &\necho $! > {tmp_path}/child\nexit 1"
    with run(write(script)) as bench:
        bench.until(lambda: bench.counters["lost"] == 1)
        assert not alive(int((tmp_path / "child").read_text()))


def test_it_has_a_process_group_of_its_own_an_empty_input_and_no_descriptor_of_ours(write: Write, run: Run) -> None:
    """Ctrl+C at a terminal is not for it, and no lock or pin of the gateway stays with it."""
    ours = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(ours, True)
    script = (
        "cat\nls /proc/$$/fd | tr '\\n' ' '; echo\nps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat\necho $$\nexec sleep 1000"
    )
    try:
        with run(write(script), codec="text") as bench:
            bench.until(lambda: bench.counters["lines"] == 3)
            descriptors, group, own = (one.payload.text.split() for one in bench.sent)
            assert {"0", "1", "2"} <= set(descriptors)
            assert str(ours) not in set(descriptors) - {"10", "255"}, "those are the shell's own"
            assert group == own
    finally:
        os.close(ours)


def test_what_it_complains_of_is_logged_line_by_line_and_not_without_end(write: Write, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Each line a few times a minute; control characters and endless lines do not reach the log."""
    script = (
        "printf 'Found \\033[1mRafael\\033[0m tuner\\n' >&2\nfor i in $(seq 1000); do echo line $i >&2; done\necho done\nexec sleep 1000"
    )
    with caplog.at_level(logging.INFO), run(write(script), codec="text") as bench:
        bench.until(lambda: bench.counters["complaints"] == 1001)
        records = [record for record in caplog.records if record.name == "devices.exec.program"]
        lines = [record.getMessage() for record in records]
        assert lines[0] == "exec/it: Found  [1mRafael [0m tuner"
        assert lines[1] == "exec/it: line 1"
        assert len(lines) == 30
        assert {record.levelno for record in records} == {logging.INFO}


def test_one_that_falls_silent_is_started_anew(tmp_path: Path, write: Write, run: Run) -> None:
    """Where the settings say so: a receiver that hangs says nothing, and does not end."""
    with run(write("echo x; exec sleep 1000"), codec="text", silent_after_s=0.2) as bench:
        said(bench, Health.FAULTY, "stub has printed nothing for 0.2 s, and is started anew; silent_after_s says so")
        bench.until(lambda: len(bench.sent) >= 2)


def test_one_that_says_nothing_is_said_to_run_after_a_moment(write: Write, run: Run) -> None:
    """A receiver in a quiet place is well."""
    with run(write("exec sleep 1000")) as bench:
        said(bench, Health.OK, "stub runs as process ")


class Counted(Bench):
    """A host that counts how often its actor's thread comes round."""

    rounds = 0

    def beat(self, doing: str = "") -> None:
        self.rounds += doing == "tick"
        super().beat(doing)


def test_one_that_closes_its_output_costs_no_time(write: Write, run: Run) -> None:
    """A pipe at its end is always readable: it is polled no more, and the thread sleeps until the program ends."""
    with run(write("echo x\nexec sleep 1000 >&- 2>&-"), host=Counted, codec="text") as bench:
        said(bench, Health.OK, "runs as process")
        rounds = [-1]

        def sleeps() -> bool:
            rounds.append(bench.rounds)  # type: ignore[attr-defined]
            return rounds[-1] == rounds[-2]

        bench.until(sleeps)


FEW = """
import os, resource
from devices.exec.process import Process
free = os.open("/dev/null", os.O_RDONLY)
os.close(free)
for more in range(12):  # too few descriptors at each step of a start, and then enough
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, 1024))
    try:
        Process("/bin/sleep", ["sleep", "1000"]).stop(3.0)
        print("started")
        break
    except OSError as error:
        assert error.errno == 24, error
    now_free = os.open("/dev/null", os.O_RDONLY) if more else free
    assert now_free == free, (more, now_free)
    os.close(now_free) if more else None
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("nobody is left")
"""


def test_where_descriptors_run_out_nothing_is_left_half_started() -> None:
    """Neither a descriptor nor a process, at whatever step that was."""
    ran = subprocess.run([sys.executable, "-c", FEW], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.stdout, ran.stderr) == ("started\nnobody is left\n", "")
