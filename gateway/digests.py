"""Digests without OpenSSL: `hashlib` loads all of libcrypto, some 4 MB, for what Python brings along itself.

Source: CPython's random.py, which does the same for the same reason.
"""

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b
try:
    from _sha2 import sha256  # type: ignore[import-not-found]  # from Python 3.12 on
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]  # up to 3.11
    except ImportError:
        from hashlib import sha256

__all__ = ["blake2b", "sha256"]
