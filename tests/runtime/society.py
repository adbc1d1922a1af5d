"""A small society of actors, and a model of it: `Society` runs one program, `check` holds the books."""

from collections import Counter, defaultdict
from itertools import count, zip_longest
from typing import Any

from gateway.actors import Standing
from gateway.runtime.mail import read_header
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Store
from gateway.testing import FrailStore, PowerCut, Rig
from tests.runtime.society_actors import NODES, SINK, Done, Gate, Hub, Job, Leaf, Sink

TINY = EngineSettings(idle_s=3.0, active_actors=1, ids_kept=500, batch_turns=4, cautious_turns=8)


class Society:
    """One program's run, and the books of the outside."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = FrailStore(store or MemoryStore())
        self.rig = Rig([Hub(), Leaf()], {SINK: Sink}, store=self.store, settings=TINY, by_hand=[SINK])
        self.tags = count(1)
        self.sent: dict[int, Job] = {}
        self.acknowledged: set[int] = set()
        self.done: dict[str, Done] = {}
        """What came to the sink, by the id of its message, in its order."""
        self.in_hand: list[Any] = []

    # --- the steps of a program

    def burst(self, jobs: list[dict[str, Any]]) -> None:
        """Send many, and wait for none."""
        for fields in jobs:
            job = self._job(fields)
            self.sent[job.tag] = job
            self._send(job)

    def settle(self) -> None:
        """Wait until the engine rests, or has lost its power."""
        try:
            self.rig.settle()
            self._check_stored()
        except PowerCut:
            self.cut()

    def _check_stored(self) -> None:
        """At rest, whatever waits in memory is on disk, with the same attempts: deferred mail too."""
        waits = self.rig.look(
            lambda: [(cell.id, mail) for cell in self.rig.engine.cells for mail in (*cell.box.head, *(cell.deferred or ()))]
        )
        for id, mail in waits:
            rows = self.store.mail(id, mail.seq - 1, 1)
            there, here = [(row.seq, row.attempt) for row in rows], (mail.seq, mail.attempt)
            assert there == [here], f"{mail.message} of {id} waits as {here}; on disk: {rows}"

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.settle()
        self.rig.clock.advance(seconds)
        self.rig.engine.post(lambda: None)
        self.settle()

    def hands(self, settled: int, *outcomes: str) -> None:
        """The sink takes what there is, and settles some of it: done, unless `outcomes` say else, one for each."""
        for delivery in self.rig.hosted[SINK].take():
            (row,) = self.store.mail(SINK, delivery.seq - 1, 1)
            assert row.seq == delivery.seq, "it was handed out and is not on disk"
            self.done[delivery.message.id] = delivery.message.payload
            self.in_hand.append(delivery)
        for delivery, outcome in zip_longest(self.in_hand[:settled], outcomes[:settled], fillvalue="done"):
            if delivery == "done":
                break
            if outcome == "done":
                delivery.done()
            else:
                delivery.failed("the sink is told to fail", retry=outcome == "failed")
        del self.in_hand[:settled]

    def resume(self, which: int, skip: bool) -> None:  # a step of a program
        """Somebody resumes an actor that may be paused."""
        try:
            self._resume(NODES[which], skip=skip)
        except PowerCut:
            self.cut()

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
        self.store.to_come.append(word)

    # --- the outside

    def _job(self, fields: dict[str, Any]) -> Job:
        then = tuple(self._job(other) for other in fields["then"])
        return Job(tag=next(self.tags), **{**fields, "then": then})

    def _send(self, job: Job) -> None:
        self.rig.send(job.to, job.verb, job, id=f"m{job.tag}", on_commit=lambda _: self.acknowledged.add(job.tag))

    def _resume(self, id: str, *, skip: bool) -> bool:
        engine, said = self.rig.engine, list[bool]()

        def once() -> None:
            if not said:  # a look may be asked twice
                said.append(engine.turns.supervision.resume(id, engine.round, skip=skip))

        self.rig.look(once)
        return said[0]

    def _back(self) -> None:
        """Begin a new life. The outside sends again, in order, what was not acknowledged."""
        self.in_hand.clear()
        self.store.to_come.clear()
        self.rig.faults.clear()
        self.rig.start()
        for tag in sorted(self.sent.keys() - self.acknowledged):
            self._send(self.sent[tag])

    # --- the end

    def heal(self) -> None:
        """Let everything come to its end: the gates open, the paused go on, nothing waits any more."""
        self.store.to_come.clear()
        self.settle()
        for _ in range(100):
            for id in NODES:
                self._resume(id, skip=False)
            self.hands(100)
            self.advance(30)
            if self._rested():
                return
            if any(self.rig.state(box.box).phase is not Gate.OPEN for box in self.store.boxes() if box.box != SINK):
                self.burst([{"verb": "open", "to": id, "then": ()} for id in NODES])
        raise AssertionError(f"something waits for ever: {self.store.boxes()}")

    def _rested(self) -> bool:
        paused = [cell.id for cell in self.rig.look(lambda: list(self.rig.engine.cells)) if cell.ties.paused]
        return not (self.in_hand or self.store.boxes() or paused or self.sent.keys() - self.acknowledged)

    def check(self) -> None:
        """Hold the books against each other, and the copies against their owners."""
        places = Counter((done.tag, done.stop) for done in self.done.values())
        assert all(times == 1 for times in places.values()), f"done more than once: {places}"
        dead = self._dead()
        assert all(times == 1 for times in dead.values()), f"dead more than once: {dead}"
        for job in self.sent.values():
            self._check_job(job, places, dead, must=True)
        self._check_order()
        self._check_copies()

    def _check_job(self, job: Job, places: Counter[tuple[int, int]], dead: Counter[int], *, must: bool) -> None:
        """Done once, or a dead letter; what it tells others happened exactly when it was done."""
        walks = job.verb == "set_out"
        did = (job.tag, 100 if walks else 0) in places
        if walks and did:
            self._check_walk(job, places)
            assert job.tag not in dead
        else:
            assert (did + (job.tag in dead)) == must, f"{job}: done {did}, dead {job.tag in dead}, caused {must}"
        for other in job.then:
            self._check_job(other, places, dead, must=did)

    def _check_walk(self, job: Job, places: Counter[tuple[int, int]]) -> None:
        """It came to its end, or to some stop, and then its error stop knows."""
        made = [stop for stop in range(len(job.stops)) if (job.tag, stop) in places]
        whole = made == list(range(len(job.stops)))
        assert made == list(range(len(made))), f"{job}: it made the stops {made}"
        assert whole is not ((job.tag, -1) in places), f"{job}: it made the stops {made}, failed: {(job.tag, -1) in places}"

    def _check_order(self) -> None:
        """What came from the outside for one actor is done in its order, deferred or not."""
        orders: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for done in self.done.values():
            if done.tag in self.sent and done.stop == (100 if done.verb == "set_out" else 0):
                orders[done.node, done.verb == "later"].append(done.tag)
        for (node, _), tags in orders.items():
            assert tags == sorted(tags), f"{node} did {tags}"

    def _check_copies(self) -> None:
        cells = {id: self.rig.look(lambda id=id: self.rig.engine.room.activation.cell(id)) for id in NODES}  # type: ignore[misc]  # bound now
        for id, cell in cells.items():
            for name, copy in cell.ties.copies.items():
                if copy.then:
                    assert [one.actor for one in cells[copy.of].ties.watchers if one.name == name and one.actor == id] == [id], name
                    continue
                watchers = [one for one in cells[copy.of].ties.watchers if (one.actor, one.name) == (id, name)]
                assert copy.standing is not Standing.WAITING, f"{id} waits for {name} of {copy.of}"
                assert len(watchers) == (copy.standing is Standing.CURRENT), f"{id} has {copy}, {copy.of} has {watchers}"
                if watchers and not watchers[0].owed:
                    assert copy.values == {"value": cells[copy.of].state.value}, f"{id} has {copy}"
            for one in cell.ties.watchers:
                assert cells[one.actor].ties.copies[one.name].of == id, f"{id} tells {one.actor} of {one.name}"

    def _dead(self) -> Counter[int]:
        """How often each tag is a dead letter."""
        letters = [read_header(row.message) for row in self.store.dead(0, 10_000) if row.box != SINK]
        return Counter(Job.model_validate_json(payload).tag for header, payload in letters if header[2] != "has_ended")  # no job
