"""A small world of actors that log what they handle, and a model that knows what must come of it.

`World` runs one random program against the real engine and keeps the books; `check` holds the books against the stores.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from gateway.actors import Actor, Delivery, HostBound, Mode, Payload, Stage, State, verb
from gateway.runtime import mailbox
from gateway.runtime.mail import read_header
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Store
from gateway.testing import OUTSIDE, FrailStore, PowerCut, Rig

NODES = 4
SINK = "sink/a"
TINY = EngineSettings(idle_s=3.0, active_actors=1, ids_kept=200, batch_turns=6, cautious_turns=8)


class Effect(Payload):
    """One thing that a turn does: tell another node, set a timer, publish, pulse."""

    kind: str
    to: int = 0
    delay_s: float = 0.0
    say: "Say"


class Say(Payload):
    """A message of the program: its tag is unique, `n` counts what its sender sent."""

    tag: int
    n: int = 0
    fails: int = 0
    """How often its turn raises before it goes well."""
    then: tuple[Effect, ...] = ()


class Log(State):
    """What a node has handled, in its order: (tag, sender, n)."""

    handled: tuple[tuple[int, str, int], ...] = ()
    sent: int = 0


class Node(Actor[Log]):
    """Logs what it is told and does the effects."""

    attempts = 3

    def __init__(self) -> None:
        super().__init__()
        self.raised: Counter[int] = Counter()

    @verb
    def say(self, said: Say, stage: Stage[Log]) -> None:
        self._log(said, stage, stage.message.sender)
        if self.raised[said.tag] < said.fails:
            self.raised[said.tag] += 1
            raise RuntimeError(f"{said.tag} fails as it was told")

    @verb
    def rang(self, said: Say, stage: Stage[Log]) -> None:
        self._log(said, stage, "timer")

    def _log(self, said: Say, stage: Stage[Log], sender: str) -> None:
        sent = stage.state.sent
        for effect in said.then:
            sent += 1
            self._do(effect, effect.say.changed(n=sent), stage)
        stage.state = stage.state.changed(handled=(*stage.state.handled, (said.tag, sender, said.n)), sent=sent)

    def _do(self, effect: Effect, say: Say, stage: Stage[Log]) -> None:
        if effect.kind == "tell":
            stage.tell(f"node/{effect.to}", "say", say)
        elif effect.kind == "timer":
            stage.after(effect.delay_s, "rang", say, name=str(say.tag))
        else:
            stage.tell(SINK, effect.kind, say)


class Sink(HostBound):
    """Never runs: the test takes its deliveries in its own hands."""

    window = 3

    @verb
    def publish(self, said: Say, delivery: Delivery) -> None:
        """At least once."""

    @verb(mode=Mode.AT_MOST_ONCE)
    def pulse(self, said: Say, delivery: Delivery) -> None:
        """At most once."""


@contextmanager
def small_mailboxes() -> Iterator[None]:
    """Mailboxes whose tail is on disk from the fourth message on."""
    kept = mailbox.HEAD_AT_MOST, mailbox.READ_BACK
    mailbox.HEAD_AT_MOST, mailbox.READ_BACK = 3, 2
    try:
        yield
    finally:
        mailbox.HEAD_AT_MOST, mailbox.READ_BACK = kept


class World:
    """One program's run: the rig, and the books of the outside."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = FrailStore(store or MemoryStore())
        self.node = Node()
        self.rig = Rig([self.node], {SINK: Sink}, store=self.store, settings=TINY, by_hand=[SINK])
        self.tags = count(1)
        self.sent: dict[int, Say] = {}
        self.targets: dict[int, int] = {}
        self.named: set[int] = set()
        """Tags that went with an id of the outside."""
        self.acknowledged: set[int] = set()
        self.acts: Counter[int] = Counter()
        self.settled: set[int] = set()
        """Tags that the sink did, or refused for good."""
        self.in_hand: list[Any] = []
        self.cut_release = False

    # --- the steps of a program

    def burst(self, plans: list[dict[str, Any]]) -> None:
        """Send many, and wait for none."""
        for plan in plans:
            said = self._said(plan)
            self.sent[said.tag] = said
            self.targets[said.tag] = plan["to"]
            if plan["named"]:
                self.named.add(said.tag)
            self._send(said.tag)

    def repeat(self, which: int) -> None:
        """Send one again that had an id, acknowledged or not, as a broker may."""
        if self.named:
            self._send(sorted(self.named)[which % len(self.named)])

    def settle(self) -> None:
        """Wait until the engine rests, or has lost its power."""
        try:
            self.rig.settle()
        except PowerCut:
            self.cut()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.settle()
        self.rig.clock.advance(seconds)
        self.rig.engine.post(lambda: None)
        self.settle()

    def jump(self, seconds: float) -> None:
        """Set the wall clock."""
        self.rig.clock.jump(seconds)

    def hands(self, outcomes: list[str]) -> None:
        """The sink takes what there is, acts, and says what came of it: done, failed, refused, or nothing yet."""
        for delivery in self.rig.hosted[SINK].take():
            self._act(delivery)
        for outcome in outcomes:
            if self.in_hand and outcome == "hold":
                self.in_hand.append(self.in_hand.pop(0))
            elif self.in_hand:
                self._say_outcome(self.in_hand.pop(0), outcome)

    def cut(self) -> None:
        """The power goes, now; and comes back."""
        self.rig.crash()
        self._back()

    def restart(self) -> None:
        """A good end, and a new life."""
        self.settle()
        self.store.to_come.clear()
        assert self.rig.stop()
        self._back()

    def fault(self, word: str) -> None:
        """What the next commit will meet."""
        if word == "release":
            self.cut_release = True
        else:
            self.store.to_come.append(word)

    # --- the outside

    def _said(self, plan: dict[str, Any]) -> Say:
        then = tuple(Effect(kind=e["kind"], to=e["to"], delay_s=e["delay_s"], say=self._said(e["say"])) for e in plan["then"])
        return Say(tag=next(self.tags), fails=plan["fails"], then=then)

    def _send(self, tag: int) -> None:
        def on_commit(_: Any) -> None:
            if self.cut_release:
                self.cut_release = False
                raise PowerCut
            self.acknowledged.add(tag)

        id = f"m{tag}" if tag in self.named else ""
        said = self.sent[tag].changed(n=tag)
        self.rig.send(f"node/{self.targets[tag]}", "say", said, id=id, on_commit=on_commit)

    def _back(self) -> None:
        """Begin a new life. The outside sends again, in order, what was not acknowledged and has an id."""
        self.in_hand.clear()
        self.store.to_come.clear()
        self.cut_release = False
        self.rig.faults.clear()
        self.rig.start()
        for tag in sorted(self.named - self.acknowledged):
            self._send(tag)

    def _act(self, delivery: Any) -> None:
        rows = self.store.mail(SINK, delivery.seq - 1, 1)
        assert [row.seq for row in rows] == [delivery.seq], f"{delivery.message} was handed out and is not on disk"
        if delivery.message.verb == "pulse":
            assert rows[0].attempt >= 1, f"{delivery.message} was handed out and its attempt is not on disk"
        self.acts[delivery.message.payload.tag] += 1
        self.in_hand.append(delivery)

    def _say_outcome(self, delivery: Any, outcome: str) -> None:
        if outcome != "failed":
            self.settled.add(delivery.message.payload.tag)
        if outcome == "done":
            delivery.done()
        else:
            delivery.failed("the test said so", retry=outcome == "failed")

    # --- the end

    def heal(self) -> None:
        """Let everything come to its end: nothing waits any more."""
        self.store.to_come.clear()
        self.settle()
        for _ in range(200):
            self.hands(["done"] * 100)
            self.advance(30)
            if not (self.in_hand or self.store.boxes() or self.store.wakes(-1, 2**60, 1) or self.named - self.acknowledged):
                return
        raise AssertionError(f"something waits for ever: {self.store.boxes()}, {self.store.wakes(-1, 2**60, 9)}")

    def check(self) -> None:
        """Hold the books against the stores."""
        handled = {n: self.rig.state(f"node/{n}").handled for n in range(NODES)}
        tags = Counter(tag for log in handled.values() for tag, _, _ in log)
        dead, unknown = self._dead()
        for tag, said in self.sent.items():
            self._check_family(said, tags, dead, unknown, must=tag in self.acknowledged)
        assert all(n == 1 for n in tags.values()), f"handled more than once: {[t for t, n in tags.items() if n > 1]}"
        for log in handled.values():
            _check_order(log)

    def _check_family(self, said: Say, tags: Counter[int], dead: set[int], unknown: set[int], *, must: bool) -> None:
        """A message was handled or is a dead letter, once; and its effects happened exactly when it was handled."""
        tag = said.tag
        if must:
            assert (tag in tags) is not (tag in dead), f"{tag} was acknowledged; handled: {tag in tags}, dead: {tag in dead}"
        for effect in said.then:
            if effect.kind in {"tell", "timer"}:
                self._check_family(effect.say, tags, dead, unknown, must=tag in tags)
            else:
                self._check_act(effect, tag in tags, unknown | dead)
            if tag not in tags:
                assert not tags[effect.say.tag], f"{effect.say.tag} happened without its cause {tag}"

    def _check_act(self, effect: Effect, caused: bool, dead: set[int]) -> None:
        tag = effect.say.tag
        acts = self.acts[tag]
        if not caused:
            assert acts == 0, f"the sink did {tag}, whose cause was never committed"
        elif effect.kind == "publish":
            assert acts >= 1, f"publish {tag} was never made"
            assert tag in self.settled | dead, f"publish {tag} was dropped before the sink was done with it"
        else:
            assert acts <= 1, f"pulse {tag} was made {acts} times"
            assert acts == 1 or tag in dead, f"pulse {tag} was not made and nobody was told"

    def _dead(self) -> tuple[set[int], set[int]]:
        """The tags of dead letters: of nodes, and of the sink."""
        dead, sink = [], []
        for row in self.store.dead(0, 10_000):
            _, payload = read_header(row.message)
            (sink if row.box == SINK else dead).append(Say.model_validate_json(payload).tag)
        assert len(set(dead)) == len(dead), f"dead more than once: {dead}"
        return set(dead), set(sink)


def _check_order(log: tuple[tuple[int, str, int], ...]) -> None:
    last: dict[str, int] = {}
    for tag, sender, n in log:
        if sender != "timer":
            assert n > last.get(sender, 0), f"{tag} from {sender or OUTSIDE} came after what was sent later"
            last[sender] = n
