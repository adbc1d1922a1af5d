"""Our side of the comparison: the real daemon, with a configuration and one kind of actor that a user would bring.

It becomes the daemon (exec), so that its process id is the daemon's. The actor is registered as a user's package does it: by
an entry point, in a distribution that this script puts on the path.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = """
[gateway]
log_level = "warning"
control_socket = "{store}/gateway.sock"

[store]
path = "{store}/gateway.db"

[mqtt.main]
host = "127.0.0.1"
port = {port}

[serial.bench]
port = "{pty}"
codec = "json"
to = "tally/{{device}}"
verb = "take"
"""
METADATA = "Metadata-Version: 2.1\nName: bench-tally\nVersion: 0\n"
ENTRY_POINTS = "[gateway.actors]\ntally = tests.bench.tally:Tally\n"


def main() -> None:
    """Write what the daemon needs, and become it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pty", required=True)
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    options = parser.parse_args()
    register(options.store)
    config = options.store / "gateway.toml"
    config.write_text(CONFIG.format(store=options.store, port=options.broker_port, pty=options.pty))
    paths = [str(options.store), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "MALLOC_ARENA_MAX": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed, it has its bytecode beside it
    # As systemd/gateway.service starts it.
    os.execve(sys.executable, [sys.executable, "-OO", "-m", "gateway.cli", "run", "--config", str(config)], environment)


def register(folder: Path) -> None:
    """Put a distribution into `folder` whose entry point names our kind."""
    distribution = folder / "bench_tally-0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text(METADATA)
    (distribution / "entry_points.txt").write_text(ENTRY_POINTS)


if __name__ == "__main__":
    main()
