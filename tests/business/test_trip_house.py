"""The house of trips: it begins shared ones under free names, lists them, and one of them that fails is nobody else's fault."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors import By, Stage, verb
from gateway.actors.vocabulary import Fix
from gateway.business.trip import Path, Trip, TripPhase, Trips, TripSettings, TripsSettings, TripsState, TripState
from gateway.business.trip.slugs import ANIMALS, QUALITIES, draw, words
from gateway.testing import Rig, Turns

HOUSE = "trips/home"


def rig(trip: type[Trip] = Trip, **settings: Any) -> Rig:
    return Rig([trip(TripSettings(publish_to="")), Path(), Trips(TripsSettings(**settings))])


def house(**settings: Any) -> Turns[TripsState]:
    return Turns(Trips(TripsSettings(**settings)), me=HOUSE)


def numbers(*those: float) -> Callable[[], float]:
    return iter(those).__next__


def test_the_words() -> None:
    """Plain short words, each once, and more than forty thousand pairs of them."""
    qualities, animals = words(QUALITIES), words(ANIMALS)
    assert all(re.fullmatch("[a-z]{3,12}", word) for word in qualities + animals)
    assert len({*qualities, *animals}) == len(qualities) + len(animals)
    assert len(qualities) * len(animals) > 40_000


def test_a_name() -> None:
    """Two words; with a number where names have run short."""
    assert draw(numbers(0.0, 0.0), numbered=False) == "able-addax"
    assert draw(numbers(0.999999, 0.999999), numbered=False) == "zippy-zebu"
    assert draw(numbers(0.0, 0.0, 0.0), numbered=True) == "able-addax-2"
    assert draw(numbers(0.0, 0.0, 0.999999), numbered=True) == "able-addax-999"


def test_a_new_trip() -> None:
    """Whoever asks gets name, token and link; the trip is there, waits for its tracker, and answers to its token only."""
    with rig(link="https://example.com/#{slug}") as gateway:
        made = gateway.ask(HOUSE, "new", {"title": "On my way home"}).body
        assert re.fullmatch("[a-z]+-[a-z]+", made["slug"])
        assert made["link"] == f"https://example.com/#{made['slug']}"
        trip = f"trip/{made['slug']}"
        assert gateway.state(trip).title == "On my way home"
        fix = {"latitude_deg": 52.5, "longitude_deg": 13.4}
        assert gateway.ask(trip, "update", {"token": "0" * 40, **fix}).reason == f"cannot update {trip.replace('/', ' ')}: wrong token"
        assert gateway.ask(trip, "update", {"token": made["token"], **fix}).body["phase"] == "moving"
        assert gateway.state(HOUSE).asked == {}
        assert made["token"] not in gateway.state(HOUSE).to_json().decode() + gateway.state(trip).to_json().decode()


def test_no_two_get_one_name() -> None:
    """Of many who ask at once each gets a trip of their own, and another token."""
    with rig() as gateway:
        made = [gateway.ask(HOUSE, "new").body for _ in range(40)]
        assert len({one["slug"] for one in made}) == len({one["token"] for one in made}) == 40
        assert [one["slug"] for one in gateway.ask(HOUSE, "list").body["trips"]] == sorted(one["slug"] for one in made)


def test_a_name_that_is_taken() -> None:
    """The trip that is there says no, and the house draws another name; whoever asked sees nothing of it."""
    turns = house()
    turns.tell("new", {"title": "x"}, sender="test/asker", reply_to="test/asker", id="ask-1")
    first = turns.mail[-1]
    assert (first.verb, first.reply_to) == ("begin", HOUSE)
    turns.tell("reply", {"of": first.id, "ok": False, "reason": "there is a trip already"})
    second = turns.mail[-1]
    assert (second.verb, second.payload, second.to != first.to) == ("begin", first.payload, True)
    turns.tell("reply", {"of": second.id, "body": {"slug": second.to.removeprefix("trip/"), "token": "t"}})
    (answer,) = turns.mail_to("test/asker")
    assert (answer.of, answer.body["slug"]) == ("ask-1", second.to.removeprefix("trip/"))
    before = len(turns.mail)
    turns.tell("reply", {"of": second.id, "body": {"slug": "x-y", "token": "t"}})
    assert len(turns.mail) == before


def test_when_names_run_short() -> None:
    """After ten draws a number is added; after twenty it says why there is no trip, and remembers nothing."""
    turns = house()
    turns.tell("new", sender="test/asker", reply_to="test/asker", id="ask-1")
    for _ in range(20):
        turns.tell("reply", {"of": turns.mail[-1].id, "ok": False, "reason": "there is a trip already"})
    drawn = [message.to for message in turns.mail if message.verb == "begin"]
    assert [len(name.split("-")) for name in drawn] == [2] * 10 + [3] * 10
    (answer,) = turns.replies
    assert (answer.of, answer.reason) == (
        "ask-1",
        "cannot begin a trip: 20 names were refused, the last one because there is a trip already",
    )
    assert turns.state == TripsState()


def test_only_who_asks_gets_a_trip() -> None:
    """Told to, without anybody to give the token to, the house begins none; nor more than it may."""
    turns = house(most=1)
    with pytest.raises(Exception, match="nobody would get its token"):
        turns.tell("new")
    turns.tell("new", sender="test/asker", reply_to="test/asker")
    reason = "cannot begin a trip: there are 1 already; wait until some are forgotten, or raise actors.trips.most"
    assert turns.ask("new").reason == reason


def test_a_link_without_a_name() -> None:
    """It would lead every follower to the same place."""
    with pytest.raises(ValidationError, match=r"write .slug. where the trip's name goes"):
        TripsSettings(link="https://example.com")


def test_pages() -> None:
    """The list comes in pages; the last one has nothing after it."""
    with rig() as gateway:
        for _ in range(5):
            gateway.ask(HOUSE, "new")
        found, after = [], ""
        for _ in range(3):
            page = gateway.ask(HOUSE, "list", {"most": 2, "after": after}).body
            found += [one["slug"] for one in page["trips"]]
            after = page["after"]
        assert (len(found), found, after) == (5, sorted(found), "")


def test_a_forgotten_trip_leaves_the_list() -> None:
    """A week after its end its name is free, its path is gone, and the house knows it no more; nobody else can say so."""
    with rig() as gateway:
        made = gateway.ask(HOUSE, "new").body
        slug, token = made["slug"], made["token"]
        gateway.tell(HOUSE, "gone", {"slug": slug}, by=By.ACTORS)
        assert slug in gateway.state(HOUSE).begun
        gateway.ask(f"trip/{slug}", "stop", {"token": token})
        gateway.advance(604_800, at_once=True)
        assert gateway.ask(f"trip/{slug}", "read").reason == f"there is no trip {slug}"
        assert gateway.state(HOUSE).begun == {}


def test_a_trip_outlives_a_power_cut() -> None:
    """Its token is good afterwards too, and an unknown name is still one."""
    with rig() as gateway:
        made = gateway.ask(HOUSE, "new").body
        gateway.crash()
        gateway.start()
        fix = {"latitude_deg": 52.5, "longitude_deg": 13.4, "token": made["token"]}
        assert gateway.ask(f"trip/{made['slug']}", "update", fix).ok
        assert gateway.ask("trip/no-such", "update", fix).reason == "there is no trip no-such"
        gateway.settle()
        assert gateway.store.load("trip/no-such") is None


class Sick(Trip):
    """A trip that cannot take one vehicle's fixes."""

    kind = "trip"

    @verb(begins=True, to={TripPhase.MOVING})
    def position(self, fix: Fix, stage: Stage[TripState]) -> None:
        """Fails for one."""
        if stage.key == "sick":
            raise RuntimeError("the word said so")
        super().position(fix, stage)


def test_a_trip_that_fails_again_and_again() -> None:
    """It wears nobody's patience but its own: the others go on, without a limit to how often, and without waiting for it."""
    with rig(Sick) as gateway:
        for round in range(20):
            gateway.send("trip/sick", "position", {"latitude_deg": 1.0, "longitude_deg": 1.0})
            gateway.tell("trip/van", "position", {"latitude_deg": 1.0, "longitude_deg": round / 10_000})
        gateway.settle()
        assert gateway.state("trip/van").fixes == 20
        gateway.advance(120)
        assert len(gateway.store.dead(0, 99)) == 20
        assert gateway.ask(HOUSE, "new").ok
        assert gateway.faults == []
        assert gateway.ask("trip/sick", "read").reason == "there is no trip sick"
