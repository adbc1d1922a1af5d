"""The broker inside a guest, and somebody who writes down what is published."""

import json
import time
from typing import Any

from tests.system.lab.shell import Shell

HEARD = "/var/tmp/heard"


def start_broker(guest: Shell) -> None:
    """Start mosquitto, and a subscriber that keeps its session; -R: what the broker retains is not news when it comes back.

    Of its own a broker drops what is beyond the thousandth message that a subscriber has not taken yet: on a busy machine, that is some.
    """
    guest.sh("echo max_queued_messages 0 > /etc/mosquitto/conf.d/keeps-all.conf; systemctl restart mosquitto")
    command = f"exec mosquitto_sub -h localhost -q 1 -c -R -i witness -t 'gateway/#' -F '%t %p' >> {HEARD}"
    again = "--property=Restart=always --property=RestartSec=0.5 --property=StartLimitIntervalSec=0"
    guest.sh(f'systemd-run --quiet --unit=witness {again} sh -c "{command}"')
    guest.until(f"mosquitto_pub -h localhost -q 1 -t gateway/probe -m '{{}}'; cat {HEARD}", "gateway/probe")  # it has subscribed


def heard(guest: Shell, topic: str) -> list[dict[str, Any]]:
    """The JSON bodies published under a topic so far, in order."""
    lines = guest.sh(f"cat {HEARD}").splitlines()
    return [json.loads(line.removeprefix(topic)) for line in lines if line.startswith(f"{topic} ")]


def until_heard(guest: Shell, twin: str, numbers: set[int], *, limit_s: float = 60) -> list[int]:
    """Wait until a meter's twin has published all these numbers; all it published, in order."""
    deadline = time.monotonic() + limit_s
    while not numbers <= set(found := numbers_heard(guest, twin)):
        assert time.monotonic() < deadline, (
            f"not published within {limit_s} s, while {found[-1:]} came last: {sorted(numbers - set(found))[:20]}"
        )
        guest.sh("sleep 0.2")
    return found


def numbers_heard(guest: Shell, twin: str) -> list[int]:
    """The numbers that a meter's twin published, in order."""
    return [int(body["values"]["n"]["value"]) for body in heard(guest, f"gateway/twin/{twin}") if "n" in body["values"]]
