"""The control socket: its requests, and clients that misbehave."""

import contextlib
import ctypes
import json
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess, install_kinds
from tests.nobody import only_root


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all of these tests: each writes to actors of its own."""
    folder = tmp_path_factory.mktemp("d")
    jobs = "".join(f'[[clock.main.jobs]]\nname = "n{n}"\nat = "every 999 days"\nto = "twin/told"\nverb = "read"\n' for n in range(60))
    with DaemonProcess(
        folder, f"trust_clock = true\n[clock.main]\n{jobs}", environ=install_kinds(folder, counter="tests.daemon.kinds:Counter")
    ) as running:
        running.until_listening()
        yield running
        assert running.stop() == 0


class Caller:
    """A client that says what it likes."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *exc: object) -> None:
        self._lines.close()
        self._socket.close()

    def say(self, line: bytes) -> None:
        self._socket.sendall(line)

    def push(self, lines: bytes) -> int:
        """Send what the socket takes now."""
        return self._socket.send(lines)

    def setblocking(self, on: bool) -> None:
        self._socket.settimeout(PATIENCE_S if on else 0.0)

    def say_no_more(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self) -> Any:
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def ask(self, **request: Any) -> Any:
        self.say(json.dumps(request).encode() + b"\n")
        return self.hear()


def test_an_ask_is_answered_by_the_actor(daemon: DaemonProcess) -> None:
    """The reply's body is the answer, under the client's own number."""
    found = daemon.ask(do="ask", n=7, to="counter/asked", verb="add", payload={"units": 3}, timeout_s=60)
    assert found == {"n": 7, "ok": True, "body": {"total": 3}}


def test_an_answer_of_an_actor_that_nobody_wrote_to_has_a_note(daemon: DaemonProcess) -> None:
    """It is an answer all the same; what was only asked is still shown to nobody."""
    for _ in range(2):
        found = daemon.ask(do="ask", to="twin/nobody", verb="read", payload={}, timeout_s=60)
        assert (found["ok"], found["body"]["count"]) == (True, 0)
        assert found["note"] == "nobody has ever written to twin/nobody, or nothing of that was kept"
        assert daemon.ask(do="show", id="twin/nobody")["fault"] == "unwritten"
    assert daemon.ask(do="show", id="census/all")["actor"]["state"]["users"] == {}
    assert daemon.ask(do="list", prefix="toggle/")["ids"] == []


def test_an_ask_that_is_not_answered_says_that_the_outcome_is_unknown(daemon: DaemonProcess) -> None:
    """It may be handled yet; so it is no failure."""
    found = daemon.ask(do="ask", to="counter/mute", verb="mute", payload={}, timeout_s=0.2)
    assert found["fault"] == "outcome_unknown"
    assert found["error"] == "the outcome is unknown: no reply came within 0.2 s; look before you repeat it"


def test_an_ask_needs_a_timeout(daemon: DaemonProcess) -> None:
    """Nobody waits for ever by mistake."""
    found = daemon.ask(do="ask", to="counter/x", verb="add", payload={})
    assert found["error"] == "cannot read the request: 'timeout_s' is missing; say how long to wait"


