"""Tables with names of the user's own: what is said of one that stands in the wrong place, and of tables over several lines."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read


def problems_of(text: str, folder: Path) -> list[str]:
    """The problems of a file, each with its place."""
    (folder / "g.toml").write_text(text)
    with pytest.raises(ConfigProblems) as raised:
        read(folder / "g.toml")
    return [" ".join(line.split()) for line in str(raised.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[actors.alarm.rule.f]\nabove = 3\n", "1:15 actors.alarm.rule: no such key; write [actors.alarm.rules.f]"),
        ("[serial.a.value.t]\nunit = 'V'\n[serial.a]\nport = '/dev/a'\n", "1:11 serial.a.value: no such key; write [serial.a.values.t]"),
        ("[web.local]\nlisten = '127.0.0.1:80'\n", "1:6 web.local: no such key; this section has no name of its own: write [web]"),
        ("[web.local]\n", "1:6 web.local: no such key; this section has no name of its own: write [web]"),
        ("[web.attic]\ncodec = 'json'\nto = 'twin/a'\n", "1:6 web.attic: no such key; write [web.in.attic]"),
        (
            "[mqtt.main]\n[homeassistant.x]\nprefix = 'ha'\n",
            "2:16 homeassistant.x: no such key; this section has no name of its own: write [homeassistant]",
        ),
    ],
)
def test_the_table_that_is_meant_is_named_whole(text: str, said: str, tmp_path: Path) -> None:
    """A slip of the table's key, a name that its section does not have, or a name without the key before it."""
    assert problems_of(text, tmp_path)[0] == said


LIST = "; in a list, each table on a line of its own: subscribe = [ { … }, { … } ]"
WHOLE = "a table in { } ends on the line that it begins on; write it on one line, "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subscribe = [{\n  topic = 'a',\n}]\n", f"2:14 {WHOLE}{{ KEY = VALUE, KEY = VALUE }}{LIST}"),
        ("subscribe = [{\n  'topic': 'a',\n}]\n", f"2:14 {WHOLE}{{ KEY = VALUE, KEY = VALUE }}{LIST}"),
        ("subscribe = [\n  { topic = 'a',\n    to = 'b' },\n]\n", f"3:3 {WHOLE}{{ KEY = VALUE, KEY = VALUE }}"),
        ("simulate = {\n  root = 'x'\n}\n", f"2:12 {WHOLE}simulate = {{ KEY = VALUE, KEY = VALUE }}"),
        ('{\n  "host": "a"\n}\n', "2:1 this looks like JSON, and the file is TOML: a header [serial.NAME], and key = value lines below it"),
    ],
)
def test_a_table_over_several_lines_is_told_where_it_begins(text: str, said: str, tmp_path: Path) -> None:
    """As JSON has them; and the form that works."""
    assert problems_of(f"[mqtt.main]\n{text}", tmp_path)[0] == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('broker = ""', "3:10 homeassistant.broker: no connection is named; write one such as 'mqtt/main', or leave the line out"),
        ('broker = "mqtt/b"', "3:10 homeassistant.broker: cannot send to mqtt/b: the file has no such device; there is mqtt/main"),
        (
            'prefix = "x/#"',
            "3:10 homeassistant.prefix: cannot use 'x/#' as a topic: it has '#' in it; "
            "a topic has no + or #, and no brace but of a field; there are no fields here",
        ),
    ],
)
def test_what_a_section_brings_is_no_problem_of_its_own(lines: str, said: str, tmp_path: Path) -> None:
    """A mistake of [homeassistant] is told at the key that somebody wrote, and nowhere else."""
    assert problems_of(f"[mqtt.main]\n[homeassistant]\n{lines}\n", tmp_path) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[gpio.lamp]\ntype = "relay"\npin = 4\nnever_with = ["gpio/lamp"]\n',
            "4:15 gpio.lamp.never_with[0]: gpio/lamp is this one itself, and would never be on; name another",
        ),
        (
            '[gateway]\nname = "a b"\n',
            "2:8 gateway.name: cannot use 'a b' as a name: write letters, digits and . _ ~ : @ = , - (128 at most)",
        ),
    ],
)
def test_a_name_that_cannot_be_is_told_in_words(text: str, said: str, tmp_path: Path) -> None:
    """One that names itself, and one of other letters."""
    assert problems_of(text, tmp_path) == [said]


def test_a_sensor_without_a_name_is_looked_for_nowhere(tmp_path: Path) -> None:
    """What is missing is told once: a sensor of no name is not found either."""
    (tmp_path / "g.toml").write_text('[sensor.s]\nto = "twin/a"\n')
    with pytest.raises(ConfigProblems) as raised:
        read(tmp_path / "g.toml", outside=True)
    assert [problem.key_path for problem in raised.value.problems] == ["sensor.s"]
