"""The shop: Sodacan's example, told with this gateway's actors.

A cart is checked out. The message goes through the customer, who adds name and discount, and comes back to the cart; the cart asks
every product for a quote, gathers the quotes, and writes one invoice under an id that did not exist before, or none.
"""

import enum

from gateway.actors import Actor, Else, Payload, RouteFailed, Stage, State, verb
from gateway.actors.gather import Gathered, Request
from gateway.actors.machine import Machine


class Phase(enum.Enum):
    """Where a cart stands."""

    FILLING = "filling"
    CHECKING_OUT = "checking out"
    INVOICED = "invoiced"


class Item(Payload):
    """So many of a product."""

    product: str
    count: int = 1


class Order(Payload):
    """What travels through the customer: each stop adds what it knows."""

    cart: str
    name: str = ""
    discount: float = 0.0


class Quote(Payload):
    """What a product says: its price for so many."""

    cents: int = 0
    count: int = 1


class Invoice(Payload):
    """One invoice, whole."""

    cart: str
    name: str
    lines: dict[str, int]
    cents: int


class CustomerState(State):
    name: str = ""
    discount: float = 0.0


class Profile(Payload):
    name: str
    discount: float = 0.0


class Customer(Actor[CustomerState]):
    """Knows one customer."""

    attempts = 1

    @verb(begins=True)
    def register(self, profile: Profile, stage: Stage[CustomerState]) -> None:
        stage.state = CustomerState(name=profile.name, discount=profile.discount)

    @verb
    def identify(self, order: Order, stage: Stage[CustomerState]) -> None:
        """Add what the order needs of the customer, and let it go on."""
        stage.forward(order.changed(name=stage.state.name, discount=stage.state.discount))


class ProductState(State):
    cents: int = 0
    stock: int = 0


class Price(Payload):
    cents: int
    stock: int


class Product(Actor[ProductState]):
    """Knows its price and its stock."""

    @verb(begins=True)
    def offer(self, price: Price, stage: Stage[ProductState]) -> None:
        stage.state = ProductState(cents=price.cents, stock=price.stock)

    @verb
    def quote(self, item: Item, stage: Stage[ProductState]) -> None:
        if stage.state.stock < item.count:
            stage.refuse(f"only {stage.state.stock} left")
        else:
            stage.reply(Quote(cents=stage.state.cents * item.count, count=item.count))


class CartState(State):
    phase: Phase = Phase.FILLING
    customer: str = ""
    items: dict[str, int] = {}
    order: Order | None = None
    invoice: str = ""
    trouble: str = ""


class Checkout(Payload):
    customer: str


class Cart(Actor[CartState]):
    """Is filled, checked out, and invoiced once."""

    attempts = 1
    machine = Machine(initial=Phase.FILLING, final={Phase.INVOICED})

    @verb(when={Phase.FILLING}, unless=Else.DEFER)
    def add(self, item: Item, stage: Stage[CartState]) -> None:
        items = stage.state.items
        stage.state = stage.state.changed(items={**items, item.product: items.get(item.product, 0) + item.count})

    @verb(when={Phase.FILLING}, to={Phase.CHECKING_OUT})
    def checkout(self, said: Checkout, stage: Stage[CartState]) -> None:
        """Send the order round by the customer; it comes back as `priced`, or its failure as `failed_order`."""
        route = stage.route([(f"customer/{said.customer}", "identify"), (stage.me, "identified")], error=(stage.me, "stranded"))
        stage.send_along(route, Order(cart=stage.key))
        stage.state = stage.state.changed(customer=said.customer, trouble="")
        stage.enter(Phase.CHECKING_OUT)

    @verb(when={Phase.CHECKING_OUT}, unless=Else.IGNORE)
    def identified(self, order: Order, stage: Stage[CartState]) -> None:
        """The order is back with the customer's name on it: ask all products at once."""
        stage.state = stage.state.changed(order=order)
        asked = [
            Request(to=f"product/{product}", verb="quote", payload=Item(product=product, count=count))
            for product, count in stage.state.items.items()
        ]
        stage.gather(asked, then="quoted", within_s=30.0)

    @verb(when={Phase.CHECKING_OUT}, to={Phase.INVOICED, Phase.FILLING}, unless=Else.IGNORE)
    def quoted(self, gathered: Gathered, stage: Stage[CartState]) -> None:
        """All quotes, or what there is of them: one invoice or none."""
        refused = [f"{answer.to}: {answer.reason}" for answer in gathered.answers if not answer.ok]
        if refused or not gathered.complete:
            self._give_back(stage, "; ".join(refused) or f"no quote in time from {', '.join(gathered.missing)}")
            return
        order = stage.state.order or Order(cart=stage.key)
        lines = {answer.to.split("/")[1]: round(answer.body["cents"] * (1 - order.discount)) for answer in gathered.answers}
        invoice = f"invoice/{stage.new_key()}"
        stage.tell(invoice, "issue", Invoice(cart=stage.key, name=order.name, lines=lines, cents=sum(lines.values())))
        stage.state = stage.state.changed(invoice=invoice)
        stage.enter(Phase.INVOICED)

    @verb(when={Phase.CHECKING_OUT}, to={Phase.FILLING}, unless=Else.IGNORE)
    def stranded(self, failure: RouteFailed, stage: Stage[CartState]) -> None:
        """The order did not come through."""
        self._give_back(stage, f"{failure.at}: {failure.reason}")

    def _give_back(self, stage: Stage[CartState], why: str) -> None:
        stage.state = stage.state.changed(trouble=why, order=None)
        stage.enter(Phase.FILLING)


class InvoiceState(State):
    invoice: Invoice | None = None
    paid: bool = False


class InvoiceActor(Actor[InvoiceState]):
    """One invoice. It is made by being written to."""

    kind = "invoice"

    @verb(begins=True)
    def issue(self, invoice: Invoice, stage: Stage[InvoiceState]) -> None:
        if stage.born:
            raise RuntimeError("an invoice is issued once")
        stage.state = InvoiceState(invoice=invoice)
