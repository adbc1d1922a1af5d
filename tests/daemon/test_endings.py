"""Why it restarted: each life tells how the one before ended, in the log, in `gateway show`, and to Home Assistant."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway.service.life_ending import How, Left, ending_of
from gateway.service.stacks import heads
from tests.brokers import Mosquitto, Peer, free_port
from tests.daemon.test_homeassistant_broker import CONFIGS, SECTION, announced, file_of
from tests.daemon.test_life import mqtt
from tests.daemons import ROOT, DaemonProcess, ServiceSide, install_kinds

KINDS = {"counter": "tests.daemon.kinds:Counter"}


def last_exit(daemon: DaemonProcess) -> Any:
    """What is shown of the life before."""
    daemon.until_listening()
    return daemon.ask(do="show")["show"]["last_exit"]


def stacks_of(folder: Path) -> str:
    """What stands of each thread in the file that the next life reads."""
    (path,) = folder.rglob("*.stacks")
    return path.read_text()


def noted(daemon: DaemonProcess, **changed: Any) -> None:
    """Change what the last life has noted about itself."""
    path = daemon.folder / "gateway.db.life"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_a_stop_a_kill_and_a_power_cut_are_told_apart(tmp_path: Path) -> None:
    """By what the life noted at its end, and by the boot that it was in."""
    with DaemonProcess(tmp_path) as daemon:
        assert last_exit(daemon) == {"how": "first start", "well": True, "said": "first start", "stacks": []}
        assert "the life before" not in daemon.gateway("show").stdout
        assert daemon.stop() == 0
        daemon.again()
        assert last_exit(daemon) == {"how": "stopped", "well": True, "said": "stopped: signal 15", "stacks": []}
        assert "the life before:\n  stopped: signal 15\n" in daemon.gateway("show").stdout
        daemon.kill()
        daemon.again()
        assert last_exit(daemon)["said"] == "killed: it was killed"
        assert "the last life did not end well: killed: it was killed" in daemon.said()
        daemon.kill()
        noted(daemon, boot="another")
        daemon.again()
        assert last_exit(daemon)["said"] == "power cut: the host began anew before the gateway had ended"
        assert "the life before did not end well:\n  power cut: the host began anew" in daemon.gateway("show").stdout
        assert daemon.stop() == 0
        noted(daemon, boot="another")
        daemon.again()
        assert last_exit(daemon)["said"] == "reboot: signal 15"
        daemon.kill()
        (tmp_path / "gateway.db.life").write_text("[" * 100_000)
        daemon.again()
        assert last_exit(daemon)["said"] == "killed: it was killed, or lost its power"
        assert daemon.stop() == 0


def test_what_the_service_manager_says_of_an_end_is_told_once(tmp_path: Path) -> None:
    """What it says of another life than the last is not believed."""
    environ = {"RUNTIME_DIRECTORY": str(tmp_path), "INVOCATION_ID": "one"}
    with DaemonProcess(tmp_path, environ=environ) as daemon:
        daemon.kill()
        (tmp_path / "ended").write_text("one oom-kill killed KILL\n")
        daemon.again()
        assert last_exit(daemon)["said"] == "out of memory: the kernel killed it, because there was no memory left"
        assert not (tmp_path / "ended").exists()
        daemon.kill()
        (tmp_path / "ended").write_text("other oom-kill killed KILL\n")
        daemon.again()
        assert last_exit(daemon)["said"] == "killed: it was killed"
        daemon.kill()


def test_a_fault_of_its_own_is_told_with_its_words(tmp_path: Path) -> None:
    """And in the life after the next one no more."""
    with DaemonProcess(tmp_path, environ=install_kinds(tmp_path, **KINDS)) as daemon:
        daemon.until_listening()
        daemon.ask(do="tell", to="counter/a", verb="end_process", payload={}, timeout_s=2)
        assert daemon.wait() == 70
        daemon.again()
        ended = last_exit(daemon)
        assert (ended["how"], ended["well"]) == ("fault", False)
        assert "a fault of its own ended it; its last words: " in ended["said"]
        assert "AttributeError: 'NoneType' object has no attribute " in ended["said"]
        daemon.kill()
        daemon.again()
        assert last_exit(daemon)["said"] == "killed: it was killed"
        daemon.kill()


def test_after_an_abort_of_the_watchdog_it_is_told_where_each_thread_stood(tmp_path: Path) -> None:
    """In the log and in `gateway show` of the next life; a fault below Python is told so too; an end that is well says nothing of it."""
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"} | install_kinds(tmp_path, **KINDS)
        with DaemonProcess(tmp_path, environ=environ) as daemon:
            daemon.until_listening()
            daemon.ask(do="tell", to="counter/a", verb="hang", payload={}, timeout_s=0.2)
            daemon.until(lambda: "no progress: " in daemon.ask(do="show")["show"]["last_fault"])
            daemon.signal(signal.SIGABRT)
            assert daemon.wait() == -signal.SIGABRT
            _, standing, aborted = stacks_of(tmp_path).partition("Fatal Python error: Aborted\n")
            assert (standing, aborted.count("(most recent call first)")) == ("Fatal Python error: Aborted\n", 1)
            daemon.again()
            ended = last_exit(daemon)
            assert ended["how"] == "watchdog"
            assert "no progress: the engine has neither turned nor committed" in ended["said"]
            (hung,) = [stack for stack in ended["stacks"] if " < hang (" in stack]
            assert hung.startswith("wait (threading.py:")
            assert "gateway/runtime/engine.py:" in hung
            assert f"where each thread of it stood, innermost first:\n<4>    {ended['stacks'][0]}\n" in daemon.said()
            assert f"\n  thread: {hung}\n" in daemon.gateway("show").stdout
            daemon.signal(signal.SIGSEGV)
            assert daemon.wait() == -signal.SIGSEGV
            daemon.again()
            ended = last_exit(daemon)
            assert (ended["how"], bool(ended["stacks"])) == ("crash", True)
            assert daemon.stop() == 0
            daemon.again()
            assert last_exit(daemon) == {"how": "stopped", "well": True, "said": "stopped: signal 15", "stacks": []}
            assert daemon.stop() == 0


def test_of_a_standstill_that_passed_no_stacks_are_left(tmp_path: Path) -> None:
    """Whatever ends that life later; the fault handler writes each thread again."""
    with ServiceSide(tmp_path) as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"} | install_kinds(tmp_path, **KINDS)
        with DaemonProcess(tmp_path, environ=environ) as daemon:
            daemon.until_listening()
            end = tmp_path / "end"
            daemon.ask(do="tell", to="counter/a", verb="hang_until", payload={"path": str(end)}, timeout_s=0.2)
            daemon.until(lambda: " in hang_until\n" in stacks_of(tmp_path))
            end.touch()
            daemon.until(lambda: not stacks_of(tmp_path))
            daemon.kill()
            daemon.again()
            assert last_exit(daemon)["stacks"] == []
            assert daemon.stop() == 0


def test_what_was_taken_up_is_told(tmp_path: Path) -> None:
    """How many messages waited, and for how many actors."""
    text = mqtt(free_port()) + '[actors.twin]\npublish_to = "mqtt/main"\n'
    with DaemonProcess(tmp_path, text, close_s=0.2) as daemon:
        daemon.until_listening()
        for n in range(3):
            publish = {"topic": "a/b", "body": str(n)}
            assert daemon.ask(do="tell", to="mqtt/main", verb="publish", payload=publish, timeout_s=60)["ok"]
        daemon.kill()
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="show")["show"]["taken_up"] == {"messages": 3, "mailboxes": 1}
        assert "; messages that waited: 3, for actors: 1\n" in daemon.said()
        assert "\n  3 messages that waited, for 1 mailbox\n" in daemon.gateway("show").stdout
        daemon.kill()


def test_home_assistant_shows_why_it_restarted(tmp_path: Path) -> None:
    """As a diagnostic sensor of the gateway's own device."""
    with Mosquitto(tmp_path) as broker, Peer(broker.port) as peer:
        peer.listen(CONFIGS)
        peer.listen("gateway/#")
        with DaemonProcess(tmp_path, file_of(broker.port, SECTION)) as daemon:
            daemon.kill()
            daemon.again()
            components = peer.until(lambda: announced(peer).get("statistics_homeassistant"))["components"]
            (sensor,) = [one for name, one in components.items() if name.endswith("last_exit")]
            assert (sensor["platform"], sensor["entity_category"]) == ("sensor", "diagnostic")
            peer.until(lambda: [body for body in peer.payloads(sensor["state_topic"]) if b'"last_exit":"killed: it was killed"' in body])
            assert daemon.stop() == 0


