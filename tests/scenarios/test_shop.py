"""Sodacan's shop, as a story: a cart goes through its customer, its products are asked for quotes, and there is one invoice or none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, PowerCut, Rig
from tests.scenarios.shop import Cart, Customer, InvoiceActor, Phase, Product


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Rig]:
    """A shop with two products, one customer, and a disk that the test can have cut off."""
    store = FrailStore(SqliteStore(tmp_path / "shop.db"))
    with Rig([Cart(), Customer(), Product(), InvoiceActor()], store=store) as rig:
        rig.tell("customer/ann", "register", {"name": "Ann", "discount": 0.1})
        rig.tell("product/lamp", "offer", {"cents": 2000, "stock": 5})
        rig.tell("product/bulb", "offer", {"cents": 300, "stock": 50})
        rig.tell("cart/7", "add", {"product": "lamp"})
        rig.tell("cart/7", "add", {"product": "bulb", "count": 4})
        yield rig
    store.close()


def invoices(rig: Rig) -> list[Any]:
    """Every invoice that there is, in the store or on its way there."""
    rig.settle()
    return [rig.state(id).invoice for id in rig.store.actors("invoice/", "", 100)]


def test_a_cart_becomes_one_invoice(shop: Rig) -> None:
    """The order goes through the customer, comes back with name and discount, and the quotes of both products make one invoice."""
    shop.tell("cart/7", "checkout", {"customer": "ann"})
    shop.settle()
    cart = shop.state("cart/7")
    (invoice,) = invoices(shop)
    assert (cart.phase, invoice.cart, invoice.name) == (Phase.INVOICED, "7", "Ann")
    assert (invoice.lines, invoice.cents) == ({"lamp": 1800, "bulb": 1080}, 2880)
    assert shop.state(cart.invoice).invoice == invoice


def test_one_product_that_says_no_means_no_invoice(shop: Rig) -> None:
    """All or nothing: the cart is given back as it was, and says why."""
    shop.tell("cart/7", "add", {"product": "lamp", "count": 9})
    shop.tell("cart/7", "checkout", {"customer": "ann"})
    shop.settle()
    cart = shop.state("cart/7")
    assert (cart.phase, cart.trouble, cart.items) == (Phase.FILLING, "product/lamp: only 5 left", {"lamp": 10, "bulb": 4})
    assert invoices(shop) == []


def test_a_product_that_nobody_knows_is_named(shop: Rig) -> None:
    """What is asked of nobody is an answer too, and at once: the checkout does not wait for its deadline."""
    shop.tell("cart/7", "add", {"product": "mirror"})
    shop.tell("cart/7", "checkout", {"customer": "ann"})
    shop.settle()
    assert shop.state("cart/7").trouble == "product/mirror: there is no product mirror"


def test_a_customer_that_nobody_knows_sends_the_order_to_its_error_stop(shop: Rig) -> None:
    """The route fails at the customer; the cart hears of it, and nothing is left behind."""
    shop.tell("cart/7", "checkout", {"customer": "bob"})
    shop.settle()
    cart = shop.state("cart/7")
    assert (cart.phase, cart.trouble) == (Phase.FILLING, "customer/bob: there is no customer bob")
    assert (invoices(shop), len(shop.engine.dead_letters)) == ([], 0)


def test_what_comes_while_the_cart_is_checked_out_waits_for_the_outcome(shop: Rig) -> None:
    """An item that comes in the middle is deferred, and goes in when the cart is given back."""
    shop.tell("product/lamp", "offer", {"cents": 2000, "stock": 0})
    shop.send("cart/7", "checkout", {"customer": "ann"})
    shop.tell("cart/7", "add", {"product": "bulb"})
    shop.settle()
    assert shop.state("cart/7").items == {"lamp": 1, "bulb": 5}


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_power_goes_in_the_middle_of_a_checkout(shop: Rig, step: int, when: str) -> None:
    """Whichever commit it strikes, and on whichever side of it: there is one invoice in the end, and the cart knows it."""
    store = shop.store
    assert isinstance(store, FrailStore)
    store.to_come = [""] * step + [when]
    shop.send("cart/7", "checkout", {"customer": "ann"}, id="order-1")
    _until_it_is_dark(shop)
    shop.crash()
    store.to_come = []
    shop.start()
    shop.send("cart/7", "checkout", {"customer": "ann"}, id="order-1")  # the sender had no answer, or is not sure: it says it again
    shop.settle()
    (invoice,) = invoices(shop)
    assert shop.state(shop.state("cart/7").invoice).invoice == invoice
    assert invoice.cents == 2880


def _until_it_is_dark(rig: Rig) -> None:
    """Live until all is done, or the power goes."""
    try:
        rig.settle()
    except PowerCut:
        assert rig.faults
