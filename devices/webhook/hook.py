"""A webhook: one address of somebody else's server, to which messages are posted over HTTP.

[webhook.alerts]
url = "https://hooks.example.com/gateway"

A message waits on disk until the server has taken it, and is posted at least once, each time under the same Idempotency-Key. An
answer of 2xx is done; 4xx is refused for good and becomes a dead letter, which `gateway dead-letters retry` posts anew once
the cause is mended; anything else is tried again. While the server is away messages wait in their mailbox, and one request now and then
looks for it. Nothing is sent in order when more than one is in flight.
Source: draft-ietf-httpapi-idempotency-key-header; RFC 9110.
"""

import logging
import math
from collections.abc import Callable
from contextlib import ExitStack

from devices.link import Faulty, Link, LinkFault, Missing
from devices.webhook.credentials import TlsTrust
from devices.webhook.crew import Crew
from devices.webhook.line import HttpLine
from devices.webhook.outbox import PostsInHand
from devices.webhook.outcomes import End, PostOutcome
from devices.webhook.posts import BadPost, PostRequest, Writer
from devices.webhook.settings import WebhookSettings, WebhookSimulation
from gateway.actors import Delivery, Health, verb
from gateway.actors.vocabulary import Notify, Post

log = logging.getLogger(__name__)

_CLOSE_S = 1.0


class Webhook(Link[WebhookSettings]):
    """Posts what it is told to one address, several at once, and never waits for a server on its own thread."""

    looks_while_closing = True
    window = 32
    counters_said = {"done": "posted", "again": "failures of the server", "away": "times the server was away"}
    close_s = 3.0

    def __init__(self, key: str, settings: WebhookSettings) -> None:
        super().__init__(key, settings)
        self._name = f"webhook.{key}"
        self._writer = Writer(settings.template, settings.facts)
        self._outbox = PostsInHand(settings.retry_min_s, settings.retry_max_s)
        self._fault: LinkFault = Missing("no request has been made yet")
        """Why the server is away, as the last request found."""
        self._at_end = ExitStack()
        self._shown = ""
        self._crew: Crew

    def prepare(self) -> None:
        """Make ready to post; nothing is connected to before there is something to post."""
        url = self.settings.url
        origin = "/".join(url.split("/", 3)[:3])  # the rest may be a secret: at some services the whole url is one
        self._shown = f"posting to {origin}"
        if self.settings.simulation is not None:
            url = self._simulated(self.settings.simulation)
            self._shown = f"posting to {url} (simulated)"
        elif self.settings.in_clear:
            self._shown += ", in clear"
            log.warning("%s: what is posted to %s can be read on its way; write https", self.host.me, origin)
        trust = TlsTrust(self.settings, self._name)
        self._crew = Crew(self.host.me, self.settings.in_flight, lambda: HttpLine(self.settings, self._name, url, trust), self.host.wake)
        self._at_end.callback(self._crew.close, _CLOSE_S)
        self.host.report(Health.OK, self._shown)

    def _simulated(self, simulation: WebhookSimulation) -> str:
        from devices.webhook.simulator import Receiver  # noqa: PLC0415  # a server's libraries are not for who has none

        return self._at_end.enter_context(Receiver(simulation)).url

    # --- what it is told

    @verb
    def post(self, post: Post, delivery: Delivery) -> None:
        """Post a body, or fields as JSON or as the settings' `body` writes them."""
        self._take(delivery, lambda: self._writer.of_post(delivery.message, post))

    @verb
    def notify(self, notify: Notify, delivery: Delivery) -> None:
        """Post a subject, a text and facts, as one JSON object or as the settings' `body` writes them."""
        self._take(delivery, lambda: self._writer.of_notify(delivery.message, notify))

    def _take(self, delivery: Delivery, make: Callable[[], PostRequest]) -> None:
        delivery.keep()
        try:
            self._outbox.add(delivery, make())
        except BadPost as error:
            delivery.failed(str(error), retry=False)

    # --- its life

    def open(self) -> str:
        """Let one request look for the server: it says how the server is."""
        return ""

    @property
    def due_s(self) -> float:
        return min(self._crew.due_s, self._outbox.next_s() if self._crew.idle else math.inf) if self.is_open else math.inf

    def turn(self) -> None:
        """Settle the requests that have ended, end those that are late, begin those that may be begun."""
        self._crew.cut_late()
        now_s = self.clock()
        for number, outcome in self._crew.ended():
            self._outbox.settle(number, outcome, now_s)
            self._note(outcome)
        if self._outbox.away and now_s < self._outbox.resume_s and self.is_open and self._outbox.give_back():
            self.lose(self._fault, again_s=self._outbox.resume_s)
        while self._crew.idle and (job := self._outbox.next(now_s)):
            self._crew.post(*job)

    def failed(self, fault: LinkFault, *, was_open: bool) -> None:
        """Do nothing: each request that found the server away was counted."""

    def leave(self) -> None:
        """Cut off the requests under way: they are on disk, and posted again under their keys."""
        self._at_end.close()

    def _note(self, outcome: PostOutcome) -> None:
        self.host.count(outcome.end.value)
        if outcome.end is End.AWAY:
            self._fault = (Missing if outcome.health is Health.MISSING else Faulty)(outcome.reason)
        if outcome.health is not Health.OK:
            self.host.report(outcome.health, outcome.reason)
        elif outcome.end is End.DONE:
            self.host.report(Health.OK, self._shown)
