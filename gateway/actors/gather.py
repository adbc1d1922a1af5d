"""Asking others, in a turn that does not wait: their answers come together, as one message, in a later turn.

    class Item(Payload):
        sku: str

    class Cart(Actor[State]):
        @verb
        def price(self, item: Item, stage: Stage[State]) -> None:
            shops = [Request(to=f"shop/{name}", verb="quote", payload=item) for name in ("ann", "bob", "cid")]
            stage.gather(shops, then="quoted", within_s=5.0, name="quotes")

        @verb
        def quoted(self, quotes: Gathered, stage: Stage[State]) -> None:
            prices = [answer.body["cents"] for answer in quotes.answers if answer.ok]
            stage.reply({"cents": min(prices, default=None), "silent": list(quotes.missing)})

        @verb
        def pay(self, item: Item, stage: Stage[State]) -> None:
            stage.ask("bank/main", "charge", {"for": item.sku}, then="paid", within_s=30.0)

        @verb
        def paid(self, answer: Answer, stage: Stage[State]) -> None:
            if answer.timed_out:                       # the outcome is unknown: look before it is repeated
                stage.ask("bank/main", "look", then="paid", within_s=30.0)

`enough` says when what has come is enough: `Enough.ALL` (every answer, a no too), `Enough.FIRST` (one good answer), `Enough.QUORUM`
(good answers of more than half), or a number of good answers. It ends as soon as that can no longer be reached, too: `quotes.enough`
says whether it was. With `each="quoted_one"` that verb gets each Answer as it comes, to act on a part before the whole is there.

The requests leave with the turn that gathers, in its order. The verb `then` gets what has come when every answer is there, or at
the deadline: exactly once, through crashes and restarts too (a deadline that passes while the gateway is off comes late, at its
start). An answer that comes later, or twice, changes nothing. A `stage.reply` in `then` answers whoever asked in the turn that
gathered. With `route=stage.keep_route()` the message `then` gets is on that route, so its `stage.forward` goes on along it.

The count and the deadline are kept by a child, `<me>/gather/<key>`, whose id both methods return: `stage.stop_child(id)` gives it
up. An id has at most 8 pairs, so who gathers has at most 7. See `gatherer.py`.
"""

import enum
from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.actors.callers import By
from gateway.actors.errors import BadDefinition, BadId, UnknownTarget
from gateway.actors.itinerary import Route
from gateway.actors.messages import Message
from gateway.actors.models import Payload
from gateway.actors.payloads import LONGEST_S
from gateway.actors.staging import Staging

GATHER = "gather"
"""The kind that keeps the count: it is always registered."""
ASKED_AT_MOST = 1000


class Enough(enum.Enum):
    """When a gather has heard enough."""

    ALL = "all"
    FIRST = "first"
    QUORUM = "quorum"


class Request(NamedTuple):
    """One request of a gather."""

    to: str
    verb: str
    payload: Payload | dict[str, Any] | None = None


class Answer(Payload):
    """What became of one request of a gather or an ask. An ask sends it to the verb `then`."""

    SENT_BY = By.KIN
    to: str
    verb: str
    ok: bool = True
    """False where it was refused, could not be sent, or has timed out."""
    reason: str = ""
    """Why not, where `ok` is false."""
    body: Any = None
    """The answer's fields, as JSON values."""
    timed_out: bool = False
    """No answer came in time: the outcome is unknown."""
    name: str = ""
    """The name the ask was given."""
    at: int = 0
    """The place of its request among those of the gather, from 0."""


class Gathered(Payload):
    """All that a gather has heard. A gather sends it to the verb `then`."""

    SENT_BY = By.KIN
    name: str = ""
    """The name the gather was given."""
    answers: tuple[Answer, ...] = ()
    """The answers that came, refusals too, in the order of the requests."""
    missing: tuple[str, ...] = ()
    """Whose answer did not come in time, in the order of the requests."""
    complete: bool = True
    """Whether every answer is here."""
    enough: bool = True
    """Whether as many good answers came as the gather wanted."""


class Asked(Payload):
    """One request, as the child that waits for the answers knows it."""

    to: str
    verb: str
    of: str = ""
    """Id of the message; empty where it could not be sent."""
    fault: str = ""
    """Why it could not."""


