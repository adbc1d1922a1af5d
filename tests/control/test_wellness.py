"""What "well" means: each line of the list, with what it says; and what is not called well at an end."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.actors import Actor, Decision, Fault, Stage, State, verb
from gateway.actors.hostbound import Health
from gateway.control.house import House
from gateway.control.resume import resume
from gateway.control.wellness import LOOKS, problems, status
from gateway.service.last_words import LastWords
from gateway.service.logs import LoggedFault, RecentFaults, as_lines, from_lines
from gateway.store.store import Changes, StateRow
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.brokers import free_port
from tests.daemon.test_life import mqtt
from tests.daemon.test_service import MULE
from tests.daemons import DaemonProcess, ServiceSide
from tests.runtime.actors import Book


class Fake:
    """A host-bound actor, as its host sees it."""

    me = "serial/a"
    health = Health.OK
    detail = ""
    hang = ""
    living = True
    begins = False

    def alive(self) -> bool:
        return self.living


def _house(rig: Rig, tmp_path: Path) -> House:
    house = House("test", tmp_path / "gateway.toml", RecentFaults(), LastWords(tmp_path / "gateway.db"))
    house.engine, house.hosts, house.earlier_faults = rig.engine, cast("Any", SimpleNamespace(all=[Fake()])), []
    return house


def test_all_is_well_where_nothing_is_said(tmp_path: Path) -> None:
    """And the list has no line that is not tried here or named in a test of its own."""
    with Rig([Book()]) as rig:
        assert problems(_house(rig, tmp_path)) == []
    assert [look.__name__ for look in LOOKS] == ["_devices", "_threads", "_store", "_taking_in", "_progress", "_actors", "_stranded"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"health": Health.MISSING, "detail": "no such port"}, "serial/a is missing: no such port"),
        ({"health": Health.STARTING, "detail": "connecting to x"}, "serial/a is starting: connecting to x"),
        ({"living": False}, "the thread of serial/a has ended; restart the gateway"),
        ({"hang": "hangs in tick for 20 s"}, "serial/a hangs in tick for 20 s"),
    ],
)
def test_a_device_is_not_well(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """By its own word, and where it can say nothing."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        vars(house.hosts.all[0]).update(change)
        assert problems(house) == [said]


def test_a_device_that_has_just_begun_is_no_problem(tmp_path: Path) -> None:
    """It says soon how it is: a gateway that was started a moment ago is not called ill, in its list and in the line for systemd."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        vars(house.hosts.all[0]).update(health=Health.STARTING, begins=True, kind=Book)
        assert (problems(house), status(house)) == ([], "1 of 1 well")


def test_a_store_is_not_well(tmp_path: Path) -> None:
    """What it has lost, and a backup that could not be made."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        house.store_lost = "the store has lost 3 commits"
        house.nightly = cast("Any", SimpleNamespace(fault="there is no backup of today"))
        assert problems(house) == ["the store has lost 3 commits", "there is no backup of today"]


def test_a_mailbox_that_is_full_and_sources_that_wait_are_not_well(tmp_path: Path) -> None:
    """And who writes to it waits."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        box = cast("Any", SimpleNamespace(total=10, bytes=2000))
        rig.look(lambda: rig.engine.room.fullness.full.update({"book/a": box}))
        rig.look(lambda: rig.engine.ingress.shut("the disk is full"))
        assert problems(house) == ["nothing is taken in: the disk is full", "the mailbox of book/a is full (10 messages, 2000 bytes)"]
        rig.look(rig.engine.room.fullness.full.clear)
        rig.look(rig.engine.ingress.open)


def test_actors_whose_mail_goes_round_are_not_well(tmp_path: Path) -> None:
    """As long as they are in a loop; then it is said no more."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        loops = rig.engine.housekeeping.loops
        rig.tell("book/a", "write", {"text": "x"})
        for second in range(11):
            rig.look(lambda second=second: loops.look(1000.0 + second, turns=2000 * second, outside=1))  # type: ignore[misc]
        assert problems(house) == ["book/a made 20,000 turns in 10 s out of 0 messages: their mail goes round"]
        for second in range(11, 22):
            rig.look(lambda second=second: loops.look(1000.0 + second, turns=20_000, outside=1))  # type: ignore[misc]
        assert problems(house) == []


class Hung(Actor[State]):
    """Does not come out of its turn until it is let go; or fails, and nobody above it decides."""

    attempts = 1

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = threading.Event(), threading.Event()

    @verb
    def hang(self, stage: Stage[State]) -> None:
        self.begun.set()
        self.let_go.wait(PATIENCE_S)

    @verb
    def fail(self, stage: Stage[State]) -> None:
        raise ValueError("it is too much")

    def failed(self, fault: Fault, state: State) -> Decision:
        return Decision.ESCALATE


def test_an_engine_that_stands_still_is_not_well(tmp_path: Path) -> None:
    """By the gateway's own clock: a turn that does not end; it is well again once the turn has ended."""
    hung = Hung()
    with Rig([hung]) as rig:
        house = _house(rig, tmp_path)
        rig.send("hung/a", "hang")
        assert hung.begun.wait(PATIENCE_S)
        assert problems(house) == []
        rig.clock.advance(30)
        assert problems(house) == ["the engine has made no progress for 29 s"]
        hung.let_go.set()
        rig.settle()
        assert problems(house) == []


def test_a_paused_actor_is_not_well(tmp_path: Path) -> None:
    """Until somebody has decided."""
    with Rig([Hung()]) as rig:
        house = _house(rig, tmp_path)
        rig.tell("hung/a", "fail")
        rig.settle()
        assert problems(house) == ["hung/a is paused: its fault went up to the host: ValueError: it is too much"]
        rig.look(lambda: resume(rig.engine, "hung/a", skip=True))
        rig.settle()
        assert problems(house) == []