@pytest.mark.parametrize(
    ("request_", "fault", "error"),
    [
        ({"do": "tell", "to": "counter/x", "verb": "ad"}, "unknown_target", "did you mean 'add'?"),
        ({"do": "tell", "to": "countr/x", "verb": "add"}, "unknown_target", "no kind 'countr'"),
        ({"do": "tell", "to": "counter", "verb": "add"}, "bad_id", "must read kind/key"),
        (
            {"do": "tell", "to": "counter/x", "verb": "add", "payload": {"units": "1"}},
            "bad_payload",
            'units: expected a whole number, saw "1"; write 1',
        ),
        (
            {"do": "tell", "to": "counter/x", "verb": "add", "payload": {"units": 1.5}, "texts": {"units": "1.5"}},
            "bad_payload",
            "units: expected a whole number, saw 1.5; write units=2",
        ),
        ({"do": "tell", "to": "counter/x", "verb": "add", "texts": {"units": 1}}, "bad_request", "'texts' is no JSON object of texts"),
        ({"do": "tell", "to": "counter/x", "verb": "add", "texts": ["a"]}, "bad_request", "'texts' is no JSON object of texts"),
        ({"do": "tell", "to": "counter/x", "verb": "add", "payload": [1]}, "bad_request", "'payload' is no JSON object"),
        ({"do": "tell", "to": 7, "verb": "add"}, "bad_request", "'to' is no text"),
        ({"do": "list", "prefix": "twin/\ud800"}, "bad_request", "'prefix' holds half a character (a lone surrogate)"),
        ({"do": {"values": 1}}, "bad_request", "'do' is no text"),
        ({"do": ["ask"]}, "bad_request", "'do' is no text"),
        ({"do": "tel"}, "bad_request", "cannot do 'tel': there is ask, drop, explain, export, forget, health"),
        (
            {"do": "show", "id": "counter/never"},
            "unwritten",
            "cannot show counter/never: nobody has ever written to it, or nothing of that was kept",
        ),
        ({"do": "show", "id": "countr/a"}, "not_found", "cannot show countr/a: there is no kind 'countr'; did you mean 'counter'?"),
        ({"do": "show", "id": "control/locl"}, "not_found", "there is no such device; did you mean 'control/local'?"),
        ({"do": "list", "prefix": "countr/"}, "not_found", "cannot show countr: there is no kind 'countr'; did you mean 'counter'?"),
        ({"do": "letter", "letter": 1.9}, "bad_request", "'letter' is 1.9, and no whole number"),
        ({"do": "list", "limit": 2.5}, "bad_request", "'limit' is 2.5, and no whole number"),
        ({"do": "list", "every": "yes"}, "bad_request", "'every' is neither true nor false"),
        ({"do": "tell", "to": "counter/x", "verb": "add", "expires_s": -1}, "bad_request", "'expires_s' is below 0; leave it out"),
        ({"do": "health", "n": "\ud800"}, "bad_request", "its 'n' cannot be written as JSON again"),
        ({"do": "health", "n": 1e999}, "bad_request", "Infinity is no number that JSON has"),
        ({"do": "health", "n": "x" * 300}, "bad_request", "its 'n' is longer than 256 bytes"),
        ({"do": "x" * 1000}, "bad_request", f"cannot do '{'x' * 100}': there is"),
        ({"do": "retry", "letter": 99}, "not_found", "cannot find dead letter 99: there is none of that number; list them"),
    ],
)
def test_a_request_that_cannot_be_done_says_why(daemon: DaemonProcess, request_: dict[str, Any], fault: str, error: str) -> None:
    """A word for programs, a sentence for people."""
    found = daemon.ask(timeout_s=60, **request_)
    assert (found["ok"], found["fault"]) == (False, fault)
    assert error in found["error"]


def listed(daemon: DaemonProcess, prefix: str, **more: Any) -> list[str]:
    """Every id that a list gives, page by page."""
    found: list[str] = []
    after = ""
    while True:
        page = daemon.ask(do="list", prefix=prefix, after=after, **more)
        found += page["ids"]
        if not page["more"]:
            return found
        after = page["after"]


def test_what_others_keep_for_themselves_is_not_listed(daemon: DaemonProcess) -> None:
    """Whoever keeps it is, once, although it may have nothing else; named, or where everything is wanted, it is there."""
    for n in range(3):
        daemon.ask(do="ask", to=f"collection/c{n}", verb="add", payload={"key": "a", "value": "b"}, timeout_s=60)
    daemon.ask(do="tell", to="collection/c1/counter/x", verb="add", payload={}, timeout_s=60)
    shown = ["collection/c0", "collection/c1", "collection/c1/counter/x", "collection/c2"]
    for limit in (1, 2, 3, 100):
        assert listed(daemon, "collection/", limit=limit) == shown
        assert listed(daemon, "collection/c1", limit=limit) == shown[1:3]
    pages = [f"collection/c{n}/collection_page/first" for n in range(3)]
    every = sorted([*pages, "collection/c1/counter/x"])
    daemon.until(lambda: listed(daemon, "collection/", every=True) == every)
    assert listed(daemon, "collection/c1/collection_page/", limit=1) == [pages[1]]


