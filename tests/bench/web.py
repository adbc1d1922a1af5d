"""The web server: requests a second beside a bare starlette route, idle and under load, and what event streams take.

python -m tests.bench.web [--seconds 4]

Both sides run uvicorn with h11 in a process of their own; the bare side answers from memory, what a look at a state and a durable message
cost above that is the gateway's. The load is messages of a device in the gateway's own process, each handled and committed.
"""

import argparse
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.actors import HostBound, Inbound, Settings, Start
from tests.bench import machine
from tests.daemons import DaemonProcess, install_distribution

CLIENTS = 8
"""Connections that are kept, each with one request under way."""
RATE = 5000
ROUNDS = 3
STREAMS = (0, 20, 200)
_LISTENING = re.compile(r"listening at http://127\.0\.0\.1:(\d+)/")
_EVERY_S = 0.02
BESIDE = '[exec.idle]\ncommand = ["sleep", "infinity"]\nto = "twin/idle"\ncodec = "json"\n[mqtt.main]\nhost = "127.0.0.1"\nport = 1\n'
"""What a gateway has beside the web server, whose memory is compared: a device with a codec, and a broker, which is away."""
_ACTORS = 100

LOOK = b"GET /api/actors/twin/door HTTP/1.1\r\nHost: localhost\r\n\r\n"
_BODY = b'{"values": {"n": 1}}'
TELL = (
    b"POST /api/actors/twin/door/report/tell HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (
        len(_BODY),
        _BODY,
    )
)


class LoadSettings(Settings):
    """Section `[load.KEY]`."""

    a_second: int = RATE


