"""A commit beside which nothing waits is made on the engine's own thread; in all else it is as any other. Where more comes they overlap."""

import threading
from collections.abc import Callable, Sequence

from gateway.actors import Delivery, Inbound, Reply
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Changes
from gateway.testing import OUTSIDE, FrailStore, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf


class WatchedStore(MemoryStore):
    """A store that knows on which thread each commit was made, and tidies up when it is told that it should."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []
        self.states: list[int] = []
        """How many states each commit had."""
        self.untidy = False
        self.unrested = 0
        """How many commits were not rested from."""
        self.then: Callable[[], Sequence[Delivery]] = tuple
        """Which deliveries are done meanwhile."""

    def commit(self, changes: Changes) -> None:
        super().commit(changes)
        self.threads.append(threading.current_thread().name)
        self.states.append(len(changes.states) + len(changes.woken))
        self.unrested = 1

    def rest(self) -> None:
        self.unrested = 0
        for delivery in self.then():
            delivery.done()

    def wants_tidying(self) -> bool:
        return self.untidy

    def tidy(self) -> None:
        self.untidy = False


def _rig(store: WatchedStore | FrailStore) -> Rig:
    return Rig([Book()], {"shelf/a": Shelf}, store=store, by_hand=["shelf/a"])


def test_a_message_that_comes_alone_is_committed_on_the_engine() -> None:
    """Its state is on disk, its mail released and its receipt resolved, as ever."""
    store = WatchedStore()
    with _rig(store) as rig:
        rig.settle()
        store.threads.clear()
        rig.tell("book/a", "write", {"text": "!x"})
        rig.until(lambda: store.threads)
        assert store.threads[0] == "engine"
        rig.settle()
        assert rig.state("book/a").words == ("!x",)
        assert [d.message.payload.text for d in rig.hosted["shelf/a"].take()] == ["x"]


def _together(rig: Rig, store: WatchedStore, to: str, verb: str) -> str:
    """Where the first commit is made of many messages that come together."""
    rig.settle()
    store.threads.clear()
    rig.hosted[OUTSIDE].send_all([Inbound(to, verb, {"text": str(number)}) for number in range(40)])
    rig.until(lambda: store.threads)
    return store.threads[0]


def test_many_that_come_together_are_committed_beside_the_engine() -> None:
    """Whoever sent them has more, as a rule: those fill the next batch meanwhile."""
    store = WatchedStore()
    with _rig(store) as rig:
        assert _together(rig, store, "book/a", "write") == "committer"
        rig.settle()
        assert len(rig.state("book/a").words) == 40


def test_many_for_a_sink_are_committed_beside_the_engine_too() -> None:
    """No turn runs for them."""
    store = WatchedStore()
    with _rig(store) as rig:
        assert _together(rig, store, "shelf/a", "put") == "committer"


def test_half_of_what_may_be_under_way_is_committed_while_the_rest_comes() -> None:
    """All of it in one commit would leave nothing to come in, and nothing to run, until that is over."""
    store = WatchedStore()
    books = [f"book/{number}" for number in range(40)]
    with Rig([Book()], {}, store=store, settings=EngineSettings(ingress_messages=40)) as rig:
        rig.settle()
        store.states.clear()
        rig.hosted[OUTSIDE].send_all([Inbound(book, "write", {"text": "x"}) for book in books])
        rig.until(lambda: sum(store.states) == len(books))
        assert store.states[0] == len(books) // 2
        assert [rig.state(book).words for book in books] == [("x",)] * len(books)


def test_one_that_fails_there_is_tried_again_by_the_committer() -> None:
    """The engine goes on meanwhile, and nothing is done twice."""
    watched = WatchedStore()
    store = FrailStore(watched)
    with _rig(store) as rig:
        rig.settle()
        watched.threads.clear()
        store.to_come = ["fails", "fails"]
        receipt = rig.send("book/a", "write", {"text": "!x"})
        rig.until(lambda: rig.engine.store_fault)
        assert rig.look(lambda: rig.engine.rounds) > 0, "the engine is not held up"
        assert receipt.wait(PATIENCE_S)
        assert watched.threads[0] == "committer"
        rig.settle()
        assert (rig.state("book/a").words, rig.engine.store_fault) == (("!x",), "")
        assert [d.message.payload.text for d in rig.hosted["shelf/a"].take()] == ["x"]


def test_whoever_takes_an_answer_may_ask_the_engine() -> None:
    """Answers are given on the committer's thread: on the engine's own, that would wait for itself."""
    with _rig(WatchedStore()) as rig:
        rig.tell("book/a", "write", {"text": "x"})
        rig.settle()
        seen: list[int] = []

        def take(reply: Reply) -> None:
            seen.append(rig.engine.inspect(lambda: rig.engine.turns.total, timeout_s=PATIENCE_S) if reply.ok else -1)

        rig.hosted[OUTSIDE].ask("book/a", "read", on_reply=take)
        rig.until(lambda: seen)
        assert seen[0] > 0


def test_the_store_tidies_up_after_such_commits_too() -> None:
    """Though the committer had no batch to commit."""
    store = WatchedStore()
    with _rig(store) as rig:
        rig.settle()
        store.untidy = True
        rig.tell("book/a", "write", {"text": "x"})
        rig.until(lambda: not store.untidy)


def test_what_is_left_of_a_commit_is_done_though_nothing_more_comes() -> None:
    """On whichever thread it was made: the next message may come in an hour, and a kill before."""
    store = WatchedStore()
    with _rig(store) as rig:
        rig.tell("book/a", "write", {"text": "x"})
        rig.until(lambda: not store.unrested)
        assert _together(rig, store, "book/a", "write") == "committer"
        rig.until(lambda: not store.unrested)


def test_what_had_no_room_in_the_window_goes_out_though_nothing_comes() -> None:
    """What the sink has done makes room, whether that is noted in a quiet moment or in a round."""
    store = WatchedStore()
    with _rig(store) as rig:
        rig.settle()
        for number in range(3 * Shelf.window):
            rig.tell("book/a", "write", {"text": f"!{number}"})
        taken: list[str] = []
        while len(taken) < 3 * Shelf.window:
            for delivery in rig.until(rig.hosted["shelf/a"].take):
                taken.append(delivery.message.payload.text)
                delivery.done()
        assert taken == [str(number) for number in range(3 * Shelf.window)]


def test_what_a_sink_has_done_waits_for_company_on_its_way_to_the_disk() -> None:
    """A reading every half second would else take two commits each, which a card wears out by."""
    store, done = WatchedStore(), list[Delivery]()
    with _rig(store) as rig:

        def take() -> Sequence[Delivery]:
            done.extend(taken := rig.hosted["shelf/a"].take())
            return taken

        store.then = take
        rig.tell("book/a", "write", {"text": "!x"})
        rig.until(lambda: done)
        rig.settle()
        before = len(store.threads)
        rig.advance(0.5)
        assert len(store.threads) == before
        rig.advance(1.0)
        assert len(store.threads) == before + 1
