"""The shortest durable pipeline: one loop, one transaction per whatever arrived, nothing published before its commit.

What it gives up for speed: one job, hard-wired; no bounds, no reconnecting (whoever starts it starts it again), no
supervision, no timers. It is the yardstick: what this machine, this SQLite and this broker can do with the same guarantee.
"""

import argparse
import json
import os
import select
import signal
import socket
import sys
import tty
from pathlib import Path
from typing import Any

import apsw

from tests.bench import wire
from tests.bench.arguments import TOPIC_IN, arguments

WINDOW = 100
LIMIT_BYTES = 65536
SETTLE_S = 0.05
"""How long a delete of acknowledged rows waits for new lines, to share their commit."""

SCHEMA = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS state (device TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, topic TEXT, body BLOB);
"""


class Store:
    """State and outbox, committed together."""

    def __init__(self, folder: str) -> None:
        self.database = apsw.Connection(str(Path(folder) / "shortest.db"))
        self.database.execute(SCHEMA).fetchall()
        self.acknowledged: list[tuple[int]] = []

    def commit(self, states: dict[str, bytes], outgoing: list[tuple[int, str, bytes]]) -> None:
        """New states, new mail, and the end of the mail that is acknowledged: one fsync."""
        gone, self.acknowledged = self.acknowledged, []
        with self.database:
            self.database.executemany("INSERT INTO outbox VALUES (?, ?, ?)", outgoing)
            self.database.executemany("REPLACE INTO state VALUES (?, ?)", states.items())
            self.database.executemany("DELETE FROM outbox WHERE id = ?", gone)


class Pipeline:
    """Lines in, counted, stored, published."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.store = Store(options.store)
        self.broker, self.packets = socket.create_connection(("127.0.0.1", options.broker_port)), wire.Packets()
        self.broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.broker.sendall(wire.connect("bench-shortest", kept=not options.pty))
        self.port = -1
        if options.pty:
            self.port = os.open(options.pty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self.port)
        else:
            self.broker.sendall(wire.subscribe(f"{TOPIC_IN}/#", qos=1))
        self.sources = [self.broker, *([self.port] if options.pty else [])]
        self.rest = b""
        rows = self.store.database.execute("SELECT device, body FROM state")
        self.counts: dict[str, int] = {device: json.loads(body)["count"] for device, body in rows}
        self.waiting: list[tuple[int, str, bytes]] = list(self.store.database.execute("SELECT * FROM outbox ORDER BY id"))
        self.last_id = self.waiting[-1][0] if self.waiting else 0
        self.in_flight: dict[int, int] = {}
        """Row id by packet id."""

    def run(self) -> None:
        """For ever: whatever arrived, one commit, then as many publishes as the window takes."""
        while True:
            self.publish()
            ready = select.select(self.sources, [], [], SETTLE_S if self.store.acknowledged else None)[0]
            if self.broker in ready:
                self.read_broker()
            if self.port in ready:
                self.take(self.read_lines())
            elif not ready:
                self.store.commit({}, [])

    def read_lines(self) -> list[bytes]:
        """The whole lines that the port holds now, up to a limit: beyond it, publishing had to wait longer than it saves."""
        chunks, space = [self.rest], LIMIT_BYTES
        try:
            while space > 0 and (chunk := os.read(self.port, 65536)):
                chunks.append(chunk)
                space -= len(chunk)
        except BlockingIOError:
            pass
        *lines, self.rest = b"".join(chunks).split(b"\n")
        return lines

    def take(self, lines: list[bytes]) -> None:
        """Count, commit, and only then queue for publishing."""
        states: dict[str, bytes] = {}
        outgoing = []
        for line in lines:
            try:
                reading: dict[str, Any] = json.loads(line)
            except ValueError:  # it was started in the middle of a line
                continue
            device = reading["device"]
            self.counts[device] = reading["count"] = self.counts.get(device, 0) + 1
            states[device] = body = json.dumps(reading).encode()
            self.last_id += 1
            outgoing.append((self.last_id, f"bench/{device}", body))
        self.store.commit(states, outgoing)
        self.waiting += outgoing

    def publish(self) -> None:
        """Fill the window, in one write."""
        batch = self.waiting[: WINDOW - len(self.in_flight)]
        if not batch:
            return
        del self.waiting[: len(batch)]
        packets = []
        for row, topic, body in batch:
            packet_id = row % 65535 + 1
            self.in_flight[packet_id] = row
            packets.append(wire.publish(topic, body, packet_id))
        self.broker.sendall(b"".join(packets))

    def read_broker(self) -> None:
        """Note the rows that the broker has; take the lines that it brings, and acknowledge them when they are committed."""
        chunk = self.broker.recv(65536)
        if not chunk:
            raise ConnectionError("it closed the connection")
        lines: dict[int, bytes] = {}
        for first, packet in self.packets.feed(chunk):
            if first >> 4 == wire.PUBACK:
                self.store.acknowledged.append((self.in_flight.pop(int.from_bytes(packet, "big")),))
            elif first >> 4 == wire.PUBLISH:
                at = 2 + int.from_bytes(packet[:2], "big")
                lines[int.from_bytes(packet[at : at + 2], "big")] = packet[at + 2 :]
        if lines:
            self.take(list(lines.values()))
            self.broker.sendall(wire.acknowledge(lines))


def main() -> None:
    """Run until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        pipeline = Pipeline(arguments(__doc__))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        pipeline.run()
    except ConnectionError as error:
        sys.exit(f"the broker is gone, and whoever has started this is to start it again: {error}")


if __name__ == "__main__":
    main()
