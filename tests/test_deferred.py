"""Deferred imports: a library's module is imported at its first use, once, whoever asks; others get the real one."""

import subprocess
import sys
from pathlib import Path

_SOURCE = """
import sys, threading
from gateway.deferred import deferred

with deferred("ssl", "hashlib"):
    import http.client
{then}
"""


def _run(then: str) -> str:
    """What a fresh Python says that has imported `http.client` so."""
    root = Path(__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", _SOURCE.format(then=then)], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    return ran.stdout.strip()


def test_what_is_not_used_is_not_imported() -> None:
    """Nor is a stand-in left where others would find it."""
    assert _run("print([name in sys.modules for name in ('ssl', '_ssl', 'hashlib', '_hashlib')])") == "[False, False, False, False]"


def test_what_is_used_is_the_real_one() -> None:
    """For whoever has the stand-in, and for whoever imports it later or has imported it before: the very same classes."""
    said = _run(
        "stand_in = http.client.ssl\nimport ssl\nprint(stand_in is ssl, stand_in.SSLError is ssl.SSLError, stand_in.OP_ALL == ssl.OP_ALL)"
    )
    assert said == "False True True"
    assert _run("wrong = http.client.ssl.SSLError\nimport ssl\nprint(wrong is ssl.SSLError)") == "True"


def test_many_threads_may_use_it_first() -> None:
    """It is imported once: two of them would have different classes of the same name."""
    then = (
        "found = []\n"
        "go = threading.Barrier(8)\n"
        "def use():\n"
        "    go.wait()\n"
        "    found.append(http.client.ssl.SSLError)\n"
        "threads = [threading.Thread(target=use) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "import ssl\n"
        "print(len(found), {one is ssl.SSLError for one in found})"
    )
    assert _run(then) == "8 {True}"


def test_a_name_that_the_module_does_not_have_is_no_name() -> None:
    """As without a stand-in."""
    assert _run("print(hasattr(http.client.ssl, 'no_such_name'))") == "False"


def test_what_was_imported_before_is_itself() -> None:
    """It is there already: there is nothing to put off."""
    then = "import ssl\nwith deferred('ssl'):\n    import ssl as again\nprint(again is ssl)"
    assert _run(then) == "True"


def test_a_module_in_a_package_is_put_off_too() -> None:
    """Whoever imports it by its dotted name finds a stand-in in the package; whoever uses it, or imports it later, the real one."""
    put_off = "with deferred('urllib.request'):\n    import urllib.request\nstand_in = urllib.request\n"
    assert _run(put_off + "print('urllib.request' in sys.modules, 'tempfile' in sys.modules)") == "False False"
    assert _run(put_off + "real = stand_in.Request\nimport urllib.request\nprint(real is urllib.request.Request)") == "True"
    same = "print(stand_in is urllib.request, stand_in.Request is urllib.request.Request)"
    assert _run(f"{put_off}import urllib.request\n{same}") == "False True"
    assert _run(put_off + "from urllib.request import Request\nprint(Request is stand_in.Request)") == "True"
