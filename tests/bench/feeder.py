"""The feeder: JSON lines of ten devices on a pty, as fast as its reader takes them or at a rate.

It prints the path of the pty, then does what its stdin says: `probe`, `burst FIRST COUNT` or `rate PER_S FIRST COUNT`.
Each line carries its number `n` and the moment it was sent, `sent_us`, on the monotonic clock that all processes share.
A probe is a line with a negative number: it finds out whether the other end reads already, and is not counted.
"""

import os
import pty
import sys
import time
import tty

DEVICES = 10
BLOCK = 40
"""Lines written at once: about a page."""


def line_of(n: int) -> bytes:
    """Line `n`, about 100 bytes."""
    device = f"d{n % DEVICES}" if n >= 0 else "probe"
    return (
        f'{{"device":"{device}","n":{n},"sent_us":{time.monotonic_ns() // 1000},'
        f'"temperature_c":{20 + n % 97 / 10:.1f},"humidity_pct":{40 + n % 53 / 10:.1f},"battery_v":{3 + n % 7 / 10:.1f}}}\n'
    ).encode()


def burst(master: int, first: int, count: int) -> None:
    """`count` lines, as fast as the reader takes them: a write blocks while the pty is full."""
    for start in range(first, first + count, BLOCK):
        waiting = b"".join(line_of(n) for n in range(start, min(start + BLOCK, first + count)))
        while waiting:
            waiting = waiting[os.write(master, waiting) :]


def paced(master: int, per_s: float, first: int, count: int) -> None:
    """`count` lines, each at its own moment of a schedule, so that a late one does not delay the rest."""
    start_s = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, start_s + index / per_s - time.monotonic()))
        os.write(master, line_of(first + index))


def main() -> None:
    """Serve commands until stdin ends."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    sys.stdout.write(os.ttyname(slave) + "\n")
    sys.stdout.flush()
    for command in sys.stdin:
        match command.split():
            case ["probe"]:
                os.write(master, line_of(-1))
            case ["burst", first, count]:
                burst(master, int(first), int(count))
            case ["rate", per_s, first, count]:
                paced(master, float(per_s), int(first), int(count))


if __name__ == "__main__":
    main()
