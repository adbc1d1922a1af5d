"""The runtime's own threads, the engine's and the committer's: what is called there must not wait for a commit, for they make it."""

import threading

_here = threading.local()


def join_runtime() -> None:
    """Note that the calling thread is one of the runtime's from now on."""
    _here.ours = True


def in_runtime() -> bool:
    """Whether the calling thread is one of the runtime's: what runs there is a callback."""
    return getattr(_here, "ours", False)
