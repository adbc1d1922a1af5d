"""The script that most of us write first: pyserial, a dict, paho under `loop_start`. Nothing of it survives a crash.

It is written with care where care is cheap: no `readline` (it costs more than all the rest), and QoS 1.
"""

import argparse
import json
import signal
import sys

import paho.mqtt.client as mqtt
import serial

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--pty", required=True)
parser.add_argument("--broker-port", type=int, required=True)
parser.add_argument("--store", help="not used: this script keeps nothing")
options = parser.parse_args()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port = serial.Serial(options.pty, 115200, timeout=1)
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.connect("127.0.0.1", options.broker_port)
client.loop_start()
sys.stdout.write("ready\n")
sys.stdout.flush()

counts: dict[str, int] = {}
rest = b""
while True:
    *lines, rest = (rest + port.read(port.in_waiting or 1)).split(b"\n")
    for line in lines:
        reading = json.loads(line)
        device = reading["device"]
        counts[device] = counts.get(device, 0) + 1
        client.publish(f"bench/{device}", json.dumps(reading | {"count": counts[device]}), qos=1)
