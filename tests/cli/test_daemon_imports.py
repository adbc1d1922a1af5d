"""The daemon's libraries come without what they hardly ever use, in a Python of its own."""

import subprocess
import sys

from tests.daemons import ROOT

HEAVY = ("calendar", "csv", "secrets", "zipfile")
"""Of all versions of Python; tempfile and shutil come in by another way with 3.13."""
_SOURCE = """
import sys
# An editable install has a place on the path that is nowhere; an installed gateway has none.
sys.path[:] = [place for place in sys.path if "__path_hook__" not in place]
from gateway.cli.daemon_imports import import_libraries
import_libraries()
import gateway.daemon
from gateway.registry import installed, own_version
names = installed().host_bound.names
{then}
"""


def _run(then: str) -> str:
    """What a Python says that has imported what a daemon does, and knows which kinds are installed."""
    words = [sys.executable, "-c", _SOURCE.format(then=then)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_what_is_hardly_ever_used_is_not_imported() -> None:
    """And the kinds are found all the same."""
    assert _run(f"print(sorted(set({HEAVY!r}) & set(sys.modules)), 'mqtt' in names)") == "[] True"


def test_it_comes_in_where_it_is_used() -> None:
    """By the libraries that were imported without it, and by whoever imports it."""
    then = (
        "import importlib.metadata, email.utils, calendar\n"
        "at_s = email.utils.mktime_tz(email.utils.parsedate_tz('Mon, 30 Nov 2026 01:00:00 +0100'))\n"
        "print(at_s == calendar.timegm((2026, 11, 30, 0, 0, 0)), bool(importlib.metadata.files('pydantic')))"
    )
    assert _run(then) == "True True"
