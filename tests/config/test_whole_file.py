"""What is checked of a file as a whole: one mistake hides no other, and what could not work is told before the start."""

from pathlib import Path

import pytest

from gateway.config import read
from gateway.registry import installed
from tests.config.test_problems import problems_of

DEVICES = """[serial.a]
port = "/dev/ttyUSB0"
codec = "nmea"
to = "trip/a"
buad = 1
[serial.b]
port = "/dev/ttyUSB0"
codec = "jsno"
to = "trip/{device}"
[webhook.x]
url = ""
timeout_s = "soon"
[mqtt.a]
port = "1883"
password_file = "/etc/hostname"
reconnect_min_s = 5
reconnect_max_s = 1
[gpio.lamp]
type = "relay"
pin = "17"
pull = "up"
"""
JOBS = """[clock.main]
latitude_deg = 152
longitude_deg = 13.4
[[clock.main.jobs]]
name = "a"
at = "7 oclock"
to = "gpio/lmap"
verb = "switch"
payload = { on = true }
[[clock.main.jobs]]
name = "a"
at = "at sunset"
to = "toggle/hall"
verb = "sett"
misfire = "never"
[[clock.main.jobs]]
name = "c"
at = "at dawn"
to = "toggle/hall"
verb = "pressed"
[[clock.main.jobs]]
name = "c"
at = "at dawn"
to = "nobody"
verb = "pressed"
"""
RULES = """[actors.alarm.rules.freezer]
of = "twin/freezer"
value = 3
above = 5
below = 9
[actors.alarm.rules.door]
of = "door"
[actors.toggle]
topic = 4
outputs = { "a b" = ["gpio/lamp"], hall = ["gpio/lamp", "no id"] }
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            DEVICES,
            {
                "serial.a.buad": "no such key",
                "serial.b.port": "already owned by serial.a (line 2)",
                "serial.b.codec": "there is no codec",
                "webhook.x": "url is missing",
                "webhook.x.timeout_s": "expected a number",
                "mqtt.a": "reconnect_max_s",
                "mqtt.a ": "'username' is not",
                "mqtt.a.port": "expected a whole number",
                "gpio.lamp.pin": "expected a whole number",
                "gpio.lamp.pull": "means nothing for type 'relay'",
            },
        ),
        (
            JOBS + DEVICES.replace("buad = 1", "baud = 9600").partition("[serial.b]")[0] + '[gpio.lamp]\ntype = "led"\npin = 17\n',
            {
                "clock.main.latitude_deg": "152 is too large",
                "clock.main.jobs[0].at": "cannot read '7 oclock' as a schedule",
                "clock.main.jobs[0].to": "did you mean 'gpio/lamp'?",
                "clock.main.jobs[1].name": "two jobs are called 'a'",
                "clock.main.jobs[1].to": "cannot send 'sett' to toggle",
                "clock.main.jobs[1].misfire": "not one of the choices",
                "clock.main.jobs[3].name": "two jobs are called 'c'",
                "clock.main.jobs[3].to": "cannot use 'nobody' as an actor id",
            },
        ),
        (
            RULES,
            {
                "actors.alarm.rules.freezer": "it would always hold",
                "actors.alarm.rules.freezer.value": "expected text",
                "actors.alarm.rules.door": "it watches nothing",
                "actors.alarm.rules.door.of": "cannot use 'door' as an actor id",
                "actors.toggle.topic": "expected text",
                "actors.toggle.outputs.'a b'": "as the key of a toggle",
                "actors.toggle.outputs.'a b'[0]": "the file has no [gpio.…]",
                "actors.toggle.outputs.hall[0]": "the file has no [gpio.…]",
                "actors.toggle.outputs.hall[1]": "cannot use 'no id' as an actor id",
            },
        ),
    ],
)
def test_one_mistake_hides_no_other(tmp_path: Path, text: str, said: dict[str, str]) -> None:
    """What is checked of a whole section, or of several, is checked of what is right in it too; nothing is said that is not so."""
    lines = problems_of(text, tmp_path, installed()).split("\n")
    for key, words in said.items():
        assert [line for line in lines if f" {key.strip()}: " in line and words in line], f"{key}: {words} is not in {lines}"
    assert len(lines) == len(said), lines


JOB = '[clock.main]\n[[clock.main.jobs]]\nname = "a"\nat = "every 1 h"\n'
RULE = '[actors.alarm.rules.a]\nof = "twin/a"\nsilent = true\n'
DEAF = "cannot send 'switch' to gpio/door: it is a contact, and only a led, relay or dimmer goes on and off; name another"
RELAY = '[gpio.door]\ntype = "contact"\npin = 17\nsimulate = true\n[gpio.up]\ntype = "relay"\npin = 20\nsimulate = true\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            JOB + 'to = "toggle/hall"\nverb = "set"\npayload = { on = "yes" }\n',
            '7:18   clock.main.jobs[0].payload.on: expected true or false, saw "yes"; write true or false without quotes',
        ),
        (
            JOB + 'to = "toggle/hall"\nverb = "set"\n',
            "2:14   clock.main.jobs[0].payload.on: missing; it has no default, so add it",
        ),
        (
            JOB + 'to = "twin/a"\nverb = "report"\npayload = { values = { n = "{late_s}" }, vaules = {} }\n',
            "7:51   clock.main.jobs[0].payload.vaules: no such key; did you mean 'values'?",
        ),
        (
            '[mqtt.main]\n[statistics.local]\npublish_to = "mqtt/main"\ntopic = "a/#"\n',
            "4:9   statistics.local.topic: cannot use 'a/#' as a topic: it has '#' in it; a topic has no + or #, "
            "and no brace but of a field; use {key}, and {prefix}/ before it",
        ),
        (
            RULE + 'recipients = [{ name = "x", channel = "webhook", address = "webhook/none" }]\n',
            "4:60   actors.alarm.rules.a.recipients[0].address: "
            "cannot send to webhook/none: the file has no [webhook.…]; add [webhook.none]",
        ),
        (
            RULE + 'recipients = [{ name = "x", address = "people/x" }]\n',
            "4:15   actors.alarm.rules.a.recipients[0].channel: cannot send to mqtt/main: the file has no [mqtt.…]; add [mqtt.main]",
        ),
        (
            RELAY + 'never_with = ["gpio/door"]\n',
            f"9:14   gpio.up.never_with: {DEAF}",
        ),
        (
            RELAY + '[actors.toggle]\noutputs = { hall = ["gpio/up", "gpio/door"] }\n',
            f"10:32   actors.toggle.outputs.hall[1]: {DEAF}",
        ),
    ],
)
def test_what_could_not_work_is_a_problem_before_the_start(tmp_path: Path, text: str, said: str) -> None:
    """A payload by what its verb takes, a topic by what brokers take, a recipient by what the file has."""
    assert problems_of(text, tmp_path, installed()).strip() == said


def test_a_payload_with_placeholders_is_fine(tmp_path: Path) -> None:
    """They stand for numbers."""
    path = tmp_path / "gateway.toml"
    path.write_text(JOB + 'to = "twin/a"\nverb = "report"\npayload = { values = { n = "{late_s}" }, at_ms = "{due_ms}" }\n')
    assert read(path)
