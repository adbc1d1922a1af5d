"""Giving way: where there is no room, telemetry makes some, the oldest first; what acts, and what is told to people, goes on."""

from typing import Any

import pytest

from gateway.actors import Actor, Delivery, HostBound, Payload, Refused, Stage, State, verb
from gateway.actors.vocabulary import Publish, Report, Switch
from gateway.business.toggle import Toggle, ToggleSettings
from gateway.business.twin import Twin, TwinSettings
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig

MOST = 5


class Riddle(Publish):
    """Cannot say what it is."""

    @property
    def is_telemetry(self) -> bool:
        raise LookupError("no idea")


class Broker(HostBound):
    """Publishes: it is away, so nobody takes its mail."""

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None:
        """At least once."""

    @verb
    def puzzle(self, riddle: Riddle, delivery: Delivery) -> None:
        """At least once."""


class Lamp(HostBound):
    """Is switched."""

    @verb
    def switch(self, switch: Switch, delivery: Delivery) -> None:
        """On or off."""


class Word(Payload):
    """One word for somebody."""

    text: str


class Herald(Actor[State]):
    """Tells people, by the broker and by nothing else."""

    @verb
    def tell(self, word: Word, stage: Stage[State]) -> None:
        stage.tell("mqtt/main", "publish", Publish(topic="people/ann", body=word.text))


class Sphinx(Actor[State]):
    """Publishes riddles."""

    @verb
    def ask(self, stage: Stage[State]) -> None:
        stage.tell("mqtt/main", "puzzle", Riddle(topic="people/ann", body="?"))


class Crier(Actor[State]):
    """Tells people by two brokers."""

    @verb
    def tell(self, word: Word, stage: Stage[State]) -> None:
        for broker in ("mqtt/main", "mqtt/other"):
            stage.tell(broker, "publish", Publish(topic="people/ann", body=word.text))

    @verb
    def whisper(self, word: Word, stage: Stage[State]) -> None:
        stage.tell("mqtt/other", "publish", Publish(topic="people/ann", body=word.text))


def _rig(store: FrailStore | None = None, *, most: int = MOST, in_memory_bytes: int = 1 << 24) -> Rig:
    toggle = Toggle(ToggleSettings(outputs={"hall": ["gpio/lamp"]}))
    hosted: dict[str, type[HostBound]] = {"mqtt/main": Broker, "mqtt/other": Broker, "gpio/lamp": Lamp}
    settings = EngineSettings(mailbox_messages=most, mail_in_memory_bytes=in_memory_bytes)
    return Rig([toggle, Twin(TwinSettings()), Herald(), Crier(), Sphinx()], hosted, store=store, settings=settings, by_hand=hosted)


def _fill(rig: Rig, what: str) -> None:
    """Fill the mailbox of a broker that is away with what a twin publishes, or with words for people."""
    rig.engine.away("mqtt/main", "the test said so")
    for n in range(MOST):
        if what == "telemetry":
            rig.tell("twin/meter", "report", {"values": {"n": n}})
        else:
            rig.tell("herald/town", "tell", {"text": str(n)})
    rig.until(lambda: "mqtt/main" in rig.engine.room.fullness.full)


def _waiting(rig: Rig) -> list[Any]:
    return rig.look(lambda: [mail.message.payload for mail in rig.engine.room.outboxes["mqtt/main"].box.head])


@pytest.mark.parametrize("what", ["telemetry", "words"])
def test_a_full_mailbox_of_a_broker_keeps_no_button_from_its_lamp(what: str) -> None:
    """Ten presses of ten, though the toggle publishes how it stands, too."""
    with _rig() as rig:
        _fill(rig, what)
        switched: list[bool] = []
        for _ in range(10):
            rig.send("toggle/hall", "pressed")
            for delivery in rig.until(rig.hosted["gpio/lamp"].take):
                switched.append(delivery.message.payload.on)  # type: ignore[attr-defined]
                delivery.done()
        assert switched == [n % 2 == 0 for n in range(10)]
        assert rig.state("toggle/hall").presses == 10


