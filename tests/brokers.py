"""Brokers for tests: a real mosquitto on a free port of its own, and a peer that talks to it."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.testing.clock import PATIENCE_S
from tests.waiting import until

_SBIN = "/usr/sbin:/usr/local/sbin"
_THIS_HOST = "subjectAltName=DNS:localhost,IP:127.0.0.1"
_CA_SETTINGS = """
[ca]
default_ca = here
[here]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


def find_program(name: str) -> str:
    """Where a program is; skips the test that needs it when it is not installed."""
    found = shutil.which(name) or shutil.which(name, path=_SBIN)
    if not found:
        pytest.skip(f"cannot run {name}: it is not installed; apt install mosquitto mosquitto-clients openssl")
    return found


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Certificates:
    """A CA, a certificate of it for 127.0.0.1 and localhost, one for a client, and a CA that signed neither.

    The CA is made as mosquitto-tls(7) says, and so has no key usage.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca, self.other_ca = self._ca("ca"), self._ca("other")
        self.server, self.server_key = self.signed("server")
        self.client, self.client_key = self.signed("client", "subjectAltName=DNS:gateway")

    def _ca(self, name: str) -> Path:
        making = ("req", "-new", "-x509", "-days", "2", "-extensions", "v3_ca")
        self._openssl(*making, *_new_key(self.folder / f"{name}.key"), "-subj", f"/CN={name}", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem"

    def signed(self, name: str, extension: str = _THIS_HOST, *, by: str = "ca") -> tuple[Path, Path]:
        """Make another certificate, signed with the key of the one that is called `by`; the files of it and of its key."""
        key = self._request(name, extension)
        signing = ("-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext")
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", key

    def signed_long_ago(self, name: str) -> tuple[Path, Path]:
        """Make another certificate of the CA, which was good for one day in 2020."""
        key = self._request(name, _THIS_HOST)
        (self.folder / "index").touch()
        (self.folder / "ca.cnf").write_text(_CA_SETTINGS)
        signing = ("-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", *signing, "-in", f"{name}.csr", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", key

    def _request(self, name: str, extension: str) -> Path:
        """Make a key, and ask for a certificate of it."""
        key = self.folder / f"{name}.key"
        self._openssl("req", *_new_key(key), "-subj", f"/CN={name}", "-addext", extension, "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(extension)
        return key

    def _openssl(self, *words: str) -> None:
        subprocess.run([find_program("openssl"), *words], cwd=self.folder, check=True, capture_output=True)


def _new_key(path: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path))


class Mosquitto:
    """A mosquitto of this test's own on 127.0.0.1, at `port`, with its files in `folder`. Ended by its process id."""

    def __init__(
        self,
        folder: Path,
        *,
        persistence: bool = False,
        users: dict[str, str] | None = None,
        acl: str = "",
        certificates: Certificates | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.program = find_program("mosquitto")
        self.folder = folder
        self.port = free_port()
        self.log: list[str] = []
        self._persistence = persistence
        self._users = users or {}
        self._acl = acl
        self._certificates = certificates
        self._options = list(options)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._logged = threading.Condition()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "mosquitto is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, and return when it listens."""
        config, since = self._write_config(), len(self.log)
        self._process = subprocess.Popen([self.program, "-c", str(config)], stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read_log, args=(self._process,), name="mosquitto log")
        self._reader.start()
        try:
            self.until_logged(" running", since=since)
            # It says so a moment before it is, and loses a signal that comes between: running is who takes a connection.
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S).close()
            self.until_logged("onnection from", since=since)
        except AssertionError:
            self.stop()
            raise

    def stop(self, *, kill: bool = False) -> None:
        """End it: as on a shutdown, or with `kill` as in a power cut. Its store stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self._process.wait(PATIENCE_S)
        assert self._reader is not None
        self._reader.join(PATIENCE_S)
        self._process = None

    def restart(self, *, kill: bool = False) -> None:
        """Stop it and start it again: the same port, the same store."""
        self.stop(kill=kill)
        self.start()

    def freeze(self) -> None:
        """Let it stand still: its sockets stay open, and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def until_logged(self, words: str, *, since: int = 0) -> str:
        """Block until it has logged a line with `words`, and return that line; fails when it has ended before."""

        def logged() -> str:
            ended = self._process is not None and self._process.poll() is not None
            line = next((line for line in self.log[since:] if words in line), "")
            assert line or not ended, f"mosquitto has ended, and did not log {words!r}; it said: {self.log[-20:]}"
            return line

        return str(until(logged, change=self._logged, said=lambda: f"mosquitto did not log {words!r}; it said: {self.log[-20:]}"))

    def _read_log(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                with self._logged:
                    self.log.append(line.rstrip("\n"))
                    self._logged.notify_all()

    def _write_config(self) -> Path:
        lines = [f"listener {self.port} 127.0.0.1", "log_dest stderr", "log_type all", "connection_messages true"]
        lines += ["user root"] if os.geteuid() == 0 else []
        if self._certificates is not None:
            made = self._certificates
            lines += [f"cafile {made.ca}", f"certfile {made.server}", f"keyfile {made.server_key}"]
        lines += [f"allow_anonymous {'false' if self._users else 'true'}"]
        if self._users:
            lines.append(f"password_file {self._write_passwords()}")
        if self._acl:
            (self.folder / "acl").write_text(self._acl)
            lines.append(f"acl_file {self.folder / 'acl'}")
        if self._persistence:
            lines += ["persistence true", f"persistence_location {self.folder}/", "autosave_interval 1", "autosave_on_changes true"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines + self._options) + "\n")
        return config

    def _write_passwords(self) -> Path:
        passwords = self.folder / "passwords"
        passwords.write_text("")
        passwords.chmod(0o600)
        for user, password in self._users.items():
            subprocess.run([find_program("mosquitto_passwd"), "-b", str(passwords), user, password], check=True, capture_output=True)
        return passwords


