"""An actor of one's own whose State was changed: what the gateway says of it, and `gateway export` and `gateway forget`."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT, DaemonProcess

DEPOT = """
from gateway.actors import Actor, Payload, Stage, State, verb

class Amount(Payload):
    units: int = 1

class Shelf(State):
    units: int = 0

class Depot(Actor[Shelf]):
    @verb
    def add(self, amount: Amount, stage: Stage[Shelf]) -> None:
        stage.state = stage.state.changed(units=stage.state.units + amount.units)
        stage.after(3600, "add")
        stage.reply(stage.state)
"""
CHANGED = DEPOT.replace("    units: int = 0", "    parcels: int = 0").replace("units=stage.state.units", "parcels=stage.state.parcels")
NOBODY = "nobody has ever written to it, or nothing of that was kept; did you mean 'depot/north'?"
ADVICE = "raise VERSION and write upcast, or `gateway forget depot/north`"
FAULT = f"cannot load depot/north: its state of version 1 does not fit Shelf: 'units' is gone; {ADVICE}"
EXAMPLE = [
    "# in Shelf, to begin with:",
    "VERSION = 2",
    "@classmethod",
    "def upcast(cls, version, fields):",
    '    fields.pop("units", None)',
    "    return fields",
]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """One whose depot has two units, and a message that waits since a field of its state has another name."""
    actors = tmp_path / "actors"
    actors.mkdir()
    (actors / "depot.py").write_text(DEPOT)
    with DaemonProcess(tmp_path) as running:
        running.until_listening()
        assert running.gateway("ask", "depot/north", "add", "units=2").stdout == "units  2\n"
        assert running.stop() == 0
        (actors / "depot.py").write_text(CHANGED)
        running.again()
        running.until_listening()
        assert running.gateway("tell", "depot/north", "add", "units=5").stdout == "told: it is on disk\n"
        yield running
        assert running.stop() == 0


def answered(daemon: DaemonProcess, *words: str, answer: str) -> tuple[int, str]:
    """Run a command at a terminal, type an answer, and give what it ended with and all that stood on the terminal."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "gateway.cli", *words, "--config", str(daemon.config)]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        os.close(its)
        os.write(ours, answer.encode())
        code = process.wait(PATIENCE_S)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the far end of a terminal has gone
        pass
    os.close(ours)
    return code, shown.decode().replace("\r\n", "\n")


def test_it_says_what_differs_and_what_to_do(daemon: DaemonProcess) -> None:
    """Where people look: the actor, the whole, and the log; and nowhere in the words of a library."""
    shown = daemon.gateway("show", "depot/north").stdout
    assert shown.splitlines()[:2] == ["depot/north  in memory, 1 message waits", "  units  2"]
    assert shown.splitlines()[3:] == [f"  its mail waits: {FAULT}", *(f"    {line}" for line in EXAMPLE)]
    whole = daemon.gateway("show")
    short = f"{FAULT}; `gateway show depot/north` has an example"
    assert (whole.returncode, whole.stdout.startswith("test: not well; up ")) == (1, True)
    assert f"not well:\n  {short}\n" in whole.stdout
    assert f"waiting:\n  depot/north  1 message: {short}\n" in whole.stdout
    assert f"the mail of depot/north waits: {FAULT}\n" in daemon.said()
    assert "validation error" not in shown + whole.stdout + daemon.said()


def test_its_state_is_exported_as_it_is_on_disk(daemon: DaemonProcess) -> None:
    """Alone, for a file; or with what it is, for programs."""
    assert daemon.gateway("export", "depot/north").stdout == '{"units":2}\n'
    found = daemon.gateway("export", "depot/north", "--json")
    assert found.stdout == '{"id":"depot/north","version":1,"state":"{\\"units\\":2}","events":0}\n'
    none = daemon.gateway("export", "depot/south")
    assert (none.returncode, none.stderr) == (3, f"gateway: cannot export depot/south: {NOBODY}\n")


def test_forgetting_asks_before_and_tells_after(daemon: DaemonProcess) -> None:
    """What waited begins the new life; and where nobody can be asked it wants --yes."""
    unasked = daemon.gateway("forget", "depot/north", input="y\n")
    why = "cannot ask whether to forget depot/north: standard input is no terminal; say --yes"
    assert (unasked.returncode, unasked.stderr) == (2, f"gateway: {why}\n")
    what = "depot/north: its state (version 1, 11 B), 1 timer; 1 message for it: kept, for its new life"
    code, shown = answered(daemon, "forget", "depot/north", answer="n\n")
    assert (code, f"this forgets {what}\nforget it? [y/N] " in shown, shown.endswith("not forgotten\n")) == (1, True, True)
    assert daemon.gateway("export", "depot/north").stdout == '{"units":2}\n'
    code, shown = answered(daemon, "forget", "depot/north", answer="y\n")
    assert (code, shown.endswith(f"forgot {what}\n")) == (0, True)
    daemon.kill()  # it is on disk when the command returns
    daemon.again()
    daemon.until_listening()
    assert daemon.gateway("ask", "depot/north", "add").stdout == "parcels  6\n"


def test_forgetting_for_programs(daemon: DaemonProcess) -> None:
    """One line of JSON, and no question."""
    found = daemon.gateway("forget", "depot/north", "--yes", "--json")
    assert found.stdout == (
        '{"id":"depot/north","version":1,"bytes":11,"timers":1,"events":0,"children":[],"children_total":0,"mail":1,"mail_dropped":0,"mail_of_children":0}\n'
    )


def test_an_end_of_input_is_a_no(daemon: DaemonProcess) -> None:
    """Ctrl-D, that is."""
    code, shown = answered(daemon, "forget", "depot/north", answer="\x04")
    assert (code, shown.endswith("not forgotten\n")) == (1, True)


def test_what_cannot_be_forgotten_is_refused_in_words(daemon: DaemonProcess) -> None:
    """Before anybody is asked."""
    for id, code, error in (
        ("depot/south", 3, "cannot forget depot/south: nobody has ever written to it"),
        ("dpot/north", 1, "cannot forget dpot/north: there is no such kind; did you mean 'depot'?"),
        ("control/local", 1, "cannot forget control/local: it is host-bound: it keeps no state; what waits for it is in gateway show"),
        ("depot", 65, "cannot use 'depot' as an actor id: it must read kind/key"),
    ):
        found = daemon.gateway("forget", id)
        assert (found.returncode, found.stderr.startswith(f"gateway: {error}")) == (code, True)
