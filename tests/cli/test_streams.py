"""What becomes of the command line where its output goes nowhere, and where the locale lacks the characters."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT, DaemonProcess
from tests.waiting import until

UNREAD, UNWRITABLE = 141, 73
ARROW = "→ 21 °C 🥶"
COMMANDS = [["--help"], ["--version"], ["show", "--help"], ["check"], ["schema"], ["show"], ["show", "--json"], ["ask", "twin/a", "read"]]
BUFFERED, UNBUFFERED = {"PYTHONUNBUFFERED": ""}, {"PYTHONUNBUFFERED": "1"}
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all of these tests, with a twin that has been told of what few locales can say."""
    with DaemonProcess(tmp_path_factory.mktemp("s")) as running:
        running.until_listening()
        tell(running)
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def latin_1(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a real Latin-1 locale, made for these tests."""
    program = shutil.which("localedef")
    if program is None:
        pytest.skip("cannot make a locale: there is no localedef; apt install locales")
    folder = tmp_path_factory.mktemp("locales")
    made = subprocess.run([program, "-i", "en_US", "-f", "ISO-8859-1", folder / "en_US"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("cannot make a locale: its sources are missing; apt install locales")
    return {"LOCPATH": str(folder), "LC_ALL": "en_US", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def tell(daemon: DaemonProcess) -> None:
    """A report to the twin."""
    assert daemon.ask(do="tell", to="twin/a", verb="report", payload={"values": {"says": ARROW}}, timeout_s=60)["ok"]


def run(daemon: DaemonProcess, words: list[str], *, stdout: int | IO[Any], buffering: dict[str, str]) -> tuple[int, str]:
    """What a command exits with, and what it says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words, *([] if words[0].startswith("-") else ["--config", str(daemon.config)])],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=daemon.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **buffering},
        check=False,
        timeout=PATIENCE_S,
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("buffering", [BUFFERED, UNBUFFERED], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nobody_reads_what_a_command_says(daemon: DaemonProcess, words: list[str], buffering: dict[str, str]) -> None:
    """It ends quietly, with what a shell shows for SIGPIPE."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        assert run(daemon, words, stdout=writes, buffering=buffering) == (UNREAD, "")
    finally:
        os.close(writes)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_a_command_says_cannot_be_written(daemon: DaemonProcess, words: list[str]) -> None:
    """A full disk is told in one line, and is no success."""
    with Path("/dev/full").open("w") as full:
        code, said = run(daemon, words, stdout=full, buffering=BUFFERED)
    assert (code, said) == (UNWRITABLE, "gateway: cannot write what it says: No space left on device; send standard output elsewhere\n")


def test_what_says_nothing_needs_no_room_for_it(daemon: DaemonProcess) -> None:
    """An error is told by standard error, in one line, wherever standard output goes."""
    with Path("/dev/full").open("w") as full:
        code, said = run(daemon, ["export", "twin"], stdout=full, buffering=UNBUFFERED)
    assert (code, said.count("\n")) == (65, 1)


def test_ctrl_c_while_modules_are_imported_is_no_fault() -> None:
    """Which takes its time on a small board."""
    program = """
import sys
class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "gateway.cli.plain":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from gateway.cli.main import main
sys.exit(main(["show"]))
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environ, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["show", "check", "tell twin/b report -"])
def test_standard_streams_may_be_closed(daemon: DaemonProcess, words: str, closed: str) -> None:
    """As from a boot script: what is said there is lost, and everything else goes on."""
    shell = f'"$0" -m gateway.cli {words} --config "$1" {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable, daemon.config],
        input=b'{"values": {"a": 1}}',
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=daemon.folder,
        check=False,
        timeout=PATIENCE_S,
    )
    no_payload = words.startswith("tell") and "<&-" in closed
    assert done.returncode == (65 if no_payload else 0), done.stderr
    assert b"Traceback" not in done.stderr
    assert b"fault of its own" not in done.stderr


def test_nobody_reads_what_tail_says(daemon: DaemonProcess) -> None:
    """`gateway tail | head` ends with the next message, without a word."""
    command = [sys.executable, "-m", "gateway.cli", "tail", "--config", str(daemon.config)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    tail = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=daemon.folder)
    assert tail.stdout is not None
    assert tail.stderr is not None
    os.set_blocking(tail.stdout.fileno(), False)
    while not tail.stdout.read(1):  # until it listens, there is nothing to see
        assert tail.poll() is None
        tell(daemon)
    tail.stdout.close()
    daemon.until(lambda: tail.poll() is not None or tell(daemon))
    assert (tail.returncode, tail.stderr.read()) == (UNREAD, b"")
    tail.stderr.close()


@pytest.mark.parametrize(("environ", "encoding"), [(ASCII, "ascii"), ({"PYTHONIOENCODING": "latin-1"}, "latin-1")], ids=["C", "latin-1"])
def test_a_locale_without_a_character_says_its_number(daemon: DaemonProcess, environ: dict[str, str], encoding: str) -> None:
    """Each command says everything, and what it says for programs stays JSON."""
    told = spoken(daemon, ["show", "twin/a"], environ, encoding)
    assert "\\u2192 21 " in told
    assert "\\U0001f976" in told
    assert json.loads(spoken(daemon, ["show", "twin/a", "--json"], environ, encoding))["state"]["values"]["says"]["value"] == ARROW


