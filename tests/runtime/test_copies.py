"""Copies: fields of another actor, at first and after each committed change, until one of the two ends."""

from collections.abc import Iterator

import pytest

from gateway.actors import BadDefinition, Standing
from gateway.runtime.cells import Wait
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, PowerCut, Rig
from tests.runtime.houses import House
from tests.runtime.watching import Cart, Customer, Shadow, stored

ANN = "customer/ann"
CART = "cart/7"


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Customers and carts that leave memory as soon as they may."""
    store = FrailStore(MemoryStore())
    with Rig([Customer(), Cart(), Shadow()], store=store, settings=EngineSettings(idle_s=1, active_actors=1)) as made:
        made.tell(ANN, "join", {"name": "Ann", "tier": "gold"})
        yield made


def keep(rig: Rig, name: str, of: str = ANN, *, cart: str = CART) -> None:
    """Keep a copy, or drop it."""
    rig.tell(cart, "keep", {"name": name, "of": of})
    rig.settle()


def change(rig: Rig, **fields: object) -> None:
    """Change Ann."""
    rig.tell(ANN, "change", fields)
    rig.settle()


def log(rig: Rig, cart: str = CART) -> list[str]:
    """What the cart has seen."""
    return list(rig.state(cart).log)


def watchers(rig: Rig, id: str = ANN) -> list[tuple[str, str]]:
    """Who watches an actor."""
    return [(one.actor, one.name) for one in rig.look(lambda: rig.engine.room.activation.cell(id)).ties.watchers]


def test_first_values_and_each_change_of_declared_fields_come(rig: Rig) -> None:
    """And nothing else does: neither other fields, nor turns that changed nothing, nor turns that failed."""
    keep(rig, "first")
    change(rig, tier="silver")
    rig.tell(ANN, "whisper", {"name": "x"})
    change(rig, tier="silver")
    change(rig, tier="lead", fails=True)
    rig.advance(5)
    assert log(rig) == ["first: {'name': 'Ann', 'tier': 'gold'} current", "first: {'name': 'Ann', 'tier': 'silver'} current"]


def test_the_order_beside_the_business_mail_of_the_same_turn(rig: Rig) -> None:
    """BEFORE: the note sees the change; AFTER: it does not yet; WITH: it comes just before the next note, once for many changes."""
    for name in ("first", "late", "lazy"):
        keep(rig, name)
    before = len(log(rig))
    change(rig, tier="silver")
    assert log(rig)[before:] == ["first: {'name': 'Ann', 'tier': 'silver'} current", "late: {'tier': 'silver'} current"]
    change(rig, tier="lead", tell=CART)
    assert log(rig)[before + 2 :] == [
        "first: {'name': 'Ann', 'tier': 'lead'} current",
        "lazy: {'tier': 'lead'} current",
        "note first=lead late=silver lazy=lead",
        "late: {'tier': 'lead'} current",
    ]


def test_dropping_it_ends_it(rig: Rig) -> None:
    """Here and there; the copy is gone, and no change comes."""
    keep(rig, "first")
    keep(rig, "late")
    keep(rig, "first", "")
    change(rig, tier="silver")
    assert log(rig)[2:] == ["late: {'tier': 'silver'} current"]
    assert watchers(rig) == [(CART, "late")]
    keep(rig, "late", "")
    assert watchers(rig) == []
    keep(rig, "late", "")


def test_keeping_another_under_the_same_name_ends_the_first(rig: Rig) -> None:
    """What was on its way from the first is not taken for the second's."""
    rig.tell("customer/bob", "join", {"name": "Bob", "tier": "lead"})
    keep(rig, "first")
    keep(rig, "first", "customer/bob")
    change(rig, tier="silver")
    assert log(rig)[1:] == ["first: {'name': 'Bob', 'tier': 'lead'} current"]
    assert watchers(rig) == []
    assert watchers(rig, "customer/bob") == [(CART, "first")]


def test_the_end_of_the_owner_is_told(rig: Rig) -> None:
    """With its last values; a new life is not watched until somebody keeps it again."""
    keep(rig, "first")
    rig.tell(ANN, "leave")
    rig.settle()
    rig.tell(ANN, "join", {"name": "Ann", "tier": "new"})
    rig.settle()
    assert log(rig)[1:] == ["first: {'name': 'Ann', 'tier': 'gold'} ended"]
    keep(rig, "first")
    assert log(rig)[2:] == ["first: {'name': 'Ann', 'tier': 'new'} current"]


def test_the_end_of_whoever_keeps_it_cancels_it(rig: Rig) -> None:
    """The owner forgets it, and a new life knows nothing of it."""
    keep(rig, "first")
    rig.tell(CART, "leave")
    rig.settle()
    assert watchers(rig) == []
    change(rig, tier="silver")
    assert log(rig) == []
    assert not stored(rig, CART)


def test_watching_gives_no_life(rig: Rig) -> None:
    """An actor that is watched before it begins is refused what it was refused before; its watchers see it begin."""
    keep(rig, "first", "customer/new")
    rig.restart()
    rig.tell("customer/new", "change", {"tier": "x"})
    rig.tell("customer/new", "join", {"name": "New", "tier": "tin"})
    rig.settle()
    assert [row.reason for row in rig.store.dead(0, 9)] == ["there is no customer new"]
    assert log(rig) == ["first: {'name': 'nobody', 'tier': 'none'} current", "first: {'name': 'New', 'tier': 'tin'} current"]
    keep(rig, "first", "customer/never")
    keep(rig, "first", "")
    assert not stored(rig, "customer/never")


