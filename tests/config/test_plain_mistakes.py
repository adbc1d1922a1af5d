"""Mistakes of people who have never seen TOML, or come from another tool: each is told where it is, and what to write in its place."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read
from gateway.config.meant import number_meant, truth_meant
from gateway.config.models import keys_of, model_at
from gateway.config.other_words import tables
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import SECTIONS, installed

SERIAL = '[serial.a]\nport = "/dev/ttyUSB0"\ncodec = "json"\nto = "twin/a"\n'
JOB = 'name = "a"\nat = "07:30"\nto = "toggle/hall"\nverb = "pressed"\n'


def said_of(text: str, tmp_path: Path) -> list[str]:
    """Each problem of a file that holds `text`, with the spaces between its place and its words made one."""
    path = tmp_path / "gateway.toml"
    path.write_bytes(text.encode())
    with pytest.raises(ConfigProblems) as raised:
        read(path)
    return [" ".join(line.split()) for line in str(raised.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("baud = 09600", "5:8 09600 is no number in TOML; write baud = 9600"),
        ("baud = 9600baud", "5:8 9600baud is no number in TOML; write baud = 9600"),
        ("baud = 0X2580", "5:8 0X2580 is no number in TOML; write baud = 0x2580"),
        ("baud = 115,200", "5:8 115,200 is no number in TOML; write baud = 115200 or 115.200"),
        ("baud = 115'200", "5:8 115'200 is no number in TOML; write baud = 115200"),
        ("baud = 115 200", "5:8 115 200 is no number in TOML; write baud = 115200"),
        ("baud = 9600_", "5:8 9600_ is no number in TOML; write baud = 9600"),
        ("settle_s = .5", "5:12 .5 is no number in TOML; write settle_s = 0.5"),
        ("ack = 'x", "5:9 the text is not closed; put a quote at its end"),
        ("ack = 'x\nbaud = 9600\n# it is open", "5:9 the text is not closed; put a quote at its end"),
        ("ack = 'x\ntimeout = 'y'", "5:9 the text is not closed; put a quote at its end"),
        ("settle_s = 1e300", "5:12 serial.a.settle_s: 1e+300 is too large; write 60 or less"),
        (
            "[actors.rule.fan]\nof = 'twin/a'\nsilent = true\nfor_s = 1e300\ntell = {to = 'toggle/a', verb = 'pressed'}",
            "8:9 actors.rule.fan.for_s: 1e+300 seconds are more than a century; write 3155760000 or less",
        ),
        (
            "[actors.twin]\nsilent_after_s = 4000000000",
            "6:18 actors.twin.silent_after_s: 4e+09 seconds are more than a century; write 3155760000 or less",
        ),
        ("baud = [9600]", "5:8 serial.a.baud: expected a whole number, saw a list; write 9600, without brackets"),
        (
            "serial.a.baud = 9600",
            "5:1 serial.a.serial: what stands below [serial.a] begins there; write baud in the place of serial.a.baud",
        ),
        ("a.baud = 9600", "5:1 serial.a.a: what stands below [serial.a] begins there; write baud in the place of a.baud"),
        ("settle_s = 5.", "5:12 5. is no number in TOML; write settle_s = 5.0"),
        ("settle_s = 2,5", "5:12 2,5 is no number in TOML; write settle_s = 2.5"),
        ("settle_s = 500 ms", "5:12 500 ms is no number in TOML; write settle_s = 0.5"),
        ('settle_s = "500 ms"', '5:12 serial.a.settle_s: expected a number, saw "500 ms"; write 0.5 without quotes'),
        ('settle_s = "1 min"', '5:12 serial.a.settle_s: expected a number, saw "1 min"; write 60 without quotes'),
        ('max_line_bytes = "4kB"', '5:18 serial.a.max_line_bytes: expected a whole number, saw "4kB"; write 4000 without quotes'),
        ("settle_s = 5*60", "5:12 TOML does not calculate; write what 5*60 comes to"),
        ("baud = 9600,", "5:8 take the comma at the end out; write baud = 9600"),
        ("baud = 9600;", "5:8 a comment begins with #, and nothing else stands behind a value; write baud = 9600"),
        ("baud = 9600 // fast", "5:8 a comment begins with #, and nothing else stands behind a value; write baud = 9600"),
        ('parity = "none" // no', "5:10 // no stands behind the text; a comment begins with #"),
        ("exclusive = yes", '5:13 yes is no TOML value; write true, or "yes" where it is a text'),
        ("exclusive = False", "5:13 False is no TOML value; write false, in lower case"),
        ("settle_s = \u22125", "5:12 \u22125 is no number in TOML; write settle_s = -5"),
        ("baud = 9600.0", "5:8 serial.a.baud: expected a whole number, saw 9600.0; write 9600"),
        ("max line bytes = 64", "5:4 a key has no space in it; write max_line_bytes = 64"),
        ("line ending = '\\n'", "5:5 a key has no space in it; write line_ending = '\\n'"),
        (
            'framing = {name = "delimiter", ends = "\\d"}',
            "5:11 a \\ between double quotes begins a special character; write '\\d', in single quotes",
        ),
        ("values = { a = { scale = 1,8 } }", "5:10 1,8 is no number in TOML; write scale = 1.8"),
        ("values = { a = { from = 'x', scale = 1,8, offset = 3 } }", "5:10 1,8 is no number in TOML; write scale = 1.8"),
        ("values = { a = { valid = [1, 2], on = True } }", "5:10 True is no TOML value; write true, in lower case"),
        ("values = { a = DS18B20.Temperature }", '5:10 text stands in quotes; write a = "DS18B20.Temperature"'),
        ('values = { a = { from = "x } }', "5:10 the text of from is not closed; put a quote at its end"),
        (
            "values = { a = 'x', }",
            "5:10 { } stands on one line, without a comma before the }; or write a table [ ] with lines of its own",
        ),
        ("verb = 'it's'", "5:8 a ' stands within the text; put the text between double quotes"),
        ('verb = "a "b" c"', '5:8 a " stands within the text; put the text between single quotes'),
        ('parity = "even"; baud = 9600', "5:10 ; baud = 9600 stands behind the text; one key = value stands on a line"),
        ('parity = "EVEN"', "5:10 serial.a.parity: \"EVEN\" is not one of the choices; did you mean 'even'?"),
        ("[gpio.living.lamp]\ntype = 'led'\npin = 4", "5:7 gpio.living: a device's name has no dot in it; write [gpio.living_lamp]"),
        ("[alarm.rules.b]\nof = 'twin/a'", "5:2 alarm: an ordinary kind, which has no devices; write [actors.alarm.rules.b]"),
        ('simulate = { "device": "meter" }', "5:12 between a key and its value stands =, in { } too; write { device = VALUE }"),
        ('verb = """x', "6:1 a text that began with three quotes is not closed; put three at its end"),
        ("baud = None", "5:8 there is no None in TOML; take the line out, and the default holds"),
        ("baud = null", "5:8 there is no null in TOML; take the line out, and the default holds"),
        ("parity = none", "5:10 there is no none in TOML; take the line out, and the default holds"),
        ("baud =", "5:7 the value is missing; write one behind baud =, or take the line out, and the default holds"),
        ("baud 9600", "5:6 the = between a key and its value is missing; write baud = 9600"),
        ("baud: 9600", "5:5 between a key and its value stands one =; write baud = 9600"),
        ("baud == 9600", "5:6 between a key and its value stands one =; write baud = 9600"),
        ("parity = even", '5:10 text stands in quotes; write parity = "even"'),
        ("verb = $VERB", "5:8 TOML has no variables; write the value of $VERB itself, a text in quotes"),
        ('ack = "a\\d"', "5:7 a \\ between double quotes begins a special character; write 'a\\d', in single quotes"),
        ("; a comment", "5:1 a comment begins with #"),
        ("// a comment", "5:1 a comment begins with #"),
        ("parity = “even”", '5:10 “ is no quote that TOML knows; write the straight " before and behind the text'),
        ('parity = "even”', '5:15 ” is no quote that TOML knows; write the straight " before and behind the text'),
        ('parity = "“even”"', '5:10 serial.a.parity: a quote (“) stands in this text; write "even"'),
        (
            "parity\u00a0= 'even'",
            "5:7 an invisible character (no-break space, U+00A0) stands here; delete it, and type a space where one is wanted",
        ),
        (
            "parity =\u00a0'even'",
            "5:9 an invisible character (no-break space, U+00A0) stands here; delete it, and type a space where one is wanted",
        ),
        (
            "par\u200bity = 'even'",
            "5:4 an invisible character (zero width space, U+200B) stands here; delete it, and type a space where one is wanted",
        ),
        (
            "parity = 'even\u00a0'",
            '5:10 serial.a.parity: an invisible character (no-break space, U+00A0) stands in this text; write "even"',
        ),
        ("parity = 'ev\u00aden'", '5:10 serial.a.parity: an invisible character (soft hyphen, U+00AD) stands in this text; write "even"'),
        (
            "\"parity\u00a0\" = 'even'",
            "5:13 serial.a.'parity\\xa0': an invisible character (no-break space, U+00A0) stands in this key; write parity",
        ),
        ("p\u0430rity = 'even'", "5:2 'а' (cyrillic small letter a) cannot stand in a name; write letters a to z, digits, _ and -"),  # noqa: RUF001
        ("parity \uff1d 'even'", "5:8 '＝' (fullwidth equals sign) cannot stand in a name; write ="),  # noqa: RUF001
        ("verb = 2024-01-01", "5:8 serial.a.verb: expected text, saw 2024-01-01; put it in quotes"),
        ("baud = 07:30:00", "5:8 serial.a.baud: expected a whole number, saw 07:30:00; write digits without quotes"),
        ("baudrate = 9600", "5:12 serial.a.baudrate: no such key; did you mean 'baud'?"),
        ("Baud-Rate = 9600", "5:13 serial.a.Baud-Rate: no such key; did you mean 'baud'?"),
        ("rtscts = true", '5:10 serial.a.rtscts: no such key; write flow = "rtscts"'),
        (
            "[serial.a.simulate]\nbaud = 9600",
            "6:8 serial.a.simulate.baud: a key of [serial.a] that stands below [serial.a.simulate]; move it above that header",
        ),
        (
            "[actors.toggle.outputs]\ntopic = 'x'",
            "6:9 actors.toggle.outputs.topic: a key of [actors.toggle] that stands below [actors.toggle.outputs]; "
            "move it above that header",
        ),
        ("[serial.b", "5:10 the ] behind the name is missing; write [serial.b]"),
        ("[serial b]", "5:2 [serial b] is no name of a table; write letters a to z, digits, _ and -, with dots: [serial.b]"),
        ("[serial.]", "5:2 a table has a name, with something on both sides of each dot; write [serial.NAME]"),
        ("[serial.b] // x", "5:12 [serial.b] stands on a line of its own; a comment begins with #"),
        ("[uart.b]", "5:2 uart: no such table or kind of device; write [serial.NAME]"),
        ("[log]\nlevel = 'info'", "5:2 log: no such table or kind of device; write [gateway]"),
    ],
)
def test_a_line_is_told_what_to_become(tmp_path: Path, line: str, said: str) -> None:
    """One wrong line gives one problem, with what to write in its place."""
    assert said_of(f"{SERIAL}{line}\n", tmp_path) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[clock.main]\nlatitude_deg = 48,14\nlongitude_deg = 11,58E\n",
            [
                "2:16 48,14 is no number in TOML; write latitude_deg = 48.14",
                "3:17 11,58E is no number in TOML; write longitude_deg = 11.58",
            ],
        ),
        (
            '[clock.main]\nlatitude_deg = "33.9 S"\nlongitude_deg = 18.4\n',
            ['2:16 clock.main.latitude_deg: expected a number, saw "33.9 S"; write -33.9 without quotes'],
        ),
        (
            '[mqtt.main]\nhost = "localhost"\n[mqtt.main.subscribe]\ntopic = "a/+"\n[[mqtt.main.subscribe]]\ntopic = "b/+"\n',
            ["5:22 one pair of brackets made one table of [mqtt.main.subscribe] above; write [[mqtt.main.subscribe]] there too"],
        ),
        (
            '[mqtt.main]\nhost = "localhost"\n[mqtt.main.subscribe]\ntopic = "a/+"\n[mqtt.main.subscribe]\ntopic = "b/+"\n',
            [
                "5:21 the table [mqtt.main.subscribe] stands twice, by a header or by a key of its own; keep one of them, or write "
                "[[mqtt.main.subscribe]] for each of a list"
            ],
        ),
        ('[gpio.a]\ntype = "button"\npin = 022\nreport_to = "twin/a"\n', ["3:7 022 is no number in TOML; write pin = 22"]),
        ("[mqtt.main]\nhost = 192.0.2.7\n", ['2:8 text stands in quotes; write host = "192.0.2.7"']),
        ("[mqtt.main]\nhost = 2024-05-06\n", ["2:8 mqtt.main.host: expected text, saw 2024-05-06; put it in quotes"]),
        (
            "port = 1\n[mqtt.main]\n",
            ["1:8 port: this key stands above all sections; write it below the [header] of the one that it belongs to"],
        ),
        (SERIAL.replace("\n", "\r"), ["1:11 the line ends are those of old Macs (CR alone); save the file with LF, or CR LF"]),
        ('{"serial": {}}\n', ["1:1 this looks like JSON, and the file is TOML: a header [serial.NAME], and key = value lines below it"]),
        (
            "serial:\n  port: /dev/ttyUSB0\n",
            [
                "1:7 a key has a value behind =, and a table has a header; write [serial] for a table",
                '2:7 between a key and its value stands one =; write port = "/dev/ttyUSB0"',
            ],
        ),
        (
            SERIAL.replace("[serial.a]", "[[serial.a]]") + "baud = 'x'\n",
            [
                "1:10 serial.a: two pairs of brackets make a list of tables, and this is one; write [serial.a]",
                '5:8 serial.a.baud: expected a whole number, saw "x"; write digits without quotes',
            ],
        ),
        (
            "[mqtt.main]\nmqtt.main.host = 'b'\n",
            ["1:7 mqtt.main: what stands below [mqtt.main] begins there; write host in the place of mqtt.main.host"],
        ),
        (
            "[gateway]\ngateway.name = 'b'\n",
            ["2:1 gateway.gateway: what stands below [gateway] begins there; write name in the place of gateway.name"],
        ),
        (
            SERIAL.replace("serial.a", "serial.'Küche 2'"),
            ["1:9 serial.'Küche 2': no name for a device; use letters, digits and . _ ~ : @ = , - (128 at most); write [serial.Kueche_2]"],
        ),
        ("[clock.a]\n[[clock.jobs]]\nname = 'b'\n", ["2:9 clock.jobs: these belong to one device; write [[clock.NAME.jobs]]"]),
        ("[[clock.jobs]]\nname = 'b'\n", ["1:9 clock.jobs: these belong to one device; write [[clock.NAME.jobs]]"]),
        (
            "[mqtt.main]\nhost = 'b'\n[[mqtt.subscribe]]\ntopic = 'a'\n[[mqtt.subscribe]]\ntopic = 'b'\n",
            ["3:8 mqtt.subscribe: these belong to one device; write [[mqtt.NAME.subscribe]]"],
        ),
        ("[[mqtt.host]]\nhost = 'b'\n", ["1:8 mqtt.host: two pairs of brackets make a list of tables, and this is one; write [mqtt.host]"]),
        ("[[mqtt]]\nhost = 'b'\n", ["1:3 mqtt: two pairs of brackets make a list of tables, and this is one; write [mqtt.NAME]"]),
        ("[[gateway]]\nname = 'b'\n", ["1:3 gateway: two pairs of brackets make a list of tables, and this is one; write [gateway]"]),
        (
            "[[actors.twin]]\nmost = 5\n",
            ["1:10 actors.twin: two pairs of brackets make a list of tables, and this is one; write [actors.twin]"],
        ),
        (
            f"[clock.main.jobs]\n{JOB}",
            ["1:13 clock.main.jobs: one pair of brackets makes one table, and this is a list of them; write [[clock.main.jobs]] for each"],
        ),
        (
            f"[clock.main.jobs.b]\n{JOB.partition(chr(10))[2]}",
            [
                "1:13 clock.main.jobs: one pair of brackets makes one table, and this is a list of them; "
                'write [[clock.main.jobs]] for each, and name = "b" below it'
            ],
        ),
        (
            f'[clock.main]\n[[clock.main.jobs]]\n{JOB}timezone = "Europe/Berlin"\n',
            ["7:12 clock.main.jobs[0].timezone: a key of [clock.main] that stands below [clock.main.jobs]; move it above that header"],
        ),
        (
            "[clock.main]\n[[clock.main.jobs]]\n" + JOB.replace('"07:30"', "07:30"),
            ['4:6 text stands in quotes; write at = "07:30"'],
        ),
        (
            '[webhook.x]\nurl = "https://a.b"\n[clock.main]\n[[clock.main.jobs]]\n'
            + JOB.replace("toggle/hall", "webhook/x").replace("pressed", "post")
            + "payload = { fields = { on = 2024-01-01 } }\n",
            ["9:29 clock.main.jobs[0].payload.fields.on: 2024-01-01 is a date or a time, which no message can carry; put it in quotes"],
        ),
        (
            "[mqtt.main]\nuser = 'u'\npass = 'hunter2'\nserver = 'b'\n",
            [
                "2:8 mqtt.main.user: no such key; did you mean 'username'?",
                "3:8 mqtt.main.pass: a secret does not belong in this file; use password_file",
                "4:10 mqtt.main.server: no such key; did you mean 'host'?",
            ],
        ),
    ],
)
def test_a_file_is_told_what_to_become(tmp_path: Path, text: str, said: list[str]) -> None:
    """What concerns a table, or the whole file, is told where it begins; what else is wrong is told beside it."""
    assert said_of(text, tmp_path) == said


