"""Collections: whatever order the mail of collection and pages is handled in, each key has one history."""

import random
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.actors import Actor, BadPayload, Message, Payload, Reply, Stage, State
from gateway.actors.collection import Collection, Entry, Key, Listing, Page
from gateway.actors.collection.page import FIRST
from gateway.actors.ids import kind_of
from gateway.actors.supervision import Decision, Fault
from gateway.testing import Turns
from gateway.testing.turns import TestWorld

TRIPS = "collection/trips"
KEYS = st.text(st.sampled_from("ab/ é\uffff😀"), min_size=1, max_size=3)


class SmallPage(Page):
    """Splits early."""

    kind = "collection_page"
    most = 3


class Office:
    """Brings mail to a collection and its pages, and lets chance decide whose turn it is."""

    def __init__(self, chance: int = 0) -> None:
        self.kinds: dict[str, Actor[Any]] = {kind.kind: kind for kind in (Collection(), SmallPage())}
        self.world = TestWorld({name: kind.verbs for name, kind in self.kinds.items()})
        self.chance = random.Random(chance)
        self.boxes: dict[str, deque[Message]] = {}
        self.states: dict[str, State] = {}
        self.replies: dict[str, Reply] = {}
        self.turns: dict[str, int] = {}
        self.slow = ""
        """Who gets no turn while others have mail."""

    def send(self, verb: str, payload: Payload | None = None, **more: Any) -> str:
        """Ask the collection; the id of the question."""
        row = self.world.find_verb(TRIPS, verb)
        message = Message(self.world.new_id(), TRIPS, verb, payload or row.payload(), reply_to="test/asker", **more)
        self.deliver(message)
        return message.id

    def ask(self, verb: str, payload: Payload | None = None) -> Any:
        """Ask the collection, let all mail be handled, and give the answer."""
        question = self.send(verb, payload)
        while self.turn():
            pass
        return self.replies[question].body

    def deliver(self, message: Message) -> None:
        if isinstance(message.payload, Reply):
            assert message.payload.of not in self.replies
            self.replies[message.payload.of] = message.payload
        else:
            self.boxes.setdefault(message.to, deque()).append(message)

    def turn(self) -> bool:
        """One turn of any of the actors that have mail; false when none has."""
        waiting = [id for id, box in self.boxes.items() if box]
        if not waiting:
            return False
        if self.chance.random() < 0.05:
            self.slow = self.chance.choice(waiting)
        me = self.chance.choice([id for id in waiting if id != self.slow] or waiting)
        message, kind = self.boxes[me].popleft(), self.kinds[kind_of(me)]
        stage: Stage[Any] = Stage(self.world, me, self.states.get(me, kind.state_model()), message, now_ms=1_000, clock_ms=1_000)
        kind.verbs[message.verb].run(kind, message.payload, stage)
        self.states[me] = type(stage.state).model_validate_json(stage.state.to_json(), strict=True)
        self.turns[me] = self.turns.get(me, 0) + 1
        for sent in stage.mail:
            self.deliver(sent._replace(payload=type(sent.payload).model_validate_json(sent.payload.to_json(), strict=True)))
        return True

    def listed(self, **listing: Any) -> list[str]:
        """The keys of one list."""
        return [entry["key"] for entry in self.ask("list", Listing(**listing))["entries"]]


def expected(known: dict[str, str], verb: str, key: str, value: str) -> dict[str, Any]:
    """What a dict answers."""
    before = known.get(key)
    match verb:
        case "add":
            known.setdefault(key, value)
            return {"key": key, "added": before is None, "value": known[key], "note": None}
        case "put":
            known[key] = value
            return {"key": key, "new": before is None, "before": before or ""}
        case "find":
            return {"key": key, "found": before is not None, "value": before or "", "note": None}
        case _:
            known.pop(key, None)
            return {"key": key, "removed": before is not None, "value": before or ""}


