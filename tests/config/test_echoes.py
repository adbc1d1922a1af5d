"""Subscriptions of a file that match what the same gateway publishes are told at their lines: those that may go round as a problem."""

from pathlib import Path

import pytest

from gateway.cli.check import check
from gateway.config import Configuration, read
from gateway.config.echoes import meets

OLD = '[mqtt.main]\nprotocol = "3.1.1"\nprefix = "gw"\n'
LAMP = '[gpio.lamp]\ntype = "relay"\npin = 4\ntopic = "gpio/{key}"\n'
SERIAL = '[serial.a]\nport = "/dev/a"\ncodec = "json"\nto = "twin/a"\n'
HOME = '[actors.twin]\ntopic = "home/{key}"\n'
ADVICE = "write a filter that matches only what others publish, or have that published under another topic"


def subscribe(topic: str, to: str, *, at: str = "main", verb: str = "") -> str:
    """A subscription of a file."""
    more = f'verb = "{verb}"' if verb else 'codec = "json"'
    return f'[[mqtt.{at}.subscribe]]\ntopic = "{topic}"\nto = "{to}"\n{more}\n'


def read_text(text: str, folder: Path) -> Configuration:
    """What a file says."""
    (folder / "g.toml").write_text(text)
    return read(folder / "g.toml")


def loops(text: str, folder: Path) -> list[str]:
    """Each place where an actor may hear itself: its line, who, and under which topic."""
    found = read_text(text, folder).loops
    return [f"{one.position and one.position.line} {one.text.partition('(')[2].partition(')')[0]}" for one in found]


def test_an_actor_that_hears_itself_is_told_at_the_filter(tmp_path: Path) -> None:
    """The line, what it matches, whom it tells, and what to do: the twin that nobody configured publishes all the same."""
    found = read_text(OLD + subscribe("#", "twin/all") + HOME, tmp_path)
    seen = "'#' matches what this gateway publishes itself (twin/all, under home/all)"
    said = f"{seen}, and tells twin/all of it: that may go round without end; {ADVICE}"
    assert [(one.position, str(one)) for one in found.loops] == [((5, 9), f"mqtt.main.subscribe[0].topic: {said}")]
    assert found.warnings == [f"mqtt.main.subscribe[0].topic (line 5): {said}"]


def test_check_says_it_and_is_not_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It can start so, for somebody may mean it."""
    read_text(OLD + subscribe("#", "twin/all") + HOME, tmp_path)
    assert check(tmp_path / "g.toml", as_json=False) == 1
    title, line = capsys.readouterr().err.splitlines()
    assert title == f"can start, but with 1 problem in {tmp_path}/g.toml"
    assert line.startswith("  5:9   mqtt.main.subscribe[0].topic: '#' matches what this gateway publishes itself")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (subscribe("home/+/state", "twin/{1}") + '[actors.twin]\ntopic = "home/{key}/state"\n', ["5 twin/…, under home/…/state"]),
        (subscribe("home/lamp/state", "twin/lamp") + '[actors.twin]\ntopic = "home/{key}/state"\n', ["5 twin/lamp, under home/lamp/state"]),
        (subscribe("gpio/+", "gpio/lamp", verb="switch") + LAMP, ["5 gpio/lamp, under gpio/lamp"]),
        ('[mqtt.b]\nprefix = "b"\n' + subscribe("gw/#", "twin/x", at="b"), ["7 twin/x, under gw/twin/x"]),
        ('[mqtt.b]\nhost = "192.0.2.4"\n' + subscribe("gw/#", "twin/x", at="b"), []),
        ('[mqtt.b]\nhost = "127.0.0.1"\n' + subscribe("gw/#", "twin/x", at="b"), ["7 twin/x, under gw/twin/x"]),
        (subscribe("#", "twin/all"), []),
        (subscribe("gw/#", "twin/all"), ["5 twin/all, under gw/twin/all"]),
        ('[mqtt.b]\nprefix = "b"\n' + subscribe("#", "twin/x", at="b"), ["7 twin/x, under gw/twin/x"]),
        (subscribe("zigbee2mqtt/+", "twin/{1}"), []),
        (subscribe("gw/twin/lamp/set", "twin/lamp", verb="set"), []),
        (subscribe("home/+/state", "twin/{1}") + '[actors.twin]\ntopic = "home/{key}/state"\npublish_to = ""\n', []),
        (subscribe("home/kitchen/state", "twin/other") + '[actors.twin]\ntopic = "home/{key}/state"\n', []),
    ],
)  # fmt: skip
def test_who_may_hear_itself(text: str, seen: list[str], tmp_path: Path) -> None:
    """An actor does whose topic is matched at its own broker, by whichever connection.

    Not one that publishes elsewhere, or below the prefix of the connection that hears it, unless the filter names that.
    """
    assert loops(OLD + text, tmp_path) == seen


def test_what_others_of_the_gateway_publish_is_worth_knowing(tmp_path: Path) -> None:
    """An actor that hears another one goes round only where that hears it, too: it is said by the check, and is no problem."""
    text = OLD + subscribe("homeassistant/device/#", "alarm/x", verb="acknowledge") + subscribe("twin/+", "toggle/{1}", verb="pressed")
    found = read_text(f'{text}[homeassistant]\n{SERIAL}[actors.twin]\ntopic = "twin/{{key}}"\n', tmp_path)
    assert found.loops == ()
    assert [str(one).replace(f"; {ADVICE}", "") for one in found.notes] == [
        "mqtt.main.subscribe[0].topic: 'homeassistant/device/#' matches what this gateway publishes itself "
        "(homeassistant, under homeassistant/device/…/config), and hears it again",
        "mqtt.main.subscribe[1].topic: 'twin/+' matches what this gateway publishes itself (twin/a, under twin/a), and hears it again",
    ]


@pytest.mark.parametrize(
    ("topic_filter", "topic", "met"),
    [
        ("#", "a/b", True),
        ("#", "$SYS/b", False),
        ("a/#", "a", True),
        ("a/+", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/b", "a/{}", True),
        ("a/b", "a/x{}", True),
        ("b/+", "a/{}", False),
    ],
)
def test_a_filter_meets_a_form_of_topics(topic_filter: str, topic: str, met: bool) -> None:
    """What only a message says may be anything."""
    assert meets(topic_filter, topic) is met
