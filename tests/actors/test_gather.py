"""Gather and ask as one actor sees them: what leaves with the turn, and what comes back."""

import re
import textwrap
from typing import Any

import pytest

from gateway import actors
from gateway.actors import (
    Actor,
    Answer,
    BadDefinition,
    BadId,
    BadPayload,
    Gathered,
    Payload,
    Reply,
    Request,
    Stage,
    State,
    UnknownTarget,
    collection,
    gather,
    verb,
)
from gateway.actors.gather import BeginGather
from gateway.actors.gatherer import Gather
from gateway.actors.itinerary import Route, Stop
from gateway.testing import Turns
from gateway.testing.turns import row


class Item(Payload):
    sku: str


class Wanted(Payload):
    of: list[str] = ["shop/ann", "shop/bob"]
    sku: Any = "4711"
    within_s: float = 5.0
    then: str = "quoted"


class CartState(State):
    quotes: Gathered | None = None
    paid: Answer | None = None


class Cart(Actor[CartState]):
    """Asks shops for a price."""

    @verb
    def price(self, wanted: Wanted, stage: Stage[CartState]) -> None:
        stage.tell("shop/ann", "close")
        route = stage.keep_route()
        requests = [Request(to=shop, verb="quote", payload={"sku": wanted.sku}) for shop in wanted.of]
        stage.gather(requests, then=wanted.then, within_s=wanted.within_s, name="quotes", route=route)
        stage.tell("shop/bob", "close")

    @verb
    def quoted(self, quotes: Gathered, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(quotes=quotes)
        stage.forward({"sku": quotes.answers[0].body["sku"]} if quotes.answers else None)
        stage.reply({"count": len(quotes.answers)})

    @verb
    def pay(self, stage: Stage[CartState]) -> None:
        stage.ask("bank/main", "charge", then="paid", within_s=30, name="bill")

    @verb
    def paid(self, answer: Answer, stage: Stage[CartState]) -> None:
        stage.state = stage.state.changed(paid=answer)

    @verb
    def stop(self, stage: Stage[CartState]) -> None:
        child = stage.ask("bank/main", "charge", then="paid", within_s=30)
        stage.stop_child(child)


def cart(me: str = "cart/7") -> Turns[CartState]:
    shop = {"quote": row("quote", Item), "close": Cart.verbs["pay"]}
    return Turns(Cart(), me=me, reachable={"shop": shop, "bank": {"charge": Cart.verbs["pay"]}})


def test_what_a_gather_sends() -> None:
    """The requests leave in the order of the turn, from who gathers, for the child to be answered; the child begins before them."""
    turns = cart()
    turns.tell("price")
    sent = [(message.to, message.verb, message.reply_to) for message in turns.mail]
    child = turns.mail[1].to
    assert child.startswith("cart/7/gather/")
    assert sent == [
        ("shop/ann", "close", ""),
        (child, "begin", ""),
        ("shop/ann", "quote", child),
        ("shop/bob", "quote", child),
        ("shop/bob", "close", ""),
    ]
    begin = turns.mail[1].payload
    assert isinstance(begin, BeginGather)
    assert [(asked.to, asked.of) for asked in begin.asked] == [(message.to, message.id) for message in turns.mail[2:4]]


def test_answers_in_a_test() -> None:
    """A test gives what each one answered, in the order of asking: a body, a refusal, or silence."""
    turns = cart()
    turns.tell("price", Wanted(of=["shop/ann", "shop/bob", "shop/cid"]))
    turns.answers_come({"sku": "1"}, Reply(of="", ok=False, reason="sold out"), None)
    assert turns.state.quotes == Gathered(
        name="quotes",
        answers=(
            Answer(to="shop/ann", verb="quote", body={"sku": "1"}),
            Answer(to="shop/bob", verb="quote", ok=False, reason="sold out"),
        ),
        missing=("shop/cid",),
        complete=False,
        enough=False,
    )


def test_answers_nobody_asked_for() -> None:
    """A test that gives answers to no gather, or not one each, is told so."""
    turns = cart()
    with pytest.raises(AssertionError, match=r"^nobody was asked: there is no gather in the mail$"):
        turns.answers_come({})
    turns.tell("price")
    with pytest.raises(AssertionError, match=r"^nobody was asked by 'bill': there is no gather in the mail$"):
        turns.answers_come({}, name="bill")
    with pytest.raises(AssertionError, match=r"^2 were asked, and 1 answers given: give None for who is silent$"):
        turns.answers_come({})


def test_an_ask() -> None:
    """Asking one brings its Answer, or one that has timed out, under the name of the ask."""
    turns = cart()
    turns.tell("pay")
    turns.answers_come({"receipt": 9}, name="bill")
    assert turns.state.paid == Answer(to="bank/main", verb="charge", body={"receipt": 9}, name="bill")
    turns.answers_come(None)
    late = "no answer within 30 s; the outcome is unknown"
    assert turns.state.paid == Answer(to="bank/main", verb="charge", ok=False, reason=late, timed_out=True, name="bill")


def test_who_asked_is_answered_in_the_end() -> None:
    """A reply in `then` answers the message of the turn that gathered."""
    turns = cart()
    turns.tell("price", reply_to="test/asker", id="m1")
    turns.answers_come({"sku": "1"}, {"sku": "2"})
    assert turns.replies == [Reply(of="m1", body={"count": 2})]
    assert turns.mail[-1].to == "test/asker"


def test_a_gather_on_a_route() -> None:
    """A kept route goes on where `then` forwards: with what was gathered, and with the history of both turns."""
    turns = cart()
    set_out = Route(ahead=(Stop(to="shop/zoe", verb="quote"),), of="m1")
    turns.tell("price", id="m1", reply_to="test/asker", route=set_out)
    turns.answers_come({"sku": "1"}, None)
    [onward] = [message for message in turns.mail if message.to == "shop/zoe"]
    assert (onward.verb, onward.payload, onward.reply_to) == ("quote", Item(sku="1"), "test/asker")
    assert onward.route is not None
    assert [visit.verb for visit in onward.route.history] == ["price", "quoted"]
    assert turns.replies == [Reply(of="m1", body={"count": 1})]


def test_who_is_not_there_has_answered() -> None:
    """A request that cannot be sent is answered with a no, and the turn goes well."""
    turns = cart()
    turns.tell("price", Wanted(of=["shop/ann", "shp/bob", "bad id"]))
    turns.answers_come({"sku": "1"})
    assert turns.state.quotes is not None
    assert turns.state.quotes.complete
    assert [(answer.ok, answer.reason) for answer in turns.state.quotes.answers[1:]] == [
        (False, "cannot send quote to shp/bob: no kind 'shp' here; name it in Turns(reachable=...)"),
        (False, "cannot use 'bad id' as an actor id: it must read kind/key (pairs of letters, digits and . _ ~ : @ = , -)"),
    ]


def test_giving_up() -> None:
    """Both give the id of the child that waits, which its parent can stop."""
    turns = cart()
    turns.tell("stop")
    assert [child for child, _ in turns.orders] == [turns.mail[0].to]


@pytest.mark.parametrize(
    ("wanted", "error", "text"),
    [
        (
            {"within_s": 0},
            BadDefinition,
            "cannot gather 'quotes' in cart/7: within_s is 0.0; give the seconds to wait for answers, above 0 and at most 3.15576e+09",
        ),
        ({"then": "paid"}, BadDefinition, "cannot gather 'quotes' in cart/7: the verb 'paid' takes Answer; have it take Gathered"),
        ({"then": "wow"}, UnknownTarget, "cannot send wow to cart/7: cart answers paid, pay, price, quoted, stop"),
        (
            {"of": ["shop/a"] * 1001},
            BadDefinition,
            "cannot gather 'quotes' in cart/7: 1001 requests are too many; ask at most 1000 at once",
        ),
        ({"sku": 5}, BadPayload, "cannot read the payload of quote to shop/ann: sku: expected text"),
    ],
)
def test_a_gather_that_cannot_be(wanted: dict[str, Any], error: type[Exception], text: str) -> None:
    """What is wrong with a gather is said in the turn that gathers."""
    with pytest.raises(error) as raised:
        cart().tell("price", wanted)
    assert str(raised.value) == text


def test_ids_end_somewhere() -> None:
    """Who is eight pairs deep can have no child, and so cannot gather."""
    me = "/".join(f"site/{number}" for number in range(7)) + "/cart/7"
    with pytest.raises(BadId) as raised:
        cart(me).tell("price")
    assert str(raised.value) == f"cannot gather 'quotes' in {me}: its child gather/… would be the ninth pair of an id; have its parent ask"


def test_the_examples() -> None:
    """What the docstrings of gathers and of collections show does what they say."""
    names: dict[str, Any] = {**vars(actors), "Key": collection.Key}
    for module in (gather, collection):
        shown = [block for block in re.split(r"\n(?=\S|    gateway )", module.__doc__ or "") if "    class " in block]
        exec(textwrap.dedent(shown[0].split("\n", 1)[1]), names)  # the example, behind the line that leads to it
    shops = {"shop": {"quote": row("quote", names["Item"])}, "bank": {"look": row("look", actors.Nothing)}}
    cart = Turns(names["Cart"](), reachable=shops)
    cart.tell("price", {"sku": "4711"}, reply_to="test/asker")
    cart.answers_come({"cents": 990}, None, {"cents": 870})
    assert [reply.body for reply in cart.replies] == [{"cents": 870, "silent": ["shop/bob"]}]
    desk = Turns(names["Desk"]())
    desk.tell("stop_vehicle", {"key": "B-MX 4711"})
    desk.answers_come({"key": "B-MX 4711", "found": True, "value": "trip/van7"})
    assert desk.mail[-1].to == "trip/van7"


def child(*asked: dict[str, Any], **more: Any) -> Turns[Any]:
    """The child of a gather, begun."""
    turns = Turns(Gather(), me="cart/7/gather/g1", reachable={"cart": Cart.verbs})
    begin = {"then": "quoted", "within_s": 5, **more}
    turns.tell("begin", {"asked": [{"verb": "quote", **one} for one in asked], **begin}, sender="cart/7")
    return turns


def told(turns: Turns[Any]) -> list[Any]:
    return turns.mail_to("cart/7")


def test_second_and_foreign_answers() -> None:
    """A request is answered once; a second answer to it, and one to none, change nothing."""
    turns = child({"to": "shop/ann", "of": "m1"}, {"to": "shop/ann", "of": "m2"})
    turns.tell("reply", {"of": "m2", "body": 2}, sender="shop/ann")
    turns.tell("reply", {"of": "m2", "body": 3}, sender="shop/ann")
    turns.tell("reply", {"of": "m9", "body": 4}, sender="shop/zoe")
    assert told(turns) == []
    turns.tell("reply", {"of": "m1", "body": 1}, sender="shop/ann")
    [gathered] = told(turns)
    assert [answer.body for answer in gathered.answers] == [1, 2]
    assert turns.stopped


def test_answers_of_children() -> None:
    """A child of who was asked may answer for it, about a message of its own: a page for its collection."""
    turns = child({"to": "collection/a", "of": "m1"}, {"to": "collection/b", "of": "m2"})
    turns.tell("reply", {"of": "m8", "body": "b"}, sender="collection/b/page/first")
    turns.tell("reply", {"of": "m9", "body": "a"}, sender="collection/a/page/first")
    assert [answer.body for answer in told(turns)[0].answers] == ["a", "b"]


def test_nobody_to_wait_for() -> None:
    """A gather of no requests, or of such as could not be sent, is complete at once."""
    turns = child()
    assert (told(turns), turns.stopped) == ([Gathered()], True)
    turns = child({"to": "shp/x", "fault": "no such kind"})
    assert told(turns) == [Gathered(answers=(Answer(to="shp/x", verb="quote", ok=False, reason="no such kind"),))]


def test_the_trace_of_a_deadline() -> None:
    """What a deadline tells bears the trace of the message that gathered."""
    turns = child({"to": "shop/ann", "of": "m1"}, trace="outside-1")
    turns.advance(5)
    assert [(message.trace, message.payload.missing) for message in turns.mail] == [("outside-1", ("shop/ann",))]  # type: ignore[attr-defined]
    turns.tell("reply", {"of": "m1"}, sender="shop/ann")
    assert len(turns.mail) == 1
    assert not turns.born


@pytest.mark.parametrize(("enough", "asked"), [(0, 3), (4, 3), (1, 0)])
def test_more_than_are_asked_cannot_be_enough(enough: int, asked: int) -> None:
    """It is said in the turn that gathers."""

    class Buyer(Actor[State]):
        @verb
        def buy(self, stage: Stage[State]) -> None:
            requests = [Request(f"shop/{n}", "quote", {"sku": "1"}) for n in range(asked)]
            stage.gather(requests, then="bought", within_s=1, enough=enough)

        @verb
        def bought(self, told: Gathered, stage: Stage[State]) -> None: ...

    with pytest.raises(BadDefinition) as raised:
        Turns(Buyer(), reachable={"shop": {"quote": row("quote", Item)}}).tell("buy")
    said = f"cannot gather in buyer/one: {enough} good answers cannot be enough when {asked} are asked; give 1 to {asked}, or an Enough"
    assert str(raised.value) == said


def test_the_verb_for_each_takes_an_answer() -> None:
    """As the one for all takes a Gathered."""

    class Buyer(Actor[State]):
        @verb
        def buy(self, stage: Stage[State]) -> None:
            stage.gather([], then="bought", within_s=1, each="bought")

        @verb
        def bought(self, told: Gathered, stage: Stage[State]) -> None: ...

    with pytest.raises(BadDefinition, match=r"^cannot gather in buyer/one: the verb 'bought' takes Gathered; have it take Answer$"):
        Turns(Buyer()).tell("buy")
