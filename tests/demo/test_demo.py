"""The demo keeps its promise: whatever is killed, nothing is missing and nothing is double."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from gateway.demo.ledger import DemoLedger
from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT
from tests.demo.demos import fixes, processes, start
from tests.waiting import until


def test_nothing_is_lost_however_often_the_gateway_is_killed(tmp_path: Path) -> None:
    """kill -9 after every few fixes; the account at the end is even, and the demo exits with 0."""
    demo = start(tmp_path, "--json")
    config = str(tmp_path / "gateway.toml")
    for _ in range(4):
        seen = fixes(tmp_path)
        until(lambda least=seen + 1: fixes(tmp_path) > least)
        (pid,) = until(lambda: processes(config))
        os.kill(pid, signal.SIGKILL)
    seen = fixes(tmp_path)
    demo.send_signal(signal.SIGINT)
    out, _ = demo.communicate(timeout=PATIENCE_S)
    account = json.loads(out)
    assert (demo.returncode, account["faults"]) == (0, []), out
    assert account["kills"] == 4
    assert account["made"] == account["acknowledged"] == account["committed"] == account["came_out"] >= seen >= 8
    assert not processes(config, str(tmp_path / "broker" / "mosquitto.conf"))


def test_nothing_is_lost_when_everything_is_killed_and_started_again(tmp_path: Path) -> None:
    """The tracker, the broker and the ledger too: the next demo goes on where this one was, and ends what it left behind."""
    config, broker = str(tmp_path / "gateway.toml"), str(tmp_path / "broker" / "mosquitto.conf")
    for spared in (set(), {config, broker}):
        demo = start(tmp_path)
        seen = fixes(tmp_path)
        until(lambda least=seen + 3: fixes(tmp_path) > least)
        for pid in [demo.pid, *(p for p in processes(config, broker) if not spared)]:
            os.kill(pid, signal.SIGKILL)
        demo.wait(PATIENCE_S)
        assert demo.stdout is not None
        demo.stdout.close()
    seen = fixes(tmp_path)
    last = start(tmp_path, "--json", "--seconds", "2")
    out, _ = last.communicate(timeout=PATIENCE_S)
    account = json.loads(out)
    assert (last.returncode, account["faults"]) == (0, []), out
    assert account["committed"] == account["made"] >= seen >= 8
    assert not processes(config, broker)


def test_a_second_demo_in_one_folder_is_refused(tmp_path: Path) -> None:
    """One line, and nothing is disturbed."""
    first = start(tmp_path)
    until((tmp_path / "gateway.sock").exists)
    second = start(tmp_path)
    assert second.communicate(timeout=PATIENCE_S)[0] == ""
    assert second.returncode == 1
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0


def test_what_the_demo_says_to_try_can_be_pasted(tmp_path: Path) -> None:
    """Its commands run as they stand in a shell without the venv, in a folder with a space too."""
    demo = start(tmp_path / "my demo", quiet=False)
    assert demo.stdout is not None
    line = next(line for line in demo.stdout if " show --config " in line)
    until(lambda: subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, env={}, capture_output=True, check=False).returncode == 0)
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 0


def test_the_demo_says_where_its_pages_are(tmp_path: Path) -> None:
    """They are there, and the tracker, the button and the lamp too, at another port where the usual one is taken."""
    demo = start(tmp_path, quiet=False)
    assert demo.stdout is not None
    url = next(line for line in demo.stdout if "in a browser" in line).split()[0]

    def look(path: str) -> Any:
        try:
            with urlopen(url + path, timeout=PATIENCE_S) as found:
                return json.load(found)
        except (OSError, ValueError):  # the gateway is still on its way
            return None

    assert until(lambda: look("pages.json")) == {"name": "demo", "simulated": False}
    until(lambda: [one["id"] for one in look("api/host-bound?of=gpio/")["hosted"]] == ["gpio/bell", "gpio/lamp"])
    until(lambda: (look("api/actors/trip/van") or {}).get("state", {}).get("phase") == "moving")
    second = start(tmp_path / "second", quiet=False)
    assert second.stdout is not None
    assert next(line for line in second.stdout if "in a browser" in line).split()[0] != url
    for one in (demo, second):
        one.send_signal(signal.SIGINT)
        one.communicate(timeout=PATIENCE_S)
        assert one.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--folder", "/dev/null/x"), "gateway: cannot make the folder /dev/null/x: Not a directory; name another with --folder\n"),
        (
            ("--broker", "127.0.0.1:1"),
            "gateway: no broker answers at 127.0.0.1:1: Connection refused; start it, or leave --broker out\n",
        ),
        (("--broker", "localhost"), "gateway: cannot use 'localhost' as a broker: write HOST:PORT, as in localhost:1883\n"),
    ],
)
def test_what_keeps_a_demo_from_starting_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """In one line, before anything is begun."""
    command = [sys.executable, "-m", "gateway.cli", "demo", "--folder", str(tmp_path), *words]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=ROOT)
    assert found.returncode in (1, 2)
    assert found.stderr == said


def test_the_ledger_knows_a_repeat_from_a_double(tmp_path: Path) -> None:
    """The same id again is a repeat; one fix under two ids is a double; a cut last line is no line."""
    ledger = DemoLedger(tmp_path / "ledger")
    ledger.enter("a", 1, 1)
    ledger.enter("a", 1, 1)
    ledger.enter("b", 1, 1)
    ledger.close()
    with (tmp_path / "ledger").open("a") as file:
        file.write('["c", 1')
    again = DemoLedger(tmp_path / "ledger")
    assert (ledger.repeats, ledger.doubled, ledger.distinct) == (1, 1, 2)
    assert (again.repeats, again.doubled, again.distinct) == (1, 1, 2)
    again.enter("d", 1, 2)
    again.close()
    third = DemoLedger(tmp_path / "ledger")
    assert (third.distinct, third.numbers()) == (3, {1: {1, 2}})
    third.close()
