"""What is posted, and how often."""

import json
from pathlib import Path

import pytest

from devices.webhook.hook import Webhook
from devices.webhook.settings import WebhookSettings
from devices.webhook.simulator import CannedAnswer, Receiver
from gateway.actors import Health
from gateway.testing import Bench
from tests.brokers import free_port
from tests.devices.webhook.conftest import Hook


def test_a_post_is_done_when_the_server_has_taken_it(receiver: Receiver, hook: Hook) -> None:
    """Fields go as JSON, under the message's id; whoever asked gets the status."""
    receiver.will_answer(CannedAnswer(201, b"made"))
    with hook(f"{receiver.url}/in") as bench:
        delivery = bench.tell("post", {"fields": {"warm": True, "at": [1, None]}, "path": "boiler?x=1"}, id="m7")
        assert (delivery.wait(), delivery.body) == ("done", {"status": 201})
    (posted,) = receiver.posts
    assert (posted.path, posted.body) == ("/in/boiler?x=1", b'{"warm":true,"at":[1,null]}')
    assert (posted.headers["Idempotency-Key"], posted.headers["Content-Type"]) == ("m7", "application/json")
    assert posted.headers["Host"] == f"127.0.0.1:{receiver.port}"


def test_a_body_goes_as_it_is(receiver: Receiver, hook: Hook) -> None:
    """In its own type; without a path of its own, to the webhook's."""
    with hook(f"{receiver.url}/in?a=b") as bench:
        assert bench.tell("post", {"body": "è ok", "content_type": "text/plain; charset=utf-8"}).wait() == "done"
        assert bench.tell("post", {"body": "x", "path": "?c=d"}, id="ünique %1").wait() == "done"
    first, second = receiver.posts
    assert (first.path, first.body, first.headers["Content-Type"]) == ("/in?a=b", "è ok".encode(), "text/plain; charset=utf-8")
    assert (second.path, second.headers["Idempotency-Key"]) == ("/in?a=b&c=d", "%C3%BCnique%20%251")


def test_a_notice_goes_as_json(receiver: Receiver, hook: Hook) -> None:
    """With who sent it and its id, and only what was said."""
    with hook(receiver.url) as bench:
        notice = {"subject": "Frost", "text": "in the cellar", "fields": {"temperature_c": -3.5}}
        assert bench.tell("notify", notice, id="m8").wait() == "done"
    (posted,) = receiver.posts
    assert (posted.path, json.loads(posted.body)) == ("/", {**notice, "sender": "", "id": "m8"})


def test_a_notice_of_the_box_fits(receiver: Receiver, hook: Hook) -> None:
    """What contacts have filled in goes along."""
    recipient = {"channel": "webhook", "address": "ann", "name": "Ann"}
    with hook(receiver.url) as bench:
        assert bench.tell("notify", {"subject": "Frost", "user": "ann", "recipients": [recipient]}).wait() == "done"
    assert json.loads(receiver.posts[0].body)["recipients"] == [recipient]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"body": "x", "fields": {"y": 1}}, "cannot post it: it has a body and fields; send one of them"),
        ({"path": "../admin"}, "cannot post to the path '../admin': it leaves the webhook's own; leave .. out"),
        ({"path": "a/%2E%2e%2fadmin"}, "cannot post to the path 'a/%2E%2e%2fadmin': it leaves the webhook's own; leave .. out"),
        ({"path": "a b"}, "cannot post to the path 'a b': ' ' has no place in a URL; write it as %XX"),
        ({"path": "a\r\nX: y"}, "cannot post to the path 'a\\r\\nX: y': '\\r' has no place in a URL; write it as %XX"),
    ],
)
def test_what_cannot_be_posted_fails_for_good(receiver: Receiver, hook: Hook, fields: dict[str, object], said: str) -> None:
    """Nothing of it reaches the server, and the next one does."""
    with hook(f"{receiver.url}/in") as bench:
        refused = bench.tell("post", fields)
        assert (refused.wait(), refused.retry) == (said, False)
        assert bench.tell("post", {"body": "fine"}).wait() == "done"
    assert [posted.body for posted in receiver.posts] == [b"fine"]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 413, 422])