def test_an_actor_whose_state_cannot_be_read_is_not_well(tmp_path: Path) -> None:
    """And its mail waits."""
    with Rig([Book()]) as rig:
        house = _house(rig, tmp_path)
        rig.store.commit(Changes(states=[StateRow("book/a", 7, b'{"words": []}', None, None)]))
        rig.tell("book/a", "write", {"text": "x"})
        rig.settle()
        (said,) = problems(house)
        assert said.startswith("cannot load book/a: its state has version 7, this program knows 1; ")


def test_mail_for_a_device_that_is_no_more_is_said_until_it_is_forgotten(tmp_path: Path) -> None:
    """In show, in health and in STATUS; the mail is kept meanwhile, and comes out where the device is there again."""
    with (
        ServiceSide(tmp_path) as systemd,
        DaemonProcess(tmp_path, mqtt(free_port()), environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon,
    ):
        daemon.until_listening()
        assert daemon.ask(do="tell", to="twin/t", verb="report", payload={"values": {"n": 1}}, timeout_s=60)["ok"]
        daemon.until(lambda: {one["id"]: one["waiting"] for one in daemon.ask(do="show")["show"]["host_bound"]}.get("mqtt/main"))
        assert daemon.stop() == 0
        daemon.write("")
        daemon.again()
        daemon.until_listening()
        said = "1 message waits for mqtt/main: no kind 'mqtt' is registered; configure it again, or gateway forget mqtt/main"
        assert said in daemon.ask(do="health")["problems"]
        shown = daemon.gateway("show", "mqtt/main")
        assert (shown.returncode, shown.stderr) == (0, "")
        head, listed = shown.stdout.splitlines()
        assert head == f"mqtt/main  is no more: {said.split(': ', 1)[1]}; 1 message waits:"
        assert listed.split()[:3] == ["twin/t", "→", "publish"]
        (exported,) = [json.loads(line) for line in daemon.gateway("export", "mqtt/main").stdout.splitlines()]
        assert (exported["sender"], exported["verb"], exported["payload"]["topic"]) == ("twin/t", "publish", "{prefix}/twin/t")
        assert exported["message"] == listed.split()[3]
        (whole,) = json.loads(daemon.gateway("show", "mqtt/main", "--json").stdout)["mail"]
        assert whole["message"] == exported["message"]
        assert f"  {said}\n" in daemon.gateway("show").stdout
        systemd.until(said)

        forgot = daemon.gateway("forget", "mqtt/main", "--yes")
        assert (forgot.returncode, forgot.stderr) == (0, "")
        assert forgot.stdout.endswith("; 1 message for it: dropped, for there is nobody to take them\n")
        assert daemon.ask(do="health")["healthy"]
        assert daemon.stop() == 0
        daemon.again()
        daemon.until_listening()
        assert daemon.ask(do="health")["healthy"]
        assert daemon.stop() == 0


def test_the_last_faults_are_the_last_five_in_local_time_and_survive_a_clean_restart(tmp_path: Path) -> None:
    """Those of more than one life before, oldest first."""
    faults = [LoggedFault(1_700_000_000_000 + n, "warning", "a.b", f"fault: {n}\nof it") for n in range(7)]
    assert [fault.text for fault in from_lines(as_lines(faults))] == [f"fault: {n} of it" for n in range(7)]
    with DaemonProcess(tmp_path, mqtt(free_port())) as daemon:
        daemon.until(lambda: "mqtt/main is missing" in daemon.said())
        assert daemon.stop() == 0
        daemon.write("")
        for _ in range(2):
            daemon.again()
            daemon.until_listening()
            show = daemon.ask(do="show")["show"]
            assert show["clean_start"]
            texts = [fault["text"] for fault in show["last_faults"]]
            assert any("mqtt/main is missing" in text for text in texts), texts
            lately = daemon.gateway("show").stdout.split("lately:\n")[1].splitlines()[:5]
            newest = show["last_faults"][-1]
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(newest["at_ms"] / 1000))
            assert f"  {at}  {newest['text']}" in lately
            assert daemon.stop() == 0


def test_an_end_at_which_somebody_was_left_behind_is_not_called_well(tmp_path: Path) -> None:
    """The log says so, the last words name it, and systemd has it in its STATUS and as an exit that failed. Nothing is lost: the next life
    begins as after any end, and shows who it was."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "mule.py").write_text(MULE)
    with (
        ServiceSide(tmp_path) as systemd,
        DaemonProcess(tmp_path, '[mule.a]\nword = "hay"\n', environ={"NOTIFY_SOCKET": str(systemd.path)}) as daemon,
    ):
        daemon.until(lambda: "mule/a is ok" in daemon.said())
        assert daemon.ask(do="tell", to="twin/t", verb="report", payload={"values": {"n": 1}}, timeout_s=60)["ok"]
        assert daemon.stop() == 70
        assert "ended: not well, see above" in daemon.said()
        left = "mule/a did not close in time, and was left behind"
        assert left in (tmp_path / "gateway.db.last-fault").read_text()
        systemd.until(left)

        (tmp_path / "hay").touch()
        daemon.again()
        daemon.until_listening()
        show = daemon.ask(do="show")["show"]
        assert show["clean_start"]
        assert any("mule/a did not close" in fault["text"] for fault in show["last_faults"])
        assert daemon.ask(do="show", id="twin/t")["actor"]["state"]["values"]["n"]["value"] == 1
        assert daemon.stop() == 0
