"""Gather and ask on the engine: told once, whatever dies in between."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import (
    Actor,
    Answer,
    BadDefinition,
    Delivery,
    Enough,
    Gathered,
    HostBound,
    Message,
    Payload,
    Reply,
    Request,
    Stage,
    State,
    verb,
)
from gateway.actors.collection import Collection, Entry, Key, Page
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import Rig


class Item(Payload):
    sku: str = "4711"


class Wanted(Payload):
    of: tuple[str, ...] = ("shop/ann", "shop/bob")
    within_s: float = 5.0


class Race(Payload):
    of: tuple[str, ...]
    enough: Enough | None = None
    of_many: int = 1
    each: bool = False


class CartState(State):
    heard: tuple[Gathered, ...] = ()
    paid: tuple[Answer, ...] = ()


class Cart(Actor[CartState]):
    """Asks shops."""

    attempts = 2
    retry_s = 0.01

    @verb
    def price(self, wanted: Wanted, stage: Stage[CartState]) -> None:
        requests = [Request(to=shop, verb="quote", payload=Item()) for shop in wanted.of]
        stage.gather(requests, then="quoted", within_s=wanted.within_s, route=stage.keep_route())

    @verb
    def quoted(self, quotes: Gathered, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(heard=(*stage.state.heard, quotes))
        stage.reply({"missing": list(quotes.missing)})
        stage.forward(Item(sku=",".join(answer.body["sku"] for answer in quotes.answers)))

    @verb
    def race(self, race: Race, stage: Stage[CartState]) -> None:
        requests = [Request(shop, "quote", Item()) for shop in race.of]
        stage.gather(requests, then="surveyed", within_s=5, enough=race.enough or race.of_many, each="paid" if race.each else "")

    @verb
    def pay(self, wanted: Wanted, stage: Stage[CartState]) -> None:
        stage.ask(wanted.of[0], "quote", Item(), then="paid", within_s=wanted.within_s)

    @verb
    def survey(self, wanted: Wanted, stage: Stage[CartState]) -> None:
        stage.gather([Request(shop, "quote", Item()) for shop in wanted.of], then="surveyed", within_s=5)

    @verb
    def look(self, key: Key, stage: Stage[CartState]) -> None:
        stage.gather([Request(f"collection/{name}", "find", key) for name in ("a", "b")], then="surveyed", within_s=5)

    @verb
    def surveyed(self, answers: Gathered, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(heard=(*stage.state.heard, answers))

    @verb
    def paid(self, answer: Answer, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(paid=(*stage.state.paid, answer))

    @verb
    def take(self, item: Item, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(paid=(Answer(to="", verb="", reason=item.sku),))

    @verb
    def set_out(self, stage: Stage[CartState]) -> None:
        stage.send_along(stage.route([("cart/7", "price"), ("cart/8", "take")]), Wanted())

    @verb
    def leave(self, stage: Stage[CartState]) -> None:
        stage.stop()


class Corner(Actor[State]):
    """A shop in here: refuses, raises or answers twice, as its key says."""

    attempts = 1

    @verb
    def quote(self, item: Item, stage: Stage[State]) -> None:
        if stage.key == "raises":
            raise RuntimeError("the key said so")
        if stage.key == "refuses":
            stage.refuse("sold out")
            return
        stage.reply({"sku": stage.key})
        if stage.key == "twice":
            stage.reply({"sku": "again"})


class Shop(HostBound):
    """A shop outside: the test answers for it."""

    @verb
    def quote(self, item: Item, delivery: Delivery) -> None:
        """Never comes here."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    shops = {"shop/ann": Shop, "shop/bob": Shop}
    kinds: list[Actor[Any]] = [Cart(), Corner(), Collection(), Page()]
    with Rig(kinds, shops, by_hand=shops, store=MemoryStore(), settings=EngineSettings(cautious_turns=4)) as made:
        yield made


def answer(rig: Rig, shop: str, sku: str) -> None:
    """Have a shop outside answer what waits for it."""
    hosted = rig.hosted[shop]
    for delivery in rig.until(hosted.take):
        delivery.done({"sku": sku})
    rig.settle()


def heard(rig: Rig) -> list[tuple[list[str], list[str]]]:
    """What the cart was told: the bodies, and who was missing."""
    return [([answer.body["sku"] for answer in told.answers], list(told.missing)) for told in rig.state("cart/7").heard]


def stored(rig: Rig) -> list[str]:
    return rig.store.actors("", "", 100)


def crash(rig: Rig) -> None:
    """And a second more: what is handed out after a crash is alone for a while."""
    rig.settle()
    rig.crash()
    rig.start()
    rig.advance(1)


