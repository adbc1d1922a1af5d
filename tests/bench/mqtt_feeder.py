"""The feeder by MQTT: the lines of `feeder.py`, each published at QoS 1, and the same commands on stdin.

It has at most so many without their PUBACK. The broker keeps what nobody takes, so that it never has to wait for the pipeline.
"""

import select
import socket
import sys
import time

from tests.bench import wire
from tests.bench.arguments import TOPIC_IN
from tests.bench.feeder import DEVICES, line_of

WINDOW = 200


class Publisher:
    """One connection that publishes."""

    def __init__(self, port: int) -> None:
        self._line, self._packets = wire.dial(port, f"bench-feeder-{time.monotonic_ns()}")
        self._in_flight = 0
        self._last_id = 0

    def publish(self, n: int) -> None:
        """Publish line `n`; blocks while too many are without their PUBACK."""
        while self._in_flight >= WINDOW or (self._in_flight and select.select([self._line], [], [], 0)[0]):
            self._in_flight -= sum(first >> 4 == wire.PUBACK for first, _ in self._packets.feed(self._received(self._line)))
        self._last_id = self._last_id % 65535 + 1
        device = f"d{n % DEVICES}" if n >= 0 else "probe"
        self._line.sendall(wire.publish(f"{TOPIC_IN}/{device}", line_of(n).rstrip(), self._last_id))
        self._in_flight += 1

    @staticmethod
    def _received(line: socket.socket) -> bytes:
        chunk = line.recv(65536)
        if not chunk:
            raise ConnectionError("cannot feed by MQTT: the broker closed the connection; see its log")
        return chunk


def main() -> None:
    """Serve commands until stdin ends."""
    publisher = Publisher(int(sys.argv[1]))
    sys.stdout.write("\n")  # no pty
    sys.stdout.flush()
    for command in sys.stdin:
        match command.split():
            case ["probe"]:
                publisher.publish(-1)
            case ["burst", first, count]:
                for n in range(int(first), int(first) + int(count)):
                    publisher.publish(n)
            case ["rate", per_s, first, count]:
                start_s = time.monotonic()
                for index in range(int(count)):
                    time.sleep(max(0.0, start_s + index / float(per_s) - time.monotonic()))
                    publisher.publish(int(first) + index)


if __name__ == "__main__":
    main()