def test_more_than_one_look_of_what_is_not_listed_is_passed_over(daemon: DaemonProcess) -> None:
    """Page by page, each look bounded, to what is behind it."""
    daemon.until(lambda: len(listed(daemon, "job/")) == 60)
    daemon.ask(do="tell", to="twin/behind", verb="report", payload={"values": {"t": 1}}, timeout_s=60)
    first = daemon.ask(do="list", prefix="", after="job/", limit=1)
    assert (first["ids"], first["more"]) == ([], True)
    assert "twin/behind" in listed(daemon, "", limit=1)
    assert not [id for id in listed(daemon, "", limit=1) if id.startswith("job/")]
    assert len(listed(daemon, "job/")) == 60


def nested(deep: int) -> bytes:
    """JSON so deep."""
    return b'{"x":' * deep + b"1" + b"}" * deep


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[1]\n",
        b"[" * 100_000 + b"\n",
        b"\xff\xfe\n",
        b"\n",
        b" \r\n",
        b'{"do":"health","n":NaN}\n',
        b'{"do":"health","n":1e999}\n',
        b'{"do":"health","n":"\\ud800"}\n',
        *(b'{"do":"health","n":' + nested(deep) + b"}\n" for deep in (100, 900, 980, 984, 985, 990, 995, 1000)),
    ],
)
def test_what_is_no_request_is_answered_and_the_next_one_is_taken(daemon: DaemonProcess, line: bytes) -> None:
    """A client's mistake costs nobody anything."""
    with Caller(daemon.socket) as caller:
        caller.say(line)
        assert caller.hear()["fault"] == "bad_request"
        assert caller.ask(do="health")["ok"]


@pytest.mark.parametrize("deep", [60, 62, 63, 64, 65, 66, 67, 68, 100, 500, *range(975, 1000)])
def test_a_payload_as_deep_as_it_may_be_or_deeper_ends_nobody(daemon: DaemonProcess, deep: int) -> None:
    """Wherever the limit of whoever writes or reads it is: it is answered, and the next request is, by the same control actor."""
    with Caller(daemon.socket) as caller:
        caller.say(b'{"do":"tell","to":"counter/deep","verb":"add","timeout_s":60,"payload":' + nested(deep) + b"}\n")
        assert caller.hear()["fault"] in ("bad_request", "bad_payload")
        assert caller.ask(do="show", id="control/local")["hosted"]["restarts"] == 0


def test_idle_clients_lock_nobody_out(daemon: DaemonProcess) -> None:
    """Where all places are taken, whoever has been idle for longest is told so, and gives his to who comes."""
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(Caller(daemon.socket)) for _ in range(40)]
        daemon.until(lambda: daemon.gateway("show").returncode == 0)
        said = idle[0].hear()
        assert (said["ok"], said["fault"]) == (False, "idle")
        assert said["error"].endswith("its place was needed for another client; connect again")
        assert idle[0].hear() is None


def test_who_is_busy_keeps_his_place_and_the_command_says_that_nothing_was_done(daemon: DaemonProcess) -> None:
    """No client that waits for an answer is sent away. Who comes is told that there is no place, and not that the outcome is unknown."""
    with contextlib.ExitStack() as stack:
        places = 32 if os.geteuid() else 36
        busy = [stack.enter_context(Caller(daemon.socket)) for _ in range(places)]
        for caller in busy:
            caller.say(b'{"do":"ask","to":"counter/mute","verb":"mute","timeout_s":3600}\n')
        done = daemon.until(lambda: found if (found := daemon.gateway("tell", "counter/late", "add")).returncode != 0 else None)
        assert (done.returncode, done.stderr.count("\n")) == (75, 1)
        assert f"cannot take one more client: {places} are connected, and all are busy; try again later" in done.stderr


