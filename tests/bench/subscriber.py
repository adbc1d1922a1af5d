"""The counting subscriber: which numbers arrived, how often, when, and how old they were.

It prints `ready` when it is subscribed, and its count as JSON when all lines are there and half a second more has shown
whether any comes twice, or when nothing has come for too long.
"""

import argparse
import json
import re
import socket
import sys
import time
from collections import Counter

from tests.bench import wire

NUMBER = re.compile(rb'"n":\s*(-?\d+)')
SENT = re.compile(rb'"sent_us":\s*(\d+)')
GRACE_S = 0.5


class Count:
    """What arrived."""

    def __init__(self) -> None:
        self.numbers: Counter[int] = Counter()
        self.latencies_us: list[int] = []
        self.body_bytes = 0
        self.first_sent_us = 0
        self.last_us = 0
        self._rest = b""
        """Of a stream that is published as it comes, with no regard to its lines."""

    def take(self, first: int, packet: bytes, now_us: int) -> None:
        """Count one packet; probes and retained messages of an earlier run are left out."""
        if first >> 4 != wire.PUBLISH or first & wire.RETAINED:
            return
        if b"/stream/" not in wire.topic_of(packet):
            self._take_line(packet, len(wire.body_of(packet)), now_us)
            return
        *lines, self._rest = (self._rest + wire.body_of(packet)).split(b"\n")
        for line in lines:
            self._take_line(line, len(line), now_us)

    def _take_line(self, packet: bytes, body_bytes: int, now_us: int) -> None:
        found = NUMBER.search(packet)
        if found is None or (number := int(found[1])) < 0:
            return
        self.numbers[number] += 1
        if self.numbers[number] > 1:
            return
        sent = SENT.search(packet)
        sent_us = int(sent[1]) if sent else now_us
        self.first_sent_us = min(self.first_sent_us or sent_us, sent_us)
        self.last_us = now_us
        self.latencies_us.append(now_us - sent_us)
        self.body_bytes += body_bytes

    def summary(self, first: int, lines: int) -> dict[str, object]:
        """For the table: `first` to `first + lines` were sent.

        The rate runs from the first line written to the last message arrived: from the first arrival, it would flatter whoever
        holds all back for one great commit.
        """
        ages = sorted(self.latencies_us) or [0]
        span_s = (self.last_us - self.first_sent_us) / 1e6
        return {
            "lost": sum(number not in self.numbers for number in range(first, first + lines)),
            "doubled": sum(self.numbers.values()) - len(self.numbers),
            "per_s": len(self.numbers) / span_s if span_s > 0 else 0.0,
            "p50_ms": ages[len(ages) // 2] / 1000,
            "p99_ms": ages[len(ages) * 99 // 100] / 1000,
            "body_bytes": self.body_bytes / max(1, len(self.numbers)),
        }


def listen(port: int) -> tuple[socket.socket, wire.Packets]:
    """A subscription to all that a pipeline publishes."""
    line, packets = wire.dial(port, f"bench-subscriber-{time.monotonic_ns()}")
    line.sendall(wire.subscribe("bench/#"))
    wire.await_packet(line, packets, wire.SUBACK)
    return line, packets


def collect(line: socket.socket, packets: wire.Packets, lines: int, silence_s: float, grace_s: float) -> Count:
    """Count until all are there and a grace is over, or no line has come for `silence_s`: what is said of itself meanwhile is no line."""
    count = Count()
    line.settimeout(silence_s)
    heard_us = time.monotonic_ns() // 1000
    while True:
        try:
            chunk = line.recv(1 << 18)
        except TimeoutError:
            return count
        now_us = time.monotonic_ns() // 1000
        for first, packet in packets.feed(chunk):
            count.take(first, packet, now_us)
        heard_us = max(heard_us, count.last_us)
        if not chunk or now_us - heard_us > silence_s * 1e6:
            return count
        if len(count.numbers) >= lines:
            line.settimeout(grace_s)


def main() -> None:
    """Count one phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--silence-s", type=float, default=15.0)
    parser.add_argument("--grace-s", type=float, default=GRACE_S)
    options = parser.parse_args()
    line, packets = listen(options.broker_port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    count = collect(line, packets, options.lines, options.silence_s, options.grace_s)
    sys.stdout.write(json.dumps(count.summary(options.first, options.lines)) + "\n")


if __name__ == "__main__":
    main()
