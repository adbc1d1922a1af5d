"""Callbacks run on the runtime's own thread, and may send: they never wait there for what only that thread can bring."""

import threading
from collections.abc import Callable

import pytest

from gateway.actors import Receipt, Refused, Reply
from gateway.actors.receipts import prompt
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import OUTSIDE, FrailStore, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf

AT_MOST = 4


def _rig() -> Rig:
    store = FrailStore(MemoryStore())
    return Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(ingress_messages=AT_MOST), by_hand=["shelf/a"])


def _fill(rig: Rig, on_commit: Callable[[Receipt], None] = lambda receipt: None) -> list[Receipt]:
    """As much under way as may be, and no commit that makes room."""
    rig.settle()
    rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
    receipts = [rig.send("book/a", "write", {"text": str(n)}, on_commit=on_commit) for n in range(AT_MOST)]
    rig.store.to_come = []  # type: ignore[attr-defined]
    return receipts


def test_what_an_on_commit_sends_does_not_wait_for_room() -> None:
    """While as much is under way as may be: it is taken beyond the bound, and is committed as all else is."""
    with _rig() as rig:
        sent: list[Receipt] = []

        def again(receipt: Receipt) -> None:
            del receipt
            sent.append(rig.send("book/b", "write", {"text": str(len(sent))}))

        assert all(receipt.wait(10) for receipt in _fill(rig, again))
        rig.until(lambda: len(sent) == AT_MOST)
        assert all(receipt.wait(10) for receipt in sent)
        rig.settle()
        assert rig.state("book/b").words == ("0", "1", "2", "3")
        assert rig.engine.ingress.held == 0


def test_what_an_on_reply_sends_does_not_wait_for_room() -> None:
    """Nor where sources wait for a sink that is slower than they."""
    with _rig() as rig:
        heard: list[Reply] = []

        def take(reply: Reply) -> None:
            heard.append(reply)
            rig.engine.ingress.crowd({"book/b": "shelf/a"})
            rig.send("book/b", "write", {"text": "from a callback"}, on_commit=lambda receipt: None)

        rig.hosted[OUTSIDE].ask("book/a", "read", on_reply=take)
        rig.until(lambda: heard)
        rig.until(lambda: rig.state("book/b").words == ("from a callback",))


def test_above_twice_the_bound_a_callback_is_refused_and_the_engine_goes_on() -> None:
    """One that answers each message with ten more would fill the memory."""
    with _rig() as rig:
        refused: list[str] = []

        def flood(receipt: Receipt) -> None:
            del receipt
            for _ in range(20):
                try:
                    rig.send("book/b", "write", {"text": "more"})
                except Refused as error:
                    refused.append(str(error))

        assert all(receipt.wait(10) for receipt in _fill(rig, flood))
        rig.until(lambda: refused)
        assert refused[0] == (
            f"cannot take write to book/b: {2 * AT_MOST} messages ({2 * AT_MOST * 256} bytes) are under way, and a callback cannot wait;"
            " send it again later"
        )
        rig.settle()
        rig.tell("book/a", "write", {"text": "on"})


def test_a_callback_cannot_wait_for_a_commit() -> None:
    """It runs on the thread that would have to make it: it is told so, and the engine goes on."""
    with _rig() as rig:
        said: list[str] = []

        def wait(receipt: Receipt) -> None:
            assert receipt.wait(0)  # this one has been made
            with pytest.raises(Refused) as caught:
                rig.send("book/b", "write", {"text": "x"}).wait(10)
            said.append(str(caught.value))

        rig.send("book/a", "write", {"text": "x"}, on_commit=wait)
        rig.until(lambda: said)
        assert said == ["cannot wait for the commit of write to book/b in a callback; have on_commit tell you"]
        rig.tell("book/b", "write", {"text": "y"})
        assert rig.state("book/b").words == ("x", "y")


def test_what_observes_turns_may_send_too() -> None:
    """It is called on the engine's thread."""
    with _rig() as rig:
        rig.settle()
        sent: list[Receipt] = []
        observe = lambda turned: sent.append(rig.send("shelf/a", "put", {"text": str(len(turned))}))  # noqa: E731
        rig.engine.watch(observe)
        for receipt in _fill(rig):
            receipt.wait(10)
        rig.until(lambda: sent)
        rig.engine.unwatch(observe)
        assert sent[0].wait(10)


@pytest.mark.parametrize("prompted", [False, True])
def test_only_a_prompt_callback_runs_on_the_engine(prompted: bool) -> None:
    """Where its message came alone, so that the engine made the commit itself."""
    with _rig() as rig:
        rig.settle()
        on: list[str] = []

        def note(receipt: Receipt) -> None:
            del receipt
            on.append(threading.current_thread().name)

        rig.tell("book/a", "write", {"text": "x"}, on_commit=prompt(note) if prompted else note)
        rig.until(lambda: on)
        assert on == ["engine" if prompted else "committer"]


@pytest.mark.parametrize("kind", ["on_commit", "on_reply"])
def test_one_that_blocks_holds_up_no_turn_and_is_named(kind: str) -> None:
    """Commits wait for it, and whoever looks why is told whose it is."""
    with _rig() as rig:
        rig.settle()
        go, begun = threading.Event(), threading.Event()

        def block(_: object) -> None:
            begun.set()
            go.wait(PATIENCE_S)

        try:
            if kind == "on_commit":
                rig.send("book/a", "write", {"text": "x"}, on_commit=block)
                named = "the on_commit that outside/test gave for write to book/a"
            else:
                named = f"the on_reply of the ask {rig.hosted[OUTSIDE].ask('book/a', 'read', on_reply=block) and ''}"
            assert begun.wait(PATIENCE_S)
            rig.send("book/b", "write", {"text": "y"})
            rig.until(lambda: rig.state("book/b").words == ("y",))
            assert rig.engine.callback_at.startswith(named)
        finally:
            go.set()
        rig.settle()
        rig.until(lambda: not rig.engine.callback_at)


def test_a_prompt_one_that_blocks_all_the_same_is_named() -> None:
    """It runs on the engine's thread, and holds that up: whoever looks why is told whose it is."""
    with _rig() as rig:
        rig.settle()
        go, begun = threading.Event(), threading.Event()

        @prompt
        def block(_: object) -> None:
            begun.set()
            go.wait(PATIENCE_S)

        try:
            rig.send("book/a", "write", {"text": "x"}, on_commit=block)
            assert begun.wait(PATIENCE_S)
            assert rig.engine.callback_at.startswith("the on_commit that outside/test gave for write to book/a")
        finally:
            go.set()
        rig.settle()
        rig.until(lambda: not rig.engine.callback_at)