def question(verb: str, key: str, value: str) -> Payload:
    return Entry(key=key, value=value) if verb in ("add", "put") else Key(key=key)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(["add", "add", "put", "find", "remove"]), KEYS), max_size=60),
    st.integers(0, 2**32),
    st.sampled_from([0, 1, 3, 1000]),
)
def test_it_answers_as_a_dict_does(asked: list[tuple[str, str]], chance: int, pace: int) -> None:
    """Asked without waiting for answers, while pages split, each key is added to, found and removed in the order of asking."""
    office, known, wanted = Office(chance), dict[str, str](), dict[str, dict[str, Any]]()
    for number, (verb, key) in enumerate(asked):
        value = f"trip/{number}"
        wanted[office.send(verb, question(verb, key, value))] = expected(known, verb, key, value)
        for _ in range(pace):
            office.turn()
    counted, listed = office.send("count"), office.send("list", Listing(limit=200))
    assert office.ask("count") == {"count": len(known)}
    assert office.replies[counted].body == {"count": len(known)}, "what was asked before it is still on its way"
    assert [entry["key"] for entry in office.replies[listed].body["entries"]] == sorted(known)  # type: ignore[index,call-overload]
    assert {of: office.replies[of].body for of in wanted} == wanted
    for prefix in ("a", "/", "\uffff", "😀b"):
        assert office.listed(prefix=prefix, limit=200) == sorted(key for key in known if key.startswith(prefix))


@pytest.mark.parametrize("chance", range(25))
def test_nothing_is_overtaken_on_a_way_that_got_shorter(chance: int) -> None:
    """What went round by the neighbours of a page that has split is done before what goes straight to the new page."""
    office, known, wanted = Office(chance), dict[str, str](), dict[str, dict[str, Any]]()
    for number in range(300):
        verb, key = office.chance.choice(["put", "put", "add", "find", "remove"]), f"k{number // 5 + office.chance.randrange(8):03}"
        wanted[office.send(verb, question(verb, key, f"trip/{number}"))] = expected(known, verb, key, f"trip/{number}")
        for _ in range(office.chance.randrange(9)):
            office.turn()
    office.ask("count")
    assert {of: office.replies[of].body for of in wanted} == wanted


@given(st.sets(KEYS, max_size=40), st.integers(1, 7), st.sampled_from(["", "a", "😀"]), KEYS)
@settings(max_examples=60)
def test_lists_go_on_where_the_last_one_ended(keys: set[str], limit: int, prefix: str, after: str) -> None:
    """List by list, each `after` the last key before, every key comes once and in order; `more` is false at the last one."""
    office = Office()
    for key in keys:
        office.send("add", Entry(key=key, value="x"))
    found: list[str] = []
    while True:
        answer = office.ask("list", Listing(prefix=prefix, after=found[-1] if found else after, limit=limit))
        found += [entry["key"] for entry in answer["entries"]]
        assert len(answer["entries"]) <= limit
        if not answer["more"]:
            break
        assert len(answer["entries"]) == limit
    assert found == sorted(key for key in keys if key.startswith(prefix) and key > after)


@pytest.mark.parametrize("chance", range(30))
def test_of_two_adds_one_wins(chance: int) -> None:
    """Two that race to add one key get the same value for an answer, and one of them that it was added."""
    office = Office(chance)
    for number in range(8):
        office.send("add", Entry(key=f"k{number}", value="x"))
    for _ in range(office.chance.randrange(20)):
        office.turn()
    one, other = office.send("add", Entry(key="k55", value="trip/a", note={"by": 1})), office.send("add", Entry(key="k55", value="trip/b"))
    office.ask("count")
    bodies = [office.replies[one].body, office.replies[other].body]
    assert bodies == [
        {"key": "k55", "added": True, "value": "trip/a", "note": {"by": 1}},
        {"key": "k55", "added": False, "value": "trip/a", "note": {"by": 1}},
    ]


def test_rising_keys_fill_their_pages() -> None:
    """Keys that only rise leave full pages behind them, and not half-empty ones."""
    office = Office()
    for number in range(30):
        office.ask("add", Entry(key=f"{number:02}", value="x"))
    pages = [state for id, state in office.states.items() if "/collection_page/" in id]
    assert [len(page.values) for page in pages] == [3] * 10  # type: ignore[attr-defined]  # they are PageStates


def test_a_find_takes_two_turns() -> None:
    """A find is one turn of the collection and one of the page that has the key, however many pages there are."""
    office = Office()
    for number in range(40):
        office.ask("add", Entry(key=f"{number:02}", value=f"trip/{number}"))
    office.turns.clear()
    assert office.ask("find", Key(key="23"))["value"] == "trip/23"
    assert sorted(office.turns.values()) == [1, 1]


