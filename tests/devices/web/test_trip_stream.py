"""Followers of a trip: whoever knows the name of a shared one sees how it stands, at once and live, and nothing that is not for them."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import FULL, LISTENING, WebGateway, bearer
from tests.waiting import until

FIX = {"latitude_deg": 46.948, "longitude_deg": 7.447, "speed_mps": 10.0}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[WebGateway]:
    """A gateway that wants a token."""
    with WebGateway.guarded(tmp_path) as daemon:
        yield daemon
        daemon.stop()


def begin(daemon: WebGateway) -> dict[str, Any]:
    """Begin a shared trip; its name and its token."""
    said = daemon.post("/api/trips", {"title": "On my way"}, **bearer(FULL))
    assert said.status == 201
    found: dict[str, Any] = said.json
    return found


def move(daemon: WebGateway, trip: dict[str, Any], at_ms: int, **fix: float) -> None:
    """Move a trip by its token."""
    assert daemon.post(f"/api/trips/{trip['slug']}/update", {**FIX, **fix, "at_ms": at_ms, "token": trip["token"]}).status == 200


class Follower:
    """A follower's stream."""

    def __init__(self, daemon: WebGateway, slug: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(*daemon.place, timeout=PATIENCE_S)
        self._connection.request("GET", f"/api/trips/{slug}/events", headers=headers)
        self.response = self._connection.getresponse()

    def until(self, phase: str) -> dict[str, Any]:
        """Read on until the trip is in a phase, and return its state."""
        for line in self.response:
            if line.startswith(b"data:"):
                state: dict[str, Any] = json.loads(line[5:])["state"]
                if state["phase"] == phase:
                    return state
        raise AssertionError(f"the stream has ended: {self.response.status}")

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def test_a_late_follower_sees_where_the_trip_is_and_what_becomes_of_it(guarded: WebGateway) -> None:
    """Without a token, by its name; the first event has the last state. Whatever is not for everybody is in none of them."""
    trip = begin(guarded)
    move(guarded, trip, 1000)
    follower = Follower(guarded, trip["slug"])
    state = follower.until("moving")
    assert (state["title"], state["latest"]["latitude_deg"]) == ("On my way", 46.948)
    assert guarded.post(f"/api/trips/{trip['slug']}/stop", {"token": trip["token"]}).status == 200
    stopped = follower.until("stopped")
    assert {"token_digest", "listed_in", "way"}.isdisjoint({*state, *stopped})
    follower.close()


def test_the_way_is_given_to_whoever_knows_the_name(guarded: WebGateway) -> None:
    """As GeoJSON, from the first fix to the last."""
    trip = begin(guarded)
    for at in range(5):
        move(guarded, trip, 1000 + at * 60_000, latitude_deg=46.948 + at / 1000)
    said = guarded.call("GET", f"/api/trips/{trip['slug']}/way")
    assert (said.status, said.headers["content-type"]) == (200, "application/geo+json")
    assert json.dumps(said.json).count("7.447") >= 2


@pytest.mark.parametrize("path", ["events", "way"])
def test_a_trip_that_is_not_shared_needs_a_token_and_one_that_is_not_there_is_not_found(guarded: WebGateway, path: str) -> None:
    """A vehicle's trip is nobody's but the house's; and to ask for a trip begins none."""
    assert guarded.post("/api/actors/trip/van/position/tell", {**FIX, "at_ms": 1000}, **bearer(FULL)).status == 202
    assert guarded.call("GET", f"/api/trips/van/{path}").status == 401
    assert guarded.call("GET", "/api/trips/van/way", **bearer(FULL)).status == 200
    assert guarded.call("GET", f"/api/trips/no-such/{path}", **bearer(FULL)).status == 404


def test_a_stream_ends_with_the_gateway_and_a_new_one_goes_on(guarded: WebGateway) -> None:
    """kill -9: who comes back sees the trip as it was, and what comes then."""
    trip = begin(guarded)
    move(guarded, trip, 1000)
    follower = Follower(guarded, trip["slug"])
    follower.until("moving")
    guarded.kill()
    with pytest.raises((AssertionError, OSError, http.client.HTTPException)):
        follower.until("never")
    follower.close()
    guarded.again()
    guarded.until(lambda: LISTENING.search(guarded.said()))
    again = Follower(guarded, trip["slug"])
    again.until("moving")
    move(guarded, trip, 61_000, latitude_deg=46.95)
    assert until(lambda: again.until("moving")["latest"]["latitude_deg"] == 46.95)
    again.close()


@pytest.mark.parametrize("verb", ["update", "stop"])
def test_a_trip_that_is_forgotten_in_the_middle_of_a_request_stays_forgotten(guarded: WebGateway, verb: str) -> None:
    """It was there when the head of the request came, and is not when its body does: that is answered as by one that never was."""
    for headers, status in ({}, 401), (bearer(FULL), 404):
        trip = begin(guarded)
        fields = json.dumps({**(FIX if verb == "update" else {}), "token": trip["token"]}).encode()
        head = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(fields)), **headers}
        with socket.create_connection(guarded.place, timeout=PATIENCE_S) as peer:
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            peer.sendall(f"POST /api/trips/{trip['slug']}/{verb} HTTP/1.1\r\n{lines}\r\n".encode())
            assert guarded.call("GET", f"/api/trips/{trip['slug']}").status == 200  # it is looked for behind the one above
            assert guarded.ask(do="forget", id=f"trip/{trip['slug']}", sure=True)["ok"]
            peer.sendall(fields)
            answer = http.client.HTTPResponse(peer)
            answer.begin()
            assert answer.status == status, answer.read()
        assert guarded.get("/api/actors/trip", **bearer(FULL))["actors"] == []
