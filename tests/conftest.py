"""What holds for every test: the order they run in, how long each may take, and that none leaves anything behind."""

import contextlib
import faulthandler
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROJECT = Path(__file__).parents[1]
HERE = Path(__file__).parent

LATE = ("scenarios", "bench", "demo", "pages", "year", "faults", "system")
"""Folders whose tests take seconds each: they run last, in this order, so that what fails fast is known soon."""

LIMIT_S = 120
"""The longest that a test, or what it is set up with, may take; a slow machine needs a quarter of it."""
LONG = ("year", "faults", "system")
LONG_LIMIT_S = 600
"""The same where a year goes by, where a gateway is killed again and again, and where containers and machines are built and booted."""
ASKED_LIMIT_S = int(os.environ.get("LIMIT_S", "0"))
"""The same at least, for all of a longer run."""

GRACE_S = 20.0
"""A thread that was told to end, or a process that was killed, may take so long on a busy machine."""

THREADS_THAT_STAY: tuple[str, ...] = ()
"""Names of threads that a library begins and has no call to end, each with its reason. There is none."""

INSTALLED = (Path("/etc/gateway"), Path("/etc/gateway/actors"))
"""Where an installed gateway of this host has what is its user's own."""

DESCRIPTORS_THAT_STAY = (
    # lgpio opens its notification FIFO once per process, and keeps it.
    ".lgd-nfy",
)


BEGAN = pytest.StashKey[float]()
"""When the whole run began, by the monotonic clock; in the configuration's stash."""


def pytest_configure(config: pytest.Config) -> None:
    """When it all began, and the marks of tests that need a machine of their own."""
    config.stash[BEGAN] = time.monotonic()
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no example is bad for being slow
    settings.load_profile("busy")
    config.addinivalue_line("markers", "container: needs systemd in a container (root, Debian)")
    config.addinivalue_line("markers", "vm: needs a machine with a kernel of its own (root, Debian, qemu)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long last; inside a folder the order stays."""
    items.sort(key=_lateness)


def _lateness(item: pytest.Item) -> int:
    if item.get_closest_marker("vm"):
        return len(LATE) + 2
    if item.get_closest_marker("container"):
        return len(LATE) + 1
    room = item.path.relative_to(HERE).parts[0]
    return LATE.index(room) + 1 if room in LATE else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fixtures are made within the limit."""
    with _time_limit(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """The test ends within the limit: one that hangs fails, and those behind it run."""
    with _time_limit(item):
        return (yield)


@contextlib.contextmanager
def _time_limit(item: pytest.Item) -> Iterator[None]:
    """Raise TimeoutError in the main thread when the time is over, after every thread has said where it is."""
    limit_s = max(ASKED_LIMIT_S, LONG_LIMIT_S if item.path.relative_to(HERE).parts[0] in LONG else LIMIT_S)

    def over(_number: int, _frame: object) -> None:
        faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr)
        raise TimeoutError(f"the test was not done within {limit_s} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test leaves nothing that it began: fixtures of its own are gone by now, those of its module are not looked at."""
    threads, children, descriptors, strays = set(threading.enumerate()), _children(), _descriptors(), _strays()
    yield
    left = _left(threads, children, descriptors, strays)
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        _wait_a_little(threads)
        gc.collect()
        left = _left(threads, children, descriptors, strays)
    assert not left, f"the test left behind: {', '.join(left)}"


def _left(threads: set[threading.Thread], children: set[int], descriptors: dict[int, str], strays: set[str]) -> list[str]:
    """What there is now that was not there before, in words."""
    return [
        *(f"thread {thread.name}" for thread in _new_threads(threads)),
        *(f"process {child}" for child in sorted(_children() - children)),
        *(f"descriptor {number} ({target})" for number, target in _new_descriptors(descriptors)),
        *(f"file {name}" for name in sorted(_strays() - strays)),
    ]


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and not _stays(thread.name, THREADS_THAT_STAY)]


def _new_descriptors(before: dict[int, str]) -> list[tuple[int, str]]:
    now = _descriptors().items()
    return [(number, target) for number, target in now if before.get(number) != target and not _stays(target, DESCRIPTORS_THAT_STAY)]


def _stays(name: str, those: tuple[str, ...]) -> bool:
    return any(part in name for part in those)


def _children() -> set[int]:
    """Process ids of our children, the dead that nobody has waited for too."""
    return {int(child) for task in Path("/proc/self/task").iterdir() for child in _words(task / "children")}


def _words(path: Path) -> list[str]:
    """The words of a file; none when its thread has just ended."""
    try:
        return path.read_text().split()
    except OSError:
        return []


def _descriptors() -> dict[int, str]:
    """What every open descriptor stands for. The one by which this is read is gone when it is looked up."""
    return {int(name): target for name in os.listdir("/proc/self/fd") if (target := _target(name))}  # noqa: PTH208  # ten times faster


def _target(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115  # as above
    except OSError:
        return ""


def _strays() -> set[str]:
    """Files where nothing of a test belongs: in the working directory by a forgotten path, and in the folders of an installed gateway."""
    here = {entry.name for entry in os.scandir(PROJECT) if entry.name.startswith(".lgd-nfy") or entry.name in {"var", "gateway.db"}}
    return here | {str(entry) for folder in INSTALLED for entry in folder.glob("*")}


def _wait_a_little(before: set[threading.Thread]) -> None:
    """Wait for the first thread that is ending; where there is none, for whatever else it is."""
    late = _new_threads(before)
    if late:
        late[0].join(0.1)
    else:
        threading.Event().wait(0.02)
