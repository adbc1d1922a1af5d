"""What stands around a daemon in these tests: a meter on a pty, senders and an ear at a real mosquitto. All say numbers, at full speed.

Each of them is as a good device is: the meter keeps a line until it is acknowledged, the senders publish at QoS 1 in a session
that lasts, the ear's session lasts too. So whatever is missing or doubled in the end was lost or doubled by the gateway.
"""

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.serial.simulated_devices import JsonMeter
from devices.serial.simulated_line import SimulatedLine
from gateway.store.sqlite import SqliteStore
from gateway.testing.clock import PATIENCE_S
from tests.brokers import Mosquitto
from tests.daemons import DaemonProcess, install_kinds

METERS = 2
WINDOW = 64
"""How many lines the meter says before the first of them is acknowledged."""
AHEAD = 300
"""How many numbers a sender may be ahead of what the ear has heard."""
METER_AHEAD = 2_000
"""The same for the meter, while there is a broker: what it says then waits in front of what the others are waited for, and on a busy
machine it would say far more than can be published in the time that these are waited for."""
IN_FLIGHT = 40
LOST_AFTER_S = 1.0
"""What is not heard for so long at a broker that was killed, it has lost."""

CONFIG = """
[mqtt.main]
host = "127.0.0.1"
port = {broker}
client_id = "gateway"
reconnect_min_s = 0.05
reconnect_max_s = 0.5

[[mqtt.main.subscribe]]
topic = "number/+"
to = "tally/{{1}}"
verb = "take"

[serial.meter]
port = "{line}"
codec = "json"
to = "tally/{{device}}"
verb = "take"
ack = "ok {{id}}"
"""

EVERY_ID = "ids_kept = 1000000"
"""All that was said may be said again: on a slow machine that is more than is remembered by default."""
UNBOUNDED = ("max_queued_messages 0", "max_inflight_messages 100")
"""Mosquitto drops what is beyond 1000 queued messages of one session, by default: that would be its loss, not ours."""
READY = "ready: life"
QUIET = ("log_type none", "log_type information", "log_type notice", "log_type error")
"""Without a line for each packet."""
SAVES_AT_ITS_END = ("autosave_on_changes false", "autosave_interval 3600")
"""It writes its store when it is told to stop."""
SAVES_NOW_AND_THEN = ("autosave_on_changes false", "autosave_interval 1")
"""It writes its store each second; after each packet, it would do nothing else."""


_TAKEN = re.compile(r"Received PUBLISH from gateway \(d., q1, r0, m\d+, '([^']+)'")


class Ear:
    """A subscriber in a session that lasts. It keeps what each published message said, by the message's id."""

    def __init__(self, port: int) -> None:
        self.heard = 0
        """Every arrival, repeats too."""
        self.messages: dict[str, tuple[str, int, int]] = {}
        """Message id → (device, number, running count)."""
        self.contradictions: list[str] = []
        self.numbers: defaultdict[str, dict[int, str]] = defaultdict(dict)
        """Device → number → id of the message that said it."""
        self.counts: defaultdict[str, dict[int, str]] = defaultdict(dict)
        """Device → running count → id of the message that said it."""
        self.ended = threading.Event()
        self._client = _client(port, "ear")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe([("counted/#", 1), ("end", 1)])

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if message.topic == "end":
            self.ended.set()
            return
        _, device, number, count = message.topic.split("/")
        said = (device, int(number), int(count))
        id = dict(message.properties.UserProperty)["id"]  # type: ignore[union-attr]  # paho makes the attributes as they come
        self.heard += 1
        self._expect(id, self.messages.setdefault(id, said), said)
        self._expect(f"number {number} of {device}", self.numbers[device].setdefault(said[1], id), id)
        self._expect(f"count {count} of {device}", self.counts[device].setdefault(said[2], id), id)

    def _expect(self, what: str, first: object, now: object) -> None:
        if first != now:
            self.contradictions.append(f"{what} was {first}, and then {now}")


