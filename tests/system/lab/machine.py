"""A machine: an emulated computer with a kernel of its own, pins, USB serial adapters, and power that can be cut.

It is ten to fifteen times slower than the host. `python -m tests.system.lab.machine save` boots it once and keeps the
booted state (the last step of `build machine`): later starts take a second.
"""

import base64
import contextlib
import itertools
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tests.system.lab.places import LAB
from tests.system.lab.shell import Done, Shell

DISK = LAB / "machine.ext4"
BOOTED = LAB / "machine.qcow2"
_STATE = "booted"
_BOOT_S = 240.0
_ANSWER_S = 60.0
_TRY_S = 5.0
_COMMAND_LINE = "console=ttyS0 net.ifnames=0 quiet loglevel=4 audit=0 mitigations=off systemd.show_status=0"


class Machine(Shell):
    """A machine. `folder` of the host is under /src; a `disk` of one's own stays as a power cut leaves it, and is booted cold."""

    def __init__(self, folder: Path | None = None, *, disk: Path | None = None, resume: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self._shared = folder
        self._resume = resume
        self._disk = disk or self.folder / "disk.qcow2"
        if resume:
            shutil.copyfile(BOOTED, self._disk)
        elif not self._disk.exists():
            _layer_over(DISK, self._disk)
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._answered = threading.Condition()

    def __enter__(self) -> Self:
        errors = (self.folder / "qemu.err").open("wb")
        with errors:
            self._process = subprocess.Popen(self._words(), stdin=subprocess.DEVNULL, stderr=errors)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- commands in the machine

    def run(self, command: str, stdin: bytes, limit_s: float) -> Done:
        number = self._ask(command, stdin, limit_s)
        with self._answered:
            if not self._answered.wait_for(lambda: number in self._answers, limit_s + _ANSWER_S):
                raise TimeoutError(f"{command!r} was not done within {limit_s} s; the console: {self.console()}")
            answer = self._answers.pop(number)
        out, err = (base64.b64decode(answer[name]).decode(errors="replace") for name in ("out", "err"))
        return Done(answer["code"], out, err)

    def console(self) -> str:
        """The last that the kernel said."""
        path = self.folder / "console.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    # --- the machine itself

    def plug_adapter(self, serial: str, name: str = "adapter") -> socket.socket:
        """Plug a USB serial adapter (FTDI, /dev/ttyUSB*) in; the far end of its wire."""
        path = self.folder / name
        address = {"type": "unix", "data": {"path": str(path)}}
        self._order("chardev-add", id=name, backend={"type": "socket", "data": {"addr": address, "server": True, "wait": False}})
        self._order("device_add", driver="usb-serial", id=name, chardev=name, bus="usb.0", serial=serial)
        wire = socket.socket(socket.AF_UNIX)
        wire.connect(str(path))
        return wire

    def unplug_adapter(self, name: str = "adapter") -> None:
        """Pull it out."""
        self._order("device_del", id=name)
        deadline = time.monotonic() + _ANSWER_S
        while True:
            try:
                self._order("chardev-remove", id=name)
                break
            except RuntimeError:  # it is still being pulled out
                if time.monotonic() > deadline:
                    raise
        (self.folder / name).unlink(missing_ok=True)

    def second_port(self) -> socket.socket:
        """The far end of /dev/ttyS1."""
        wire = socket.socket(socket.AF_UNIX)
        wire.connect(str(self.folder / "ttyS1"))
        return wire

    def plug_logged_disk(self, image: Path, log: Path) -> None:
        """Plug a disk in, each write to which goes to the log too: see `logged_disk.py`."""
        image_and_log = {"file": {"driver": "file", "filename": str(image)}, "log": {"driver": "file", "filename": str(log)}}
        self._order("blockdev-add", driver="blklogwrites", **{"node-name": "logged"}, **image_and_log)
        self._order("device_add", driver="virtio-blk-pci", id="logged", drive="logged")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the machine where it is: its disks are as a power cut at this moment would leave them. Then it goes on."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """Cut the power: no shutdown, no sync; what was not on the disk is gone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for part in (getattr(self, name, None) for name in ("_agent", "_orders", "_orders_socket")):
            if part is not None:
                part.close()
        if (listener := getattr(self, "_listener", None)) is not None:
            listener.join(_TRY_S)

    def save(self) -> None:
        """Keep the state it is in for later starts, and end."""
        self._order("human-monitor-command", **{"command-line": f"savevm {_STATE}"})
        self._order("quit")
        self._process.wait()
        shutil.copyfile(self._disk, BOOTED)

    def _words(self) -> list[str]:
        folder = self.folder
        (nothing := folder / "nothing").mkdir()
        return [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-M", "pc", "-cpu", "Nehalem,+rdrand", "-smp", "2", "-m", "384"),
            *("-nodefaults", "-display", "none", "-no-user-config"),
            *("-kernel", str(LAB / "vmlinuz"), "-initrd", str(LAB / "initrd"), "-append", _COMMAND_LINE),
            *("-drive", f"file={self._disk},if=virtio,format=qcow2,cache=writeback"),
            *("-qmp", f"unix:{folder}/orders,server=on,wait=off"),
            *("-chardev", f"file,id=console,path={folder}/console.log", "-serial", "chardev:console"),
            *("-chardev", f"socket,id=second,path={folder}/ttyS1,server=on,wait=off", "-serial", "chardev:second"),
            *("-device", "virtio-serial", "-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=lab"),
            *("-device", "qemu-xhci,id=usb", "-device", "virtio-rng-pci"),
            *("-fsdev", f"local,id=src,path={self._shared or nothing},security_model=none,readonly=on"),
            *("-device", "virtio-9p-pci,fsdev=src,mount_tag=src"),
            *(("-loadvm", _STATE) if self._resume else ()),
        ]

    def _start(self) -> None:
        """Wait until the agent in it answers."""
        self._orders_socket = self._connect("orders")
        self._orders = self._orders_socket.makefile("rw")
        self._next_order_answer()
        self._order("qmp_capabilities")
        self._agent = self._connect("agent")
        self._listener = threading.Thread(target=self._listen, name="machine")
        self._listener.start()
        deadline = time.monotonic() + _BOOT_S
        while not self._is_up():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"the machine did not come up: {self.console()} {(self.folder / 'qemu.err').read_text()}")
        self.sh(f"date -s @{time.time()}")  # the saved state has its old clock
        if self._shared:
            self.sh("mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro src /src")

    def _is_up(self) -> bool:
        number = self._ask("true", b"", None)
        with self._answered:
            return self._answered.wait_for(lambda: number in self._answers, _TRY_S)

    def _ask(self, command: str, stdin: bytes, limit_s: float | None) -> int:
        number = next(self._numbers)
        asked = {"id": number, "command": command, "stdin": base64.b64encode(stdin).decode(), "limit_s": limit_s}
        self._agent.sendall(json.dumps(asked).encode() + b"\n")
        return number

    def _listen(self) -> None:
        buffer = b""
        with contextlib.suppress(OSError):
            while chunk := self._agent.recv(65536):
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in filter(None, lines):
                    answer = json.loads(line)
                    with self._answered:
                        self._answers[answer["id"]] = answer
                        self._answered.notify_all()

    def _connect(self, name: str) -> socket.socket:
        deadline = time.monotonic() + _ANSWER_S
        while True:
            wire = socket.socket(socket.AF_UNIX)
            try:
                wire.connect(str(self.folder / name))
            except OSError as error:
                wire.close()
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the emulator did not start: {(self.folder / 'qemu.err').read_text()}") from error
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.05)
            else:
                return wire

    def _order(self, execute: str, **arguments: Any) -> Any:
        self._orders.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
        self._orders.flush()
        answer = self._next_order_answer()
        if "error" in answer:
            raise RuntimeError(f"the emulator refused {execute}: {answer['error']}")
        return answer.get("return")

    def _next_order_answer(self) -> dict[str, Any]:
        while True:
            answer: dict[str, Any] = json.loads(self._orders.readline() or '{"return": null}')
            if "event" not in answer:
                return answer


def _layer_over(below: Path, path: Path) -> None:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(below), "-F", "raw", str(path)], check=True)


def save_booted() -> None:
    """Boot once, and keep the booted machine."""
    with Machine(resume=False) as machine:
        machine.try_sh("systemctl is-system-running --wait", limit_s=_BOOT_S)
        machine.sh("sync; echo 3 > /proc/sys/vm/drop_caches")
        machine.save()


if __name__ == "__main__":
    if sys.argv[1:] != ["save"]:
        sys.exit(__doc__)
    save_booted()
