"""A key with a slip in its name: what is said of it, and what is not said besides."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[serial.a]\nprot = "/dev/a"\ncodec = "json"\nto = "twin/a"\n', ["2:8   serial.a.prot: no such key; did you mean 'port'?"]),
        (
            '[serial.a]\nport = "/dev/a"\ncodce = "jsno"\nto = "twin/a"\nexclusiv = true\n',
            [
                "3:9   serial.a.codce: no such key; did you mean 'codec'?",
                "5:12   serial.a.exclusiv: no such key; did you mean 'exclusive'?",
            ],
        ),
        ('[webhook.x]\nulr = "https://a.b"\n', ["2:7   webhook.x.ulr: no such key; did you mean 'url'?"]),
        (
            '[actors.alarm.rules.a]\nof = "twin/a"\nvalue = "n"\nabov = 5\n',
            ["4:8   actors.alarm.rules.a.abov: no such key; did you mean 'above'?"],
        ),
        (
            '[[clock.main.jobs]]\nnaem = "a"\nat = "every 1 h"\nto = "toggle/hall"\nverb = "set"\npayload = { on = true }\n',
            ["2:8   clock.main.jobs[0].naem: no such key; did you mean 'name'?"],
        ),
        (
            '[mqtt.a]\nusername = "u"\npassword = "hunter2"\n',
            ["3:12   mqtt.a.password: a secret does not belong in this file; use password_file"],
        ),
        (
            '[serial.a]\ncolour = "red"\ncodec = "json"\nto = "twin/a"\n',
            [
                "1:9   serial.a: port is missing; name one (`gateway ports` lists them), or write simulate = true",
                "2:10   serial.a.colour: no such key; there is ",
            ],
        ),
        (
            '[serial.a]\nprot = "/dev/a"\ncodec = "jsno"\nto = "twin/a"\n[serial.b]\ncodec = "json"\nto = "twin/a"\n',
            [
                "2:8   serial.a.prot: no such key; did you mean 'port'?",
                "3:9   serial.a.codec: there is no codec 'jsno'; did you mean 'json'?",
                "5:9   serial.b: port is missing",
            ],
        ),
    ],
)
def test_a_key_with_a_slip_in_its_name_is_not_missing_too(tmp_path: Path, text: str, said: list[str]) -> None:
    """It is one mistake: the table has the setting, whatever it is called there. What else is wrong in the table is said."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as raised:
        read(path)
    _, *lines = str(raised.value).splitlines()
    assert len(lines) == len(said), lines
    for line, words in zip(lines, said, strict=True):
        assert " ".join(line.split()).startswith(" ".join(words.split())), lines
