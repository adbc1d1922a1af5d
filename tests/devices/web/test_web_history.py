"""History and statistics over HTTP: what the values of a twin were, and what the gateway has counted."""

import time

import pytest

from tests.devices.web.served import FULL, READING, WebGateway, bearer

HISTORY = "/api/actors/twin/boiler/history"


@pytest.fixture(scope="module")
def kept(gateway: WebGateway) -> int:
    """A gateway that has twelve readings of a boiler, one in five minutes; when the first one came."""
    begin_ms = time.time_ns() // 300_000_000_000 * 300_000 - 3_600_000
    for n in range(12):
        values = {"temp_c": 20 + n, "heats": n % 2 == 0, "text": "on"}
        told = {"values": values, "units": {"temp_c": "°C"}, "at_ms": begin_ms + n * 300_000}
        assert gateway.post("/api/actors/twin/boiler/report/tell", told).status == 202
    return begin_ms


def test_a_twin_tells_what_its_values_were(gateway: WebGateway, kept: int) -> None:
    """All its numbers and booleans, in rows of one step."""
    found = gateway.get(f"{HISTORY}?since=2h&step=5min")
    assert (found["id"], found["columns"]) == ("twin/boiler", ["at_ms", "low", "mean", "high", "readings"])
    by_name = {one["value"]: one for one in found["values"]}
    assert set(by_name) == {"temp_c", "heats"}
    temp = by_name["temp_c"]
    assert (temp["unit"], temp["step_s"]) == ("°C", 300)
    assert temp["rows"] == [[kept + n * 300_000, 20 + n, 20 + n, 20 + n, 1] for n in range(12)]


def test_what_is_no_number_any_more(gateway: WebGateway, kept: int) -> None:
    """A value that is missing now, or a text, has a history as long as there are readings of it."""
    for n, said in enumerate((20, 21, "ERR")):
        values = {"temp_c": said, "level_pct": None if said == "ERR" else said, "mode": "eco"}
        gateway.post("/api/actors/twin/broken/report/tell", {"values": values, "at_ms": kept + n * 1000})
    found = gateway.get("/api/actors/twin/broken/history?since=2h")
    assert {one["value"]: sum(row[4] for row in one["rows"]) for one in found["values"]} == {"temp_c": 2, "level_pct": 2}


def test_one_value_of_one_time(gateway: WebGateway, kept: int) -> None:
    """In milliseconds, or as a date; what lies outside is left out."""
    since, until = kept + 600_000, kept + 1_200_000
    found = gateway.get(f"{HISTORY}?value=temp_c&every=true&since={since}&until={until}")
    (one,) = found["values"]
    assert [row[2] for row in one["rows"]] == [22, 23]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since / 1000))
    assert gateway.get(f"{HISTORY}?value=temp_c&every=true&since={stamp}&until={until}")["values"][0]["rows"] == one["rows"]


def test_more_readings_than_one_answer_holds_come_page_by_page(gateway: WebGateway, kept: int) -> None:
    """The answer says where the next ones begin."""
    seen, since = [], kept
    while since:
        (one,) = gateway.get(f"{HISTORY}?value=temp_c&every=true&limit=5&since={since}")["values"]
        assert len(one["rows"]) <= 5
        seen += [row[2] for row in one["rows"]]
        since = one["next_ms"]
    assert seen == [20 + n for n in range(12)]


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/api/actors/twin/nobody/history", 404, "cannot show twin/nobody: nobody has ever written to it"),
        ("/api/actors/gpio/lamp/history", 404, "gpio/lamp has no history: only twins keep what their values were"),
        (f"{HISTORY}?value=bogus", 404, "twin/boiler has no value 'bogus'; it has temp_c, heats, text"),
        (f"{HISTORY}?since=yesterday", 400, "since is 'yesterday': write how long ago, as in 15min, 2h or 7d, a time as in"),
        (f"{HISTORY}?since=99999999999999999999", 400, "since is '99999999999999999999': write how long ago"),
        (f"{HISTORY}?since=0001-01-01T00:00:00Z", 400, "since is '0001-01-01T00:00:00Z': write how long ago"),
        (f"{HISTORY}?since={'0' * 19}{'9' * 20}", 400, "since is '0000000000000000000999"),
        (f"{HISTORY}?until={'9' * 5000}", 400, "until is '99999"),
        (f"{HISTORY}?step={'1' + '0' * 20}", 400, "step is '1000"),
        (f"{HISTORY}?limit={'0' * 15}19999", 400, "limit is '00000000000000019999': write a whole number from 1 to 2000"),
        (f"{HISTORY}?step=0", 400, "step is '0': write seconds, or 5min, 2h or 1d"),
        (f"{HISTORY}?since=1h&until=2h", 400, "until is not behind since: nothing can lie between them"),
        (f"{HISTORY}?every=yes", 400, "every is 'yes': write true or false"),
        (f"{HISTORY}?limit=9999", 400, "limit is '9999': write a whole number from 1 to 2000"),
    ],
)
def test_what_cannot_be_told_is_said(gateway: WebGateway, kept: int, path: str, status: int, detail: str) -> None:
    """As a problem in words."""
    said = gateway.call("GET", path)
    assert said.status == status, said.body
    assert said.json["detail"].startswith(detail)


def test_many_values_share_the_rows_of_one_answer(gateway: WebGateway, kept: int) -> None:
    """However many are wanted of each, an answer has no more of them than of all values that may be told at once, as many as usual each."""
    names = [f"v{n}" for n in range(64)]
    begin_ms = kept // 3_600_000 * 3_600_000
    for second in range(0, 1200, 2):
        told = {"values": dict.fromkeys(names, second), "at_ms": begin_ms + second * 1000}
        answer = gateway.ask(do="tell", to="twin/many", verb="report", payload=told, timeout_s=60)
        assert answer["ok"], answer
    query = f"/api/actors/twin/many/history?since={begin_ms}&until={begin_ms + 1_200_000}&step=1s&limit=2000"
    found = gateway.get(query)
    assert len(found["values"]) == 64
    assert sum(len(one["rows"]) for one in found["values"]) <= 64 * 500
    (alone,) = gateway.get(f"{query}&value=v7")["values"]
    assert len(alone["rows"]) == 600


def test_statistics_say_what_the_gateway_has_counted(gateway: WebGateway, kept: int) -> None:
    """As a whole, by kind and by device; what it keeps for itself is left out."""
    found = gateway.get("/api/statistics")
    assert (found["name"], found["healthy"], found["event_streams"]) == ("test", True, 0)
    assert found["totals"]["turns"] >= 12
    kinds = {one["kind"]: one for one in found["kinds"]}
    assert kinds["twin"]["turns"] >= 12
    assert "history" not in kinds
    devices = {one["id"]: one for one in found["devices"]}
    assert devices["gpio/lamp"]["health"] == "ok"
    assert devices["web/local"]["counted"]["requests"] >= 1


@pytest.mark.parametrize("path", [HISTORY, "/api/statistics", "/api/events?of=twin/*", "/metrics"])
def test_who_may_look_and_who_may_not(guarded: WebGateway, path: str) -> None:
    """Each token reads; none, or a wrong one, does not."""
    assert guarded.call("GET", path).status == 401
    assert guarded.call("GET", path, **bearer("wrong-0123456789abc")).status == 401
    for token in (READING, FULL):
        assert guarded.call("HEAD", path, **bearer(token)).status in (200, 404)