def test_through_a_crash_after_each_step(rig: Rig) -> None:
    """Begun, one answered, the other answered: with a power cut after each, all are told once, in the order of asking."""
    rig.tell("cart/7", "price")
    crash(rig)
    answer(rig, "shop/bob", "b")
    crash(rig)
    assert heard(rig) == []
    answer(rig, "shop/ann", "a")
    crash(rig)
    rig.advance(60)
    assert heard(rig) == [(["a", "b"], [])]
    assert stored(rig) == ["cart/7"]


def test_a_crash_before_the_commit(rig: Rig) -> None:
    """A turn that was not committed has asked nobody, or all of it has happened: never a part."""
    for _ in range(5):
        receipt = rig.send("cart/7", "price")
        rig.crash()
        rig.start()
        rig.settle()
        waiting = {shop: len(rig.hosted[shop].take()) for shop in ("shop/ann", "shop/bob")}
        assert waiting["shop/ann"] == waiting["shop/bob"] >= (1 if receipt.resolved else 0)
        children = [id for id in stored(rig) if "/gather/" in id]
        assert len(children) == waiting["shop/ann"]
        for child in children:
            rig.crash()
            rig.start()
            rig.settle()
            assert child in stored(rig)


def test_the_deadline(rig: Rig) -> None:
    """At the deadline what has come is told, and named as not complete; a late answer leaves no trace."""
    rig.tell("cart/7", "price")
    answer(rig, "shop/bob", "b")
    rig.advance(4.9)
    assert heard(rig) == []
    rig.advance(0.2)
    assert heard(rig) == [(["b"], ["shop/ann"])]
    assert not rig.state("cart/7").heard[0].complete
    answer(rig, "shop/ann", "a")
    assert (len(heard(rig)), stored(rig), rig.look(lambda: len(rig.store.dead(0, 99)))) == (1, ["cart/7"], 0)
    crash(rig)
    assert stored(rig) == ["cart/7"]


def test_a_deadline_while_the_gateway_is_off(rig: Rig) -> None:
    """A deadline that passes while the gateway is off comes at its start."""
    rig.tell("cart/7", "price")
    answer(rig, "shop/ann", "a")
    rig.settle()
    rig.crash()
    rig.clock.advance(3600)
    rig.start()
    rig.advance(1)
    rig.until(lambda: heard(rig))
    crash(rig)
    assert heard(rig) == [(["a"], ["shop/bob"])]


def test_every_kind_of_answer(rig: Rig) -> None:
    """One who refuses, raises, answers twice or is not there has answered: the gather is complete, and does not wait."""
    rig.tell("cart/7", "survey", Wanted(of=("corner/raises", "corner/refuses", "corner/twice", "corner/fine", "nobody/home")))
    rig.settle()
    [told] = rig.state("cart/7").heard
    assert told.complete
    assert [(answer.ok, answer.reason.split(":")[0] or answer.body["sku"]) for answer in told.answers] == [
        (False, "RuntimeError"),
        (False, "sold out"),
        (True, "twice"),
        (True, "fine"),
        (False, "cannot send to nobody/home"),
    ]
    assert stored(rig) == ["cart/7"]


def test_an_ask_that_is_answered(rig: Rig) -> None:
    """An ask brings the answer, and its child is gone."""
    rig.tell("cart/7", "pay", Wanted(of=("corner/fine",)))
    rig.settle()
    assert rig.state("cart/7").paid == (Answer(to="corner/fine", verb="quote", body={"sku": "fine"}),)
    rig.tell("cart/7", "pay", Wanted(of=("nobody/home",)))
    rig.settle()
    assert [(paid.ok, paid.timed_out) for paid in rig.state("cart/7").paid] == [(True, False), (False, False)]
    assert stored(rig) == ["cart/7"]


def test_an_ask_that_times_out(rig: Rig) -> None:
    """An ask that nobody answers in time says that the outcome is unknown; what comes later is not heard."""
    rig.tell("cart/7", "pay")
    rig.advance(6)
    answer(rig, "shop/ann", "late")
    [paid] = rig.state("cart/7").paid
    assert (paid.ok, paid.timed_out, paid.reason) == (False, True, "no answer within 5 s; the outcome is unknown")


def test_who_asked_from_outside_is_answered(rig: Rig) -> None:
    """A reply in `then` reaches whoever asked the turn that gathered."""
    assert rig.ask("cart/7", "price", Wanted(of=("corner/a", "corner/b"))).body == {"missing": []}


