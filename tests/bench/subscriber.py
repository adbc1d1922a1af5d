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

    def take(self, first: int, packet: bytes, now_us: int) -> None:
        """Count one packet; probes and retained messages of an earlier run are left out."""
        found = NUMBER.search(packet) if first >> 4 == wire.PUBLISH and not first & wire.RETAINED else None
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
        self.body_bytes += len(wire.body_of(packet))

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
    """A subscription to everything."""
    line, packets = wire.dial(port, f"bench-subscriber-{time.monotonic_ns()}")
    line.sendall(wire.subscribe("#"))
    wire.await_packet(line, packets, wire.SUBACK)
    return line, packets


def collect(line: socket.socket, packets: wire.Packets, lines: int, silence_s: float) -> Count:
    """Count until all are there and the grace is over, or nothing has come for `silence_s`."""
    count = Count()
    line.settimeout(silence_s)
    while True:
        try:
            chunk = line.recv(1 << 18)
        except TimeoutError:
            return count
        now_us = time.monotonic_ns() // 1000
        for first, packet in packets.feed(chunk):
            count.take(first, packet, now_us)
        if len(count.numbers) >= lines:
            line.settimeout(GRACE_S)


def main() -> None:
    """Count one phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--silence-s", type=float, default=15.0)
    options = parser.parse_args()
    line, packets = listen(options.broker_port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    count = collect(line, packets, options.lines, options.silence_s)
    sys.stdout.write(json.dumps(count.summary(options.first, options.lines)) + "\n")


if __name__ == "__main__":
    main()
