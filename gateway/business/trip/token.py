"""Write tokens: what a tracker shows to move its trip. The trip keeps only a hash of it.

A token is 160 random bits, so a plain hash of it tells nothing, and no salt or slow hash is needed.
"""

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

_PARTS = 5
_BITS = 32


def new_token(random: Callable[[], float]) -> str:
    """Make a token of 40 hexadecimal digits, from a source of numbers in [0, 1) that nobody can foretell."""
    return "".join(f"{int(random() * 2**_BITS):08x}" for _ in range(_PARTS))


def digest_of(token: str) -> str:
    """The hash of a token, which is what a trip keeps."""
    return sha256(token.encode()).hexdigest()


def fits(token: str, digest: str) -> bool:
    """Whether a token has that hash; the look takes as long for any wrong token."""
    return bool(digest) and compare_digest(digest_of(token), digest)