def test_every_wrong_line_is_told_at_once(tmp_path: Path) -> None:
    """A line that is no TOML hides no other, and what stands below a broken header is of no other table."""
    text = "[serial.a]\nport = /dev/a\nbaud = 9k,\nverb 'x'\n[serial b]\nport = 5s\nbaud = yes\n" + "x = 017\n" * 40
    assert [said.partition(" ")[0] for said in said_of(text, tmp_path)] == [
        "2:8",
        "3:8",
        "4:6",
        "5:2",
        "6:8",
        "7:8",
        *(f"{8 + n}:5" for n in range(14)),
    ]


def test_texts_for_people_keep_what_they_have(tmp_path: Path) -> None:
    """A no-break space, an accent or an emoji in a text that is read by people is none of our business."""
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[clock.main]\n[[clock.main.jobs]]\nname = "a"\nat = "07:30"\nto = "twin/a"\nverb = "report"\n'
        'payload = { values = { a = "x\u00a0", b = "“x”" } }\n'
        '[actors.alarm.rules.a]\nof = "twin/a"\nsilent = true\nsubject = "50\u00a0% wärmer als „sonst“"\n',
        encoding="utf-8",
    )
    assert read(path)


def test_every_word_of_other_tools_leads_to_a_key_that_there_is() -> None:
    """No word is answered with a key that its table does not have, or stands for one that is a key here itself."""
    own = {"gateway": GatewaySettings, "store": StoreSettings, "runtime": RuntimeSettings}
    kinds = installed()
    for table, words in tables().items():
        first, *rest = table.split(".")
        if first == "actors":
            model = model_at(kinds.ordinary.load(rest[0]).settings_model, (*rest[1:], "x"))
        elif first in SECTIONS:
            model = kinds.ordinary.load(first).settings_model
        else:
            inside = [part for name in rest for part in ((name,) if name in ("subscribe", "jobs") else (name, "x"))]
            model = model_at(own.get(first) or kinds.host_bound.load(first).settings_model, tuple(inside))
        assert model is not None, table
        for word, ours in words.items():
            assert " " in ours or ours in keys_of(model), f"{table}: {word} → {ours}"
            assert word not in keys_of(model), f"{table}.{word} is a key"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[web]\nport = 80", '2:8 web.port: no such key; write listen = "127.0.0.1:8080"'),
        ("[web.in.a]\ntarget = 'twin/a'\n", "2:10 web.in.a.target: no such key; did you mean 'to'?"),
        ("[modbus.a.units.b]\nslave = 3", "2:9 modbus.a.units.b.slave: no such key; did you mean 'unit'?"),
        ("[modbus.a.units.b.values.c]\naddress = 3", "2:11 modbus.a.units.b.values.c.address: no such key; did you mean 'register'?"),
        ("[encoder.a]\nclk = 3", "2:7 encoder.a.clk: no such key; did you mean 'pin_a'?"),
        ("[home_assistant]\n", "1:2 home_assistant: no such table or kind of device; write [homeassistant]"),
        ("[store]\ndsn = 'x'", "2:7 store.dsn: no such key; did you mean 'url'?"),
    ],
)
def test_words_of_other_tools_are_known_in_every_section(text: str, said: str, tmp_path: Path) -> None:
    """Also behind the names that people give, and in sections that have none."""
    assert said in said_of(text + "\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "number"),
    [
        ("5s", "", "5"),
        ("2 h", "idle_s", "7200"),
        ("500ms", "seconds", "0.5"),
        ("0.5 s", "debounce_ms", "500"),
        ("1 GB", "max_mb", "1000"),
        ("64 KiB", "max_bytes", "65536"),
        ("1.000.000", "", "1000000"),
        ("12 °C", "above", "12"),
        ("-3,5", "", "-3.5"),
        ("fast", "", ""),
        ("9k6", "", ""),
        ("", "", ""),
        ("." * 5, "", ""),
        ("9" * 500, "", ""),
    ],
)
def test_a_number_as_it_stands_on_paper(text: str, key: str, number: str) -> None:
    """It is read in the unit that its key ends with; what is none is left alone."""
    assert number_meant(text, key) == number


