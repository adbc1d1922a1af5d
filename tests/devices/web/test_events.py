"""Events: a page is right at once, then live; it misses nothing over a broken line, a restart and a kill, or is told to look anew."""

import contextlib
import http.client
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import LISTENING, READING, WebGateway, bearer
from tests.devices.web.streams import EventsClient
from tests.waiting import until, within

QUIET = "[actors.twin]\npublish_to = ''\n"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[WebGateway]:
    with WebGateway(tmp_path, QUIET, web="streams = 3") as made:
        yield made


def value_of(reader: EventsClient, id: str, name: str = "n") -> object:
    state = reader.states.get(id)
    return state and state["values"][name]["value"]


def read_until(reader: EventsClient, id: str, value: object) -> None:
    while value_of(reader, id) != value:
        assert reader.next() is not None


def report(gateway: WebGateway, id: str, n: object) -> None:
    tell(gateway, id, values={"n": n})


def tell(gateway: WebGateway, id: str, **payload: object) -> None:
    answer = gateway.ask(do="tell", to=id, verb="report", payload=payload, timeout_s=60)
    assert answer["ok"], answer


def test_a_page_is_right_at_once_and_live_from_then_on(gateway: WebGateway) -> None:
    """First how all stand that it follows, then what each commit makes of them; nobody else."""
    report(gateway, "twin/door", 1)
    report(gateway, "twin/boiler", 2)
    with EventsClient(gateway, "twin/d*,twin/van") as reader:
        assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.answer.headers["cache-control"] == "no-store"
        first = reader.next()
        assert first is not None
        assert (first.event, first.data["begin"], first.data["end"], list(reader.states)) == ("snapshot", True, True, ["twin/door"])
        assert reader.retry_ms == 2000
        for n in (5, 6, 7):
            report(gateway, "twin/door", n)
            report(gateway, "twin/boiler", n)
            event = reader.next()
            assert event is not None
            assert (event.event, [state["id"] for state in event.data["states"]], value_of(reader, "twin/door")) == (
                "commit",
                ["twin/door"],
                n,
            )
            assert event.data["states"][0]["kind"] == "twin"
            assert event.id.split("-")[1].isdigit()


def test_who_comes_back_gets_what_was_committed_since(gateway: WebGateway) -> None:
    """Each commit, in order, and no snapshot."""
    report(gateway, "twin/door", 1)
    with EventsClient(gateway, "twin/door") as reader:
        reader.next()
        last = reader.last
    for n in (2, 3, 4):
        report(gateway, "twin/door", n)
    with EventsClient(gateway, "twin/door", last=last) as back:
        seen = []
        for _ in range(3):
            event = back.next()
            assert event is not None
            seen.append((event.event, value_of(back, "twin/door")))
        assert seen == [("commit", 2), ("commit", 3), ("commit", 4)]


def test_after_a_kill_a_client_is_told_to_look_anew(gateway: WebGateway) -> None:
    """Its stream ends with the process; when it comes back it is told how everything stands now."""
    report(gateway, "twin/door", 1)
    with EventsClient(gateway, "twin/door") as reader:
        reader.next()
        report(gateway, "twin/door", 2)
        read_until(reader, "twin/door", 2)
        gateway.kill()
        assert reader.next() is None
    gateway.again()
    gateway.until(lambda: LISTENING.search(gateway.said()))
    report(gateway, "twin/door", 3)
    with EventsClient(gateway, "twin/door", last=reader.last) as back:
        event = back.next()
        assert event is not None
        assert (event.event, event.data["anew"]) == (
            "snapshot",
            "cannot go on from there: the gateway has begun a new life since; look anew",
        )
        assert value_of(back, "twin/door") == 3


def test_the_end_of_the_gateway_ends_streams_at_once(gateway: WebGateway) -> None:
    """They are cut by the closing, and it does not wait for them."""
    with EventsClient(gateway, "twin/*") as reader:
        reader.next()
        assert gateway.stop() == 0
        assert reader.next() is None
    assert "overrun" not in gateway.said()
    assert "Cancel" not in gateway.said()


