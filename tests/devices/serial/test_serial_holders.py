"""Who has a device open: told by its number, whatever it is called where they are; and what cannot be seen is said."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.serial.holders import holders, name_holders, name_lockers
from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.serial.conftest import is_well

OPEN = "import sys; f = open(sys.argv[1], 'rb+', 0); print('open', flush=True); sys.stdin.read()"
LOCK = "import fcntl, sys; f = open(sys.argv[1], 'rb+', 0); fcntl.flock(f, fcntl.LOCK_EX); print('locked', flush=True); sys.stdin.read()"
OPEN_A_TERMINAL_OF_THAT_NAME = """
import os, sys
while not os.path.exists(sys.argv[1]):
    os.openpty()
f = open(sys.argv[1], 'rb+', 0)
print('open', flush=True)
sys.stdin.read()
"""
CONTROLLED_BY = """
import os, sys
os.setsid()
os.close(os.open(sys.argv[1], os.O_RDWR))
os.close(os.open('/dev/tty', os.O_RDWR))
print('open', flush=True)
sys.stdin.read()
"""

MOUNTS = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
no_mounts = subprocess.run([*MOUNTS, "true"], capture_output=True, check=False).returncode != 0
elsewhere = pytest.mark.skipif(no_mounts, reason="this host lets nobody make namespaces")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(script, path)` runs a script on a device, says its pid once the device is open, and ends it after the test."""
    with contextlib.ExitStack() as stack:

        def started(script: str, path: str, *before: str) -> int:
            command = [*before, sys.executable, "-c", script, path]
            process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            assert process.stdin is not None
            assert process.stdout is not None
            stack.callback(process.stdin.close)
            assert process.stdout.readline() in (b"open\n", b"locked\n")
            return process.pid

        yield started


def mounted(words: str) -> tuple[str, ...]:
    """What runs a command where `words` have mounted something first, for it alone."""
    return (*MOUNTS, "sh", "-c", f'{words} && exec "$@"', "sh")


def pids(path: str) -> list[int]:
    return sorted(holder.pid for holder in holders(path))


def test_processes_that_have_it_open(line: SimulatedLine, start: Start):
    """Each of them is named by pid and program; we ourselves, who have it open too, are not."""
    first, second = start(OPEN, line.path), start(OPEN, line.path)
    assert pids(line.path) == sorted([first, second])
    assert {holder.program[:6] for holder in holders(line.path)} == {"python"}
    assert f"pid {first} (python" in name_holders(line.path)
    assert f"pid {second} (python" in name_holders(line.path)


def test_a_process_whose_terminal_it_is(line: SimulatedLine, start: Start):
    """Who is merely controlled by it, and has it not open, takes no byte and is not named."""
    start(CONTROLLED_BY, line.path)
    assert pids(line.path) == []


@elsewhere
def test_a_process_that_calls_it_otherwise(line: SimulatedLine, tmp_path: Path, start: Start):
    """In a container the device may have another path: who has it open there is found."""
    inside = tmp_path / "modem"
    inside.touch()
    pid = start(OPEN, str(inside), *mounted(f"mount --bind {os.path.realpath(line.path)} {inside}"))
    assert pids(line.path) == [pid]
    assert str((Path("/proc") / str(pid) / "fd/3").readlink()) != os.path.realpath(line.path)


@elsewhere
def test_a_process_that_calls_another_device_so(line: SimulatedLine, start: Start):
    """In a container the path, and even the number of a pseudo-terminal, may be another device's: who has that open is innocent."""
    device = os.path.realpath(line.path)
    start(OPEN_A_TERMINAL_OF_THAT_NAME, device, *mounted("mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts"))
    assert pids(line.path) == []


def test_who_has_locked_it_is_told_apart(line: SimulatedLine, start: Start):
    """Where a lock is in the way, whoever merely has the device open is innocent, such as a shell whose terminal it is."""
    start(OPEN, line.path)
    locker = start(LOCK, line.path)
    assert name_lockers(line.path).startswith(f"pid {locker} (python")
    assert ", " not in name_lockers(line.path)


def as_nobody(ask: Callable[[], str]) -> str:
    """What `ask` says in a process of another user."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            os.write(writer, ask().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as said:
        answer = said.read()
    os.waitpid(child, 0)
    return answer


@as_root
def test_what_cannot_be_seen_is_said(line: SimulatedLine, start: Start):
    """A user may not look into the processes of others, and says so; who holds a lock the kernel tells all the same."""
    device = os.path.realpath(line.path)
    start(OPEN, device)
    unseen = "one that this user may not see (sudo gateway ports names it)"
    assert as_nobody(lambda: name_holders(device)) == unseen
    locker = start(LOCK, device)
    assert as_nobody(lambda: name_lockers(device)).startswith(f"pid {locker} (")
    assert as_nobody(lambda: name_holders(device)).endswith(f"), or {unseen}")


def test_two_ports_of_one_gateway(line: SimulatedLine, tmp_path: Path):
    """The second opens nothing, names the section of the first, and has its turn when that has closed; locks or not."""
    link = tmp_path / "gps"
    link.symlink_to(os.path.realpath(line.path))
    one, two = (SerialSettings(port=str(name), to="twin/t", exclusive=False) for name in (line.path, link))
    with Bench(SerialPort("one", one), "serial/one") as first:
        first.until(lambda: first.health)
        with Bench(SerialPort("two", two), "serial/two") as second:
            second.until(lambda: second.health)
            assert second.health[0] == (
                Health.FAULTY,
                f"cannot open {link}: [serial.one] has the same device open as {line.path}; give each device one section",
            )
            first.stop()
            second.until(lambda: is_well(second))
