"""What a person reads when a configuration cannot be used: every problem, its place, what was seen, what to do."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.actors import GatewayError
from gateway.config import ConfigProblems, read
from gateway.registry import Registry, installed, of_classes
from tests.config.kinds import kinds

NOBODY = 65534


def problems_of(text: str, tmp_path: Path, registry: Registry | None = None) -> str:
    """The lines of the report on a file that holds `text`, less the title."""
    path = tmp_path / "gateway.toml"
    path.write_bytes(text.encode())
    with pytest.raises(ConfigProblems) as raised:
        read(path, registry=registry or kinds())
    title, *lines = str(raised.value).split("\n")
    count = len(raised.value.problems)
    assert title == f"cannot start: {count} problem{'s' * (count != 1)} in {path}"
    return "\n".join(lines)


def test_the_report_has_the_form_of_the_design(tmp_path: Path) -> None:
    """Two problems are reported together, with line, column, key path, what was seen and what to do."""
    text = (
        "\n" * 10
        + '[wire.gps]\nbuad = 9600\ndevice = "/dev/a"\n'
        + "\n" * 10
        + "[gpio.bell]\npin = 17\n"
        + "\n" * 4
        + "[gpio.door]\npin = 17\n"
    )
    assert problems_of(text, tmp_path) == (
        "  12:8   wire.gps.buad: no such key; did you mean 'baud'?\n  31:7   gpio.door.pin: 17 is already owned by gpio.bell (line 25)"
    )


def test_it_is_an_error_of_the_gateway_and_a_value_error(tmp_path: Path) -> None:
    """Code that knows nothing of this project still catches it."""
    with pytest.raises(ValueError) as raised:
        read(tmp_path / "none.toml", registry=kinds())
    assert isinstance(raised.value, GatewayError)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('baud = "fast"', '3:8   wire.a.baud: expected a whole number, saw "fast"; write digits without quotes'),
        ('baud = "9600"', '3:8   wire.a.baud: expected a whole number, saw "9600"; write digits without quotes'),
        ("baud = 9600.5", "3:8   wire.a.baud: expected a whole number, saw 9600.5; write digits without quotes"),
        ("baud = true", "3:8   wire.a.baud: expected a whole number, saw true; write digits without quotes"),
        ("baud = 7", "3:8   wire.a.baud: 7 is too small; write 50 or more"),
        ("baud = 5_000_000", "3:8   wire.a.baud: 5000000 is too large; write 4000000 or less"),
        ('exclusive = "yes"', '3:13   wire.a.exclusive: expected true or false, saw "yes"; write true or false without quotes'),
        ("exclusive = 1", "3:13   wire.a.exclusive: expected true or false, saw 1; write true or false without quotes"),
        ("settle_s = nan", "3:12   wire.a.settle_s: expected a number, saw nan; write one that is finite"),
        ("settle_s = inf", "3:12   wire.a.settle_s: expected a number, saw inf; write one that is finite"),
        ("settle_s = -1", "3:12   wire.a.settle_s: -1 is too small; write 0 or more"),
        ('parity = "odd"', "3:10   wire.a.parity: \"odd\" is not one of the choices; write 'none' or 'even'"),
        ("wake = 1", "3:8   wire.a.wake: expected a list, saw 1; put it in [ ]"),
        ("wake = [1,\n 'x']", '4:2   wire.a.wake[1]: expected a whole number, saw "x"; write digits without quotes'),
        ("pin = true", "3:7   wire.a.pin: expected a whole number or text, saw true; write digits without quotes"),
        ("rules = [{to = 'diary/x', sacle = 2.0}]", "3:35   wire.a.rules[0].sacle: no such key; did you mean 'scale'?"),
        ("rules = [{scale = 2.0}]", "3:10   wire.a.rules[0].to: missing; it has no default, so add it"),
        ("rules = [7]", "3:10   wire.a.rules[0]: expected a table, saw 7; write key = value lines under a [header], or { key = value }"),
        ("simulate = {evry_s = 1}", "3:22   wire.a.simulate.evry_s: no such key; did you mean 'every_s'?"),
        ("simulate = {every_s = 'x'}", '3:23   wire.a.simulate.every_s: expected a number, saw "x"; write digits without quotes'),
        ("simulate = 3", "3:12   wire.a.simulate: expected true or false or a table, saw 3; write true or false without quotes"),
        ("password = 'hush'", "3:12   wire.a.password: a secret does not belong in this file; use password_file"),
        (
            "to = 'diary'",
            "3:6   wire.a.to: cannot use 'diary' as an actor id: it must read kind/key (pairs of letters, digits and . _ ~ : @ = , -)",
        ),
        ("to = 'diray/x'", "3:6   wire.a.to: cannot send to diray/x: there is no kind 'diray'; did you mean 'diary'?"),
        (
            "to = 'diary/{name}/diray/x'",
            "3:6   wire.a.to: cannot send to diary/{name}/diray/x: there is no kind 'diray'; did you mean 'diary'?",
        ),
        ("to = 'wire/b'", "3:6   wire.a.to: cannot send to wire/b: the file has no such device; did you mean 'wire/a'?"),
        ("to = 'gpio/b'", "3:6   wire.a.to: cannot send to gpio/b: the file has no [gpio.…]; add [gpio.b]"),
        ("to = 'diary/x'\nverb = 'not'", "3:6   wire.a.to: cannot send 'not' to diary: it has no such verb; did you mean 'note'?"),
        ("rules = [{to = 'wire/a'}]", "3:16   wire.a.rules[0].to: cannot send 'note' to wire: it has no such verb; there is write"),
    ],
)
def test_each_fault_in_a_section_has_its_sentence(tmp_path: Path, line: str, said: str) -> None:
    """One wrong line gives one problem, at the wrong value, in words for people."""
    assert problems_of(f'[wire.a]\ndevice = "/dev/x"\n{line}\n', tmp_path) == f"  {said}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[wire.a]\n", "1:7   wire.a.device: missing; it has no default, so add it"),
        ('[wire.a]\ndevice = "x"\n', "2:10   wire.a.device: x is no absolute path; begin it with /dev"),
        ("[wire]\n", "1:2   wire: a device has a name of its own; write [wire.NAME]"),
        ("wire = 5\n", "1:8   wire: a device has a name of its own; write [wire.NAME]"),
        ("[wire]\nbaud = 9600\n", "2:8   wire.baud: a setting belongs to one device; write it under [wire.NAME]"),
        (
            '[wire."a b"]\n',
            "1:7   wire.'a b': no name for a device; use letters, digits and . _ ~ : @ = , - (128 at most); write [wire.a_b]",
        ),
        ("[wier.a]\n", "1:2   wier: no such table or kind of device; did you mean 'wire'?"),
        ("[gatway]\n", "1:2   gatway: no such table or kind of device; did you mean 'gateway'?"),
        ("[diary]\n", "1:2   diary: an ordinary kind, which has no devices; write [actors.diary]"),
        ("[actors.wire]\n", "1:9   actors.wire: a host-bound kind; write [wire.NAME]"),
        ("[actors.diray]\n", "1:9   actors.diray: no such kind of actor; did you mean 'diary'?"),
        ("actors = 1\n", "1:10   actors: settings of actors stand by kind; write [actors.KIND]"),
        ("[actors.diary]\npages = 0\n", "2:9   actors.diary.pages: 0 is too small; write 1 or more"),
        ("[actors.diary]\npages = 13\n", "1:9   actors.diary: 13 pages cannot be bound; choose another number"),
        ("[actors.plain]\nx = 1\n", "2:5   actors.plain.x: no such key; there is none"),
        ("gateway = 5\n", "1:11   gateway: expected a table, saw 5; write key = value lines under a [header], or { key = value }"),
        (
            "[gateway]\nlog_level = 'loud'\n",
            "2:13   gateway.log_level: \"loud\" is not one of the choices; write 'debug', 'info', 'warning' or 'error'",
        ),
        ("[store]\nloss_window_s = 61\n", "2:17   store.loss_window_s: 61 is too large; write 60 or less"),
        ("[runtime]\nidle_s = 0\n", "2:10   runtime.idle_s: 0 is too small; write more than 0"),
        ("[a]\n[a]\n", "2:3   the table [a] stands twice, by a header or by a key of its own; keep one of them"),
        ("a = 1\na = 2\n", "2:6   the key a stands twice in its table; keep one of them"),
        ("a = yes\n", '1:5   yes is no TOML value; write true, or "yes" where it is a text'),
        ("a = [1,\n", "2:1   no TOML value; text stands in quotes, true and false are lower case"),
        ('a = "b\n', "1:7   the text is not closed; put a quote at its end"),
        ("a 1\n", "1:3   the = between a key and its value is missing; write a = 1"),
        ("x = 1\na = " + "9" * 5000 + "\n", "2:5   a number or name of more than 1000 characters; write a shorter one"),
        ("a = [ -0x" + "f" * 5000 + "]\n", "1:7   a number or name of more than 1000 characters; write a shorter one"),
        ("a" * 5000 + " = 1\n", "1:1   a number or name of more than 1000 characters; write a shorter one"),
        (".".join("a" * 100_000) + " = 1\n", "1:128   a key of more than 64 names; write it with fewer dots"),
        ("[" + " . ".join(["'a'"] * 5000) + "]\n", "1:384   a key of more than 64 names; write it with fewer dots"),
        ("a = " + "{a=" * 5000, "1:197   nested deeper than 64 levels; write it flatter"),
    ],
)
def test_each_fault_of_the_file_has_its_sentence(tmp_path: Path, text: str, said: str) -> None:
    """Wrong tables, kinds, names and TOML itself are named where they stand."""
    assert problems_of(text, tmp_path) == f"  {said}"


def test_what_a_text_or_a_comment_holds_is_no_key(tmp_path: Path) -> None:
    """Dots, brackets and long words count where TOML means them, and nowhere else."""
    many = "." * 500 + "[" * 500 + "{" * 500 + "9" * 2000
    texts = [
        f"'{many}'",
        f'"{many} \\" {many}"',
        f"'''\n{many}\n''{many}\n'''",
        f'"""\n{many} "" \\""" {many}\n"""',
        f"[ # {many}\n1.5, {'1.5, ' * 500} ]",
    ]
    for text in texts:
        assert problems_of(f"# {many}\n[wire.a]\ndevice = {text}\n", tmp_path).startswith("  3:10   wire.a.device: "), text