class Sender:
    """Publishes the numbers of one device from 0 on, at QoS 1, in a session that lasts; with a message id each, or without."""

    def __init__(self, port: int, device: str, ear: Ear, *, with_ids: bool) -> None:
        self.device = device
        self.held = False
        """Set it to have nothing new said."""
        self.made = 0
        """How many numbers there are: 0 to made - 1."""
        self.said = 0
        """How often one was said, for the first time or again."""
        self.lost = 0
        """How many a broker that was killed may have lost: they are not waited for."""
        self.acknowledged = 0
        self._ear = ear
        self._with_ids = with_ids
        self._client = _client(port, f"sender-{device}")
        self._client.on_publish = self._on_publish
        self._client.loop_start()

    @property
    def settled(self) -> bool:
        """Whether the broker has all that was said."""
        return self.acknowledged >= self.said

    @property
    def unheard(self) -> int:
        """How many numbers the ear has not heard."""
        return self.made - len(self._ear.numbers[self.device])

    def turn(self) -> None:
        """Say what may be said now."""
        while not self.held and self.said - self.acknowledged < IN_FLIGHT and self.unheard - self.lost < AHEAD:
            self.say(self.made)
            self.made += 1

    def say(self, number: int) -> None:
        """Say one number, for the first time or again."""
        self.publish(f"number/{self.device}", number, id=f"{self.device}-{number}" if self._with_ids else "")

    def publish(self, topic: str, number: int, *, id: str = "") -> None:
        """Publish a number under any topic."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's types end here
        if id:
            properties.UserProperty = ("id", id)
        self.said += 1
        self._client.publish(topic, f'{{"device":"{topic.removeprefix("number/")}","id":{number}}}', qos=1, properties=properties)

    def say_end(self) -> None:
        """Say that this is the end."""
        self._client.publish("end", qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, *_: Any) -> None:
        self.acknowledged += 1


class Field:
    """A daemon, its devices and its broker. The meter lives on the test's thread, in `until`."""

    def __init__(self, folder: Path, *, plain: bool = True, options: tuple[str, ...] = (), config: str = "") -> None:
        self.folder = folder
        self.kills = self.breaks = 0
        self.line = SimulatedLine()
        self.meter = JsonMeter(self.line, devices=METERS, acked=True, interval_s=3600.0, began_ms=1, window=WINDOW, repeat_s=0.3)
        self.broker = Mosquitto(folder, persistence=True, options=(*UNBOUNDED, *options))
        environ = install_kinds(folder, tally="tests.faults.kinds:Tally", fuse="tests.faults.kinds:Fuse")
        config = CONFIG.format(broker=self.broker.port, line=self.line.path) + config
        self.daemon = DaemonProcess(folder, config, environ=environ, store=EVERY_ID)
        self.holding = False
        self._meter_lost = 0
        """As a sender's `lost`."""
        self._heard: tuple[int, float] = (0, 0.0)
        """How much was heard when that was last looked at, and when it became so much (monotonic, seconds)."""
        self._plain = plain
        self._lossy = False
        self.ear: Ear
        self.senders: list[Sender]

    def __enter__(self) -> Self:
        with ExitStack() as begun:
            begun.callback(self.line.unplug)
            begun.enter_context(self.broker)
            self.ear = begun.enter_context(closing(Ear(self.broker.port)))
            begun.push(self.daemon.__exit__)
            self.daemon.start()
            self.daemon.until(lambda: ", subscribed to " in self.daemon.said())  # before, the broker would keep nothing for us
            devices = {"named": True, "plain": False} if self._plain else {"named": True}
            self.senders = [Sender(self.broker.port, device, self.ear, with_ids=with_ids) for device, with_ids in devices.items()]
            for sender in self.senders:
                begun.callback(sender.close)
            self._at_end = begun.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._at_end.close()

    @property
    def _meter_unheard(self) -> int:
        return self.meter.made - sum(len(self.ear.numbers[f"m{n}"]) for n in range(METERS))

    # --- time passes

    def turn(self) -> None:
        """Let each device do what it can do now."""
        if not self.holding and (not self.broker.running or self._meter_unheard - self._meter_lost < METER_AHEAD):
            self.meter.made = max(self.meter.made, self.meter.acknowledged + WINDOW)
        self.meter.turn(time.monotonic(), timeout_s=0.005)
        if self._lossy:
            self._write_off(time.monotonic())
        for sender in self.senders:
            sender.turn()

    def _write_off(self, now_s: float) -> None:
        """Wait no more for what a broker lost: it came back without the gateway's session, and took what then went to nobody."""
        named = sum(len(self.ear.numbers[sender.device]) for sender in self.senders)
        if named != self._heard[0]:
            self._heard = named, now_s
        elif now_s - self._heard[1] > LOST_AFTER_S:
            self._note_lost()

    def _note_lost(self) -> None:
        for sender in self.senders:
            sender.lost = sender.unheard
        self._meter_lost = self._meter_unheard

    def until(self, truth: Callable[[], Any], timeout_s: float = PATIENCE_S) -> None:
        """Let the devices live until `truth()` holds."""
        deadline_s = time.monotonic() + timeout_s
        while not truth():
            self.turn()
            assert time.monotonic() < deadline_s, f"not in time: {self}; the daemon said:\n{self.daemon.said()[-4000:]}"

    def until_more(self, seen: Callable[[], int], count: int) -> None:
        """Let the devices live until `count` more of something were seen."""
        enough = seen() + count
        self.until(lambda: seen() >= enough)

    # --- faults

    def kill(self) -> None:
        """End the daemon by SIGKILL, and start it again at once; it is not waited for."""
        self.daemon.kill()
        self.kills += 1
        self.daemon.start()

    def restart(self) -> None:
        """A good end and a new life: only after one do turns run many to a commit from the first."""
        self.until(lambda: READY in self.daemon.said())
        self.stop()
        self.daemon.start()

    def stop_broker(self, *, kill: bool = False) -> None:
        """Stop the broker: as on a shutdown, or by SIGKILL. A sender without ids has its answers before.

        For such a sender says a message again when its broker had no time to answer, and the broker takes it for another one:
        nobody behind it can tell the two apart.
        """
        for sender in self.senders[1:]:
            sender.held = True
        self.until(lambda: all(sender.settled for sender in self.senders[1:]))
        self.broker.stop(kill=kill)
        self._lossy = kill
        self.breaks += 1

    def start_broker(self) -> None:
        self.broker.start()
        for sender in self.senders:
            sender.held = False
        if self._lossy:
            self._note_lost()

    # --- the end

    def hold(self) -> None:
        """Nothing new is said from now on."""
        self.holding = True
        for sender in self.senders:
            sender.held = True

    def settle(self) -> None:
        """Say nothing new; live until every number is acknowledged."""
        self.hold()
        self.until(lambda: self.meter.acknowledged == self.meter.made and all(sender.settled for sender in self.senders))

    def until_heard(self) -> None:
        """Live until the ear has heard every number; then stop the daemon, and return when the ear has heard all there was."""
        counts = {device: len(numbers) for device, numbers in self.expected().items()}
        self.until(lambda: all(len(self.ear.numbers[device]) >= count for device, count in counts.items()))
        self.stop()
        self.senders[0].say_end()
        assert self.ear.ended.wait(PATIENCE_S)

    def until_counted(self) -> None:
        """Live until every number is counted; then stop the daemon."""
        self.daemon.until_listening()
        for device, numbers in self.expected().items():
            self.until(lambda device=device, numbers=numbers: self.counted(f"tally/{device}") >= len(numbers))  # type: ignore[misc]
        self.stop()

    def counted(self, actor: str) -> int:
        """The count of an actor, as `gateway show` says it; 0 while nobody answers."""
        try:
            found = self.daemon.ask(do="show", id=actor)
        except (OSError, ValueError):  # it has just ended, or is not up yet
            return 0
        return int(found["actor"]["state"]["count"]) if found["ok"] else 0

    def stop(self) -> None:
        """Stop the daemon in order: what waits goes out before its end."""
        assert self.daemon.stop() == 0, self.daemon.said()

    def expected(self) -> dict[str, set[int]]:
        """The numbers that each device has said."""
        made = {f"m{n}": set(range(n, self.meter.made, METERS)) for n in range(METERS)}
        return made | {sender.device: set(range(sender.made)) for sender in self.senders}

    def check(self, expected: dict[str, set[int]]) -> None:
        """Each number has arrived, once by message id; the running counts are 1 to N; the store holds the same, and nothing else waits."""
        store = SqliteStore(self.daemon.store)
        try:
            dead = store.dead(0, 10)
            assert (store.boxes(), store.check(), dead) == ([], "", [])
            for device, numbers in expected.items():
                state = store.load(f"tally/{device}")
                assert state is not None
                assert state.state == b'{"count":%d,"total":%d}' % (len(numbers), sum(numbers)), f"{device}: {self}"
        finally:
            store.close()

    def check_broker(self, expected: dict[str, set[int]]) -> None:
        """The same by the broker's log, which has the topic of each packet that it took."""
        topics = {found[1] for line in self.broker.log if (found := _TAKEN.search(line))}
        for device, numbers in expected.items():
            said = [topic.split("/") for topic in topics if topic.startswith(f"counted/{device}/")]
            assert (sorted(int(number) for _, _, number, _ in said)) == sorted(numbers)
            assert (sorted(int(count) for _, _, _, count in said)) == list(range(1, len(numbers) + 1))

    def check_heard(self, expected: dict[str, set[int]]) -> None:
        """The same, at the ear."""
        assert self.ear.contradictions == []
        for device, numbers in expected.items():
            heard = self.ear.numbers[device].keys()
            assert heard == numbers, f"{device}: missing {sorted(numbers - heard)[:20]}, unknown {sorted(heard - numbers)[:20]}"
            assert self.ear.counts[device].keys() == set(range(1, len(numbers) + 1))
        assert len(self.ear.messages) == sum(map(len, expected.values()))

    def __repr__(self) -> str:
        heard = {device: len(numbers) for device, numbers in self.ear.numbers.items()}
        said = {sender.device: f"{sender.acknowledged} of {sender.said}" for sender in self.senders}
        return (
            f"{self.kills} kills, {self.breaks} breaks of the broker; the meter said {self.meter.made}, of which {self.meter.acknowledged} "
            f"are acknowledged; the broker has {said}; heard {heard}, {self.ear.heard} with repeats"
        )


def _client(port: int, client_id: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.reconnect_delay_set(0.05, 0.5)  # type: ignore[arg-type]  # it takes any number
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # as above
    lasting.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
    return client