class Load(HostBound):
    """A device that says so many messages a second."""

    settings_model = LoadSettings

    def __init__(self, key: str, settings: LoadSettings) -> None:
        self._settings = settings
        self._sent = 0
        self._since_s = 0.0

    def started(self, start: Start) -> None:
        """Begin to count."""
        self._since_s = time.monotonic()

    def wait(self) -> None:
        """Block until the next messages are due."""
        self.host.wait(_EVERY_S)

    def tick(self) -> None:
        """Say what is due; what the gateway has no room for is not made up for."""
        if self.host.quiet:
            return
        due = min(int((time.monotonic() - self._since_s) * self._settings.a_second) - self._sent, self._settings.a_second // 10)
        self._sent += due
        self.host.send_all([Inbound(f"toggle/t{n % _ACTORS}", "set", {"on": n % 2 == 0}) for n in range(due)], wait=False)


class Rate(NamedTuple):
    """What was measured of one kind of request."""

    a_second: float
    """Of those that were answered well."""
    refused: float
    """Which share of all was answered 503: the gateway had no room."""
    p50_ms: float
    p99_ms: float


def rate(port: int, request: bytes, seconds: float) -> Rate:
    """Send one request again and again over some connections, and count the answers."""
    took_s: list[float] = []
    refused = 0
    with selectors.DefaultSelector() as selector:
        peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(CLIENTS)]
        began = {}
        for peer in peers:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(peer, selectors.EVENT_READ, bytearray())
            began[peer] = time.perf_counter()
            peer.sendall(request)
        start_s = time.perf_counter()
        while (now_s := time.perf_counter()) < start_s + seconds:
            for key, _ in selector.select(1.0):
                peer, answer = key.fileobj, key.data
                assert isinstance(peer, socket.socket)
                answer += peer.recv(65536)
                if _is_whole(answer):
                    assert bytes(answer[9:12]) in {b"200", b"202", b"503"}, bytes(answer)
                    now_s = time.perf_counter()
                    if answer[9:10] == b"2":
                        took_s.append(now_s - began[peer])
                    else:
                        refused += 1
                    answer.clear()
                    began[peer] = now_s
                    peer.sendall(request)
        for peer in peers:
            peer.close()
    took_s.sort()
    share = refused / (refused + len(took_s))
    return Rate(len(took_s) / seconds, share, statistics.median(took_s) * 1000, took_s[len(took_s) * 99 // 100] * 1000)


def _is_whole(answer: bytearray) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head)
    return bool(end) and found is not None and len(body) >= int(found[1])


@contextmanager
def served(config: str = "", *, web: str = '[web]\nlisten = "127.0.0.1:0"\n') -> Iterator[DaemonProcess]:
    """A gateway with a web server, and with a twin to look at."""
    with tempfile.TemporaryDirectory(dir=machine.DISK, prefix="bench-") as place:
        folder = Path(place)
        environ = install_distribution(folder, {"gateway.devices": {"load": "tests.bench.web:Load"}}) | {
            "MALLOC_ARENA_MAX": "1"
        }  # as the unit
        twins = "[actors.twin]\npublish_to = ''\nhistory = false\n[actors.toggle]\npublish_to = ''\n"
        with DaemonProcess(folder, f"{web}{twins}{config}", environ=environ) as daemon:
            daemon.until_listening()
            if web:
                daemon.until(lambda: _LISTENING.search(daemon.said()))
            told = {"do": "tell", "to": "twin/door", "verb": "report", "payload": {"values": {"n": 0}}, "timeout_s": 30}
            daemon.until(lambda: daemon.ask(**told)["ok"])  # under load there may be no room at once
            yield daemon


def port_of(daemon: DaemonProcess) -> int:
    """The port at which a gateway serves."""
    found = _LISTENING.search(daemon.said())
    assert found is not None
    return int(found[1])


@contextmanager
def bare() -> Iterator[int]:
    """A starlette with two routes that answer from memory; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.web", "--bare", str(port)])
    try:
        _await(lambda: _answers(port))
        yield port
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) == 0


def _await(truth: Callable[[], object]) -> None:
    until_s = time.monotonic() + 60
    while not truth():
        if time.monotonic() > until_s:
            raise TimeoutError("cannot measure: it did not come within 60 s")
        time.sleep(0.05)


def serve_bare(port: int) -> None:
    """The bare side."""
    import uvicorn  # noqa: PLC0415  # the other side needs none of it
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import JSONResponse, Response  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    state = {"id": "twin/door", "state": {"values": {"n": {"value": 1, "unit": "", "quality": "good", "at_ms": 1_764_000_000_000}}}}

    async def look(request: Request) -> Response:
        del request
        return JSONResponse(state)

    async def tell(request: Request) -> Response:
        json.loads(await request.body())
        return JSONResponse({"id": "1"}, 202)

    routes = [Route("/api/actors/twin/door", look), Route("/api/actors/twin/door/report/tell", tell, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=port, http="h11", loop="asyncio", log_level="error", access_log=False)


def rates(seconds: float, *, rounds: int = ROUNDS, load: int = RATE) -> str:
    """The table of requests: each side in turn, so many times, for a machine is not as fast at one time as at another."""
    measured = [[_bare(seconds), _gateway(seconds), _gateway(seconds, load)] for _ in range(rounds)]
    rows = [
        "|  | look, a second | of bare | p50 | p99 | durable message, a second | of bare | p50 | p99 |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for place, title in enumerate(("bare starlette", "gateway, idle", "gateway, {others:,.0f} other messages a second")):
        cells = [_cells([(one[place].rates[of], one[0].rates[of]) for one in measured]) for of in (0, 1)]
        others = statistics.median(one[place].others for one in measured)
        rows.append(f"| {title.format(others=others)} | {' | '.join(cells)} |")
    return "\n".join(rows)


class Side(NamedTuple):
    """What was measured of one side in one round."""

    rates: tuple[Rate, Rate]
    """Of looks, and of durable messages."""
    others: float
    """Messages a second that the gateway handled beside those."""


def _bare(seconds: float) -> Side:
    with bare() as port:
        return Side((rate(port, LOOK, seconds), rate(port, TELL, seconds)), 0.0)


def _gateway(seconds: float, load: int = 0) -> Side:
    with served(f"[load.bench]\na_second = {load}\n" if load else "") as daemon:
        before, begin_s, port = _turns(daemon), time.monotonic(), port_of(daemon)
        found = rate(port, LOOK, seconds), rate(port, TELL, seconds)
        return Side(found, (_turns(daemon) - before) / (time.monotonic() - begin_s))


def _cells(pairs: list[tuple[Rate, Rate]]) -> str:
    """The medians of one kind of request, and of its share of the bare side's."""
    middle = statistics.median
    refused = middle(one.refused for one, _ in pairs)
    share = middle(one.a_second / plain.a_second for one, plain in pairs)
    said = f"{middle(one.a_second for one, _ in pairs):.0f}{f', {refused:.0%} refused' if refused else ''}"
    return f"{said} | {share:.2f} | {middle(one.p50_ms for one, _ in pairs):.1f} ms | {middle(one.p99_ms for one, _ in pairs):.1f} ms"


def _turns(daemon: DaemonProcess) -> int:
    """How many messages of the load were handled."""
    kinds = daemon.ask(do="show")["show"]["kinds"]
    return next((int(one["turns"]) for one in kinds if one["kind"] == "toggle"), 0)


def memory(streams: tuple[int, ...] = STREAMS) -> str:
    """The table of what the server and its streams take in memory, and of what a commit costs with so many of them."""
    rows = ["|  | resident | CPU a second at 50 changes a second |", "| --- | --: | --: |"]
    with served(BESIDE, web="") as daemon:
        rows.append(f"| without [web] | {_rss_mb(daemon):.1f} MB | {_cpu(daemon):.0%} |")
    for count in streams:
        with served(BESIDE) as daemon:
            peers = [_stream(port_of(daemon)) for _ in range(count)]
            rate(port_of(daemon), LOOK, 0.2)
            rows.append(f"| [web], {count} event streams | {_rss_mb(daemon):.1f} MB | {_cpu(daemon, peers):.0%} |")
            for peer in peers:
                peer.close()
    return "\n".join(rows)


def _stream(port: int) -> socket.socket:
    """A client that has got its first event."""
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(b"GET /api/events?of=twin/* HTTP/1.1\r\nHost: localhost\r\n\r\n")
    taken = b""
    while b"event: snapshot" not in taken:
        taken += peer.recv(65536)
    peer.setblocking(False)
    return peer


def _cpu(daemon: DaemonProcess, peers: list[socket.socket] | None = None, *, seconds: float = 4.0) -> float:
    """How much of one core the gateway takes while a twin changes fifty times a second, which every stream is told."""
    before, begin_s, end_s = machine.Usage.of(daemon.pid).cpu_s, time.monotonic(), time.monotonic() + seconds
    while (now_s := time.monotonic()) < end_s:
        daemon.ask(do="tell", to="twin/door", verb="report", payload={"values": {"n": now_s}}, timeout_s=30)
        for peer in peers or []:
            try:
                peer.recv(1 << 20)
            except BlockingIOError:
                continue
        time.sleep(max(0.0, now_s + 0.02 - time.monotonic()))
    return (machine.Usage.of(daemon.pid).cpu_s - before) / (time.monotonic() - begin_s)


def _rss_mb(daemon: DaemonProcess) -> float:
    pages = int((Path("/proc") / str(daemon.pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def report(seconds: float = 3.0) -> str:
    """Both tables."""
    return f"{rates(seconds)}\n\nMedians of {ROUNDS} rounds; {CLIENTS} connections, {seconds:g} s each.\n\n{memory()}"


def main() -> None:
    """Measure, or serve the bare side."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.web", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--bare", type=int, default=0)
    said = parser.parse_args()
    if said.bare:
        serve_bare(said.bare)
    else:
        sys.stdout.write(f"{report(said.seconds)}\n\n{machine.describe()}\n")


if __name__ == "__main__":
    main()
