"""Runs every test: those of `tests/system` in a pytest of their own beside all others, since most of both is waiting.

What the others say is seen as they say it; what those of `tests/system` said follows in full once both are done. With arguments
(`python -m tests tests/cli -k help`) one pytest runs what they ask for, and nothing else. The exit code is that of the one that failed.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest", "--maxfail=5", "--durations=15")
OWN_CACHE = ("-o", "cache_dir=.pytest_cache/system")
"""Two that write to one cache lose what the other wrote."""


def main(args: list[str]) -> int:
    """Run what is asked for, or all there is; the exit code."""
    if args:
        return subprocess.run([*PYTEST, *args], check=False).returncode
    with tempfile.TemporaryFile() as said:
        system = subprocess.Popen([*PYTEST, *OWN_CACHE, "tests/system"], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        others = subprocess.run([*PYTEST, "--ignore=tests/system"], check=False)
        _say("the tests of tests/system ran beside these" + (", and still do" if system.poll() is None else "") + "; what they say:")
        code = system.wait()
        said.seek(0)
        shutil.copyfileobj(said, sys.stdout.buffer)
    _say(f"ended with {others.returncode} and, in tests/system, with {code}")
    return others.returncode or code


def _say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"\n{line}\n\n".encode())


if __name__ == "__main__":
    # Ctrl-C reaches both of them too: they end, and what they say then is shown.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    sys.exit(main(sys.argv[1:]))
