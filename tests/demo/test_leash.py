"""A child on a leash ends with its parent, however that ends."""

import os
import select
import signal
import subprocess
import sys
import threading

import pytest

from gateway.demo.leash import leashed
from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT

PARENT = """
import signal, subprocess, sys, threading
from gateway.demo.leash import leashed
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
child = subprocess.Popen(leashed(["/bin/cat"], signal.Signals[sys.argv[1]]), stdin=subprocess.PIPE)
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("asked", ["SIGKILL", "SIGTERM"])
def test_a_child_ends_with_its_parent(asked: str) -> None:
    """Killed with -9 it takes its child along: by the signal that was asked for, blocked in the parent or not."""
    command = [sys.executable, "-c", PARENT, asked]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    assert parent.stdout is not None
    child = os.pidfd_open(int(parent.stdout.readline()))
    try:
        parent.kill()
        parent.wait(PATIENCE_S)
        assert ended(child)
    finally:
        os.close(child)
        parent.stdout.close()


def ended(pidfd: int) -> bool:
    """Whether a process ends."""
    return bool(select.select([pidfd], [], [], PATIENCE_S)[0])


def test_a_child_whose_parent_has_gone_already_ends_at_once() -> None:
    """It looks whose child it is, after it has asked for the signal."""
    command = leashed(["/bin/echo", "alive"], signal.SIGKILL)
    command[command.index(str(os.getpid()))] = "1" if os.getpid() != 1 else "2"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "the demo has ended meanwhile\n")


def test_the_child_is_the_program_itself() -> None:
    """Under the process id that was started, with its words, its environment, and no signal blocked or ignored."""
    shell = 'echo $$ $MARK; exec grep -E "^Sig(Blk|Ign)" /proc/self/status'  # a shell that starts a child blocks signals meanwhile
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        plain = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True)
        child = subprocess.Popen(
            leashed(["/bin/sh", "-c", shell], signal.SIGKILL), stdout=subprocess.PIPE, text=True, env={**os.environ, "MARK": "ours"}
        )
        found = child.communicate(timeout=PATIENCE_S)[0].splitlines()
        assert found == [f"{child.pid} ours", f"SigBlk:\t{0:016x}", plain.stdout.splitlines()[2]]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_leash_is_made_on_the_main_thread_only() -> None:
    """On another it would end the child with that thread."""
    said: list[str] = []

    def make() -> None:
        with pytest.raises(RuntimeError) as caught:
            leashed(["/bin/true"], signal.SIGKILL)
        said.append(str(caught.value))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join(PATIENCE_S)
    assert said == ["cannot make a leash: it would end the child with this thread; start the child on the main thread"]