def test_problems_of_all_sections_come_together(tmp_path: Path) -> None:
    """Nothing hides behind the first problem: all sections are read, and listed in the order of the file."""
    text = "[gateway]\nnaem = 'x'\n[wire.a]\nbaud = 'x'\n[actors.diary]\npages = 'x'\n[nothing.a]\n[store]\nmax_mb = -1\n"
    assert problems_of(text, tmp_path).split("\n") == [
        "  2:8    gateway.naem: no such key; did you mean 'name'?",
        "  3:7    wire.a.device: missing; it has no default, so add it",
        '  4:8    wire.a.baud: expected a whole number, saw "x"; write digits without quotes',
        '  6:9    actors.diary.pages: expected a whole number, saw "x"; write digits without quotes',
        "  7:2    nothing: no such table or kind of device; there is actors, gateway, gpio, homeassistant, runtime, store, wire",
        "  9:10   store.max_mb: -1 is too small; write 0 or more",
    ]


def test_a_device_with_problems_is_still_an_address(tmp_path: Path) -> None:
    """A section with a fault does not make a second fault of what sends to it."""
    text = "[wire.a]\ndevice='/dev/a'\nto = 'wire/b'\nverb = 'write'\n[wire.b]\nbaud = 'x'\ndevice='/dev/b'\n"
    assert problems_of(text, tmp_path) == '  6:8   wire.b.baud: expected a whole number, saw "x"; write digits without quotes'


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    """The value under the name of a secret does not reach the report, which ends in logs."""
    said = problems_of("[wire.a]\ndevice='/dev/a'\npassword = 'hush'\nmqtt_token = 'hush'\npassword_file = {hush = 1}\n", tmp_path)
    assert "hush" not in said


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a file in another encoding are named as what they are."""
    path = tmp_path / "gateway.toml"
    for content, said in [
        (None, "there is no such file; name another with --config, or copy config/gateway.toml there"),
        (b"\xff\xfea\0", "1:1   it begins with a UTF-16 byte order mark; save it as UTF-8"),
        (b"# x\n# \xe9", "2:3   byte 0xe9 is no UTF-8; save the file as UTF-8"),
        (b"#" * 1_000_001, "it is longer than 1000000 bytes; is it a configuration file?"),
        (b"a = " + b"[" * 9000 + b"]" * 9000, "1:69   nested deeper than 64 levels; write it flatter"),
    ]:
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigProblems) as raised:
            read(path, registry=kinds())
        assert str(raised.value) == f"cannot start: 1 problem in {path}\n  {said}"
    with pytest.raises(ConfigProblems, match="it is a folder; name the file in it"):
        read(tmp_path, registry=kinds())
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigProblems, match="it is a pipe; write the configuration to a file"):
        read(tmp_path / "pipe", registry=kinds())


@pytest.mark.parametrize(
    ("shut", "said"),
    [
        ("gateway.toml", "its permissions keep this user from reading it; let the gateway's user read it (chmod a+r)"),
        ("a/b", "this user may not enter {}, where it is; let the gateway's user enter (chmod a+x {})"),
        ("a", "this user may not enter {}, where it is; let the gateway's user enter (chmod a+x {})"),
    ],
)
def test_what_this_user_may_not_read_is_named_as_that(shut: str, said: str) -> None:
    """The file, or the outermost folder on the way to it."""
    as_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # below the folder of a test nobody else comes
        folder, path = Path(name), Path(name, "a/b/gateway.toml")
        path.parent.mkdir(parents=True)
        path.touch()
        folder.chmod(0o755)
        (path if shut == path.name else folder / shut).chmod(0)
        if as_root:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(ConfigProblems) as raised:
                read(path, registry=kinds())
        finally:
            if as_root:
                os.seteuid(0)
            (folder / "a").chmod(0o755)
            (folder / "a/b").chmod(0o755)
    assert str(raised.value).endswith(said.replace("{}", str(folder / shut)))


def test_a_utf8_mark_does_no_harm(tmp_path: Path) -> None:
    """What Windows' editor puts before the first line is passed over, and columns count from after it."""
    path = tmp_path / "gateway.toml"
    path.write_bytes(b"\xef\xbb\xbf[gateway]\nname = 'pi'\n")
    assert read(path, registry=kinds()).gateway.name == "pi"


