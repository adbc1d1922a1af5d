"""Trips in a browser: a phone that shares where it is, and somebody who follows it in another browser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.daemons import DaemonProcess
from tests.pages.conftest import DESK, HOUSE, PHONE, Windows

if TYPE_CHECKING:
    from playwright.sync_api import Page

IN_VIEW = "document.documentElement.scrollWidth <= innerWidth"
BERN = {"latitude": 46.948, "longitude": 7.447, "accuracy": 5}


def slug_of(page: "Page") -> str:
    """The name of the trip that a tracker's page shares."""
    link = page.get_by_text(re.compile("/trip#")).inner_text()
    return link.partition("#")[2].strip()


def test_a_phone_shares_its_way_and_somebody_follows(house: DaemonProcess, window: Windows) -> None:
    """The follower, in a browser of their own, comes late, sees where it is, that it moves on, and that it has arrived."""
    phone = window(house, size=PHONE, geolocation=BERN, permissions=["geolocation"])
    tracker = phone.open("track")
    tracker.get_by_label("What followers read").fill("On my way home")
    tracker.get_by_role("button", name="Start").click()
    tracker.get_by_text("Sharing where you are.").wait_for()
    tracker.get_by_text("everything is sent").wait_for()
    follower = window(house, size=DESK).open(f"trip#{slug_of(tracker)}")
    follower.get_by_role("heading", name="On my way home").wait_for()
    follower.get_by_text("On the way", exact=True).wait_for()
    follower.locator(".map .here").wait_for()
    tracker.context.set_geolocation({**BERN, "latitude": 46.94805})
    follower.locator(".map .way[points*=' ']").wait_for(state="attached")
    tracker.get_by_role("button", name="Stop sharing").click()
    tracker.get_by_text("The trip has ended.").wait_for()
    follower.get_by_text("Arrived: the trip has ended").wait_for()


def test_what_cannot_be_sent_waits_in_the_phone(house: DaemonProcess, window: Windows) -> None:
    """Without a network positions are kept, over a reload of the page too, and sent in order when there is one again."""
    phone = window(house, size=PHONE, geolocation=BERN, permissions=["geolocation"])
    tracker = phone.open("track")
    tracker.get_by_role("button", name="Start").click()
    tracker.get_by_text("everything is sent").wait_for()
    slug = slug_of(tracker)
    tracker.route("**/api/**", lambda route: route.abort())
    tracker.context.set_geolocation({**BERN, "latitude": 46.94805})
    tracker.get_by_text("1 position waits to be sent").wait_for()
    tracker.reload()
    tracker.get_by_text(re.compile("wait(s)? to be sent")).wait_for()
    tracker.unroute("**/api/**")
    tracker.get_by_text("everything is sent").wait_for()
    found = house.ask(do="ask", to=f"trip/{slug}", verb="read", timeout_s=10)["body"]
    assert found["latest"]["latitude_deg"] == pytest.approx(46.94805, abs=1e-7)


def test_a_browser_that_may_not_know_the_place_says_what_to_do(house: DaemonProcess, window: Windows) -> None:
    """Denied, the page says where to allow it, and Start tries again."""
    tracker = window(house, size=PHONE).open("track")
    tracker.get_by_role("button", name="Start").click()
    tracker.get_by_text("The browser may not know where you are.").wait_for()
    assert tracker.get_by_role("button", name="Start").is_enabled()


def test_a_trip_that_is_not_there_is_said(house: DaemonProcess, window: Windows) -> None:
    """A link that was mistyped, or cut off, or whose trip is forgotten."""
    for name in ("no-such-trip", "no%", "no%E4"):
        window(house).open(f"trip#{name}").get_by_text("There is no such trip. Ask for a new link.").wait_for()


def test_a_trip_that_strangers_are_told_nothing_of_is_none(tmp_path: Path, window: Windows) -> None:
    """On a gateway with a token, too, whoever follows a trip that is forgotten is not asked to sign in."""
    (tmp_path / "token").write_text("open-sesame-open-sesame\n")
    with DaemonProcess(tmp_path, HOUSE.replace("[web]\n", f'[web]\ntoken_file = "{tmp_path / "token"}"\n')) as daemon:
        window(daemon).open("trip#no-such-trip").get_by_text("There is no such trip. Ask for a new link.").wait_for()
        daemon.stop()


def test_a_lost_signal_is_shown_and_that_it_is_back(tmp_path: Path, window: Windows) -> None:
    """The last position stays in the picture meanwhile, and the words for it have room on a phone."""
    with DaemonProcess(tmp_path, f"{HOUSE}\n[actors.trip]\nlost_after_s = 1.0\n") as daemon:
        daemon.gateway("tell", "trip/van", "position", "latitude_deg=46.9", "longitude_deg=7.4")
        follower = window(daemon, size=PHONE).open("trip#van")
        follower.get_by_text("Signal lost").wait_for()
        assert follower.locator(".map .here").is_visible()
        assert follower.evaluate(IN_VIEW)
        trips = window(daemon, size=PHONE).open("#/trips")
        trips.get_by_text("Signal lost").wait_for()
        assert trips.evaluate(IN_VIEW)
        daemon.gateway("tell", "trip/van", "position", "latitude_deg=46.90001", "longitude_deg=7.4")
        follower.get_by_text("Signal is back").wait_for()
        daemon.stop()


def test_a_trip_that_is_over_at_the_gateway_makes_way_for_another(house: DaemonProcess, window: Windows) -> None:
    """Ended by somebody else, or forgotten: the phone says that it is not taken, why, and Start begins anew."""
    phone = window(house, size=PHONE, geolocation=BERN, permissions=["geolocation"])
    tracker = phone.open("track")
    tracker.get_by_role("button", name="Start").click()
    tracker.get_by_text("everything is sent").wait_for()
    slug = slug_of(tracker)
    house.gateway("forget", f"trip/{slug}", "--yes")
    tracker.context.set_geolocation({**BERN, "latitude": 46.94805})
    tracker.get_by_text("The gateway did not take it").wait_for()
    tracker.get_by_role("button", name="Start").click()
    tracker.get_by_text("Sharing where you are.").wait_for()
    tracker.get_by_text("everything is sent").wait_for()
    assert slug_of(tracker) != slug
