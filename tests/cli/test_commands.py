"""The commands, run as a person runs them."""

import json
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.reading import OWN_KINDS
from gateway.registry import UNLISTED, installed
from gateway.testing.clock import PATIENCE_S
from tests.cli.test_without_a_daemon import CONFIG
from tests.daemons import ROOT, DaemonProcess, install_kinds


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all of these tests."""
    folder = tmp_path_factory.mktemp("c")
    kinds = install_kinds(folder, counter="tests.daemon.kinds:Counter", fuse="tests.daemon.kinds:Fuse")
    with DaemonProcess(folder, CONFIG, environ=kinds) as running:
        running.until_listening()
        running.until(lambda: "gpio/lamp is ok" in running.said())
        yield running
        assert running.stop() == 0


def test_show_tells_how_the_gateway_is(daemon: DaemonProcess) -> None:
    """One line of the whole, then each host-bound actor, then the totals."""
    found = daemon.gateway("show")
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("test: well; up ")
    assert "gpio/lamp       ok  GPIO 17 (led) on the simulator" in found.stdout
    assert "dead letters" in found.stdout
    assert "budget" not in found.stdout


def test_show_for_programs_is_one_line_of_json(daemon: DaemonProcess) -> None:
    """With everything that people see, and more."""
    found = json.loads(daemon.gateway("show", "--json").stdout)
    assert (found["name"], found["healthy"], found["pid"]) == ("test", True, daemon.pid)


def test_tell_ask_and_show_one_actor(daemon: DaemonProcess) -> None:
    """Told is on disk; asked is answered; shown is its state."""
    assert daemon.gateway("tell", "counter/a", "add", "units=4").stdout == "told: it is on disk\n"
    assert daemon.gateway("ask", "counter/a", "add", '{"units": 2}').stdout == "total  6\n"
    assert daemon.gateway("ask", "counter/a", "add", "-", "--json", input='{"units": 1}').stdout == '{"total":7}\n'
    assert daemon.gateway("show", "counter/a").stdout == "counter/a  in memory\n  total  7\n"
    assert daemon.gateway("show", "counter").stdout == "counter/a\n"


def test_one_field_of_a_reply(daemon: DaemonProcess) -> None:
    """A text as it is, so that it can go into a file; anything else as it is shown; deeper by dots."""
    daemon.gateway("ask", "twin/boiler", "report", '{"values": {"mode": "heat \\"high\\"", "temperature_c": 61.5}}')
    for words, said in (
        (("--field", "values.mode.value"), 'heat "high"\n'),
        (("--field", "values.mode.value", "--json"), '"heat \\"high\\""\n'),
        (("--field", "values.temperature_c.value"), "61.5\n"),
        (("--field=online",), "true\n"),
    ):
        assert daemon.gateway("ask", "twin/boiler", "read", *words).stdout == said


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ("value", "there is online, presence, last_seen_ms, heard_ms, watched, count, older, beyond, held, values, timing, desired"),
        ("values.mod", "there is mode"),
        ("online.now", "there is no field in it"),
    ],
)
def test_a_field_that_the_reply_has_not(daemon: DaemonProcess, field: str, error: str) -> None:
    """1, and the fields that there are."""
    daemon.gateway("ask", "twin/oven", "report", "values.mode=heat")
    found = daemon.gateway("ask", "twin/oven", "read", "--field", field)
    assert (found.returncode, found.stdout, found.stderr) == (1, "", f"gateway: cannot show {field!r} of the reply: {error}\n")


def test_a_message_told_twice_under_one_id_is_handled_once(daemon: DaemonProcess) -> None:
    """So that a script may repeat what it does not know the outcome of."""
    daemon.gateway("tell", "counter/once", "add", "--id", "x1")
    assert daemon.gateway("tell", "counter/once", "add", "--id", "x1").stdout == "known already: it was told under this id before\n"
    assert json.loads(daemon.gateway("show", "counter/once", "--json").stdout)["state"] == {"total": 1}


def test_something_else_under_an_id_that_is_known_is_no_repeat(daemon: DaemonProcess) -> None:
    """Another payload, another verb or another actor: it is told, as over MQTT."""
    for to, words in (("counter/named", ()), ("counter/named", ("units=2",)), ("counter/other", ("units=2",))):
        assert daemon.gateway("tell", to, "add", "--id", "n1", *words).stdout == "told: it is on disk\n"
    assert json.loads(daemon.gateway("show", "counter/named", "--json").stdout)["state"] == {"total": 3}
    assert json.loads(daemon.gateway("show", "counter/other", "--json").stdout)["state"] == {"total": 2}


def test_a_lamp_is_switched_from_the_command_line(daemon: DaemonProcess) -> None:
    """An ask of a host-bound actor is answered when it has done it."""
    found = daemon.gateway("ask", "gpio/lamp", "switch", "on=true")
    assert (found.returncode, found.stderr) == (0, "")


def test_a_text_that_looks_like_a_number_is_taken_as_text(daemon: DaemonProcess) -> None:
    """Where the verb wants a text; a twin's value of the same look stays a number."""
    assert daemon.gateway("ask", "webhook/alerts", "notify", "subject=5", "text=42").stderr == ""
    assert daemon.gateway("ask", "webhook/alerts", "notify", "subject=NaN", "text=1e999").stderr == ""
    daemon.gateway("tell", "twin/typed", "report", "values.t=42", "units.t=5")
    value = json.loads(daemon.gateway("ask", "twin/typed", "read", "--json").stdout)["values"]["t"]
    assert (value["value"], value["unit"]) == (42, "5")