def test_so_many_streams_and_no_more(gateway: WebGateway) -> None:
    """One more is told to wait; one that hangs up makes room."""
    with EventsClient(gateway, "twin/*") as one, EventsClient(gateway, "twin/*") as two:
        with EventsClient(gateway, "twin/*") as three:
            for reader in (one, two, three):
                reader.next()
            said = gateway.call("GET", "/api/events?of=twin/*")
            assert (said.status, said.json["detail"]) == (
                503,
                "3 event streams are open, and no more may be: web.streams; close one, or try again later",
            )
        until(lambda: _opens(gateway))


def _opens(gateway: WebGateway) -> bool:
    with EventsClient(gateway, "twin/*") as reader:
        return reader.answer.status == 200


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "say which actors you follow, by patterns of their ids: api/events?of=twin/*,trip/van"),
        ("?of=", "say which actors you follow, by patterns of their ids: api/events?of=twin/*,trip/van"),
        (
            "?of=twin",
            "of: cannot use 'twin' as a pattern of actors: write kind/key, with * for any text and ? for one character, and @verb "
            "behind it for one verb",
        ),
        ("?of=" + ",".join(["a/*"] * 33), "of has 33 patterns, and 32 are the most: * stands for any text"),
    ],
)
def test_what_cannot_be_followed_is_said(gateway: WebGateway, query: str, detail: str) -> None:
    """As a problem, before any stream begins."""
    said = gateway.call("GET", f"/api/events{query}")
    assert (said.status, said.headers["content-type"], said.json["detail"]) == (400, "application/problem+json", detail)


def test_a_client_that_reads_nothing_is_cut_and_the_engine_goes_on(tmp_path: Path) -> None:
    """Neither the messages nor the other streams wait for it."""
    with WebGateway(tmp_path, QUIET, web="head_s = 2") as gateway:
        large = "x" * 50_000
        with EventsClient(gateway, "twin/*", receive_bytes=4096) as slow, EventsClient(gateway, "twin/*") as quick:
            quick.next()
            n = 0

            def cut() -> bool:
                nonlocal n
                n += 1
                tell(gateway, "twin/door", values={"n": n, "text": large})
                read_until(quick, "twin/door", n)
                return bool(gateway.ask(do="show", id="web/local")["hosted"]["counters"].get("dropped"))

            until(cut)
            while slow.next() is not None:
                pass


def test_many_actors_come_in_several_pages(gateway: WebGateway) -> None:
    """The id is at the end of the last one: who breaks off in between begins anew."""
    for n in range(60):
        report(gateway, f"twin/t{n:02}", n)
    with EventsClient(gateway, "twin/*") as reader:
        first, second = reader.next(), reader.next()
        assert first is not None
        assert second is not None
        assert (first.id, first.data.get("end"), second.data.get("begin"), second.data["end"]) == ("", None, None, True)
        assert second.id
        assert len(reader.states) == 60


def test_a_head_request_opens_no_stream(gateway: WebGateway) -> None:
    """It says what a GET would be."""
    said = gateway.call("HEAD", "/api/events?of=twin/*")
    assert (said.status, said.headers["content-type"], said.body) == (200, "text/event-stream; charset=utf-8", b"")


def test_an_answer_goes_out_at_once(gateway: WebGateway) -> None:
    """Its head and its body are two writes: the second does not wait until the client has acknowledged the first."""
    connection = http.client.HTTPConnection(*gateway.place, timeout=PATIENCE_S)

    def ten_s() -> float:
        begin_s = time.monotonic()
        for _ in range(10):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        return time.monotonic() - begin_s

    with contextlib.closing(connection):
        within(0.3, ten_s)


def test_a_stream_beats_and_ends_with_its_token(tmp_path: Path) -> None:
    """A quiet stream says every 15 seconds that it is there; whose token is taken back is looked at then."""
    with WebGateway.guarded(tmp_path, QUIET) as gateway:
        with EventsClient(gateway, "twin/*", token=READING) as reader:
            assert reader.next() is not None
            (tmp_path / "read_token").write_text("another-0123456789ab\n")
            assert reader.next() is None
            assert reader.heartbeats == 1
        assert gateway.call("GET", "/api/events?of=twin/*", **bearer(READING)).status == 401
