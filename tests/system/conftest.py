"""What the tests of this folder share: the lab, and the gateway as `systemd/install` puts it on a host."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import BEGAN
from tests.system.broker_inside import start_broker
from tests.system.lab.container import Container
from tests.system.lab.machine import Machine
from tests.system.lab.places import build, why_no_container, why_no_machine
from tests.system.lab.wheelhouse import PROJECT, fill_wheelhouse

BUDGET_S = 40 * 60
"""When the tests before them took longer than this, machines are left out: they are the slowest part, and all has 60 minutes."""

_spent_s: dict[str, float] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long the lab took: it is most of the time on a new machine."""
    for what, spent_s in _spent_s.items():
        terminalreporter.write_line(f"{what}: {spent_s:.1f} s")


class Timed:
    """Notes how long its block took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        self._began_s = time.monotonic()

    def __exit__(self, *exc: object) -> None:
        _spent_s[self._what] = time.monotonic() - self._began_s


def measured(what: str, spent_s: float) -> None:
    """Have a time that a test has seen be said at the end, and judged by nobody."""
    _spent_s[what] = spent_s


@pytest.fixture(scope="session")
def lab() -> None:
    """The tree of the containers, built where it was not."""
    if reason := why_no_container():
        pytest.skip(f"cannot have a container: {reason}")
    with Timed("the lab's container"):
        build("container")


@pytest.fixture(scope="session")
def share(lab: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for guests: this project as it is on a user's host, and a wheelhouse."""
    folder = tmp_path_factory.mktemp("share")
    with Timed("the wheelhouse"):
        subprocess.run(["cp", "-R", str(fill_wheelhouse()), str(folder / "wheels")], check=True)
    (folder / "gateway").mkdir()
    parts = ["pyproject.toml", "README.md", "gateway", "devices", "config", "systemd"]
    copying = ["tar", "--directory", str(PROJECT), "--exclude=__pycache__", "--create", *parts]
    with subprocess.Popen(copying, stdout=subprocess.PIPE) as reading:
        subprocess.run(["tar", "--directory", str(folder / "gateway"), "--extract"], stdin=reading.stdout, check=True)
    return folder


@pytest.fixture(scope="session")
def installed(share: Path) -> Path:
    """The files of one real installation, as an archive for guests: made once, since it takes its time."""
    archive = share / "installed.tar"
    with Timed("one installation"), Container(share) as host:
        host.sh(INSTALL, limit_s=300)
        host.sh("systemctl disable --quiet gateway && systemctl enable --quiet gateway")
        words = f"tar -C / -c {' '.join(INSTALLED)}"
        done = subprocess.run(host.words(words), stdout=archive.open("wb"), stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, done.stderr.decode()
    return share


USERS = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")
INSTALLED = (
    "opt/gateway",
    "usr/local/bin/gateway",
    "usr/local/share/bash-completion/completions/gateway",
    "etc/gateway",
    "etc/modules-load.d/gateway.conf",
    "etc/udev/rules.d/60-gateway.rules",
    "etc/systemd/system",
    *USERS,
)
"""What an installation leaves on a host."""

INSTALL = "PIP_NO_INDEX=1 PIP_FIND_LINKS=/src/wheels /src/gateway/systemd/install"
"""Without a network: what pip needs is in the shared folder."""


@pytest.fixture
def host(installed: Path) -> Iterator[Container]:
    """A host of Debian 12 with the gateway installed and not started."""
    with Container(installed) as container:
        container.sh("tar -C / -xf /src/installed.tar && systemctl daemon-reload")
        yield container


@pytest.fixture(scope="session")
def machine_lab(lab: None, pytestconfig: pytest.Config) -> None:
    """The disk, the kernel and the booted state of the machines, built where they were not."""
    if reason := why_no_machine():
        pytest.skip(f"cannot have a machine: {reason}")
    if (spent_s := time.monotonic() - pytestconfig.stash[BEGAN]) > BUDGET_S:
        pytest.skip(f"no machine: {spent_s / 60:.0f} minutes are spent already; run them alone: python -m pytest -m vm")
    with Timed("the lab's machine"):
        build("machine")


def unpack(machine: Machine) -> None:
    """Put the gateway into a machine; pip stays outside, since unpacking is slow there. What install tells systemd and udev is told too."""
    machine.sh("tar -C / --exclude='*/pip/*' --exclude='*/setuptools/*' -xf /src/installed.tar && systemctl daemon-reload")
    machine.sh("udevadm control --reload && systemctl restart systemd-modules-load")


JOURNAL = "journalctl --output=cat --no-pager --unit=gateway"
"""What the gateway of a machine has said."""


@contextmanager
def running_machine(installed: Path, what: str, file: str, wire: Callable[[Machine], None]) -> Iterator[Machine]:
    """Boot a machine, `wire` what it has beside its board, and start a broker and a gateway with this file on it. `what` names it in the
    summary."""
    with Machine(installed) as machine:
        with Timed(what):
            unpack(machine)
            wire(machine)
            machine.put(file, "/etc/gateway/gateway.toml")
            start_broker(machine)
            machine.sh("systemctl start gateway")
            machine.until(JOURNAL, "mqtt/main is ok", limit_s=240)
        yield machine
