"""Requests from within: a host-bound actor asks in the words of the control socket, and gives up what it wants no more."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import HostBound, Refused, Settings
from gateway.control.within import MOST_ASKED, Within
from gateway.testing import Bench


class Onlooker(HostBound):
    """It asks of the gateway what a test has it ask."""

    def __init__(self, key: str, settings: Settings) -> None:
        self.key = key
        self.settings = settings


@pytest.fixture
def host() -> Iterator[Bench]:
    with Bench(Onlooker("one", Settings())) as bench:
        yield bench


def test_what_is_asked_waits_until_somebody_looks(host: Bench) -> None:
    """Whoever answers is woken, and finds each request once."""
    within, woken, heard = Within(), list[bool](), list[dict[str, Any]]()
    within.wake = lambda: woken.append(True)
    within.ask(host, {"do": "health"}, heard.append)
    ((client, words),) = within.take()
    client.say({"n": None, "ok": True})
    assert (words, heard, woken, within.take()) == ({"do": "health"}, [{"ok": True}], [True], [])


def test_whoever_gave_up_hears_nothing_more(host: Bench) -> None:
    """Its answer may be on its way already."""
    within, heard = Within(), list[dict[str, Any]]()
    give_up = within.ask(host, {"do": "health"}, heard.append)
    ((client, _),) = within.take()
    give_up()
    client.say({"ok": True})
    assert (heard, within.left()) == ([], [client])


def test_there_is_room_for_so_many_at_once(host: Bench) -> None:
    """One more is refused, until one has ended."""
    within, heard = Within(), list[dict[str, Any]]()
    for _ in range(MOST_ASKED):
        within.ask(host, {"do": "health"}, heard.append)
    with pytest.raises(Refused, match=f"{MOST_ASKED} are under way; try again soon"):
        within.ask(host, {"do": "health"}, heard.append)
    within.ended(within.take()[0].client)
    within.ask(host, {"do": "health"}, heard.append)


def test_whoever_waits_is_answered_when_nobody_will_look_any_more(host: Bench) -> None:
    """The gateway closes: each hears that."""
    within, heard = Within(), list[dict[str, Any]]()
    within.ask(host, {"do": "health"}, heard.append)
    within.end({"ok": False, "fault": "closing"}, shut="the gateway is closing")
    assert heard == [{"ok": False, "fault": "closing"}]
    with pytest.raises(Refused, match="the gateway is closing"):
        within.ask(host, {"do": "health"}, heard.append)
