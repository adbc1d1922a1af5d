"""The outbox: what the host has given us to post, and when each may be tried (again).

What is in it is kept on disk by the host until it is settled here. While the server is away nothing is counted: what is here goes back
to the host (`give_back`), and at `resume_s` one request looks whether the server is there again. What the server fails at is tried
again by itself, and the others go on; it is given up only when it has failed often while others went through, so that neither a broken
server nor a broken message loses or holds up the rest.
"""

import random
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from devices.backoff import Backoff, pause_s
from devices.webhook.outcomes import End, PostOutcome
from devices.webhook.posts import PostRequest
from gateway.actors import Delivery
from gateway.actors.words import several

STRIKES = 10
"""How often one message may fail while others go through."""
_WAIT_AT_MOST_S = 3600.0
_REMEMBERED = 1000
"""How many messages that failed are remembered while the host has them."""


class Struck(NamedTuple):
    """How often, and how, a message failed so far."""

    times: int = 0
    not_before_s: float = 0.0
    done_before: int = 0
    """How many others were done when it failed first."""


class Item:
    """One message that waits to be posted."""

    def __init__(self, delivery: Delivery, request: PostRequest) -> None:
        self.delivery = delivery
        self.request = request
        self.under_way = False


class PostsInHand:
    """The messages of one webhook that are not posted yet. On the actor's own thread. Seconds are of the monotonic clock."""

    def __init__(self, retry_min_s: float, retry_max_s: float, *, chance: Callable[[], float] = random.random) -> None:
        self._retry_min_s = retry_min_s
        self._retry_max_s = retry_max_s
        self._chance = chance
        self._items: dict[int, Item] = {}
        self._struck: OrderedDict[str, Struck] = OrderedDict()
        """Messages that failed, by their ids."""
        self._number = 0
        self._backoff = Backoff(retry_min_s, retry_max_s, chance=chance)
        self.away = False
        """Whether all messages wait for the server: it was away when somebody asked last."""
        self.resume_s = 0.0
        """When to look again whether the server is there."""
        self._done = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, delivery: Delivery, request: PostRequest) -> None:
        """Take a message in."""
        self._number += 1
        self._items[self._number] = Item(delivery, request)

    def next(self, now_s: float) -> tuple[int, PostRequest] | None:
        """The message to post now, and its number; None where there is none."""
        waiting = [number for number, item in self._items.items() if not item.under_way]
        if self.away:
            if now_s < self.resume_s or len(waiting) < len(self._items):
                return None
            waiting.sort(key=lambda number: (self._of(self._items[number]).times, number))  # it may be just this one that cannot pass
        else:
            waiting = [number for number in waiting if self._of(self._items[number]).not_before_s <= now_s]
        if not waiting:
            return None
        item = self._items[waiting[0]]
        item.under_way = True
        return waiting[0], item.request

    def next_s(self) -> float:
        """When `next` may have a message that it has not now."""
        if self.away:
            return self.resume_s if self._items else float("inf")
        return min((self._of(item).not_before_s for item in self._items.values() if not item.under_way), default=float("inf"))

    def give_back(self) -> bool:
        """Forget the messages here, for the host to have them again, unless a request is under way; return whether that was so."""
        if any(item.under_way for item in self._items.values()):
            return False
        self._items.clear()
        return True

    def settle(self, number: int, outcome: PostOutcome, now_s: float) -> bool:
        """Take what came of a request; return whether the message has left the outbox."""
        item = self._items[number]
        item.under_way = False
        if outcome.end is End.AWAY:
            self._server_away(outcome, now_s)
            if outcome.status:
                self._strike(item, outcome, now_s)
            return False
        self.away = False
        self._backoff.reset()
        if outcome.end is End.AGAIN:
            return self._strike(item, outcome, now_s) and self._given_up(number, outcome)
        del self._items[number]
        self._struck.pop(item.delivery.message.id, None)
        if outcome.end is End.DONE:
            self._done += 1
            route = item.delivery.message.route
            # Along a route the payload goes on as it came; whoever asked hears what the server said.
            item.delivery.done(None if route is not None and route.ahead else {"status": outcome.status})
        else:
            item.delivery.failed(f"cannot post it: {outcome.reason}", retry=False)
        return True

    def _server_away(self, outcome: PostOutcome, now_s: float) -> None:
        self.away = True
        self.resume_s = now_s + _heeding(outcome, self._backoff.next_s())

    def _of(self, item: Item) -> Struck:
        return self._struck.get(item.delivery.message.id, Struck())

    def _strike(self, item: Item, outcome: PostOutcome, now_s: float) -> bool:
        """Note one more failure of a message; return whether the message must be given up."""
        before = self._of(item)
        times = before.times + 1
        done_before = before.done_before if before.times else self._done
        self._struck[item.delivery.message.id] = Struck(times, now_s + self._pause_s(times, outcome), done_before)
        if len(self._struck) > _REMEMBERED:
            self._struck.popitem(last=False)
        return times >= STRIKES and self._done > done_before

    def _given_up(self, number: int, outcome: PostOutcome) -> bool:
        item = self._items.pop(number)
        times = self._struck.pop(item.delivery.message.id).times
        item.delivery.failed(f"cannot post it: it failed {several(times, 'time')} while others went through; {outcome.reason}", retry=False)
        return True

    def _pause_s(self, times: int, outcome: PostOutcome) -> float:
        return _heeding(outcome, pause_s(times, self._retry_min_s, self._retry_max_s, chance=self._chance))


def _heeding(outcome: PostOutcome, wait_s: float) -> float:
    """The seconds to wait after a failure: ours, or what the server asks for where that is longer."""
    return max(wait_s, min(outcome.after_s, _WAIT_AT_MOST_S))
