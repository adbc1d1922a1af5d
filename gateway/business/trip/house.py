"""A house of trips: begins shared ones under names that people can say, and lists them. There is `trips/home`; make as many as you like.

A name is two words: `brave-otter`. Which is free is decided by the trips themselves: the house draws one and sends that trip
`begin`; a trip that is there already says no, and the house draws another, with a number in it after a few.
"""

from pydantic import Field

from gateway.actors import REPLY, Actor, By, Reply, Stage, State, verb
from gateway.actors.guards import refuse
from gateway.actors.models import Model
from gateway.actors.templates import filled
from gateway.business.trip.payloads import BeginTrip, Gone, TripPage
from gateway.business.trip.settings import TripsSettings
from gateway.business.trip.slugs import draw

DRAWS = 20
"""Names that are tried for one trip: in a house of 10 000 trips, nobody sees the third."""


class AskedTrip(Model):
    """A shared trip that was asked for, and has not answered yet."""

    reply_to: str
    of: str
    """Id of the message that asked."""
    begin: BeginTrip
    draws: int = 1


class TripsState(State):
    """What a house of trips remembers."""

    begun: dict[str, int] = Field(default={})
    """When each trip was begun that is not forgotten, by its name; wall time, milliseconds since 1970."""
    asked: dict[str, AskedTrip] = Field(default={})
    """Trips that are being begun, by the id of the message that a trip was sent."""


class Trips(Actor[TripsState]):
    """Begins shared trips, and lists them."""

    settings_model = TripsSettings
    settings: TripsSettings

    @verb
    def new(self, begin: BeginTrip, stage: Stage[TripsState]) -> None:
        """Begin a shared trip under a free name; answers {slug, token, topic, link}. The token is shown here and never again;
        `{prefix}` in the topic stands for the prefix of the connection that publishes."""
        count = len(stage.state.begun) + len(stage.state.asked)
        if not stage.message.reply_to:
            refuse(stage, "cannot begin a trip: nobody would get its token; ask for it")
        elif count >= self.settings.most:
            refuse(stage, f"cannot begin a trip: there are {count} already; wait until some are forgotten, or raise actors.trips.most")
        else:
            self._try(stage, AskedTrip(reply_to=stage.message.reply_to, of=stage.message.id, begin=begin))

    @verb
    def reply(self, answer: Reply, stage: Stage[TripsState]) -> None:
        """Take a trip's word whether it has begun; tell whoever asked, or draw another name."""
        asked = stage.state.asked.get(answer.of)
        if asked is None:
            return
        others = {id: other for id, other in stage.state.asked.items() if id != answer.of}
        stage.state = stage.state.changed(asked=others)
        if answer.ok:
            self._answer(stage, asked, answer)
        elif asked.draws < DRAWS:
            self._try(stage, asked.changed(draws=asked.draws + 1))
        else:
            reason = f"cannot begin a trip: {asked.draws} names were refused, the last one because {answer.reason}"
            stage.tell(asked.reply_to, REPLY, Reply(of=asked.of, ok=False, reason=reason))

    @verb
    def list(self, page: TripPage, stage: Stage[TripsState]) -> None:
        """Answer with the trips that are not forgotten, by name: {trips: [{slug, begun_ms}], after}; `after` asks for the next page."""
        slugs = sorted(slug for slug in stage.state.begun if slug > page.after)
        found = [{"slug": slug, "begun_ms": stage.state.begun[slug]} for slug in slugs[: page.most]]
        stage.reply({"trips": found, "after": slugs[page.most - 1] if len(slugs) > page.most else ""})

    @verb(by=By.ACTORS)
    def gone(self, gone: Gone, stage: Stage[TripsState]) -> None:
        """Take a trip's word that it is forgotten."""
        if stage.message.sender == f"trip/{gone.slug}":
            begun = {slug: at_ms for slug, at_ms in stage.state.begun.items() if slug != gone.slug}
            stage.state = stage.state.changed(begun=begun)

    def _try(self, stage: Stage[TripsState], asked: AskedTrip) -> None:
        """Draw a name, and ask the trip of that name to begin."""
        stage.tell(f"trip/{draw(stage.random, numbered=asked.draws > DRAWS // 2)}", "begin", asked.begin, reply_to=stage.me)
        stage.state = stage.state.changed(asked={**stage.state.asked, stage.mail[-1].id: asked})

    def _answer(self, stage: Stage[TripsState], asked: AskedTrip, answer: Reply) -> None:
        slug = answer.body["slug"]
        stage.state = stage.state.changed(begun={**stage.state.begun, slug: stage.now_ms})
        link = {"link": filled(self.settings.link, {"slug": slug})} if self.settings.link else {}
        stage.tell(asked.reply_to, REPLY, Reply(of=asked.of, body={**answer.body, **link}))