def test_a_latin_1_locale_says_what_it_can(daemon: DaemonProcess, latin_1: dict[str, str]) -> None:
    """In a real one: the degree as its one byte, the arrow as its number."""
    assert "\\u2192 21 °C" in spoken(daemon, ["show", "twin/a"], latin_1, "latin-1")
    assert json.loads(spoken(daemon, ["show", "twin/a", "--json"], latin_1, "latin-1"))["state"]["values"]["says"]["value"] == ARROW


@pytest.mark.parametrize("environ", [ASCII, {"LC_ALL": "C.UTF-8"}], ids=["ascii", "utf-8"])
def test_what_is_written_is_utf_8_in_any_locale(daemon: DaemonProcess, environ: dict[str, str]) -> None:
    """A locale without it has words as bytes in disguise: the gateway gets the text; what is none is refused."""
    room, lamp = b"twin/w", "Flur \N{LATIN SMALL LETTER U WITH DIAERESIS}".encode()
    done = in_bytes(daemon, [b"tell", room, b"report", b"values.name=" + lamp], environ)
    assert (done.returncode, done.stderr) == (0, b"")
    assert daemon.ask(do="ask", to="twin/w", verb="read", payload={}, timeout_s=60)["body"]["values"]["name"]["value"] == lamp.decode()
    for word, said in [
        (b"values.name=\xff", b"byte 0xff in "),
        (b'values={"a": "\\ud800"}', b"it holds half a character ('\\ud800'); leave it out"),
    ]:
        done = in_bytes(daemon, [b"tell", room, b"report", word], environ)
        assert (done.returncode, b"cannot send what was written: " in done.stderr, said in done.stderr) == (65, True, True), done.stderr


@pytest.mark.parametrize("environ", [ASCII, {"LC_ALL": "C.UTF-8"}], ids=["ascii", "utf-8"])
def test_a_file_is_named_as_a_shell_names_it(daemon: DaemonProcess, environ: dict[str, str]) -> None:
    """A name that is no text can be typed again from what was said: $'b\\xff.toml'."""
    path = os.fsencode(daemon.folder) + b"/b\xff.toml"
    with open(path, "w") as file:  # noqa: PTH123  # a name in bytes
        file.write("[gatewey]\n")
    done = in_bytes(daemon, [b"check", b"--config", path], environ)
    assert b"/b\\xff.toml\n  1:2   gatewey: no such table" in done.stdout + done.stderr


def test_words_without_end_are_refused(daemon: DaemonProcess) -> None:
    """A payload nested too deep to be written is the user's mistake, and no traceback."""
    done = in_bytes(daemon, [b"tell", b"twin/w", b"report", b".".join([b"a"] * 5000) + b"=1"], {})
    assert done.returncode == 65
    here = b"gateway: cannot send what was written: it is nested too deep; write it flatter"
    there = b"gateway: cannot read the request: it is nested deeper than"  # from Python 3.13 on json writes it
    assert done.stderr.startswith((here, there))


def in_bytes(daemon: DaemonProcess, words: list[bytes], environ: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    """Run a command whose words are bytes, as a terminal gives them."""
    where = [] if b"--config" in words else [b"--config", os.fsencode(daemon.config)]
    command = [os.fsencode(sys.executable), b"-m", b"gateway.cli", *words, *where]
    return subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, **environ, "PYTHONPATH": str(ROOT)}, timeout=PATIENCE_S
    )


def test_the_daemon_outlives_who_reads_its_log(tmp_path: Path) -> None:
    """`gateway run 2>&1 | head`: it goes on, and ends well when it is told to."""
    running = DaemonProcess(tmp_path)
    reads, writes = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "run", "--config", str(running.config)],
        stdin=subprocess.DEVNULL,
        stdout=writes,
        stderr=writes,
        env={**os.environ, "PYTHONPATH": str(ROOT), **BUFFERED},
        cwd=tmp_path,
    )
    os.close(writes)
    os.read(reads, 1)
    os.close(reads)
    until(lambda: process.poll() is not None or running.gateway("show").returncode == 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_what_is_read_is_utf_8_in_any_locale(daemon: DaemonProcess) -> None:
    """JSON on standard input is UTF-8, whatever the locale is; what is none is told."""
    for payload, code in ((json.dumps({"values": {"says": ARROW}}, ensure_ascii=False).encode(), 0), (b'{"values": {"says": "\xff"}}', 65)):
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "tell", "twin/c", "report", "-", "--config", str(daemon.config)],
            input=payload,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **ASCII},
            cwd=daemon.folder,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == code, done.stderr
    assert b"cannot read the payload: it is no UTF-8" in done.stderr
    assert json.loads(spoken(daemon, ["show", "twin/c", "--json"], {}, "utf-8"))["state"]["values"]["says"]["value"] == ARROW


def spoken(daemon: DaemonProcess, words: list[str], environ: dict[str, str], encoding: str) -> str:
    """What a command says in a locale."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words, "--config", str(daemon.config)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        cwd=daemon.folder,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode(encoding)
