"""mqtt-io's side of the comparison: its serial stream, polled as often as it can be, and published as it comes.

It knows no lines and counts nothing: it does less than the others. It becomes mqtt-io (exec).
"""

import os
import sys
from pathlib import Path

from tests.bench.arguments import arguments
from tests.bench.peers import MQTT_IO

CONFIG = """
mqtt: {{host: 127.0.0.1, port: {port}, topic_prefix: bench, client_id: bench-mqtt-io}}
stream_modules:
  - {{name: lines, module: serial, device: {pty}, baud: 115200, timeout: 1, read_interval: 0.01, read: true, write: false}}
options: {{install_requirements: false}}
"""


def main() -> None:
    """Write what mqtt-io needs, and become it."""
    options = arguments(__doc__)
    config = Path(options.store) / "mqtt-io.yml"
    config.write_text(CONFIG.format(port=options.broker_port, pty=options.pty))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.execv(MQTT_IO, [str(MQTT_IO), "-m", "mqtt_io", str(config)])


if __name__ == "__main__":
    main()