def test_both_may_be_out_of_memory(rig: Rig) -> None:
    """A change finds who keeps it, and the other way round."""
    keep(rig, "first")
    rig.advance(60)
    assert rig.look(lambda: len(rig.engine.cells)) == 0
    change(rig, tier="silver")
    rig.advance(60)
    rig.tell(CART, "note")
    assert log(rig)[1:] == ["first: {'name': 'Ann', 'tier': 'silver'} current", "note first=silver"]


def test_a_reset_cancels_what_is_kept_and_shows_whoever_watches_the_beginning() -> None:
    """The watchers stay: they see the first values; what it kept of others is gone, there too."""
    with Rig([Customer(), Cart(), House()]) as rig:
        ann, cart = "house/h/customer/ann", "house/h/cart/7"
        rig.tell(ann, "join", {"name": "Ann", "tier": "gold"})
        keep(rig, "late", ann, cart="cart/out")
        keep(rig, "late", ann, cart=cart)
        for whom in (cart, ann):
            rig.tell("house/h", "order", {"what": "reset", "whom": whom})
        rig.settle()
        assert log(rig, "cart/out")[1:] == ["late: {'tier': 'none'} current"]
        assert log(rig, cart) == []
        assert watchers(rig, ann) == [("cart/out", "late")]
        rig.restart()
        rig.tell(ann, "join", {"name": "Ann", "tier": "tin"})
        rig.settle()
        assert log(rig, "cart/out")[2:] == ["late: {'tier': 'tin'} current"]


@pytest.mark.parametrize("word", ["before", "after"])
@pytest.mark.parametrize("at", range(4))
def test_a_power_cut_at_any_commit_neither_loses_nor_doubles_a_copy(rig: Rig, word: str, at: int) -> None:
    """Keep, change, drop, each cut off or just done: afterwards the copy is what its owner is."""
    assert isinstance(rig.store, FrailStore)
    rig.store.to_come = [""] * at + [word]
    steps = [(CART, "keep", {"name": "first", "of": ANN}), (ANN, "change", {"tier": "silver"}), (ANN, "change", {"tier": "lead"})]
    for n, (to, verb, payload) in enumerate(steps):
        _until_done(rig, to, verb, payload, id=f"m{n}")
    rig.settle()
    copy = rig.look(lambda: rig.engine.room.activation.cell(CART)).ties.copies["first"]
    assert (copy.values, copy.standing) == ({"name": "Ann", "tier": "lead"}, Standing.CURRENT)
    assert watchers(rig) == [(CART, "first")]


def _until_done(rig: Rig, to: str, verb: str, payload: dict[str, str], *, id: str) -> None:
    """Send it, again after a power cut, until it is acknowledged."""
    while not _is_done(rig, to, verb, payload, id=id):
        rig.crash()
        rig.start()


def _is_done(rig: Rig, to: str, verb: str, payload: dict[str, str], *, id: str) -> bool:
    receipt = rig.send(to, verb, payload, id=id)
    try:
        rig.until(lambda: receipt.wait(0))
        rig.settle()
    except PowerCut:
        return False
    return True


def test_a_watcher_of_a_kind_that_is_gone_is_owed_the_change(rig: Rig) -> None:
    """It stops nobody meanwhile; when its kind is registered again the next turn of the owner brings it."""
    keep(rig, "first")
    assert rig.stop()
    rig.actors = [Customer()]
    rig.start()
    change(rig, tier="silver")
    assert rig.stop()
    rig.actors = [Customer(), Cart()]
    rig.start()
    rig.tell(ANN, "whisper", {"name": "x"})
    rig.settle()
    assert log(rig)[1:] == ["first: {'name': 'Ann', 'tier': 'silver'} current"]


def test_a_watch_that_waited_for_a_kind_that_is_gone_stops_nobody(rig: Rig) -> None:
    """First values for nobody are dropped; the host goes on."""
    assert isinstance(rig.store, FrailStore)
    rig.tell(ANN, "change", {"tier": "x", "fails": True})
    rig.look(lambda: rig.engine.room.schedule.hold(rig.engine.room.activation.cell(ANN), Wait.PAUSED, "held by the test"))
    keep(rig, "first")
    assert rig.stop()
    rig.actors = [Customer()]
    rig.start()
    change(rig, tier="silver")
    assert rig.state(ANN).tier == "silver"


def test_a_chain_of_copies(rig: Rig) -> None:
    """Each link passes on what changed of it."""
    rig.tell("shadow/s", "keep", {"name": "cart", "of": CART})
    keep(rig, "first")
    change(rig, tier="silver")
    assert rig.state("shadow/s").tier == "silver"


def test_two_that_watch_each_other_come_to_rest(rig: Rig) -> None:
    """A copy that changes nothing sends nothing on."""
    rig.tell("shadow/a", "keep", {"name": "other", "of": "shadow/b"})
    rig.tell("shadow/b", "keep", {"name": "other", "of": "shadow/a"})
    rig.tell("shadow/a", "set", {"tier": "x"})
    rig.settle()
    assert (rig.state("shadow/a").tier, rig.state("shadow/b").tier) == ("x", "x")
    assert len(rig.state("shadow/a").log) < 6


def test_what_is_not_declared_cannot_be_kept(rig: Rig) -> None:
    """Neither a name nor a kind; and what is declared must be there when the host starts."""
    rig.tell(CART, "keep", {"name": "other", "of": ANN})
    rig.tell(CART, "keep", {"name": "first", "of": "cart/8"})
    rig.advance(60)
    assert [row.reason for row in rig.store.dead(0, 9)] == [
        "BadDefinition: cannot keep a copy 'other': Cart.copies declares ['first', 'late', 'lazy']",
        "BadId: cannot keep a copy 'first' of cart/8: it is declared as one of a customer",
    ]
    with pytest.raises(BadDefinition, match=r"^cannot keep copy 'first' of Cart: no kind 'customer' is registered; "):
        Rig([Cart()]).start()
