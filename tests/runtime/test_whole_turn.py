"""A turn is whole: whatever a handler leaves, or raises, nobody but its own message pays for it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway.actors import (
    Actor,
    Copy,
    Delivery,
    Event,
    EventSourced,
    Gathered,
    HostBound,
    Payload,
    Reply,
    Request,
    Settings,
    Stage,
    Standing,
    State,
    verb,
)
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig


class Word(Payload):
    """What is to be done."""

    text: str = ""


class Parcel(Payload):
    """Anything at all."""

    content: Any = None


class Depot(State):
    """What it has taken."""

    words: tuple[str, ...] = ()
    content: Any = None
    lines: list[str] = []
    counts: dict[str, int] = {}


def deep() -> Any:
    """Deeper than anything can be written."""
    found: Any = 1
    for _ in range(300):
        found = [found]
    return found


def cycle() -> Any:
    """A list in itself."""
    found: list[Any] = []
    found.append(found)
    return found


BAD: dict[str, Callable[[], Any]] = {
    "object": object,
    "deep": deep,
    "cycle": cycle,
    "surrogate": lambda: "\udcff",
    "nan": lambda: {"t": float("nan")},
    "digits": lambda: 10**5000,
}


class Unsayable(Exception):
    """An error that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Porter(Actor[Depot]):
    """Does what a word says; the second part is what kind of thing it does it with."""

    attempts = 2
    retry_s = 0.5

    @verb
    def work(self, word: Word, stage: Stage[Depot]) -> None:
        """`how what`."""
        how, _, what = word.text.partition(" ")
        bad = BAD[what]() if what in BAD else what
        match how:
            case "state":
                stage.state = stage.state.changed(content=bad)
            case "tell":
                stage.tell("porter/other", "take", Parcel(content=bad))
            case "tell_dict":
                stage.tell("porter/other", "take", {"content": bad})
            case "after":
                stage.after(1, "take", Parcel(content=bad))
            case "gather":
                stage.gather([Request("porter/other", "take", Parcel(content=bad))], then="gathered", within_s=5)
            case "reply":
                stage.reply({"content": bad})
            case "raise" | "unsayable" | "exit":
                self._raise(how, bad)
            case "expires":
                stage.tell("porter/other", "take", Parcel(content=1), expires_ms=what)  # type: ignore[arg-type]  # the fault
            case "append":
                stage.state.lines.append(what)
                raise RuntimeError("after all not")
            case "count":
                stage.state.counts[what] = 1
            case _:
                stage.state = stage.state.changed(words=(*stage.state.words, word.text))

    def _raise(self, how: str, text: Any) -> None:
        if how == "exit":
            sys.exit(3)
        raise Unsayable if how == "unsayable" else RuntimeError(text)

    @verb
    def take(self, parcel: Parcel, stage: Stage[Depot]) -> None:
        """Take it."""
        stage.state = stage.state.changed(content=parcel.content)

    @verb
    def gathered(self, gathered: Gathered, stage: Stage[Depot]) -> None:
        """It has come."""

    @verb
    def child(self, word: Word, stage: Stage[Depot]) -> None:
        """Tell a child something, and end it or itself; or end it, and tell it something."""
        child = stage.child("porter", "young")
        match word.text:
            case "tell, stop child":
                stage.tell(child, "work", Word(text="hello"))
                stage.stop_child(child)
            case "stop child, tell":
                stage.stop_child(child)
                stage.tell(child, "work", Word(text="hello"))
            case "tell, stop":
                stage.tell(child, "work", Word(text="hello"))
                stage.stop()
            case "tell":
                stage.tell(child, "work", Word(text="hello"))


class Kept(Event):
    """Something was kept."""

    what: Any = None


class Ledger(EventSourced[Depot]):
    """Keeps what it is told."""

    events = (Kept,)
    attempts = 2

    def fold(self, state: Depot, event: Event) -> Depot:
        """Keep it."""
        assert isinstance(event, Kept)
        return state.changed(words=(*state.words, "kept"))

    @verb
    def keep(self, word: Word, stage: Stage[Depot]) -> None:
        """Keep a thing of that kind."""
        stage.record(Kept(what=BAD[word.text]() if word.text in BAD else word.text))


class Door(HostBound):
    """Hands on what it is told, from its own thread."""

    faults: ClassVar[list[Exception]] = []

    def __init__(self, key: str, settings: Settings) -> None:
        pass

    @verb
    def bring(self, word: Word, delivery: Delivery) -> None:
        """Send a thing of that kind."""
        try:
            self.host.send("porter/other", "take", Parcel(content=BAD[word.text]()))
        except Exception as error:  # noqa: BLE001  # the test looks at it
            self.faults.append(error)


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Porters, ledgers and a door, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    Door.faults = []
    with Rig([Porter(), Ledger(), Watcher()], {"door/front": Door}, store=store) as made:
        yield made
    store.close()


def letters(rig: Rig) -> list[tuple[str, str]]:
    """Whose messages nobody could take, and why."""
    return [(row.box, row.reason) for row in rig.store.dead(0, 99)]


def all_is_well(rig: Rig, known: str = "porter/one") -> None:
    """The engine lives, and the actor goes on, in this life and in the next."""
    rig.tell(known, "work", Word(text="fine"))
    rig.restart()
    assert rig.state(known).words[-1] == "fine"
    assert rig.faults == []


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("how", ["state", "tell", "tell_dict", "after", "gather"])
def test_what_cannot_be_stored_fails_its_own_turn(rig: Rig, how: str, what: str) -> None:
    """It is a dead letter after its attempts, and ends nothing: also where sender and receiver share a batch."""
    rig.tell("porter/one", "work", Word(text=f"{how} {what}"))
    rig.advance(2)
    [(box, reason)] = letters(rig)
    assert box == "porter/one"
    assert reason.startswith(("BadPayload: cannot ", "ValidationError: content: "))
    assert rig.state("porter/other").content is None
    all_is_well(rig)


