"""Losing the line: pulled out, put back under another number, absent, refused, read by a second process, closed."""

import errno
import os
import select
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest

import devices.serial.port as port_module
from devices.serial.line import TtyLine
from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.serial.conftest import Open, is_well, texts
from tests.waiting import within


def stop_s(bench: Bench) -> float:
    """Stop it; how long that took, in seconds."""
    began_s = time.monotonic()
    bench.stop()
    return time.monotonic() - began_s


def test_unplugged(line: SimulatedLine, open_port: Open):
    """A line pulled out in a read is closed, and its health says missing (fault 1)."""
    bench = open_port()
    device = os.path.realpath(line.path)
    line.unplug()
    bench.until(lambda: bench.health[-1][0] is Health.MISSING)
    assert bench.health[1] == (Health.MISSING, f"{line.path} was unplugged (the device hung up); it is opened again when it is back")
    assert bench.counters["lost"] == 1
    assert device not in {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}  # noqa: PTH208  # names only


def test_unplugged_is_noticed_at_once(line: SimulatedLine, open_port: Open):
    """Within a second, whatever is waited for meanwhile (fault 1)."""
    bench = open_port()

    def noticed_s() -> float:
        bench.until(lambda: is_well(bench))
        began_s = time.monotonic()
        line.unplug()
        bench.until(lambda: bench.health[-1][0] is Health.MISSING)
        took_s = time.monotonic() - began_s
        line.plug()
        return took_s

    within(1.0, noticed_s)


def test_replugged_under_a_new_number(line: SimulatedLine, open_port: Open):
    """Put back under another number it is opened by its stable name, without a restart; half a line from before is dropped (fault 2)."""
    bench = open_port()
    before = os.path.realpath(line.path)
    line.send(b"first\nhalf a li")
    bench.until(lambda: bench.sent)
    line.unplug()
    bench.until(lambda: bench.health[-1][0] is Health.MISSING)
    taken = os.openpty()
    line.plug()
    assert os.path.realpath(line.path) != before
    bench.until(lambda: is_well(bench))
    line.send(b"second\n")
    bench.until(lambda: len(bench.sent) == 2)
    assert texts(bench) == ["first", "second"]
    for descriptor in taken:
        os.close(descriptor)


def test_a_text_waits_for_a_port_that_is_away(line: SimulatedLine, open_port: Open):
    """Not there at the start, or pulled out with texts half written: nothing fails, no attempt is counted, and all is written later."""
    line.unplug()
    bench = open_port()
    early = bench.tell("write", {"text": "early"})
    bench.until(lambda: bench.why_away.startswith(f"cannot open {line.path}: there is no such device"))
    line.plug()
    assert early.wait() == "done"
    assert bench.why_away == ""
    large = [bench.tell("write", {"text": f"{n} " + "x" * 4000}, id=f"m{n}") for n in range(20)]
    bench.until(lambda: large[0].outcome == "done" and large[-1].kept)
    line.unplug()
    bench.until(lambda: bench.why_away.startswith(f"{line.path} was unplugged"))
    assert {one.outcome for one in large} == {"done", ""}
    waiting = [one.message.payload.text for one in large if not one.outcome]
    line.plug()
    written: list[bytes] = []
    while len(written) < len(waiting):
        written += line.hear_lines(0.1)
    assert [text.decode() for text in written] == waiting
    assert {one.wait() for one in large} == {"done"}


def test_missing_at_start(line: SimulatedLine, open_port: Open):
    """A port that is not there at the start is missing, and found when it comes (fault 3)."""
    line.unplug()
    bench = open_port()
    assert bench.health == [
        (Health.MISSING, f"cannot open {line.path}: there is no such device; plug it in, or see `gateway ports` for the names there are")
    ]
    line.plug()
    bench.until(lambda: is_well(bench))
    line.send(b"hello\n")
    bench.until(lambda: bench.sent)


READER = """
import os, select, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
while select.select([fd], [], [], 20)[0]:
    try:
        os.read(fd, 4096)
    except BlockingIOError:
        pass
"""