def test_notes() -> None:
    """A note is kept with its entry, given by find and list, replaced by put and gone with the entry."""
    office = Office()
    for key in "abcde":
        office.ask("add", Entry(key=key, value="x", note=[key, {"n": 1.5}]))
    assert office.ask("find", Key(key="e"))["note"] == ["e", {"n": 1.5}]
    assert office.ask("list", Listing(prefix="b"))["entries"] == [{"key": "b", "value": "x", "note": ["b", {"n": 1.5}]}]
    office.ask("put", Entry(key="b", value="y"))
    assert office.ask("find", Key(key="b")) == {"key": "b", "found": True, "value": "y", "note": None}
    office.ask("remove", Key(key="c"))
    office.ask("add", Entry(key="c", value="z"))
    assert office.ask("find", Key(key="c"))["note"] is None


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"key": "", "value": "x"}, "key: expected 1 or more characters"),
        ({"key": "k" * 257, "value": "x"}, "key: expected 256 or fewer characters"),
        ({"key": "k", "value": "x" * 1025}, "value: expected 1024 or fewer characters"),
        ({"key": "k", "value": "x", "note": float("nan")}, "note: a number must be finite, and this is nan"),
        (
            {"key": "k", "value": "x", "note": "n" * 1023},
            "note: cannot keep a note of more than 1024 characters of JSON; keep it in the actor's state",
        ),
    ],
)
def test_what_is_too_much_is_refused(payload: dict[str, Any], error: str) -> None:
    """Keys, values and notes have limits, which the error names."""
    turns = Turns(Collection(), me=TRIPS, reachable={"collection_page": Page.verbs})
    with pytest.raises(BadPayload) as raised:
        turns.tell("add", payload)
    assert str(raised.value) == f"cannot read the payload of add to {TRIPS}: {error}"


def test_an_errand_carries_the_question() -> None:
    """The page answers whoever asked the collection, about the message that was sent to the collection, and heeds when it expires."""
    turns = Turns(Collection(), me=TRIPS, reachable={"collection_page": Page.verbs})
    turns.tell("find", Key(key="k"), reply_to="cart/7", id="m1")
    [sent] = turns.mail
    assert (sent.to, sent.reply_to, sent.payload.of, sent.payload.asker) == (f"{TRIPS}/collection_page/{FIRST}", "cart/7", "m1", "cart/7")  # type: ignore[attr-defined]
    office = Office()
    late = office.send("find", Key(key="k"), expires_ms=77)
    office.turn()
    assert [message.expires_ms for message in office.boxes[f"{TRIPS}/collection_page/{FIRST}"]] == [77]
    assert late not in office.replies


def test_a_page_that_has_not_begun_answers_nothing_wrong() -> None:
    """A page whose first message was lost refuses, and does not say that there is no entry."""
    page = Turns(Page(), me=f"{TRIPS}/collection_page/p7", reachable={"collection": Collection.verbs})
    page.tell("run", {"do": "find", "key": "k", "of": "m1", "asker": "cart/7"})
    reason = f"cannot find 'k': {TRIPS}/collection_page/p7 has not begun; see its dead letters"
    assert page.replies == [Reply(of="m1", ok=False, reason=reason)]


def test_what_becomes_of_a_page_that_fails() -> None:
    """Mail behind what a page has failed to begin or join with waits; any other message that fails is skipped, and the rest goes on."""
    page, state = Page(), Page.state_model()
    fault = Fault(actor=f"{TRIPS}/collection_page/p7", verb="run", reason="it said so", attempts=4, message="m1")
    verbs = ("begin", "join", "run")
    assert [page.failed(fault.changed(verb=verb), state) for verb in verbs] == [Decision.PAUSE, Decision.PAUSE, Decision.SKIP]  # type: ignore[arg-type]


@pytest.mark.parametrize("jump_ms", [180_000, -180_000])
def test_what_a_page_holds_expires_by_no_step_of_the_wall_clock(jump_ms: int) -> None:
    """Two errands come straight before the page has joined; a minute is left for each, and the second comes too late."""
    me = f"{TRIPS}/collection_page/p7"
    page = Turns(Page(), me=me, reachable={"collection": Collection.verbs})
    page.state, page.born = page.state.changed(begun=True, low="a"), True
    errand = {"do": "find", "key": "k", "asker": "cart/7", "expires_ms": page.now_ms + 60_000}
    page.tell("run", {**errand, "of": "m1"}, sender=TRIPS)
    page.now_ms += jump_ms
    page.advance(50)
    page.tell("run", {**errand, "of": "m2", "expires_ms": page.now_ms - 1}, sender=TRIPS)
    page.tell("join", {"do": "join", "key": "a", "page": "p7"}, sender=f"{TRIPS}/collection_page/first")
    assert [(reply.of, reply.ok, reply.reason) for reply in page.replies] == [("m1", True, ""), ("m2", False, "expired 0 s ago")]
