"""The script that most of us write first: pyserial, a dict, paho under `loop_start`. Nothing of it survives a crash.

It is written with care where care is cheap: no `readline` (it costs more than all the rest), and QoS 1.
"""

import json
import signal
import sys
import threading

import paho.mqtt.client as mqtt
import serial

from tests.bench.arguments import TOPIC_IN, arguments

counts: dict[str, int] = {}


def take(line: bytes) -> None:
    """Count a line, and publish it."""
    try:
        reading = json.loads(line)
    except ValueError:  # it was started in the middle of a line
        return
    device = reading["device"]
    counts[device] = counts.get(device, 0) + 1
    client.publish(f"bench/{device}", json.dumps(reading | {"count": counts[device]}), qos=1)


options = arguments(__doc__)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_connect = lambda *_: None if options.pty else client.subscribe(f"{TOPIC_IN}/#", qos=1)
client.on_message = lambda _, __, message: take(message.payload)
client.connect("127.0.0.1", options.broker_port)
client.loop_start()
sys.stdout.write("ready\n")
sys.stdout.flush()

if not options.pty:
    threading.Event().wait()
port = serial.Serial(options.pty, 115200, timeout=1)
rest = b""
while True:
    *lines, rest = (rest + port.read(port.in_waiting or 1)).split(b"\n")
    for line in lines:
        take(line)
