"""Inputs that nobody sends: good ones, broken at random places."""

import random
from collections.abc import Sequence

MOST_BYTES = 200_000
TOKENS = (
    *(b"\0", b"\r", b"\n", b"\r\r\n", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1f", b" ", b"\t"),
    *(
        b'"',
        b'\\"',
        b"\\",
        b"\\ud800",
        b"'",
        b"'''",
        b'"""',
        b"{",
        b"}",
        b"[",
        b"]",
        b"[[",
        b"]]",
        b":",
        b",",
        b"=",
        b".",
        b"#",
        b"*",
        b"$",
    ),
    *(b"+", b"/", b"//", b"..", b"{0}", b"{1}", b"null", b"true", b"NaN", b"Infinity", b"1e999", b"-1", b"0x10", b"1979-05-27", b"9" * 30),
)


def mutated(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """One of the seeds with a few changes; now and then with one place repeated thousands of times."""
    found = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        _change(found, seeds, rng)
    return bytes(found[:MOST_BYTES])


def _change(found: bytearray, seeds: Sequence[bytes], rng: random.Random) -> None:
    at = rng.randint(0, len(found))
    to = min(len(found), at + rng.choice((1, 1, 2, 4, 16, 64)))
    match rng.randrange(6):
        case 0:
            found[at:at] = rng.choice(TOKENS)
        case 1:
            del found[at:to]
        case 2 if at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        case 3:
            found[at:to] = rng.randbytes(to - at)
        case 4:
            other = rng.choice(seeds)
            found[at:] = other[rng.randint(0, len(other)) :]
        case _:
            found[at:at] = (found[at:to] or rng.choice(TOKENS)) * rng.choice((2, 3, 10, 100, 3000))