RUNNING = {"boot": "b", "ended": ""}


@pytest.mark.parametrize(
    ("result", "words", "oom_kills", "crashed", "how"),
    [
        ("watchdog killed ABRT", "2026-01-01 00:00:00 no progress: x", 0, True, How.WATCHDOG),
        ("watchdog killed ABRT", "", 0, False, How.WATCHDOG),
        ("oom-kill killed KILL", "", 1, False, How.OUT_OF_MEMORY),
        ("signal killed KILL", "", 1, False, How.OUT_OF_MEMORY),
        ("signal killed KILL", "2026-01-01 00:00:00 no progress: x", 0, False, How.KILLED),
        ("signal killed SEGV", "", 0, False, How.CRASH),
        ("core-dump dumped SEGV", "", 0, True, How.CRASH),
        ("exit-code exited 70", "2026-01-01 00:00:00 KeyError: 'x'", 0, False, How.FAULT),
        ("success exited 0", "", 0, False, How.STOPPED),
        ("timeout killed KILL", "", 0, False, How.KILLED),
        ("", "2026-01-01 00:00:00 KeyError: 'x'", 0, False, How.FAULT),
        ("", "2026-01-01 00:00:00 no progress: x", 0, True, How.WATCHDOG),
        ("", "2026-01-01 00:00:00 no progress: x", 0, False, How.KILLED),
        ("", "", 0, True, How.CRASH),
        ("", "", 2, False, How.OUT_OF_MEMORY),
        ("", "", 0, False, How.KILLED),
    ],
)
def test_each_way_to_end_is_known_by_what_it_leaves(result: str, words: str, oom_kills: int, crashed: bool, how: How) -> None:
    """The word of the service manager first, then what the life itself and the kernel left; after another boot it was the power."""
    left = Left(RUNNING, is_same_boot=True, oom_kills=oom_kills, result=result, last_words=words, crashed=crashed, stacks=())
    assert ending_of(left, is_first=False, is_clean=False).how is how
    assert ending_of(left._replace(is_same_boot=False), is_first=False, is_clean=False).how is How.POWER_CUT


def test_the_heads_of_stacks_are_bounded() -> None:
    """However much stands in the file, and whatever."""
    frame = '  File "/usr/lib/python3.11/threading.py", line 320 in wait\n'
    own = f'  File "{ROOT}/gateway/runtime/engine.py", line 9 in _run\n'
    text = "Fatal Python error: Aborted\n\n" + ("Thread 0x00007f00 (most recent call first):\n" + frame * 50 + own + frame + "\n") * 1000
    found = list(heads(text))
    assert len(found) == 40
    assert found[0] == "wait (threading.py:320) < wait (threading.py:320) < wait (threading.py:320) < _run (gateway/runtime/engine.py:9)"
    assert list(heads("")) == list(heads("\0" * 100_000)) == list(heads("Thread \n" * 100_000)) == []