def test_on_a_route(rig: Rig) -> None:
    """A gather that has kept its route goes on along it with what `then` forwards, through a crash."""
    rig.tell("cart/9", "set_out")
    answer(rig, "shop/bob", "b")
    crash(rig)
    answer(rig, "shop/ann", "a")
    assert [paid.reason for paid in rig.state("cart/8").paid] == ["a,b"]


def test_of_collections(rig: Rig) -> None:
    """Collections are gathered as others are, although their pages answer."""
    for name in ("a", "b"):
        rig.tell(f"collection/{name}", "add", Entry(key="k", value=f"trip/{name}"))
    rig.tell("cart/7", "look", Key(key="k"))
    rig.settle()
    [told] = rig.state("cart/7").heard
    assert [(answer.to, answer.body["value"]) for answer in told.answers] == [("collection/a", "trip/a"), ("collection/b", "trip/b")]


def test_stopping_stops_the_wait(rig: Rig) -> None:
    """An actor that stops takes its gathers with it; answers that come later begin no new life."""
    rig.tell("cart/7", "price")
    rig.tell("cart/7", "leave")
    answer(rig, "shop/ann", "a")
    answer(rig, "shop/bob", "b")
    rig.advance(60)
    assert stored(rig) == []


def test_the_name_is_taken() -> None:
    """The kind of the child is always there, and no other can have its name."""

    class Other(Actor[State]):
        kind = "gather"

    with pytest.raises(BadDefinition) as raised:
        Rig([Other()]).start()
    assert str(raised.value) == "cannot register kind 'gather': it is taken; give Other another `kind`"


def test_a_reply_to_nobody(rig: Rig) -> None:
    """An answer to a gather that never was changes nothing."""
    late = Message("m2", "cart/7/gather/none", "reply", Reply(of="m1"), "shop/ann")
    rig.look(lambda: rig.engine.room.deliver(late, rig.engine.round))
    rig.settle()
    assert stored(rig) == []


SHOPS = ("corner/x", "corner/refuses", "corner/y", "corner/z", "shop/ann")


def raced(rig: Rig, race: Race) -> Gathered:
    """What a cart was told that gathered so."""
    rig.tell("cart/7", "race", race)
    rig.settle()
    (told,) = rig.state("cart/7").heard
    assert isinstance(told, Gathered)
    return told


@pytest.mark.parametrize(("enough", "good"), [(Enough.FIRST, 1), (2, 2), (Enough.QUORUM, 3)], ids=["first", "two", "quorum"])
def test_it_ends_when_enough_good_answers_are_there(rig: Rig, enough: Enough | int, good: int) -> None:
    """A refusal is no good answer; who is silent is not waited for, and a late answer changes nothing."""
    race = Race(of=SHOPS, enough=enough) if isinstance(enough, Enough) else Race(of=SHOPS, of_many=enough)
    told = raced(rig, race)
    assert (told.enough, told.complete) == (True, False)
    assert sum(answer.ok for answer in told.answers) == good
    assert "shop/ann" in told.missing
    answer(rig, "shop/ann", "late")
    rig.advance(10)
    assert len(rig.state("cart/7").heard) == 1
    assert [id for id in stored(rig) if "gather" in id] == []


def test_it_ends_when_enough_cannot_come_any_more(rig: Rig) -> None:
    """Two have refused, so two of three cannot agree; and nobody waits for the deadline."""
    told = raced(rig, Race(of=("corner/refuses", "nobody/home", "shop/ann"), enough=Enough.QUORUM))
    assert (told.enough, told.complete, told.missing) == (False, False, ("shop/ann",))


def test_at_the_deadline_it_says_that_it_was_not_enough(rig: Rig) -> None:
    """With what has come until then."""
    rig.tell("cart/7", "race", Race(of=("corner/x", "shop/ann", "shop/bob"), enough=Enough.QUORUM))
    rig.advance(6)
    (told,) = rig.state("cart/7").heard
    assert (told.enough, [one.to for one in told.answers], told.missing) == (False, ["corner/x"], ("shop/ann", "shop/bob"))


def test_each_answer_can_be_acted_on_as_it_comes(rig: Rig) -> None:
    """Before the whole is there, and once each, through a restart."""
    rig.tell("cart/7", "race", Race(of=("corner/x", "corner/refuses", "shop/ann"), enough=Enough.ALL, each=True))
    rig.settle()
    assert [(one.to, one.ok) for one in rig.state("cart/7").paid] == [("corner/x", True), ("corner/refuses", False)]
    assert rig.state("cart/7").heard == ()
    rig.restart()
    answer(rig, "shop/ann", "at last")
    assert [(one.to, one.at) for one in rig.state("cart/7").paid][2:] == [("shop/ann", 2)]
    (told,) = rig.state("cart/7").heard
    assert (told.complete, told.enough) == (True, True)
