"""What "well" means: each line of the list, with what it says; and what is not called well at an end."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.actors.hostbound import Health
from gateway.control.house import House
from gateway.control.wellness import LOOKS, problems
from gateway.service.last_words import LastWords
from gateway.service.logs import LoggedFault, RecentFaults, as_lines, from_lines
from gateway.testing import Rig
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
        assert "messages wait: configure it again, or gateway forget mqtt/main" in daemon.gateway("show", "mqtt/main").stderr
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
    """The log says so, and the last words name it."""
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "mule.py").write_text(MULE)
    with DaemonProcess(tmp_path, '[mule.a]\nword = "hay"\n') as daemon:
        daemon.until(lambda: "mule/a is ok" in daemon.said())
        daemon.stop()
        assert "ended: not well, see above" in daemon.said()
        assert "mule/a did not close in time, and was left behind" in (tmp_path / "gateway.db.last-fault").read_text()
