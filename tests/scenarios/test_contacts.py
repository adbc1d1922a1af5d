"""Contacts: the tutorial's service, told as a user meets it.

Ann and Cai keep their contacts with one service, Ann from her phone over MQTT, Cai at the command line. Each has an address book
of their own, which nobody starts: it is there because somebody wrote to it, is forgotten by the memory when nobody looks, and by
the disk never. The power fails between any two sentences.

Source: the contacts service of nact's tutorial.
"""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

from tests.brokers import Mosquitto, Peer
from tests.daemons import DaemonProcess

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


class Phone:
    """Somebody's phone: it asks the contacts service over MQTT, with a response topic, and waits for the answer."""

    def __init__(self, port: int, user: str) -> None:
        self.user = user
        self._peer = Peer(port)
        self._asks = count(1)
        self._answers = f"phones/{user}/answers"

    def __enter__(self) -> Self:
        self._peer.__enter__()
        self._peer.listen(self._answers)
        return self

    def __exit__(self, *exc: object) -> None:
        self._peer.__exit__(*exc)

    def ask(self, verb: str, **fields: Any) -> Any:
        """The answer's body. Fails when the answer is a no."""
        number = str(next(self._asks)).encode()
        wish = json.dumps({"user": self.user, **fields})
        self._peer.publish(f"gateway/home/ask/{HOME}/{verb}", wish, ResponseTopic=self._answers, CorrelationData=number)
        answer = self._peer.until(lambda: self._answer(number))[0]
        assert answer["ok"], answer
        return answer["body"]

    def _answer(self, number: bytes) -> list[dict[str, Any]]:
        heard = [one for one in list(self._peer.heard) if one.topic == self._answers]
        return [json.loads(one.payload) for one in heard if one.properties.CorrelationData == number]


class Household:
    """The gateway, and a broker."""

    def __init__(self, broker: Mosquitto, daemon: DaemonProcess) -> None:
        self.broker = broker
        self.daemon = daemon

    def phone(self, user: str) -> Phone:
        return Phone(self.broker.port, user)

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
        bo = ann.ask("create", name="Bo Ek", emails=["bo@example.com"])["contact"]
        di = ann.ask("create", name="Di", groups=["family"], notify=[{"address": "phones/di"}])["contact"]
        assert (bo["id"], di["id"]) == (1, 2)

        # Cai, who has never heard of Ann's contacts, begins with number 1 too.
        fen = household.type("ask", HOME, "create", "user=cai", "name=Fen", 'numbers=["+46 70 123"]')["contact"]
        assert (fen["id"], fen["numbers"]) == (1, ["+46 70 123"])

        # The power fails. Nobody has to start anything afterwards.
        household.power_fails()
        assert [one["name"] for one in ann.ask("list")["contacts"]] == ["Bo Ek", "Di"]
        assert household.type("ask", HOME, "find", "user=cai", "id=1")["contact"] == fen

        # Bo has a new telephone. The rest of what is known of Bo stays.
        bo = ann.ask("update", id=1, numbers=["+46 8 555"])["contact"]
        assert (bo["name"], bo["emails"], bo["numbers"]) == ("Bo Ek", ["bo@example.com"], ["+46 8 555"])

        # Di moves out of the address book. That she is not there is an answer, and her number stays hers.
        assert ann.ask("remove", id=2)["contact"]["name"] == "Di"
        assert ann.ask("find", id=2) == {"status": "not found", "id": 2}
        household.power_fails()
        eve = ann.ask("create", name="Eve", notify=[{"channel": "webhook", "address": "webhook/eve"}])["contact"]
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
    assert household.daemon.gateway("events", "nobody/here").stdout == "no events\n"
    refused = household.daemon.gateway("events", "--limit", "0")
    assert (refused.returncode, refused.stderr) == (2, "gateway: --after must be 0 or more, and --limit 1 or more\n")
