"""Node-RED's side of the comparison: serial (or MQTT) in → JSON → a count per device → MQTT at QoS 1, as its palette has them.

It becomes Node-RED (exec), on the Node that was installed with it. Its context is in memory, as it is unless somebody says otherwise.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.bench.arguments import TOPIC_IN, arguments
from tests.bench.peers import NODE, NODE_RED, node_environment

COUNT = """
const device = msg.payload.device, count = (context.get(device) || 0) + 1;
context.set(device, count);
msg.payload.count = count;
msg.topic = "bench/" + device;
return msg;
"""
SETTINGS = """module.exports = {uiPort: 0, uiHost: "127.0.0.1", httpAdminRoot: false, httpNodeRoot: false, flowFile: "flows.json",
  credentialSecret: false, logging: {console: {level: "error", metrics: false, audit: false}}, telemetry: {enabled: false}};
"""


def flow(pty: str, port: int) -> list[dict[str, Any]]:
    """The flow, as its editor would store it."""
    source: dict[str, Any] = (
        {"type": "serial in", "serial": "port", "wires": [["reading"]]}
        if pty
        else {"type": "mqtt in", "broker": "broker", "topic": f"{TOPIC_IN}/#", "qos": "1", "datatype": "utf8", "wires": [["reading"]]}
    )
    serial = {"id": "port", "type": "serial-port", "serialport": pty, "serialbaud": "115200", "databits": "8", "parity": "none"}
    serial |= {"stopbits": "1", "newline": "\\n", "bin": "false", "out": "char", "responsetimeout": "10000"}
    broker = {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(port), "clientid": "bench-node-red"}
    broker |= {"autoConnect": True, "protocolVersion": "4", "keepalive": "60", "cleansession": False}
    return [
        {"id": "tab", "type": "tab", "label": "bench"},
        *([serial] if pty else []),
        broker,
        {"id": "source", "z": "tab", **source},
        {"id": "reading", "z": "tab", "type": "json", "property": "payload", "action": "obj", "wires": [["counted"]]},
        {"id": "counted", "z": "tab", "type": "function", "func": COUNT, "outputs": 1, "wires": [["published"]]},
        {"id": "published", "z": "tab", "type": "mqtt out", "topic": "", "qos": "1", "retain": "false", "broker": "broker", "wires": []},
    ]


def main() -> None:
    """Write what Node-RED needs, and become it."""
    options = arguments(__doc__)
    folder = Path(options.store) / "node-red"
    folder.mkdir(exist_ok=True)
    (folder / "flows.json").write_text(json.dumps(flow(options.pty, options.broker_port)))
    (folder / "settings.js").write_text(SETTINGS)
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE_RED / "node_modules")
    command = [str(NODE), str(NODE_RED / "node_modules/node-red/red.js"), "--userDir", str(folder)]
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.execve(NODE, command, node_environment())


if __name__ == "__main__":
    main()
