"""Left behind: what has come and gone is freed at once. A cycle of references, or a name that a thread still has for it, would keep whole
batches in memory until the collector comes by."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway.actors import GatewayError, Inbound, Message, Receipt
from gateway.runtime.mail import decode, encode
from gateway.testing import OUTSIDE, Rig
from tests.runtime.actors import Book, Shelf, Word

_MANY = 40


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """The collector does not run: what a test sees gone went by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class _Told:
    """A source's own callback, of which it can be seen whether anything still has it."""

    prompt = True

    def __call__(self, receipt: Receipt) -> None:
        """Take note of nothing."""


def _many(on_commit: _Told, *, to: str = "book/a", text: object = "x") -> list[Inbound]:
    return [Inbound(to, "write", {"text": text}, on_commit=on_commit) for _ in range(_MANY)]


@pytest.mark.parametrize(("to", "text"), [("book/a", "x"), ("nobody/a", "x"), ("book/a", 5)])
def test_those_that_were_refused(to: str, text: object) -> None:
    """An error that is kept as a value has no traceback: that has the frames it went through, and all that came together with it."""
    with Rig([Book()]) as rig:
        rig.engine.ingress.shut("it is full")
        told = _Told()
        gone = weakref.ref(told)
        refusals = rig.hosted[OUTSIDE].send_all(_many(told, to=to, text=text), wait=False)
        assert all(isinstance(refusal.error, GatewayError) for refusal in refusals)
        assert refusals
        del told, refusals
        assert gone() is None
        rig.engine.ingress.open()


def test_those_that_were_committed() -> None:
    """Idle or not, no thread of the runtime has a name for a batch that is done."""
    with Rig([Book()], {"shelf/a": Shelf}) as rig:
        told = _Told()
        gone = weakref.ref(told)
        rig.hosted[OUTSIDE].send_all(_many(told))
        del told
        rig.settle()
        rig.until(lambda: gone() is None)


def test_what_is_read_back_shares_its_names() -> None:
    """A thousand messages from one actor to another have the ids of both once, from the disk as from memory."""
    with Rig([Book()]) as rig:
        blobs = [encode(Message(id, "book/a", "write", Word(text="x"), "serial/a")) for id in ("1", "2")]
        one, two = (decode(blob, rig.engine.directory.find_row) for blob in blobs)
    assert one.to is two.to
    assert one.verb is two.verb
    assert one.sender is two.sender