def test_a_truth_in_other_words() -> None:
    """Words of other kinds of files for true and false; others are none."""
    assert [truth_meant(word) for word in ("Yes", "ON", "off", "FALSE", "maybe", "")] == ["true", "true", "false", "false", "", ""]


def test_a_device_without_a_name(tmp_path: Path):
    """A section without a name is told once, whatever stands in it, tables of settings among it."""
    text = '[serial]\nport = "/dev/ttyUSB0"\nto = "twin/a"\ncodec = {name = "regex", pattern = "(?P<t_c>.*)"}\n'
    assert said_of(text, tmp_path) == ["2:8 serial.port: a setting belongs to one device; write it (with to, codec) under [serial.NAME]"]
    assert said_of("[gpio]\npin = 17\n[gpio.lamp]\ntype = 'led'\npin = 18\n", tmp_path) == [
        "2:7 gpio.pin: a setting belongs to one device; write it under [gpio.NAME]"
    ]


def test_a_codec_without_its_options(tmp_path: Path):
    """A codec that needs an option, and is named alone, is told with the form of a table."""
    said = said_of('[serial.a]\nport = "/dev/ttyUSB0"\nto = "twin/a"\ncodec = "regex"\n', tmp_path)
    assert said == [
        '4:9 serial.a.codec: "regex" needs pattern; write codec = {name = "regex", pattern = \'T=(?P<temperature_c>[-0-9.]+)\'}'
    ]
    said = said_of('[serial.a]\nport = "/dev/ttyUSB0"\nto = "twin/a"\ncodec = "bytes"\nframing = "fixed"\n', tmp_path)
    assert [line.partition("; write")[0] for line in said] == ['5:11 serial.a.framing: "fixed" needs bytes']