class Heard(NamedTuple):
    """One message that a peer received."""

    topic: str
    payload: bytes
    retained: bool
    qos: int
    properties: Any


class Peer:
    """Another client at the broker: it publishes, and keeps what it hears."""

    def __init__(self, port: int, *, client_id: str = "", v5: bool = True, user: str = "", password: str = "") -> None:
        protocol = MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311
        self.heard: list[Heard] = []
        self.connections = 0
        self.disconnections = 0
        self._change = threading.Condition()
        self._subscribed: set[int] = set()
        self._v5 = v5
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        if user:
            self._client.username_pw_set(user, password)
        self._client.reconnect_delay_set(30, 30)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def __enter__(self) -> Self:
        self.until(lambda: self.connections)
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def listen(self, topic: str, *, qos: int = 1) -> Self:
        """Subscribe, and return when the broker has said yes."""
        _, packet_id = self._client.subscribe(topic, qos=qos)
        self.until(lambda: packet_id in self._subscribed)
        return self

    def publish(self, topic: str, payload: bytes | str = b"", *, qos: int = 1, retain: bool = False, **properties: Any) -> None:
        """Publish, and return when the broker has it. `properties` as paho names them: UserProperty=("id", "7")."""
        with_them = None
        if properties:
            with_them = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                for one in value if isinstance(value, list) else [value]:
                    setattr(with_them, name, one)
        self._client.publish(topic, payload, qos=qos, retain=retain, properties=with_them).wait_for_publish(PATIENCE_S)

    def payloads(self, topic: str) -> list[bytes]:
        """What it has heard under a topic, in order."""
        return [one.payload for one in list(self.heard) if one.topic == topic]

    def until(self, truth: Callable[[], Any]) -> Any:
        """Block until `truth()` holds, and return it."""
        return until(truth, change=self._change, said=lambda: f"heard: {self.heard[-5:]}")

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        with self._change:
            self.heard.append(Heard(message.topic, bytes(message.payload), message.retain, message.qos, message.properties))
            self._change.notify_all()

    def _on_connect(self, client: Client, userdata: Any, *rest: Any) -> None:
        with self._change:
            self.connections += 1
            self._change.notify_all()

    def _on_disconnect(self, client: Client, userdata: Any, *rest: Any) -> None:
        with self._change:
            self.disconnections += 1
            self._change.notify_all()

    def _on_subscribe(self, client: Client, userdata: Any, packet_id: int, *rest: Any) -> None:
        with self._change:
            self._subscribed.add(packet_id)
            self._change.notify_all()
