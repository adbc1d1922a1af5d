"""A real Home Assistant to be judged by: started, stopped, and asked over its REST API."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError

from gateway.testing.clock import PATIENCE_S
from tests.brokers import free_port
from tests.system.homeassistant.seed import seed
from tests.waiting import until

ROOT = Path(os.environ.get("GATEWAY_HOMEASSISTANT", "/var/tmp/gateway-homeassistant"))
"""Where tests/system/homeassistant/build has put it."""
_ENVIRON = ("PATH=/root/venv/bin:/usr/bin:/bin", "HOME=/root", "LANG=C.UTF-8", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
_SOCKET = """
import aiohttp, asyncio, json, sys
async def main(port, token, commands):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/api/websocket", max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive_json()
        results = []
        for id, command in enumerate(json.loads(commands), 1):
            await socket.send_json({"id": id, **command})
            results.append(await socket.receive_json())
        print(json.dumps([one["result"] for one in results]))
asyncio.run(main(*sys.argv[1:]))
"""
_PATIENCE_S = 4 * PATIENCE_S
"""It is a large program, and may share the machine."""


def why_none() -> str:
    """Why there is none on this host; empty when there is one."""
    if os.geteuid() != 0:
        return "not root; run make homeassistant as root"
    return "" if (ROOT / "root/venv/bin/hass").exists() else f"it is not in {ROOT}; run make homeassistant"


def in_it(*words: str) -> str:
    """Run a program in its folder, and return what it says."""
    command = ["chroot", str(ROOT), "env", "-i", *_ENVIRON, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE_S).stdout


class Judge:
    """One Home Assistant, with a configuration of its own, at a broker of this host."""

    def __init__(self, name: str, broker: int) -> None:
        self._folder = Path("/root") / name
        self._http = free_port()
        self._token = seed(ROOT / "root" / name, broker=broker, http=self._http)
        self._log = ROOT / "root" / name / "judge.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        subprocess.run(["rm", "-rf", str(ROOT / self._folder.relative_to("/"))], check=True)

    def start(self) -> None:
        """Start it, and return when it answers."""
        script = 'mount --bind /proc "$0/proc" && exec chroot "$0" env -i "$@"'
        hass = ("/root/venv/bin/hass", "-c", str(self._folder))
        with self._log.open("ab") as log:
            words = ["unshare", "--mount", "sh", "-c", script, str(ROOT), *_ENVIRON, *hass]
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.until(lambda: (found := self._ask("/api/config")) and found["state"] == "RUNNING")

    def stop(self) -> None:
        """Stop it; what it knows stays on its disk."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(_PATIENCE_S)

    def states(self) -> dict[str, dict[str, Any]]:
        """What it shows: by entity, its state and its attributes."""
        return {one["entity_id"]: one for one in self._ask("/api/states") or []}

    def state(self, entity: str) -> str:
        """The state of one entity; empty where there is none."""
        return str(self.states().get(entity, {}).get("state", ""))

    def call(self, service: str, entity: str, **more: Any) -> None:
        """Call a service for an entity, as a user who touches it."""
        self._ask(f"/api/services/{service.replace('.', '/')}", {"entity_id": entity, **more})

    def remember(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(errors="replace")

    def complaints(self) -> list[str]:
        """What it has logged about what it was told over MQTT."""
        levels = (" WARNING ", " ERROR ", " CRITICAL ")
        return [line for line in self.remember().splitlines() if "components.mqtt" in line and any(one in line for one in levels)]

    def until(self, truth: Callable[[], Any]) -> Any:
        """Block until `truth()` holds, and return it."""
        said = lambda: f"Home Assistant shows {sorted(self.states())}; {self.remember()[-2000:]}"  # noqa: E731  # it is said once, at the end
        return until(truth, said=said, patience_s=_PATIENCE_S)

    def commands(self, *commands: dict[str, Any]) -> list[Any]:
        """Carry out commands of its WebSocket API, which its pages use, and return the results."""
        words = ("/root/venv/bin/python", "-c", _SOCKET, str(self._http), self._token, json.dumps(commands))
        return list(json.loads(in_it(*words)))

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._http}{path}", data=data, headers=headers)
        with suppress(URLError, OSError) if body is None else nullcontext(), urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
        return None