def test_the_oldest_telemetry_gives_way_and_is_counted() -> None:
    """To a notice for people as to what acts; what is left is the newest, in order, and the mailbox holds to its bound."""
    with _rig() as rig:
        _fill(rig, "telemetry")
        rig.tell("toggle/hall", "pressed")
        rig.tell("herald/town", "tell", {"text": "fire"})
        rig.settle()
        assert [publish.topic for publish in _waiting(rig)] == ["{prefix}/twin/meter"] * 3 + ["{prefix}/toggle/hall", "people/ann"]
        assert '"n":{"value":2' in _waiting(rig)[0].body.replace(" ", "")
        assert rig.look(lambda: rig.engine.room.giving_way.counts) == {"mqtt/main": 2}
        assert rig.store.dead(0, 9) == []


def test_who_waits_goes_on_where_telemetry_made_room_for_a_turn_that_is_put_off_all_the_same() -> None:
    """It is put off for another mailbox, in which nothing gives way: the room that there is now is for who else waits."""
    with _rig() as rig:
        _fill(rig, "telemetry")
        rig.engine.away("mqtt/other", "the test said so")
        for n in range(MOST):
            rig.tell("crier/street", "whisper", {"text": str(n)})
        rig.tell("twin/meter", "report", {"values": {"n": MOST}})
        rig.settle()
        assert "mqtt/main" in rig.look(lambda: rig.engine.cells.get("twin/meter").fault)  # type: ignore[union-attr]
        rig.tell("crier/town", "tell", {"text": "fire"})
        rig.settle()
        assert "mqtt/other" in rig.look(lambda: rig.engine.cells.get("crier/town").fault)  # type: ignore[union-attr]
        assert f'"n":{{"value":{MOST}' in _waiting(rig)[-1].body.replace(" ", "")


def test_what_cannot_say_whether_it_is_telemetry_is_none() -> None:
    """What its own code raises ends nothing, in what is sent nor in what waits: it makes room for itself, and does not give way."""
    with _rig() as rig:
        _fill(rig, "telemetry")
        for _ in range(MOST):
            rig.tell("sphinx/thebes", "ask")
        rig.tell("herald/town", "tell", {"text": "fire"})
        rig.settle()
        assert [payload.body for payload in _waiting(rig)] == ["?"] * MOST
        assert "mqtt/main" in rig.look(lambda: rig.engine.cells.get("herald/town").fault)  # type: ignore[union-attr]


WAITS = [(300, 30, 1 << 24), (0, 30, 1), (3, 30, 1), (600, 30, 1), (4200, 30, 1 << 24)]


@pytest.mark.parametrize(("words", "reports", "in_memory_bytes"), WAITS)
def test_telemetry_gives_way_wherever_it_waits(words: int, reports: int, in_memory_bytes: int) -> None:
    """Behind however many words for people, in memory or only on disk; each message that goes makes room for one."""
    with _rig(most=words + reports, in_memory_bytes=in_memory_bytes) as rig:
        rig.engine.away("mqtt/main", "the test said so")
        for n in range(words):
            rig.send("herald/town", "tell", {"text": str(n)})
        rig.settle()
        for n in range(reports):
            rig.send("twin/meter", "report", {"values": {"n": n}})
        rig.until(lambda: "mqtt/main" in rig.engine.room.fullness.full)
        rig.settle()
        for n in range(3):
            rig.tell("herald/town", "tell", {"text": f"fire {n}"})
        assert rig.look(lambda: rig.engine.room.giving_way.counts) == {"mqtt/main": 3}
        assert rig.look(lambda: rig.engine.room.outboxes["mqtt/main"].box.total) == words + reports
        rig.engine.back("mqtt/main")
        bodies: list[str] = []
        while len(bodies) < words + reports:
            for delivery in rig.until(rig.hosted["mqtt/main"].take):
                bodies.append(delivery.message.payload.body)  # type: ignore[attr-defined]
                delivery.done()
            rig.settle()
        assert bodies[:words] == [str(n) for n in range(words)]
        assert bodies[-3:] == ["fire 0", "fire 1", "fire 2"]
        assert '"n":{"value":3' in bodies[words].replace(" ", "")
        rig.until(lambda: rig.advance(0.3) or not rig.store.boxes())


