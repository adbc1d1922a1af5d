"""The arguments that every pipeline of the comparison takes, and what is said on MQTT in all of them."""

import argparse

TOPIC_IN = "in"
"""Lines that come by MQTT come to in/DEVICE; what is published goes to bench/DEVICE."""


def arguments(description: str | None) -> argparse.Namespace:
    """Read them: where its lines come from, where its broker is, and a folder of its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pty", default="", help="the serial port that lines come from; without one they come by MQTT")
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--store", required=True)
    return parser.parse_args()