def test_a_refusal_is_for_good(receiver: Receiver, hook: Hook, status: int) -> None:
    """Posted once; the reason has the status and the beginning of the answer."""
    receiver.will_answer(CannedAnswer(status, b"no:\n" + b"x" * 500))
    with hook(receiver.url) as bench:
        delivery = bench.tell("post", {"body": "x"})
        assert delivery.wait().startswith(f"cannot post it: the server said {status} ")
        assert f"no: {'x' * 196}" in delivery.outcome
        assert "x" * 197 not in delivery.outcome
        assert not delivery.retry
    assert len(receiver.posts) == 1


def test_a_refusal_of_every_request_shows_in_the_health_until_one_is_taken(receiver: Receiver, hook: Hook) -> None:
    """A wrong token is no matter of one message."""
    receiver.will_answer(401)
    with hook(receiver.url) as bench:
        bench.tell("post", {"body": "x"}).wait()
        bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
        assert bench.health[-1][1] == "the server said 401 Unauthorized; mend webhook.alerts.url, token_file or headers"
        bench.tell("post", {"body": "x"}).wait()
        bench.until(lambda: bench.health[-1] == (Health.OK, f"posting to {receiver.url}"))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507])
def test_what_may_pass_is_posted_again_under_its_key(receiver: Receiver, hook: Hook, status: int) -> None:
    """Until the server takes it."""
    receiver.will_answer(status, status)
    with hook(receiver.url) as bench:
        assert bench.tell("post", {"body": "x"}, id="m1").wait() == "done"
        assert bench.counters["done"] == 1
    assert [posted.headers["Idempotency-Key"] for posted in receiver.posts] == ["m1"] * 3


def test_a_redirect_is_not_followed(receiver: Receiver, hook: Hook) -> None:
    """It fails for good, and says where it would have led."""
    receiver.will_answer(CannedAnswer(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}))
    with hook(receiver.url) as bench:
        said = "the server said 302 Found; it redirects to http://127.0.0.1:1/elsewhere, which is not followed; mend webhook.alerts.url"
        assert bench.tell("post", {"body": "x"}).wait() == f"cannot post it: {said}"
    assert len(receiver.posts) == 1


def test_a_server_says_when_to_come_back(receiver: Receiver, hook: Hook) -> None:
    """Retry-After is heeded where it is longer than our own wait."""
    receiver.will_answer(CannedAnswer(503, headers={"Retry-After": "3600"}))
    with hook(receiver.url) as bench:
        delivery = bench.tell("post", {"body": "x"})
        bench.until(lambda: bench.counters["away"] == 1)
        assert delivery.wait(0.5) == ""
    assert len(receiver.posts) == 1


def test_connections_are_kept_and_made_anew_when_the_server_has_closed_one(receiver: Receiver, hook: Hook) -> None:
    """A kept connection that died costs no failure."""
    with hook(receiver.url, in_flight=1) as bench:
        for number in range(5):
            assert bench.tell("post", {"body": str(number)}).wait() == "done"
        assert receiver.connections == 1
        receiver.will_answer(CannedAnswer(dropped=True))
        assert bench.tell("post", {"body": "5"}).wait() == "done"
        assert receiver.connections == 2
        assert not {name for name in bench.counters if name != "done"}
    assert [posted.body for posted in receiver.posts] == [b"0", b"1", b"2", b"3", b"4", b"5", b"5"]


def test_requests_go_in_parallel_and_no_more_than_allowed(receiver: Receiver, hook: Hook) -> None:
    """As many as in_flight are under way at once, however many wait."""
    receiver.will_answer(*[204] * 9, *[CannedAnswer(after_s=60.0)] * 3)
    with hook(receiver.url, in_flight=3, timeout_s=60) as bench:
        given = [bench.tell("post", {"body": str(number)}) for number in range(20)]
        receiver.until(lambda: (len(receiver.posts), receiver.under_way) == (12, 3))
        assert [delivery.outcome for delivery in given].count("done") == 9
    assert receiver.most_under_way == 3