@pytest.mark.parametrize("in_memory_bytes", [1 << 24, 1])
def test_on_a_full_disk_telemetry_behind_words_gives_way(in_memory_bytes: int) -> None:
    """All of it that waits for who is away, and none of the words."""
    store = FrailStore(MemoryStore())
    with _rig(store, most=1000, in_memory_bytes=in_memory_bytes) as rig:
        rig.engine.away("mqtt/main", "the test said so")
        for n in range(300):
            rig.send("herald/town", "tell", {"text": str(n)})
        for n in range(30):
            rig.send("twin/meter", "report", {"values": {"n": n}})
        rig.settle()
        store.full = True
        store.to_come = ["full"]
        rig.tell("toggle/hall", "read")
        rig.advance(1.1)
        rig.until(lambda: rig.look(lambda: rig.engine.room.giving_way.counts) == {"mqtt/main": 30})
        assert rig.look(lambda: rig.engine.room.outboxes["mqtt/main"].box.total) == 300


def test_who_waited_for_room_goes_on_when_a_full_disk_has_made_some() -> None:
    """The mailbox whose telemetry gave way is full no more, and nobody needs to take anything out of it for that."""
    store = FrailStore(MemoryStore())
    with _rig(store) as rig:
        _fill(rig, "telemetry")
        rig.tell("twin/meter", "report", {"values": {"n": MOST}})
        rig.settle()
        assert rig.state("twin/meter").count == MOST
        store.full = True
        store.to_come = ["full"]
        rig.tell("toggle/hall", "read")
        rig.advance(1.1)
        rig.until(lambda: rig.look(lambda: rig.engine.room.giving_way.counts["mqtt/main"]) >= MOST)
        rig.settle()
        assert rig.engine.room.fullness.full == {}
        assert rig.state("twin/meter").count == MOST + 1


def test_what_only_tells_how_things_stand_waits() -> None:
    """A report of a twin that nobody watches: whoever can wait does, and nothing is lost."""
    with _rig() as rig:
        _fill(rig, "telemetry")
        rig.send("twin/meter", "report", {"values": {"n": 99}})
        rig.until(lambda: rig.look(lambda: rig.engine.cells.get("twin/meter").fault))  # type: ignore[union-attr]
        assert rig.look(lambda: rig.engine.room.giving_way.counts) == {}
        rig.engine.back("mqtt/main")
        for delivery in rig.until(rig.hosted["mqtt/main"].take):
            delivery.done()
        rig.settle()
        assert rig.state("twin/meter").count == MOST + 1


def test_words_for_people_do_not_give_way() -> None:
    """Where nothing but such words waits, one more waits too: none of them is ever said again."""
    with _rig() as rig:
        _fill(rig, "words")
        rig.send("herald/town", "tell", {"text": "fire"})
        rig.settle()
        assert [publish.body for publish in _waiting(rig)] == [str(n) for n in range(MOST)]
        rig.engine.back("mqtt/main")
        for delivery in rig.until(rig.hosted["mqtt/main"].take):
            delivery.done()
        rig.settle()
        assert [delivery.message.payload.body for delivery in rig.hosted["mqtt/main"].take()] == ["fire"]  # type: ignore[attr-defined]


def test_on_a_full_disk_a_button_switches_and_a_report_waits() -> None:
    """As long as there is something left of the reserve, which is what it is for; telemetry that waits for who is away makes room."""
    store = FrailStore(MemoryStore())
    with _rig(store) as rig:
        rig.settle()
        rig.engine.away("mqtt/main", "the test said so")
        for n in range(3):
            rig.tell("twin/meter", "report", {"values": {"n": n}})
        store.full = True
        store.to_come = ["full"]
        rig.tell("toggle/hall", "read")
        rig.advance(1.1)
        rig.until(lambda: rig.engine.ingress.why_shut == "the disk is full")
        with pytest.raises(Refused, match=r"^cannot take report to twin/meter: the disk is full; send it again later$"):
            rig.send("twin/meter", "report", Report(values={"n": 1}), wait=False)
        rig.tell("toggle/hall", "pressed", wait=False)
        rig.until(rig.hosted["gpio/lamp"].take)
        assert rig.look(lambda: rig.engine.room.giving_way.counts["mqtt/main"]) == 3
        store.full = False
        rig.advance(1.1)
        rig.tell("twin/meter", "report", {"values": {"n": 1}}, wait=False)
