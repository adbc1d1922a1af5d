"""One side of the comparison, once: a fresh broker, a fresh pty and a fresh store, and the pipeline between them."""

import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from tests.bench import subscriber, wire
from tests.bench.machine import DISK, Usage

ROOT = Path(__file__).parents[2]
BROKER = (
    "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 100\nlog_type none\n"
)
"""Nothing is dropped for the subscriber, and every publisher may have as many in flight as the shortest has."""
READY_S = 30.0


class Plan(NamedTuple):
    """How much is sent."""

    lines: int = 10_000
    paced_per_s: float = 200.0
    slow_per_s: float = 100.0
    paced_s: float = 5.0


class Phase(NamedTuple):
    """What one phase measured."""

    per_s: float
    p50_ms: float
    p99_ms: float
    body_bytes: float
    lost: int
    doubled: int
    cpu_us: float
    """CPU per message, user and system, of all threads of the pipeline."""
    written_bytes: float
    """Per message."""


class Outcome(NamedTuple):
    """One side, once."""

    full: Phase
    paced: Phase
    slow: Phase
    peak_rss_mb: float
    exit_code: int


class Feed:
    """The feeder, and how many lines it has been told to send."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pty = _stdout(process).readline().strip()
        self.sent = 0

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def send(self, how: str, lines: int) -> None:
        self.tell(f"{how} {self.sent} {lines}")
        self.sent += lines


def run_side(module: str, plan: Plan) -> Outcome:
    """Start a pipeline, feed it at full speed and at two rates, and stop it."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=DISK, prefix="bench-"))
        port = stack.enter_context(broker(folder))
        feed = Feed(stack.enter_context(child("tests.bench.feeder")))
        arguments = ["--pty", feed.pty, "--broker-port", str(port), "--store", folder]
        pipeline = stack.enter_context(child(module, *arguments))
        await_probe(port, feed, pipeline)
        phases = [
            run_phase(port, feed, pipeline.pid, "burst", plan.lines),
            run_phase(port, feed, pipeline.pid, f"rate {plan.paced_per_s}", int(plan.paced_per_s * plan.paced_s)),
            run_phase(port, feed, pipeline.pid, f"rate {plan.slow_per_s}", int(plan.slow_per_s * plan.paced_s)),
        ]
        peak_rss_mb = Usage.of(pipeline.pid).peak_rss_mb
        pipeline.terminate()
        return Outcome(*phases, peak_rss_mb, pipeline.wait(30))


def run_phase(port: int, feed: Feed, pid: int, how: str, lines: int) -> Phase:
    """Send, count, and see what it cost the pipeline."""
    arguments = ["--broker-port", str(port), "--first", str(feed.sent), "--lines", str(lines)]
    with child("tests.bench.subscriber", *arguments) as counting:
        _stdout(counting).readline()
        before = Usage.of(pid)
        feed.send(how, lines)
        seen = json.loads(_stdout(counting).readline())
        after = Usage.of(pid)
    cpu_us = (after.cpu_s - before.cpu_s) * 1e6 / lines
    return Phase(**seen, cpu_us=cpu_us, written_bytes=(after.written_bytes - before.written_bytes) / lines)


@contextlib.contextmanager
def child(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of ours, ended when the block ends."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with ended(process):
        yield process


@contextlib.contextmanager
def broker(folder: str) -> Iterator[int]:
    """A mosquitto of its own on the loopback; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = Path(folder) / "mosquitto.conf"
    config.write_text(BROKER.format(port=port))
    with ended(subprocess.Popen(["mosquitto", "-c", str(config)], env={"PATH": "/usr/sbin:/usr/local/sbin:/usr/bin"}, text=True)):
        _await_port(port)
        yield port


@contextlib.contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Ends the process and waits for it."""
    with process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def await_probe(port: int, feed: Feed, pipeline: "subprocess.Popen[str]") -> None:
    """Send probes until one has come all the way: port open, broker connected, everything loaded."""
    line, packets = subscriber.listen(port)
    deadline_s = time.monotonic() + READY_S
    with line:
        while time.monotonic() < deadline_s and pipeline.poll() is None:
            feed.tell("probe")
            if select.select([line], [], [], 0.2)[0] and any(b'"n"' in body for _, body in packets.feed(line.recv(65536))):
                return
    fact = f"no line came through in {READY_S} s" if pipeline.poll() is None else f"it ended with exit code {pipeline.poll()}"
    raise TimeoutError(f"cannot measure {pipeline.args!r}: {fact}; see its output above")


def _await_port(port: int, timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            wire.dial(port, "bench-probe")[0].close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)
        else:
            return


def _stdout(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdout is not None
    return process.stdout