@pytest.mark.parametrize(("profile", "why"), [("sdm12", "there is no profile 'sdm12'; in the box are ")])
def test_a_profile_that_is_not_there_is_told_once(profile: str, why: str, tmp_path: Path) -> None:
    """At its key; not that its values lack, too."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[modbus.h]\nport = "/dev/ttyUSB0"\nunits.m = {{unit = 1, to = "twin/m", profile = "{profile}"}}\n')
    with pytest.raises(ConfigProblems) as caught:
        read(path)
    (problem,) = caught.value.problems
    assert f"modbus.h.units.m.profile: {why}" in str(problem)


def test_a_key_in_a_table_of_tables_is_meant_as_one(tmp_path: Path) -> None:
    """Whatever the user calls the tables around it."""
    path = tmp_path / "gateway.toml"
    path.write_text('[mqtt.main]\n[homeassistant.values."twin/a"]\nt = {clas = "temperature"}\n')
    with pytest.raises(ConfigProblems, match=r"no such key; did you mean 'class'\?"):
        read(path)


@pytest.mark.parametrize("text", ['include = "other.toml"\n', '[include]\nfiles = ["other.toml"]\n', 'imports = ["other.toml"]\n'])
def test_a_file_takes_no_other_in(tmp_path: Path, text: str) -> None:
    """As those of other tools do: no section has such a key, so none is to be looked for."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigProblems, match=r"a file takes no other in, as .* does elsewhere; write all of it into this one"):
        read(path)