@only_root
def test_places_are_kept_for_root(daemon: DaemonProcess) -> None:
    """Others may take all there are, and keep them busy: whoever has to see to it can."""
    with contextlib.ExitStack() as stack:
        with somebody_else():
            busy = [stack.enter_context(Caller(daemon.socket)) for _ in range(34)]
        for caller in busy:
            with contextlib.suppress(BrokenPipeError):
                caller.say(b'{"do":"ask","to":"counter/mute","verb":"mute","timeout_s":3600}\n')
        assert busy[33].hear()["fault"] == "busy"
        assert daemon.gateway("show").returncode == 0


@contextlib.contextmanager
def somebody_else() -> Iterator[None]:
    """Be the user nobody for whoever asks who is there; what root may open can be opened all the same."""
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        ctypes.CDLL(None).setfsuid(0)
        yield
    finally:
        os.seteuid(0)


def test_a_client_that_asks_without_end_holds_little_and_nobody_up(daemon: DaemonProcess) -> None:
    """Beyond so many unanswered requests it is not read; another is answered meanwhile, and it is when its own are over."""
    with Caller(daemon.socket) as greedy, Caller(daemon.socket) as other:
        request = b'{"do":"ask","to":"counter/mute","verb":"mute","timeout_s":2}\n'
        greedy.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 40_000 * len(request):
                sent += greedy.push(request * 100)
        assert other.ask(do="health")["ok"]
        assert sent < 20_000 * len(request)  # the rest is not even in the socket
        greedy.setblocking(True)
        assert {greedy.hear()["fault"] for _ in range(200)} == {"outcome_unknown"}


def test_requests_that_come_together_are_all_answered(daemon: DaemonProcess) -> None:
    """However many a client sends at once, and although it sends no more: none is left lying."""
    with Caller(daemon.socket) as caller:
        caller.say(b"".join(b'{"do":"health","n":%d}\n' % number for number in range(1000)))
        caller.say_no_more()
        assert [caller.hear()["n"] for _ in range(1000)] == [*range(1000)]
        assert caller.hear() is None


def test_a_request_without_end_is_cut(daemon: DaemonProcess) -> None:
    """Beyond a megabyte it is refused, and the client is gone; memory is bounded."""
    with Caller(daemon.socket) as caller:
        with contextlib.suppress(BrokenPipeError):  # it may hang up before it has read the rest
            caller.say(b"x" * (1024 * 1024 + 70_000))
        assert caller.hear()["error"] == "cannot read the request: it is longer than 1048576 bytes"
        assert caller.hear() is None


def test_a_tail_tells_of_each_turn_once(daemon: DaemonProcess) -> None:
    """After its commit, with what was sent and by whom; other actors' turns are left out."""
    with Caller(daemon.socket) as caller:
        assert caller.ask(do="tail", prefix="counter/tailed")["ok"]
        daemon.ask(do="tell", to="counter/other", verb="add", payload={"units": 1}, timeout_s=60)
        daemon.ask(do="tell", to="counter/tailed", verb="add", payload={"units": 5}, timeout_s=60)
        turn = caller.hear()["turn"]
        assert (turn["to"], turn["verb"], turn["payload"], turn["sender"]) == ("counter/tailed", "add", '{"units":5}', "control/local")


def test_a_tail_that_is_not_read_leaves_turns_out_and_counts_them(daemon: DaemonProcess) -> None:
    """The daemon neither waits for a slow reader nor keeps everything for it; it says how many it left out."""
    with Caller(daemon.socket) as slow, Caller(daemon.socket) as busy:
        assert slow.ask(do="tail", prefix="counter/flood")["ok"]
        request = json.dumps({"do": "tell", "to": "counter/flood", "verb": "add", "payload": {}, "timeout_s": 10}).encode() + b"\n"
        for _ in range(80):
            busy.say(request * 200)
            for _ in range(200):
                assert busy.hear()["ok"]
        shown = left_out = 0
        while shown + left_out < 16_000:
            answer = slow.hear()
            shown += "turn" in answer
            left_out += answer.get("left_out", 0)
        assert (shown + left_out, left_out > 0) == (16_000, True)


