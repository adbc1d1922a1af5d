"""A host of one cable: a network and files of its own for one process, so that the cable can be pulled, and a name be unknown.

Source: network_namespaces(7), mount_namespaces(7), veth(4).
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.waiting import until

NAME = "broker.house"
_RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"


class Island:
    """A network with this host at the other end of its one cable. `here` is this host's address there, `nobody` one that nobody has."""

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nsenter", "unshare"))):
            pytest.skip("only root can make a network, with ip, nsenter and unshare")
        number = os.getpid() % 250
        self.here, self.nobody, self._there = f"10.213.{number}.200", f"10.213.{number}.3", f"10.213.{number}.2"
        self._cable = f"isle{os.getpid()}"[:15]
        self._hosts, self._resolver = folder / "hosts", folder / "resolv.conf"
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self._hosts.write_text("127.0.0.1 localhost\n")
        self._resolver.write_text(_RESOLVER)
        mounts = f"mount --bind {self._hosts} /etc/hosts && mount --bind {self._resolver} /etc/resolv.conf"
        self._process = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", f"{mounts} && ip link set lo up && echo made && exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        try:
            assert self._process.stdout.readline() == b"made\n", "no island can be made here"
            self._ip(f"link add {self._cable} type veth peer name cable netns {self._process.pid}")
            self._ip(f"addr add {self.here}/24 dev {self._cable}")
            self._ip(f"link set {self._cable} up")
            self._inside(f"ip addr add {self._there}/24 dev cable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        subprocess.run(["ip", "link", "del", self._cable], check=False, capture_output=True)
        self._process.communicate()

    @property
    def through(self) -> Sequence[str]:
        """What runs a program there."""
        return ("nsenter", f"--target={self._process.pid}", "--net", "--mount")

    def plug(self) -> None:
        """Plug the cable in, and wait until it carries."""
        self._inside("ip link set cable up")
        until(lambda: b"LOWER_UP" in self._inside("ip link show cable"))

    def pull(self) -> None:
        """Pull the cable out: nothing is said to who is connected."""
        self._inside("ip link set cable down")

    def name(self, *addresses: str) -> None:
        """Have the name of the broker stand for these addresses, in their order; none: nobody knows the name."""
        self._hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {NAME}\n" for address in addresses))

    def _inside(self, command: str) -> bytes:
        return subprocess.run([*self.through, "sh", "-c", command], check=True, capture_output=True).stdout

    def _ip(self, words: str) -> None:
        subprocess.run(["ip", *words.split()], check=True, capture_output=True)
