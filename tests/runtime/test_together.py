"""Together: what a source hands over in one piece fares as if each message had been sent by itself."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.actors import GatewayError, Inbound, Payload, Receipt, Refusal
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import OUTSIDE, FrailStore, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf

AT_MOST = 4
BYTES_AT_MOST = 2000


@contextmanager
def _rig(**bounds: int) -> Iterator[Rig]:
    store = FrailStore(MemoryStore())
    bounds = {"ingress_messages": AT_MOST, "ingress_bytes": BYTES_AT_MOST, **bounds}
    with Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(**bounds), by_hand=["shelf/a"]) as rig:  # type: ignore[arg-type]
        rig.settle()
        yield rig


class Line(NamedTuple):
    """One message of a program: which book, what the line says, and what may be wrong with it."""

    book: str
    verb: str
    payload: object
    id: str
    content: bytes
    scope: str
    again: bool
    reply_to: str
    size: int
    told: bool


LINES = st.builds(
    Line,
    book=st.sampled_from(["book/a", "book/a", "book/b", "shelf/a", "book", "nobody/home"]),
    verb=st.sampled_from(["write", "write", "write", "put", "wirte"]),
    payload=st.sampled_from([{"text": "x"}, b'{"text":"y"}', '{"text":"z"}', {"text": 1}, b"{", b'{"text":"x","text":"y"}', None]),
    id=st.sampled_from(["", "", "1", "2", "a\nb"]),
    content=st.sampled_from([b"", b"one", b"two"]),
    scope=st.sampled_from(["", "s"]),
    again=st.booleans(),
    reply_to=st.sampled_from(["", "", "book/b", "nobody/home"]),
    size=st.sampled_from([100, 256, 900, BYTES_AT_MOST, BYTES_AT_MOST + 1]),
    told=st.booleans(),
)


class Came(NamedTuple):
    """What came of a program."""

    refused: list[tuple[int, str, str]]
    told: list[tuple[int, bool]]
    """The places of the commits that were told, in order, and whether each was a repeat."""
    words: list[tuple[str, ...]]
    put: list[str]
    seen: list[tuple[str, int, str]]


def _run(lines: Sequence[Line], bring: Callable[[Rig, list[Inbound]], list[Refusal]]) -> Came:
    with _rig() as rig:
        told: list[tuple[int, bool]] = []
        held: list[int] = []

        def on_commit(place: int) -> Callable[[Receipt], None]:
            def tell(receipt: Receipt) -> None:
                held.append(rig.engine.ingress.held)
                told.append((place, receipt.duplicate))

            return tell

        refused = bring(
            rig,
            [
                Inbound(
                    line.book,
                    line.verb,
                    line.payload,  # type: ignore[arg-type]
                    line.id,
                    line.content,
                    line.scope,
                    line.again,
                    line.reply_to,
                    size=line.size,
                    on_commit=on_commit(place) if line.told else None,
                )
                for place, line in enumerate(lines)
            ],
        )
        rig.settle()
        assert max(held, default=0) <= AT_MOST
        assert rig.engine.ingress.held == 0
        assert rig.engine.ingress._held_bytes == 0
        return Came(
            [(place, type(error).__name__, str(error)) for place, error in refused],
            told,
            [rig.state(f"book/{key}").words for key in "ab"],
            [delivery.message.payload.text for delivery in rig.hosted["shelf/a"].take()],  # type: ignore[attr-defined]
            [(row.source, row.n, row.id) for row in rig.store.seen()],
        )


def _one_by_one(rig: Rig, messages: list[Inbound]) -> list[Refusal]:
    refused = []
    for place, message in enumerate(messages):
        options = message._asdict()
        try:
            rig.hosted[OUTSIDE].send(options.pop("to"), options.pop("verb"), options.pop("payload"), **options)
        except GatewayError as error:
            refused.append(Refusal(place, error))
    return refused


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(st.integers(1, 8), max_size=4))
def test_they_fare_as_if_each_had_been_sent_by_itself(lines: list[Line], cuts: list[int]) -> None:
    """The same words in the same order, the same repeats, refusals in the same words, and never more under way than may be."""

    def in_pieces(rig: Rig, messages: list[Inbound]) -> list[Refusal]:
        refused, at = [], 0
        for cut in [*cuts, len(messages)]:
            refused += [Refusal(at + place, error) for place, error in rig.hosted[OUTSIDE].send_all(messages[at : at + cut])]
            at += cut
        return refused

    assert _run(lines, in_pieces) == _run(lines, _one_by_one)


def _words(*texts: str, **options: object) -> list[Inbound]:
    return [Inbound("book/a", "write", {"text": text}, **options) for text in texts]  # type: ignore[arg-type]


def test_what_finds_room_goes_in_and_the_rest_is_refused_where_it_cannot_wait() -> None:
    """In the words of `send`."""
    with _rig(ingress_messages=3) as rig:
        rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
        refused = rig.hosted[OUTSIDE].send_all(_words("0", "1", "2", "3", "4"), wait=False)
        why = "cannot take write to book/a: 3 messages (768 bytes) are under way; send it again later"
        assert [(refusal.place, str(refusal.error)) for refusal in refused] == [(3, why)], "and none behind it is taken"
        rig.store.to_come = []  # type: ignore[attr-defined]
        rig.settle()
        assert rig.state("book/a").words == ("0", "1", "2")


def test_more_than_there_is_room_for_goes_in_piece_by_piece() -> None:
    """It blocks meanwhile, as the bound stands, and is named as held; nothing is lost, and the order is kept."""
    with _rig(ingress_messages=3) as rig:
        rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
        texts = [str(n) for n in range(50)]
        thread = threading.Thread(target=lambda: rig.hosted[OUTSIDE].send_all(_words(*texts)))
        thread.start()
        rig.until(lambda: rig.engine.ingress.waiting)
        assert rig.engine.ingress.held == 3
        assert [hold.who for hold in rig.engine.ingress.held_sources.now()] == [OUTSIDE]
        rig.store.to_come = []  # type: ignore[attr-defined]
        thread.join(PATIENCE_S)
        rig.settle()
        assert rig.state("book/a").words == tuple(texts)


def test_one_for_a_full_mailbox_holds_those_behind_it_and_not_those_before() -> None:
    """Order is order: a source waits for the first that must wait."""
    with _rig(mailbox_messages=1) as rig:
        rig.tell("shelf/a", "put")
        rig.until(lambda: rig.engine.room.fullness.full)
        messages = [*_words("before"), Inbound("shelf/a", "put", {"text": "x"}), *_words("behind")]
        thread = threading.Thread(target=lambda: rig.hosted[OUTSIDE].send_all(messages))
        thread.start()
        rig.until(lambda: rig.engine.ingress.waiting)
        rig.settle()
        assert rig.state("book/a").words == ("before",)
        rig.until(rig.hosted["shelf/a"].take)[0].done()
        thread.join(PATIENCE_S)
        rig.settle()
        assert rig.state("book/a").words == ("before", "behind")


def test_without_waiting_none_overtakes_one_that_found_no_room() -> None:
    """Though there would be room for it: whoever offers them again keeps their order."""
    with _rig(mailbox_messages=1) as rig:
        rig.tell("shelf/a", "put")
        rig.until(lambda: rig.engine.room.fullness.full)
        messages = [*_words("before"), Inbound("shelf/a", "put", {"text": "x"}), *_words("behind")]
        assert [refusal.place for refusal in rig.hosted[OUTSIDE].send_all(messages, wait=False)] == [1]
        rig.settle()
        assert rig.state("book/a").words == ("before",)


class Fussy(Payload):
    """Its author raises what a validator must not raise."""

    text: str = ""

    def model_post_init(self, context: object) -> None:
        if self.text == "bad":
            raise RuntimeError("the author did not think of this")


class FussyBook(Book):
    """Takes it."""

    kind = "fussy"


def test_a_fault_of_a_model_refuses_its_own_message_and_no_other() -> None:
    """Raised in a connection's thread it would end the connection, and a broker would bring that message again at the next."""
    fussy = FussyBook()
    fussy.verbs = {**fussy.verbs, "write": fussy.verbs["write"]._replace(payload=Fussy)}  # type: ignore[misc]
    with Rig([fussy], {}) as rig:
        messages = [Inbound("fussy/a", "write", {"text": text}) for text in ("one", "two", "bad", "four")]
        refused = rig.hosted[OUTSIDE].send_all(messages)
        said = "cannot read the payload of write to fussy/a: Fussy raised RuntimeError: the author did not think of this"
        assert [(refusal.place, str(refusal.error)) for refusal in refused] == [(2, said)]
        rig.settle()
        assert rig.state("fussy/a").words == ("one", "two", "four")