def test_a_dead_letter_can_be_shown_retried_and_dropped(daemon: DaemonProcess) -> None:
    """Retried it is delivered again and forgotten in one commit; it may well become another."""
    daemon.ask(do="ask", to="counter/dead", verb="add", payload={"units": 13}, timeout_s=60)
    (letter,) = daemon.ask(do="letters")["letters"]
    assert (letter["to"], letter["verb"], letter["reason"]) == ("counter/dead", "add", "ValueError: 13 is unlucky")
    assert daemon.ask(do="letter", letter=letter["n"])["letter"]["payload"] == '{"units":13}'
    assert daemon.ask(do="retry", letter=letter["n"])["ok"]
    (again,) = daemon.until(lambda: [one for one in daemon.ask(do="letters")["letters"] if one["n"] > letter["n"]])
    assert daemon.ask(do="drop", letter=again["n"])["ok"]
    assert daemon.ask(do="letters")["total"] == 0


def test_ids_are_listed_page_by_page(daemon: DaemonProcess) -> None:
    """In order; `more` says whether there are others behind them."""
    for name in "cab":
        assert daemon.ask(do="tell", to=f"counter/page-{name}", verb="add", payload={}, timeout_s=60)["ok"]
    first = daemon.ask(do="list", prefix="counter/page-", limit=2)
    assert (first["ids"], first["more"]) == (["counter/page-a", "counter/page-b"], True)
    rest = daemon.ask(do="list", prefix="counter/page-", after="counter/page-b", limit=2)
    assert (rest["ids"], rest["more"]) == (["counter/page-c"], False)


def test_what_is_done_once_is_answered_the_same_each_time(daemon: DaemonProcess) -> None:
    """By the id of whoever asks; other content under it is refused, and an id is needed."""
    asked = {"to": "counter/once", "verb": "add", "payload": {"units": 1}, "timeout_s": 10, "id": "one", "once": True}
    first = daemon.ask(do="ask", **asked)
    assert first["ok"] is True
    assert daemon.ask(do="ask", **asked) == first
    assert daemon.ask(do="ask", **{**asked, "payload": {"units": 2}})["fault"] == "other_content"
    assert daemon.ask(do="tell", **asked)["fault"] == "other_content"
    assert daemon.ask(do="ask", **{**asked, "id": ""})["error"] == (
        "cannot do it once: 'id' is missing; say under which id it is to be known"
    )


def test_actors_are_listed_with_their_states(daemon: DaemonProcess) -> None:
    """Where that is wanted."""
    daemon.ask(do="tell", to="twin/stated", verb="report", payload={"values": {"a": 1}}, timeout_s=10)
    found = daemon.ask(do="list", prefix="twin/stated", states=True)
    assert found["ids"] == ["twin/stated"]
    assert found["actors"][0]["state"]["values"]["a"]["value"] == 1


def test_the_kinds_are_told_with_what_their_verbs_take(daemon: DaemonProcess) -> None:
    """As JSON schemas, for those that people write to."""
    kinds = {one["kind"]: one for one in daemon.ask(do="kinds")["kinds"]}
    verbs = {one["verb"]: one for one in kinds["twin"]["verbs"]}
    assert verbs["report"]["payload"]["required"] == ["values"]
    assert kinds["clock"]["ids"] == ["clock/main"]
    assert not {"once", "history", "control", "user"} & set(kinds)


def test_what_is_plugged_in_is_told(daemon: DaemonProcess) -> None:
    """The same things that `gateway ports` lists."""
    assert {one["place"] for one in daemon.ask(do="ports")["things"]} == {
        one["place"] for one in json.loads(daemon.gateway("ports", "--json").stdout)
    }
