"""Clients of the control socket that say nothing: they are let go in time, and told so."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from gateway.actors import Settings
from gateway.control.actor import Control
from gateway.control.house import ControlSettings, House
from gateway.service.last_words import LastWords
from gateway.service.logs import RecentFaults
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S

IDLE_S = 0.3


class Impatient(Control):
    """The control actor as the daemon makes it, but for its patience."""

    kind = "control"
    settings_model = Settings  # type: ignore[assignment]  # the rig fills in none
    of: ClassVar[House]
    at: ClassVar[Path]

    def __init__(self, key: str, settings: Settings) -> None:
        super().__init__(key, ControlSettings(path=self.at, idle_s=IDLE_S), self.of)


class Hosting:
    """No other host-bound actors are shown."""

    all = ()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """The socket of a control actor with little patience."""
    Impatient.at = tmp_path / "control.sock"
    Impatient.of = House("test", tmp_path / "gateway.toml", RecentFaults(), LastWords(tmp_path / "store"))
    Impatient.of.hosts = Hosting()  # type: ignore[assignment]
    with Rig([], {"control/local": Impatient}) as rig:
        Impatient.of.engine = rig.engine
        rig.until(Impatient.at.exists)
        yield Impatient.at


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE_S)
    client.connect(str(path))
    return client


def test_who_says_nothing_for_long_is_told_so_and_let_go(path: Path) -> None:
    """Half a request is nothing said; a whole one begins the time anew."""
    with connected(path) as client, client.makefile("rb") as lines:
        client.sendall(b'{"do":"health"}\n{"do":')
        assert json.loads(lines.readline())["ok"]
        said = json.loads(lines.readline())
        assert (said["ok"], said["fault"]) == (False, "idle")
        assert said["error"] == f"closed after 0 s without a request: {IDLE_S} s are the most; connect again"
        assert lines.readline() == b""


def test_who_follows_is_not_idle(path: Path) -> None:
    """A tail may have nothing to tell for days."""
    with connected(path) as tail, tail.makefile("rb") as told:
        tail.sendall(b'{"do":"tail"}\n')
        assert json.loads(told.readline())["tail"]
        for _ in range(3):  # each of these is let go in its time: the tail is older than all of them
            with connected(path) as idle, idle.makefile("rb") as lines:
                assert json.loads(lines.readline())["fault"] == "idle"
        tail.sendall(b'{"do":"health","n":1}\n')
        assert json.loads(told.readline())["n"] == 1
