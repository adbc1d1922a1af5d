#!/usr/bin/python3
"""The guest's side of the lab: runs commands that arrive on a virtio-serial port, one JSON object a line."""

import base64
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any


class Agent:
    """Runs every command on a thread of its own; answers come back as they are done."""

    def __init__(self) -> None:
        name = next(path for path in Path("/sys/class/virtio-ports").glob("*/name") if path.read_text().strip() == "lab")
        self._port = os.open(f"/dev/{name.parent.name}", os.O_RDWR)
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Read commands until the machine is gone."""
        buffer = b""
        while True:
            chunk = os.read(self._port, 65536)
            if not chunk:  # nobody is connected on the host's side
                threading.Event().wait(0.1)
                continue
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in filter(None, lines):
                threading.Thread(target=self._answer, args=(json.loads(line),), daemon=True).start()

    def _answer(self, asked: dict[str, Any]) -> None:
        code, out, err = run(asked["command"], base64.b64decode(asked["stdin"]), asked["limit_s"])
        answer = {"id": asked["id"], "code": code, "out": base64.b64encode(out).decode(), "err": base64.b64encode(err).decode()}
        rest = json.dumps(answer).encode() + b"\n"
        with self._lock:
            while rest:
                rest = rest[os.write(self._port, rest) :]


def run(command: str, stdin: bytes, limit_s: float | None) -> tuple[int, bytes, bytes]:
    """Exit code, output and errors of a shell command; 124 when it took too long, 127 when it could not be run."""
    try:
        done = subprocess.run(["sh", "-c", command], input=stdin, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        return 124, error.stdout or b"", (error.stderr or b"") + b"\nthe command took too long"
    except OSError as error:
        return 127, b"", str(error).encode()
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    Agent().serve()