@pytest.mark.parametrize("what", BAD)
def test_an_event_that_cannot_be_stored_is_not_recorded(rig: Rig, what: str) -> None:
    """Nor is it folded."""
    rig.tell("ledger/one", "keep", Word(text="a parcel"))
    rig.tell("ledger/one", "keep", Word(text=what))
    rig.advance(2)
    assert [box for box, _ in letters(rig)] == ["ledger/one"]
    rig.tell("ledger/one", "keep", Word(text="another"))
    rig.restart()
    assert rig.state("ledger/one").words == ("kept", "kept")


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_stored_is_refused_where_a_device_sends_it(rig: Rig, what: str) -> None:
    """On the device's own thread."""
    rig.tell("door/front", "bring", Word(text=what))
    rig.until(lambda: Door.faults)
    assert type(Door.faults[0]).__name__ in {"BadPayload", "ValidationError"}
    all_is_well(rig)


@pytest.mark.parametrize("what", BAD)
def test_an_answer_that_cannot_be_sent_is_a_no(rig: Rig, what: str) -> None:
    """Whoever asked hears why."""
    answers: list[Reply] = []
    rig.hosted["outside/test"].ask("porter/one", "work", Word(text=f"reply {what}"), on_reply=answers.append)
    rig.advance(2)
    rig.until(lambda: answers)
    assert not answers[0].ok
    assert answers[0].reason.startswith(("BadPayload: cannot ", "ValidationError: "))
    all_is_well(rig)


@pytest.mark.parametrize("word", ["raise surrogate", "unsayable", "exit", "expires soon", "expires -1"])
def test_whatever_a_handler_raises_is_its_own_fault(rig: Rig, word: str) -> None:
    """An error whose text is no Unicode, or cannot be said; the end of the process; a time that is none."""
    rig.tell("porter/one", "work", Word(text=word))
    rig.advance(2)
    [(box, reason)] = letters(rig)
    assert box == "porter/one"
    reason.encode()
    all_is_well(rig)


def test_what_is_changed_in_place_is_an_error_at_once(rig: Rig) -> None:
    """It neither outlives a turn that raised nor is seen until the actor leaves memory."""
    rig.tell("porter/one", "work", Word(text="fine"))
    for word in ("append x", "count y"):
        rig.tell("porter/one", "work", Word(text=word))
        rig.advance(2)
    state = rig.state("porter/one")
    assert (state.lines, state.counts) == ([], {})
    assert [reason for _, reason in letters(rig)] == [
        "TypeError: cannot change a list of a model in place: models are frozen; make a copy with the change, and `changed(…)` with it",
        "TypeError: cannot change a dict of a model in place: models are frozen; make a copy with the change, and `changed(…)` with it",
    ]
    all_is_well(rig)


def test_a_child_that_was_told_something_and_ended_stays_ended(rig: Rig) -> None:
    """In the order of the turn: what came before its end revives it not, what comes behind begins a new life."""
    young = "porter/one/porter/young"
    rig.tell("porter/one", "child", Word(text="tell, stop child"))
    rig.settle()
    assert letters(rig) == [(young, "porter/one has stopped it")]
    assert rig.store.load(young) is None
    rig.tell("porter/one", "child", Word(text="tell"))
    rig.tell("porter/one", "child", Word(text="stop child, tell"))
    assert rig.state(young).words == ("hello",)


def test_a_child_of_an_actor_that_ends_is_no_orphan(rig: Rig) -> None:
    """What its parent told it in its last turn is a dead letter."""
    young = "porter/one/porter/young"
    rig.tell("porter/one", "work", Word(text="fine"))
    rig.tell("porter/one", "child", Word(text="tell, stop"))
    rig.settle()
    assert letters(rig) == [(young, f"porter/one has ended, and {young} with it")]
    assert rig.store.actors("", "", 9) == []
    rig.restart()
    assert rig.store.actors("", "", 9) == []


class Watching(State):
    """How often it was told."""

    told: int = 0


class Watcher(Actor[Watching]):
    """Keeps the words of a porter, and fails when they come."""

    attempts = 2
    copies: ClassVar[dict[str, Copy]] = {"porter": Copy("porter", "words")}

    @verb
    def begin(self, stage: Stage[Watching]) -> None:
        """Watch."""
        stage.keep_copy("porter", "porter/one")

    def copied(self, name: str, stage: Stage[Watching]) -> None:
        """It comes."""
        copy = stage.copy(name)
        if copy is not None and copy.values["words"]:
            raise RuntimeError("I do not like it")


def test_a_copy_that_came_is_kept_whatever_its_hook_says(rig: Rig) -> None:
    """What calls itself current is."""
    rig.tell("watcher/one", "begin")
    rig.tell("porter/one", "work", Word(text="fine"))
    rig.advance(5)
    copy = rig.look(lambda: rig.engine.room.activation.cell("watcher/one")).ties.copies["porter"]
    assert (copy.standing, copy.values) == (Standing.CURRENT, {"words": ["fine"]})
    rig.restart()
    copy = rig.look(lambda: rig.engine.room.activation.cell("watcher/one")).ties.copies["porter"]
    assert copy.values == {"words": ["fine"]}
