"""Contacts: the tutorial's service, told as a user meets it.

Ann and Cai keep their contacts with one service, Ann from her phone over MQTT, Cai at the command line. Each has an address book
of their own, which nobody starts: it is there because somebody wrote to it, is forgotten by the memory when nobody looks, and by
the disk never. The power fails between any two sentences.

Source: the contacts service of nact's tutorial.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Mosquitto
from tests.daemons import DaemonProcess
from tests.scenarios.phones import Phone

CONFIG = """
idle_s = 0.5
[mqtt.main]
host = "127.0.0.1"
port = {port}
prefix = "gateway/home"
reconnect_min_s = 0.1
reconnect_max_s = 0.5
"""

HOME = "contacts/home"
ANNS = "contacts/home/user/ann"


class Person(Phone):
    """Somebody who has contacts, at their phone."""

    def __init__(self, port: int, user: str) -> None:
        super().__init__(port)
        self.user = user

    def wants(self, verb: str, **fields: Any) -> Any:
        """The body of the service's answer. Fails when the answer is a no."""
        answer = self.ask(HOME, verb, user=self.user, **fields)
        assert answer["ok"], answer
        return answer["body"]


class Household:
    """The gateway, and a broker."""

    def __init__(self, broker: Mosquitto, daemon: DaemonProcess) -> None:
        self.broker = broker
        self.daemon = daemon

    def phone(self, user: str) -> Person:
        return Person(self.broker.port, user)

    def type(self, *words: str) -> Any:
        """A command at the gateway's own keyboard; what it says, for programs."""
        done = self.daemon.gateway(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def power_fails(self) -> None:
        """And comes back."""
        self.daemon.kill()
        self.daemon.again()
        self.daemon.until_listening()
        self.until_online()

    def until_online(self) -> None:
        self.daemon.until(lambda: "mqtt/main is ok" in self.daemon.said())


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """A gateway at a broker, new."""
    with Mosquitto(tmp_path) as broker, DaemonProcess(tmp_path, CONFIG.format(port=broker.port)) as daemon:
        home = Household(broker, daemon)
        daemon.until_listening()
        home.until_online()
        yield home
        assert daemon.stop() == 0


def test_the_story_of_ann_and_cai(household: Household) -> None:
    """Many users, one service; nothing is lost, nothing is mixed up, no number is given twice."""
    with household.phone("ann") as ann:
        # Ann writes down two people, and her sister's address for alarms.
        bo = ann.wants("create", name="Bo Ek", emails=["bo@example.com"])["contact"]
        di = ann.wants("create", name="Di", groups=["family"], notify=[{"address": "phones/di"}])["contact"]
        assert (bo["id"], di["id"]) == (1, 2)

        # Cai, who has never heard of Ann's contacts, begins with number 1 too.
        fen = household.type("ask", HOME, "create", "user=cai", "name=Fen", 'numbers=["+46 70 123"]')["contact"]
        assert (fen["id"], fen["numbers"]) == (1, ["+46 70 123"])

        # The power fails. Nobody has to start anything afterwards.
        household.power_fails()
        assert [one["name"] for one in ann.wants("list")["contacts"]] == ["Bo Ek", "Di"]
        assert household.type("ask", HOME, "find", "user=cai", "id=1")["contact"] == fen

        # Bo has a new telephone. The rest of what is known of Bo stays.
        bo = ann.wants("update", id=1, numbers=["+46 8 555"])["contact"]
        assert (bo["name"], bo["emails"], bo["numbers"]) == ("Bo Ek", ["bo@example.com"], ["+46 8 555"])

        # Di moves out of the address book. That she is not there is an answer, and her number stays hers.
        assert ann.wants("remove", id=2)["contact"]["name"] == "Di"
        assert ann.wants("find", id=2) == {"status": "not found", "id": 2}
        household.power_fails()
        eve = ann.wants("create", name="Eve", notify=[{"channel": "webhook", "address": "webhook/eve"}])["contact"]
        assert eve["id"] == 3

    # Nobody looks for a while: Ann's address book leaves memory, and is as it was when somebody looks again.
    household.daemon.until(lambda: not household.type("show", ANNS)["active"])
    shown = household.type("show", ANNS)["state"]
    assert (shown["last_id"], [one["name"] for one in shown["contacts"].values()]) == (3, ["Bo Ek", "Eve"])
    assert household.type("ask", HOME, "find", "user=ann", "id=3")["contact"] == eve

    # Whom is a notice for?
    notice = household.type("ask", HOME, "whom", "subject=Frost")
    assert notice["recipients"] == [{"name": "Eve", "channel": "webhook", "address": "webhook/eve"}]

    # And what has happened, ever: of Ann's, of everybody's, and what is new since.
    events = household.type("events", ANNS)
    assert [event["kind"] for event in events] == ["ContactCreated", "ContactCreated", "ContactUpdated", "ContactRemoved", "ContactCreated"]
    assert events[3]["body"] == {"id": 2}
    everybodys = household.type("events", "contacts/home*")
    assert [event["n"] for event in everybodys] == list(range(1, 9))
    assert household.type("events", "contacts", "--after", "7") == everybodys[7:]


def test_the_events_are_shown_to_people(household: Household) -> None:
    """A line each: number, time, whose, what; and what to type for more."""
    for name in ("Bo", "Di"):
        household.type("ask", HOME, "create", "user=ann", f"name={name}")
    shown = household.daemon.gateway("events", ANNS, "--limit", "2").stdout.splitlines()
    assert shown[0].startswith("2  ")
    assert "contacts/home/user/ann  ContactCreated  " in shown[0]
    assert shown[2].startswith("more, maybe: gateway events contacts/home/user/ann --after ")
    assert household.daemon.gateway("events", "contacts/nobody").stdout == "no events\n"
    for whose in ("contcts/home", "contcts"):  # a slip of the pen is not fine
        slip = household.daemon.gateway("events", whose)
        assert (slip.returncode, slip.stdout) == (1, "")
        assert slip.stderr == "gateway: cannot show contcts: there is no kind 'contcts'; did you mean 'contacts'?\n"
    refused = household.daemon.gateway("events", "--limit", "0")
    assert (refused.returncode, refused.stderr) == (2, "gateway: --after must be 0 or more, and --limit 1 or more\n")