def test_dead_letters_are_listed_and_dropped(daemon: DaemonProcess) -> None:
    """With the reason, and what can be done."""
    assert daemon.gateway("dead-letters").stdout == "no dead letters\n"
    assert daemon.gateway("ask", "counter/dead", "add", "units=13").returncode == 1
    listed = daemon.gateway("dead-letters").stdout
    assert "counter/dead add  ValueError: 13 is unlucky" in listed
    assert "units" in daemon.gateway("dead-letters", "show", "1").stdout
    assert daemon.gateway("dead-letters", "drop", "all").stdout == "dropped: dead letter 1\n"


def without_times(text: str) -> str:
    """What is said, without times of day, ids that the gateway made, and numbers of commits."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d\.\d{3}", "TIME", text)
    text = re.sub(r"[0-9a-f]{6}-[0-9a-f]{6}-\d{13}", "ID", text)
    return re.sub(r"[+-]\d+ ms", "+N ms", re.sub(r"commit \d+", "commit N", text))


def test_who_nobody_ever_wrote_to_is_told_of_with_who_was_meant(daemon: DaemonProcess) -> None:
    """3: an ask is answered all the same, for one may want the beginning; nothing comes to be by looking."""
    daemon.gateway("tell", "twin/boiler", "report", "values.t=5")
    nobody = "nobody has ever written to {}, or nothing of that was kept; did you mean 'twin/boiler'?\n"
    asked = daemon.gateway("ask", "twin/boilr", "read", "--json")
    assert (asked.returncode, asked.stderr) == (3, f"gateway: {nobody.format('twin/boilr')}")
    assert json.loads(asked.stdout)["values"] == {}
    shown = daemon.gateway("show", "twin/oiler")
    assert (shown.returncode, shown.stdout) == (3, "")
    assert shown.stderr == f"gateway: cannot show twin/oiler: {nobody.format('it')}"
    far = daemon.gateway("show", "twin/garage")
    assert (far.returncode, far.stderr.endswith("or nothing of that was kept\n")) == (3, True)
    assert "boilr" not in daemon.gateway("show", "twin").stdout
    assert daemon.gateway("show", "toggle").stdout == "there is no toggle yet: nobody has written to one\n"


@pytest.mark.parametrize("words", [("export",), ("forget", "--yes"), ("resume",), ("show",)])
def test_who_nobody_ever_wrote_to_ends_each_command_alike(daemon: DaemonProcess, words: tuple[str, ...]) -> None:
    """With 3, and who was meant."""
    found = daemon.gateway(words[0], "twin/boilre", *words[1:])
    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr.startswith(f"gateway: cannot {words[0]} twin/boilre: nobody has ever written to it")
    assert found.stderr.endswith("; did you mean 'twin/boiler'?\n")


def test_show_leaves_out_what_an_actor_keeps_for_itself(daemon: DaemonProcess) -> None:
    """Times are dates; for programs all of it stands there."""
    daemon.gateway("tell", "twin/inner", "report", "values.t=5")
    said = daemon.gateway("show", "twin/inner").stdout
    assert "timing" not in said
    assert re.search(r"last_seen_ms +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", said), said
    assert "timing" in json.loads(daemon.gateway("show", "twin/inner", "--json").stdout)["state"]


def test_show_says_what_is_wrong_with_a_device_once(tmp_path: Path) -> None:
    """In its row; the list of what is not well names it. Its counters have plain names."""
    with DaemonProcess(tmp_path, '[serial.a]\nport = "/dev/none"\ncodec = "nmea"\nto = "trip/a"\n') as daemon:
        daemon.until_listening()
        daemon.until(lambda: "serial/a is missing" in daemon.said())
        said = daemon.gateway("show").stdout
        assert said.count("/dev/none") == 1, said
        assert "not well:\n  serial/a is missing, see above\n" in said
        assert daemon.stop() == 0


def test_explain_shows_which_message_made_which(daemon: DaemonProcess) -> None:
    """By the id of a message, from the first cause on; by that of an actor, what it handled lately."""
    told = daemon.gateway("tell", "fuse/kitchen", "load", "units=10", "--id", "plugged-1", "--json")
    assert told.stdout == '{"id":"plugged-1","duplicate":false}\n'
    daemon.until(lambda: "waits" not in daemon.gateway("explain", "plugged-1").stdout)
    assert without_times(daemon.gateway("explain", "plugged-1").stdout).split("\n") == [
        "from control/local, TIME",
        ">  +N ms  fuse/kitchen load   plugged-1                    ok  (commit N)",
        "   +N ms    counter/load add  ID  ok  (commit N)",
        "",
    ]
    lately = without_times(daemon.gateway("explain", "fuse/kitchen").stdout)
    assert lately == "TIME  control/local → load  plugged-1  ok  (commit N)  made 1 message\n"
    (chain,) = json.loads(daemon.gateway("explain", "plugged-1", "--json").stdout)["told"]
    assert [node["to"] for node in chain["nodes"]] == ["fuse/kitchen", "counter/load"]


def test_explain_says_that_nothing_is_known(daemon: DaemonProcess) -> None:
    """1, and how far back it goes."""
    found = daemon.gateway("explain", "never-seen")
    assert (found.returncode, found.stdout) == (1, "")
    beginning = "gateway: cannot explain never-seen: no message of that id, and none to an actor of that id, is known; what is kept goes "
    assert found.stderr.startswith(beginning + "back to the start of the gateway (")


def test_a_paused_actor_is_shown_and_resumed(daemon: DaemonProcess) -> None:
    """With the reason; the gateway is not well until somebody has decided."""
    daemon.gateway("tell", "fuse/cellar", "load", "units=20")
    why = "its fault went up to the host: ValueError: 20 is too much"
    daemon.until(lambda: daemon.ask(do="show")["show"]["totals"]["paused_actors"])
    shown = daemon.gateway("show")
    assert shown.returncode == 1
    assert f"\nnot well:\n  fuse/cellar is paused: {why}\n" in shown.stdout
    assert f"\npaused, until gateway resume ID:\n  fuse/cellar  1 message: {why}\n" in shown.stdout
    assert daemon.gateway("resume", "fuse/cellar", "--skip").stdout == "resumed: fuse/cellar, without the message it was paused at\n"
    again = daemon.gateway("resume", "fuse/cellar")
    assert (again.returncode, again.stderr) == (1, "gateway: cannot resume fuse/cellar: it is not paused\n")
    assert daemon.gateway("show").returncode == 0
    assert f"fuse/cellar load  somebody decided to skip it; {why}" in daemon.gateway("dead-letters").stdout
    assert daemon.gateway("dead-letters", "drop", "all").returncode == 0


def test_show_has_a_table_of_kinds(daemon: DaemonProcess) -> None:
    """Of those that were written to."""
    daemon.gateway("tell", "counter/shown", "add")
    assert "kind     turns  failed  in memory  passivated  waiting\n" in daemon.gateway("show").stdout
    kinds = {kind["kind"]: kind for kind in json.loads(daemon.gateway("show", "--json").stdout)["kinds"]}
    assert (kinds["counter"]["active"] >= 1, kinds["counter"]["waiting"], kinds["counter"]["largest"]) == (True, 0, "")


def test_what_the_gateway_keeps_for_itself_is_not_among_ones_devices(daemon: DaemonProcess) -> None:
    """Unless it is not well, is named, or all is wanted; programs are told which it is."""
    daemon.gateway("ask", "collection/parts", "add", "key=a", "value=b")
    daemon.until(lambda: daemon.ask(do="show", id="collection/parts/collection_page/first")["ok"])
    shown, everything = daemon.gateway("show").stdout, daemon.gateway("show", "--all").stdout
    for hidden in ("control/local", "journal/local", "collection_page"):
        assert hidden not in shown
        assert f"\n  {hidden} " in everything
    assert "\n  collection " in shown
    assert daemon.gateway("show", "collection").stdout == "collection/parts\n"
    assert daemon.gateway("show", "collection", "--all").stdout.splitlines()[0] == "collection/parts/collection_page/first"
    assert daemon.gateway("show", "journal").stdout == "journal/local\n"
    assert "control/local" not in daemon.gateway("show", "*").stdout
    rows = json.loads(daemon.gateway("show", "--json").stdout)["host_bound"]
    assert {one["id"]: one["listed"] for one in rows}["journal/local"] is False


def test_every_kind_that_is_not_listed_is_one_that_there_is() -> None:
    """And in the box, all that takes nothing from outside is among them."""
    kinds = installed()
    assert not UNLISTED - {*kinds.names, *OWN_KINDS}
    assert {name for name in kinds.ordinary.names if kinds.ordinary.load(name).inner} <= UNLISTED


def test_tail_says_that_the_gateway_has_ended(tmp_path: Path) -> None:
    """A script that follows it learns that there is nothing more to come."""
    with DaemonProcess(tmp_path, CONFIG, environ=install_kinds(tmp_path, counter="tests.daemon.kinds:Counter")) as daemon:
        daemon.until_listening()
        command = [sys.executable, "-m", "gateway.cli", "tail", "--config", str(daemon.config)]
        tail = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        daemon.until(lambda: daemon.gateway("tell", "counter/x", "add") and select.select([tail.stdout], [], [], 0.5)[0])
        daemon.stop()
        out, said = tail.communicate(timeout=PATIENCE_S)
    assert "control/local → counter/x add" in out
    assert (tail.returncode, said) == (69, "gateway: the gateway has ended\n")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("tell", "counter/x", "ad"), 65, "gateway: cannot send 'ad' to counter/x: it has no such verb; did you mean 'add'?\n"),
        (
            ("tell", "gpio/lamp", "switch", "on=ON"),
            65,
            "gateway: cannot read the payload of switch to gpio/lamp: on: expected true or false, saw ON; write on=true\n",
        ),
        (("tell", "counter/x", "add", "units"), 65, "gateway: cannot read 'units': write name=value, or one JSON object in quotes\n"),
        (
            ("tell", "toggle", "hall", "set", "on=true"),
            65,
            "gateway: cannot send to 'toggle': ids are written kind/key, as toggle/hall\n",
        ),
        (("ask", "twin", "door", "read", "-"), 65, "gateway: cannot send to 'twin': ids are written kind/key, as twin/door\n"),
        (("ask", "lamp", "switch", "on=true"), 65, "gateway: cannot send to 'lamp': ids are written kind/key, as gpio/lamp\n"),
        (
            ("ask", "counter/x", "mute", "--timeout", "0.2"),
            4,
            "gateway: the outcome is unknown: no reply came within 0.2 s; look before you repeat it\n",
        ),
        (
            ("show", "nothing-like-it"),
            1,
            "gateway: cannot show nothing-like-it: there is no kind 'nothing-like-it'; there is alarm, archive, census, collection, "
            "contacts, "
            "counter, fuse, gpio, homeassistant, names, pulses, rule, toggle, trip, trips, twin, webhook\n",
        ),
        (("show", "gpio/lmap"), 1, "gateway: cannot show gpio/lmap: there is no such device; did you mean 'gpio/lamp'?\n"),
        (("show", "counte"), 1, "gateway: cannot show counte: there is no kind 'counte'; did you mean 'counter'?\n"),
        (("dead-letters", "show", "x"), 2, "gateway: 'x' is no number of a dead letter; gateway dead-letters lists them\n"),
        (("dead-letters", "drop", "x"), 2, "gateway: 'x' is no number of a dead letter; gateway dead-letters lists them\n"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(daemon: DaemonProcess, words: tuple[str, ...], code: int, error: str) -> None:
    """What could not be done, the fact, what to do; never a traceback."""
    found = daemon.gateway(*words)
    assert (found.returncode, found.stderr, found.stdout) == (code, error, "")


@pytest.mark.parametrize("seconds", ["nan", "1e400", "0", "soon"])
def test_a_time_to_wait_is_a_number_of_seconds(daemon: DaemonProcess, seconds: str) -> None:
    """What is none is refused as a word of the command, before anything is sent."""
    found = daemon.gateway("ask", "counter/x", "add", "--timeout", seconds)
    assert found.returncode == 2
    assert f"--timeout: '{seconds}' is no number of seconds above 0 and at most 3600" in found.stderr


def test_a_payload_may_stand_behind_an_option(daemon: DaemonProcess) -> None:
    """Wherever somebody puts it; what is no payload is still refused."""
    assert daemon.gateway("tell", "counter/late", "add", "--id", "Q1", "units=2").returncode == 0
    wrong = daemon.gateway("tell", "counter/late", "add", "units=2", "--wrong")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "gateway: there is no option --wrong of gateway tell; gateway help tell lists them\n"


def test_show_tells_while_the_host_s_clock_is_not_trusted(daemon: DaemonProcess, tmp_path: Path) -> None:
    """On a machine where somebody vouches for it nothing is said; elsewhere the operator may."""
    clock = json.loads(daemon.gateway("show", "--json").stdout)["clock"]
    assert ("not trusted yet" in daemon.gateway("show").stdout) is not clock["trusted"]
    assert clock["trusted"] or clock["because"].endswith("runtime.trust_clock = true where there is none")
    with DaemonProcess(tmp_path, "trust_clock = true\n" + CONFIG) as trusting:
        trusting.until_listening()
        assert json.loads(trusting.gateway("show", "--json").stdout)["clock"] == {"trusted": True, "because": "the configuration"}
        assert "not trusted yet" not in trusting.gateway("show").stdout
