"""A daemon for tests: the real one, as a process of its own, with the service manager's side of the conversation."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from gateway.testing.clock import PATIENCE_S
from tests.waiting import until

ROOT = Path(__file__).parents[1]
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 0\n"


class ServiceSide:
    """What systemd would hear on NOTIFY_SOCKET."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.heard: list[str] = []
        self._change = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(0.1)
        self._ending = False
        self._thread = threading.Thread(target=self._listen, name="service side")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending = True
        self._thread.join(PATIENCE_S)
        self._socket.close()

    def until(self, words: str, *, since: int = 0) -> str:
        """Block until a datagram with `words` has come, and return it."""
        return str(
            until(
                lambda: next((state for state in self.heard[since:] if words in state), None),
                change=self._change,
                said=lambda: f"systemd did not hear {words!r}; it heard {self.heard[-10:]}",
            )
        )

    def _listen(self) -> None:
        while not self._ending:
            with contextlib.suppress(TimeoutError):
                state = self._socket.recv(65536).decode()
                with self._change:
                    self.heard.append(state)
                    self._change.notify_all()


class DaemonProcess:
    """`gateway run` in `folder`, ended by its process id.

    `config` is what stands below its [gateway], [store] and [runtime]; `python` are options for the interpreter; `words` are the command;
    `through` is a program that runs it in its own place, under the same process id.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        *,
        gateway: str = "",
        store: str = "",
        close_s: float = 20.0,
        python: Sequence[str] = (),
        words: Sequence[str] = ("run",),
        environ: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.config = folder / "gateway.toml"
        self.socket = folder / "gateway.sock"
        self.store = folder / "gateway.db"
        self.log = folder / "log"
        self._heads = (gateway, store)
        self._close_s = close_s
        self._command = [*through, sys.executable, *python, "-m", "gateway.cli", *words]
        self.environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.write(config)

    def write(self, config: str, *, gateway: str | None = None) -> None:
        """Write the configuration anew."""
        head, store = self._heads
        self.config.write_text(
            f'[gateway]\nname = "test"\ncontrol_socket = "{self.socket}"\n{head if gateway is None else gateway}\n'
            f'[store]\npath = "{self.store}"\nballast_mb = 0\n{store}\n[runtime]\nclose_s = {self._close_s}\n{config}\n'
        )

    def __enter__(self) -> Self:
        self.start()
        self.until(lambda: "ready: life" in self.said())
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if self._process is not None:
            self._process.wait(PATIENCE_S)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """What it ended with; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def start(self) -> Self:
        """Start it, and do not wait."""
        with self.log.open("wb") as log:
            command = [*self._command, "--config", str(self.config)]
            environ = {**os.environ, **self.environ}
            environ["PYTHONPATH"] = os.pathsep.join(filter(None, [self.environ.get("PYTHONPATH", ""), str(ROOT)]))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, cwd=self.folder)
        return self

    def again(self) -> None:
        """Start it again, and wait until it is ready."""
        self.start()
        self.until(lambda: "ready: life" in self.said())

    def said(self) -> str:
        """Its log, since it was started last."""
        return self.log.read_text(errors="replace")

    def until(self, truth: Callable[[], Any]) -> Any:
        """Block until `truth()` holds, and return it; fails when the daemon has ended before."""

        def holds() -> Any:
            ended = self._process is not None and self._process.poll() is not None  # first, so that its last words are seen
            value = truth()
            assert value or not ended, f"it has ended; it said:\n{self.said()}"
            return value

        return until(holds, said=lambda: f"it said:\n{self.said()}")

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """What it exits with."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request to the control socket, and its answer."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE_S)
            peer.connect(str(self.socket))
            peer.sendall(json.dumps(request).encode() + b"\n")
            found: dict[str, Any] = json.loads(peer.makefile().readline())
            return found

    def until_listening(self) -> None:
        self.until(lambda: "control/local is ok" in self.said())

    def gateway(self, *words: str, input: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a command of the command line against it."""
        command = [sys.executable, "-m", "gateway.cli", *words, "--config", str(self.config)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, input=input, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=environ, cwd=self.folder
        )


def install_kinds(folder: Path, **actors: str) -> dict[str, str]:
    """Put a distribution into `folder` that registers ordinary kinds, as a user's package does; the environment that shows it."""
    return install_distribution(folder, {"gateway.actors": actors})


def install_distribution(folder: Path, groups: dict[str, dict[str, str]]) -> dict[str, str]:
    """Put a distribution with entry points into `folder`, as a user's package is; the environment that shows it."""
    there = folder / "site" / "test_kinds-0.dist-info"
    there.mkdir(parents=True)
    (there / "METADATA").write_text(METADATA.format(name="test-kinds"))
    sections = ["\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in named.items())]) for group, named in groups.items()]
    (there / "entry_points.txt").write_text("\n".join(sections) + "\n")
    return {"PYTHONPATH": str(folder / "site")}