def test_a_second_reader(line: SimulatedLine, open_port: Open):
    """A second process that takes our bytes is named with its pid, and the port lives on (fault 4)."""
    bench = open_port()
    thief = subprocess.Popen([sys.executable, "-c", READER, line.path])
    try:

        def robbed() -> bool:
            line.send(b"x\n" * 50)
            return not is_well(bench)

        bench.until(robbed)
        said = f"a second process reads {line.path} and takes our bytes: pid {thief.pid} (python"
        assert bench.health[-1][0] is Health.FAULTY
        assert bench.health[-1][1].startswith(said)
    finally:
        thief.kill()
        thief.wait()
    line.send(b"\nmine again\n")
    bench.until(lambda: bench.sent and texts(bench)[-1] == "mine again")


def test_locked_by_another_process(line: SimulatedLine, open_port: Open):
    """A port that another program has locked is faulty, and is opened when it is free (fault 4)."""
    lock = (
        "import fcntl, sys; f = open(sys.argv[1], 'rb+', 0); fcntl.flock(f, fcntl.LOCK_EX); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", lock, line.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"locked\n"
        bench = open_port()
        assert bench.health[0][0] is Health.FAULTY
        assert bench.health[0][1].startswith(f"cannot open {line.path}: another process has locked it: pid {holder.pid} (python")
        holder.stdin.close()
        bench.until(lambda: is_well(bench))


def test_no_terminal(tmp_path: Path, open_port: Open):
    """A file that is no serial port is faulty, with the reason, and no crash loop."""
    plain = tmp_path / "plain"
    plain.touch()
    bench = open_port(port=str(plain))
    assert bench.health[0][0] is Health.FAULTY
    assert bench.health[0][1].startswith(f"cannot open {plain}: ")
    assert bench.health[0][1].endswith("is it a serial port, and can it do these settings?")


class Breaking(TtyLine):
    """A line whose reads fail as a real one's may."""

    error: Exception = termios.error(5, "Input/output error")

    def read(self) -> bytes:
        super().read()
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        termios.error(5, "Input/output error"),
        OSError(errno.EIO, "Input/output error"),
        TypeError("Input/output error"),
        ValueError("Input/output error"),
    ],
    ids=["termios", "os", "type", "value"],
)
def test_errors_of_a_dying_line(error: Exception, line: SimulatedLine, open_port: Open, monkeypatch: pytest.MonkeyPatch):
    """A termios.error (no OSError), and what pyserial raises in its place, are a disconnect (fault 14)."""
    monkeypatch.setattr(Breaking, "error", error)
    monkeypatch.setattr(port_module, "TtyLine", Breaking)
    bench = open_port()
    line.send(b"x\n")
    bench.until(lambda: len(bench.health) > 1)
    assert bench.health[1] == (Health.MISSING, f"{line.path} was unplugged (Input/output error); it is opened again when it is back")
    assert bench.error is None


def test_unplugged_while_quiet(line: SimulatedLine, open_port: Open):
    """A line pulled out while we read no more is noticed too, and is no busy loop."""
    bench = open_port()
    bench.quiet = True
    bench.wake()
    line.unplug()
    bench.until(lambda: bench.counters["lost"])


def test_quiet_leaves_bytes_where_they_are(line: SimulatedLine, open_port: Open):
    """Once it must be quiet it takes in no more, while what is written still goes out."""
    bench = open_port()
    bench.quiet = True
    bench.wake()
    assert bench.tell("write", {"text": "last words"}).wait() == "done"
    line.send(b"too late\n")
    assert line.hear_lines(1.0) == [b"last words"]
    assert bench.tell("write", {"text": "more"}).wait() == "done"
    assert bench.sent == []


class QuietMeanwhile(TtyLine):
    """A line at whose polling the gateway begins to end: the bytes were told of before, and it must be quiet now."""

    bench: Bench | None = None

    def fileno(self) -> int:
        if self.bench is not None and self.bench.sent:
            self.bench.quiet = True
        return super().fileno()


def test_an_end_under_traffic_is_no_loss(line: SimulatedLine, open_port: Open, monkeypatch: pytest.MonkeyPatch):
    """Told to be quiet between the poll that saw bytes and their reading, a port leaves them, and is neither unplugged nor lost."""
    monkeypatch.setattr(port_module, "TtyLine", QuietMeanwhile)
    bench = open_port()
    monkeypatch.setattr(QuietMeanwhile, "bench", bench)
    bench.until(lambda: line.send(b"x\n") and bench.quiet)
    line.send(b"too late\n")
    bench.stop()
    assert bench.counters["lost"] == 0
    assert [health for health, _ in bench.health] == [Health.OK, Health.CLOSED]


