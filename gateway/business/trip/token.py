"""Write tokens: what a tracker shows to move its trip. The trip keeps only a hash of it.

A token is 160 random bits, so a plain hash of it tells nothing, and no salt or slow hash is needed.
"""

from collections.abc import Callable

from gateway.digests import sha256

_PARTS = 5
_BITS = 32


def new_token(random: Callable[[], float]) -> str:
    """Make a token of 40 hexadecimal digits, from a source of numbers in [0, 1) that nobody can foretell."""
    return "".join(f"{int(random() * 2**_BITS):08x}" for _ in range(_PARTS))


def digest_of(token: str) -> str:
    """The hash of a token, which is what a trip keeps."""
    return str(sha256(token.encode()).hexdigest())


def fits(token: str, digest: str) -> bool:
    """Whether a token has that hash; the look takes as long for any wrong token."""
    from hmac import compare_digest  # noqa: PLC0415  # it loads libcrypto, and most trackers never ask

    return bool(digest) and compare_digest(digest_of(token), digest)