def test_one_by_one_they_go_in_order(receiver: Receiver, hook: Hook) -> None:
    """With in_flight = 1, and a server that was away in between."""
    receiver.will_answer(204, 204)
    with hook(receiver.url, in_flight=1) as bench:
        given = [bench.tell("post", {"body": str(number)}) for number in range(30)]
        assert {delivery.wait() for delivery in given} == {"done"}
    assert [int(posted.body) for posted in receiver.posts] == list(range(30))


def test_simulated_nothing_leaves_this_host() -> None:
    """`simulate = true` needs no url, and its server can be told to fail."""
    with Bench(Webhook("alerts", WebhookSettings(simulate=True)), "webhook/alerts") as bench:
        assert bench.tell("post", {"body": "x"}).wait() == "done"
        assert bench.health[-1][1].endswith("(simulated)")
    settings = WebhookSettings.model_validate({"simulate": {"fail_every": 2, "status": 418}, "in_flight": 1})
    with Bench(Webhook("alerts", settings), "webhook/alerts") as bench:
        given = [bench.tell("post", {"body": "x"}).wait() for _ in range(4)]
    assert [outcome == "done" for outcome in given] == [True, False, True, False]


def test_the_token_goes_as_bearer_or_where_it_is_wanted(receiver: Receiver, hook: Hook, tmp_path: Path) -> None:
    """Read anew for each connection; a server that says it back does not get it into a reason."""
    (tmp_path / "token").write_text("s3cret\n")
    with hook(receiver.url, token_file=str(tmp_path / "token")) as bench:
        receiver.will_answer(CannedAnswer(403, b"not you, s3cret"))
        delivery = bench.tell("post", {"body": "x"})
        assert delivery.wait().startswith("cannot post it: the server said 403 Forbidden: not you, ***;")
    assert receiver.posts[-1].headers["Authorization"] == "Bearer s3cret"
    placed = {"token_file": str(tmp_path / "token"), "headers": {"X-Key": "k {token}"}}
    with hook(f"{receiver.url}/bot{{token}}/send", **placed) as bench:
        assert bench.tell("post", {"body": "x"}).wait() == "done"
        assert "s3cret" not in str(bench.health)
    assert receiver.posts[-1].path == "/bots3cret/send"
    assert receiver.posts[-1].headers["X-Key"] == "k s3cret"
    assert "Authorization" not in receiver.posts[-1].headers


def test_a_token_that_cannot_be_read_is_a_fault_that_mending_the_file_ends(receiver: Receiver, hook: Hook, tmp_path: Path) -> None:
    """The message waits meanwhile."""
    path = tmp_path / "token"
    with hook(receiver.url, token_file=str(path)) as bench:
        delivery = bench.tell("post", {"body": "x"})
        said = f"cannot use {path} as a token: No such file or directory; mend webhook.alerts.token_file"
        bench.until(lambda: (Health.FAULTY, said) in bench.health)
        path.write_text("s3cret")
        assert delivery.wait() == "done"


def test_a_port_nobody_listens_at_is_missing_and_nothing_is_given_up(hook: Hook) -> None:
    """The cause is named; what waits is posted, in order, once the server is there."""
    port = free_port()
    with hook(f"http://127.0.0.1:{port}") as bench:
        given = [bench.tell("post", {"body": str(number)}) for number in range(3)]
        bench.until(lambda: bench.counters["away"] > 12)
        said = f"127.0.0.1:{port} refuses connections; start the server, or mend webhook.alerts.url"
        assert bench.health[-1] == (Health.MISSING, said)
        with Receiver(port=port) as receiver:
            assert [delivery.wait() for delivery in given] == ["done"] * 3
            assert receiver.posts[0].body == b"0"
