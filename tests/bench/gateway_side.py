"""Our side of the comparison: the real daemon, with a configuration and one kind of actor that a user would bring.

It becomes the daemon (exec), so that its process id is the daemon's. The actor is registered as a user's package does it: by
an entry point, in a distribution that this script puts on the path.
"""

import os
import sys
from pathlib import Path

from tests.bench.arguments import TOPIC_IN, arguments

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

"""
BY_SERIAL = """
[serial.bench]
port = "{pty}"
codec = "json"
to = "tally/{{device}}"
verb = "take"
"""
BY_MQTT = """
[[mqtt.main.subscribe]]
topic = "{topic}/+"
to = "tally/{{1}}"
verb = "take"
"""
METADATA = "Metadata-Version: 2.1\nName: bench-tally\nVersion: 0\n"
ENTRY_POINTS = "[gateway.actors]\ntally = tests.bench.tally:Tally\n"


def main() -> None:
    """Write what the daemon needs, and become it."""
    options = arguments(__doc__)
    store = Path(options.store)
    register(store)
    config = store / "gateway.toml"
    source = BY_SERIAL.format(pty=options.pty) if options.pty else BY_MQTT.format(topic=TOPIC_IN)
    config.write_text(CONFIG.format(store=store, port=options.broker_port) + source)
    paths = [str(store), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "MALLOC_ARENA_MAX": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed, it has its bytecode beside it
    # As systemd/gateway.service starts it.
    os.execve(sys.executable, [sys.executable, "-OO", "-m", "gateway.cli", "run", "--config", str(config)], environment)


def register(folder: Path) -> None:
    """Put a distribution into `folder` whose entry point names our kind."""
    distribution = folder / "bench_tally-0.dist-info"
    distribution.mkdir(exist_ok=True)
    (distribution / "METADATA").write_text(METADATA)
    (distribution / "entry_points.txt").write_text(ENTRY_POINTS)


if __name__ == "__main__":
    main()