def talk(line: SimulatedLine, stop: threading.Event) -> None:
    """Send lines until told to stop, as fast as they are read."""
    while not stop.is_set():
        line.send(b"x\n" * 50)
        line.hear(0.001)


def test_many_ends_under_traffic(line: SimulatedLine, open_port: Open):
    """Whenever in a stream of lines the end comes, nothing says that the line was unplugged."""
    for round in range(60):
        bench = open_port()
        stop = threading.Event()
        talker = threading.Thread(target=talk, args=(line, stop))
        talker.start()
        try:
            bench.until(lambda bench=bench, wanted=round * 7: len(bench.sent) > wanted)
            bench.stop()
        finally:
            stop.set()
            talker.join()
        assert [health for health, _ in bench.health] == [Health.OK, Health.CLOSED]


def test_stop_in_a_read(open_port: Open):
    """Stopping while nothing comes ends within a second (fault 15)."""

    def stopped_s() -> float:
        bench = open_port()
        took_s = stop_s(bench)
        assert bench.health[-1] == (Health.CLOSED, "")
        return took_s

    within(1.0, stopped_s)


def test_stop_with_a_stuck_peer(line: SimulatedLine, open_port: Open):
    """Stopping with bytes that nobody takes ends within a second; what was not written is on disk, and goes back (fault 15)."""

    def stopped_s() -> float:
        bench = open_port(write_timeout_s=60)
        deliveries = [bench.tell("write", {"text": "x" * 4000}, id=f"m{n}") for n in range(20)]
        bench.until(lambda: deliveries[-1].kept)
        took_s = stop_s(bench)
        assert deliveries[-1].outcome == ""
        while line.hear(0.1):
            pass
        return took_s

    within(1.0, stopped_s)


def test_stop_while_missing(line: SimulatedLine, open_port: Open):
    """Stopping while the port is looked for ends within a second."""
    line.unplug()
    within(1.0, lambda: stop_s(open_port()))


def test_hupcl(line: SimulatedLine, open_port: Open):
    """`hupcl = false` keeps DTR up at the end, so that the next opening does not reset an Arduino."""
    for wanted in (False, True):
        bench = open_port(hupcl=wanted)
        assert is_well(bench)
        descriptor = os.open(line.path, os.O_RDONLY | os.O_NOCTTY)
        assert bool(termios.tcgetattr(descriptor)[2] & termios.HUPCL) is wanted
        os.close(descriptor)
        bench.stop()


def test_two_adapters_of_one_name(line: SimulatedLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two adapters with one by-id name are refused, and their by-path names are listed (fault 5)."""
    monkeypatch.setattr("devices.serial.names.find_port.__kwdefaults__", {"serial": tmp_path / "serial", "udev": tmp_path / "udev"})
    with (
        SimulatedLine(tmp_path / "serial" / "by-path" / "usb-0:1.2") as first,
        SimulatedLine(tmp_path / "serial" / "by-path" / "usb-0:1.3") as second,
    ):
        link = tmp_path / "serial" / "by-id" / "usb-1a86_USB_Serial-if00-port0"
        link.symlink_to(os.path.realpath(second.path))
        (tmp_path / "udev").mkdir()
        for claimant in (first, second):
            number = Path(claimant.path).stat().st_rdev
            (tmp_path / "udev" / f"c{os.major(number)}:{os.minor(number)}").write_text(f"S:serial/by-id/{link.name}\nW:1\n")
        with Bench(SerialPort("bench", SerialSettings(port=str(link), to="twin/t"))) as bench:
            bench.until(lambda: bench.health)
        assert bench.health[0] == (
            Health.FAULTY,
            f"cannot open {link}: 2 adapters have this name; name the socket instead: {first.path}, {second.path}",
        )


def test_a_lost_line_is_no_busy_loop(line: SimulatedLine, open_port: Open):
    """While a port is away its thread sleeps between attempts."""
    bench = open_port()
    line.unplug()
    bench.until(lambda: bench.health[-1][0] is Health.MISSING)

    def once() -> float:
        before_s = time.process_time()
        select.select([], [], [], 0.5)
        return time.process_time() - before_s

    within(0.1, once)
