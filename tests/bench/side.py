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
from tests.bench.peers import ROOT, SERIAL, Side

BROKER = (
    "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 100\nlog_type none\n"
)
"""Nothing is dropped for the subscriber, and every publisher may have as many in flight as the shortest has."""
READY_S = 60.0
"""Longer than any of them waits until it looks for its broker again."""


class Plan(NamedTuple):
    """How much is sent."""

    lines: int = 10_000
    paced_per_s: float = 200.0
    slow_per_s: float = 100.0
    paced_s: float = 5.0
    faulty_per_s: float = 500.0
    faulty_s: float = 4.0
    outage_s: float = 3.0
    silence_s: float = 25.0
    """After a fault: when no line has come for so long, what is missing is lost."""


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


class Loss(NamedTuple):
    """What a fault in mid-stream cost."""

    lost: int
    doubled: int


class Outcome(NamedTuple):
    """One side, once."""

    full: Phase
    paced: Phase
    slow: Phase
    peak_rss_mb: float
    exit_code: int
    killed: Loss
    """At a kill -9 in mid-stream; it is started again at once."""
    cut: Loss
    """In an outage of the broker in mid-stream; what ends of it is started again."""


class Feed:
    """A feeder, and how many lines it has been told to send."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pty = _stdout(process).readline().strip()
        """Empty where it feeds by MQTT."""
        self.sent = 0

    def tell(self, command: str) -> None:
        _say(self._process, command)

    def send(self, how: str, lines: int) -> None:
        self.tell(f"{how} {self.sent} {lines}")
        self.sent += lines


def run_side(side: Side, plan: Plan, source: str = SERIAL) -> Outcome:
    """Start a pipeline, feed it at full speed and at two rates, and stop it; then two more of it that meet a fault."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=DISK, prefix="bench-"))
        port = stack.enter_context(broker(folder))
        feed = Feed(stack.enter_context(feeder(source, port)))
        arguments = ["--pty", feed.pty, "--broker-port", str(port), "--store", folder]
        pipeline = stack.enter_context(child(side.module, *arguments))
        await_probe(port, feed, pipeline)
        phases = [
            run_phase(port, feed, pipeline.pid, "burst", plan.lines),
            run_phase(port, feed, pipeline.pid, f"rate {plan.paced_per_s}", int(plan.paced_per_s * plan.paced_s)),
            run_phase(port, feed, pipeline.pid, f"rate {plan.slow_per_s}", int(plan.slow_per_s * plan.paced_s)),
        ]
        peak_rss_mb = Usage.of(pipeline.pid).peak_rss_mb
        pipeline.terminate()
        exit_code = pipeline.wait(30)
    killed, cut = (run_fault(side, plan, source, cut=cut) for cut in (False, True))
    return Outcome(*phases, peak_rss_mb, exit_code, killed, cut)


def run_fault(side: Side, plan: Plan, source: str, *, cut: bool) -> Loss:
    """Feed a pipeline at a rate, and kill it in mid-stream, or cut it off its broker for a while; what it lost and doubled of all lines."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=DISK, prefix="bench-"))
        port = stack.enter_context(broker(folder))
        relay = stack.enter_context(child("tests.bench.relay", str(port)))
        feed = Feed(stack.enter_context(feeder(source, port)))
        command = [side.module, "--pty", feed.pty, "--broker-port", _stdout(relay).readline().strip(), "--store", folder]
        pipeline = stack.enter_context(child(*command))
        await_probe(port, feed, pipeline)
        lines = int(plan.faulty_per_s * plan.faulty_s)
        waiting = ["--lines", str(lines), "--silence-s", str(plan.silence_s), "--grace-s", "2"]
        counting = stack.enter_context(child("tests.bench.subscriber", "--broker-port", str(port), *waiting))
        _stdout(counting).readline()
        feed.send(f"rate {plan.faulty_per_s}", lines)
        time.sleep(plan.faulty_s / 2)  # the schedule of the fault: half of the lines are on their way
        if cut:
            _say(relay, "cut")
            time.sleep(plan.outage_s)
            _say(relay, "mend")
        else:
            pipeline.kill()
        while not select.select([_stdout(counting)], [], [], 0.1)[0]:
            if pipeline.poll() is not None:  # as a service manager does
                pipeline = stack.enter_context(child(*command))
        seen = json.loads(_stdout(counting).readline())
        return Loss(seen["lost"], seen["doubled"])


def feeder(source: str, port: int) -> contextlib.AbstractContextManager["subprocess.Popen[str]"]:
    """What feeds lines: over a pty, or by way of the broker."""
    return child("tests.bench.feeder") if source == SERIAL else child("tests.bench.mqtt_feeder", str(port))


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


def _say(process: "subprocess.Popen[str]", command: str) -> None:
    assert process.stdin is not None
    process.stdin.write(command + "\n")
    process.stdin.flush()


def _stdout(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdout is not None
    return process.stdout