def test_a_kind_that_cannot_be_imported(tmp_path: Path) -> None:
    """A kind whose module fails is a problem at its first section; kinds that the file does not name are not imported."""
    (tmp_path / "lacks_it.py").write_text("import no_such_module\n")
    from importlib.metadata import EntryPoint  # noqa: PLC0415  # only this test makes entry points

    from gateway.registry import registered  # noqa: PLC0415  # as above

    sys.path.insert(0, str(tmp_path))
    try:
        registry = registered([EntryPoint("wire", "lacks_it:Wire", "gateway.devices")], [])
        assert problems_of("[wire.a]\n[wire.b]\n", tmp_path, registry) == (
            "  1:2   wire: cannot import kind 'wire': ModuleNotFoundError: No module named 'no_such_module'; "
            "install what it needs, or take its sections out"
        )
        path = tmp_path / "gateway.toml"
        path.write_text("")
        assert read(path, registry=registry).host_bound == ()
    finally:
        sys.path.remove(str(tmp_path))


def test_nothing_installed(tmp_path: Path) -> None:
    """From a checkout that was never installed there are no kinds: the problem says how to install it."""
    assert problems_of("[serial.gps]\n", tmp_path, of_classes()) == (
        "  1:2   serial: no kind of device is installed; install the gateway as a package (pip install -e . in a checkout)"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[alarm.freezer]\nof = "twin/a"\n', "1:2   alarm: an ordinary kind, which has no devices; write [actors.alarm.rules.freezer]"),
        ("[twin.boiler]\nsilent_after_s = 5\n", "1:2   twin: an ordinary kind, which has no devices; write [actors.twin]"),
        ('[actors.alarm.freezer]\nof = "twin/a"\n', "1:15   actors.alarm.freezer: no such key; write [actors.alarm.rules.freezer]"),
        ("[mqtt.main]\nprotocol = 5\n", "2:12   mqtt.main.protocol: 5 is not one of the choices; write '5' or '3.1.1', with the quotes"),
    ],
)
def test_a_hint_can_be_followed_as_it_is_written(tmp_path: Path, text: str, said: str) -> None:
    """The table that is meant, with the name in it; and what makes a text of a number."""
    assert problems_of(text, tmp_path, installed()).strip() == said