class BeginGather(Payload):
    """Payload of the verb `begin` of the child that waits: which answers it waits for, and whom it tells."""

    asked: tuple[Asked, ...]
    then: str
    within_s: float
    name: str = ""
    single: bool = False
    """Whether it is an ask: `then` takes an Answer."""
    enough: int = 0
    """How many good answers are enough; 0: every answer, a no too."""
    each: str = ""
    """The verb that gets each Answer as it comes; empty where none does."""
    route: Route | None = None
    """Along which `then` is told."""
    reply_to: str = ""
    trace: str = ""


def begin(  # noqa: PLR0917  # positional, as the two methods of the stage give them
    stage: Staging,
    requests: Iterable[Request],
    then: str,
    within_s: float,
    name: str,
    route: Route | None,
    *,
    single: bool = False,
    enough: Enough | int = Enough.ALL,
    each: str = "",
) -> str:
    """Stage the requests, and before them the child that waits for the answers; return the child's id."""
    what = f"cannot {'ask' if single else 'gather'}{f' {name!r}' if name else ''} in {stage.me}"
    requests = list(requests)
    _check(stage, requests, then, within_s=within_s, model=Answer if single else Gathered, what=what)
    if each:
        _check_model(stage, each, Answer, what)
    child = _child(stage, what)
    asked, sent = _asked(stage, requests, child)
    message = stage.message
    told = BeginGather(
        asked=asked,
        then=then,
        within_s=within_s,
        name=name,
        single=single,
        enough=_wanted(enough, len(requests), what),
        each=each,
        route=_way_back(stage, then, route),
        reply_to=message.reply_to,
        trace=message.trace or message.id,
    )
    stage.tell(child, "begin", told)
    stage.mail += sent
    return child


def _check(stage: Staging, requests: list[Request], then: str, *, within_s: float, model: type[Payload], what: str) -> None:
    if not 0 < within_s <= LONGEST_S:
        raise BadDefinition(f"{what}: within_s is {within_s}; give the seconds to wait for answers, above 0 and at most {LONGEST_S:g}")
    if len(requests) > ASKED_AT_MOST:
        raise BadDefinition(f"{what}: {len(requests)} requests are too many; ask at most {ASKED_AT_MOST} at once")
    _check_model(stage, then, model, what)


def _check_model(stage: Staging, verb: str, model: type[Payload], what: str) -> None:
    found = stage.world.find_verb(stage.me, verb).payload
    if found is not model:
        raise BadDefinition(f"{what}: the verb {verb!r} takes {found.__name__}; have it take {model.__name__}")


def _wanted(enough: Enough | int, asked: int, what: str) -> int:
    """How many good answers are enough; 0: every answer."""
    if isinstance(enough, Enough):
        return {Enough.ALL: 0, Enough.FIRST: min(1, asked), Enough.QUORUM: asked // 2 + 1 if asked else 0}[enough]
    if not 0 < enough <= asked:
        raise BadDefinition(f"{what}: {enough} good answers cannot be enough when {asked} are asked; give 1 to {asked}, or an Enough")
    return enough


def _child(stage: Staging, what: str) -> str:
    try:
        child: str = stage.child(GATHER, stage.new_key())
    except BadId:
        raise BadId(f"{what}: its child {GATHER}/… would be the ninth pair of an id; have its parent ask") from None
    return child


def _asked(stage: Staging, requests: list[Request], child: str) -> tuple[tuple[Asked, ...], list[Message]]:
    """The requests as the child is to know them, and the messages that carry them, which go out after the child's first message."""
    at = len(stage.mail)
    try:
        return tuple(_ask(stage, request, child) for request in requests), stage.mail[at:]
    finally:
        del stage.mail[at:]


def _ask(stage: Staging, request: Request, child: str) -> Asked:
    """Stage one request. Where nobody can take it, that is the request's answer and no fault of the turn; a bad payload is a fault."""
    try:
        stage.tell(request.to, request.verb, request.payload, reply_to=child)
    except (UnknownTarget, BadId) as error:
        return Asked(to=request.to, verb=request.verb, fault=str(error))
    return Asked(to=request.to, verb=request.verb, of=stage.mail[-1].id)


def _way_back(stage: Staging, then: str, kept: Route | None) -> Route | None:
    """The route that leads to `then`, and on along the kept one; so a reply there says which message it answers."""
    back = {"to": stage.me, "verb": then}
    if kept is not None:
        return Route.model_validate({**kept.__dict__, "ahead": (back, *kept.ahead)})
    return Route.model_validate({"ahead": (back,), "of": stage.message.asked}) if stage.message.reply_to else None
