"""A relay between a pipeline and its broker, which can be cut: the broker's outage, as the pipeline sees it.

The broker itself runs on, so that what it has stays and the subscriber misses nothing. It prints its port, then does what its stdin
says: `cut` ends all connections and takes no more, `mend` takes them again.
"""

import contextlib
import selectors
import socket
import sys


class Relay:
    """Two ends a connection; whatever comes at one goes out at the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ready = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._ready.register(self._listener, selectors.EVENT_READ)
        self._ready.register(sys.stdin, selectors.EVENT_READ)

    def run(self) -> None:
        """Relay until stdin ends."""
        while True:
            for key, _ in self._ready.select():
                if key.fileobj is sys.stdin:
                    word = sys.stdin.readline().strip()
                    if not word:
                        return
                    self._cut() if word == "cut" else self._mend()
                elif key.fileobj is self._listener:
                    self._take_in()
                elif key.fileobj in self._peers:
                    self._carry(key.fileobj)

    def _take_in(self) -> None:
        one, _ = self._listener.accept()
        other = socket.create_connection(("127.0.0.1", self._port))
        for end, peer in ((one, other), (other, one)):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peers[end] = peer
            self._ready.register(end, selectors.EVENT_READ)

    def _carry(self, end: socket.socket) -> None:
        try:
            chunk = end.recv(1 << 16)
            if chunk:
                self._peers[end].sendall(chunk)
                return
        except OSError:
            pass
        self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        for one in (end, self._peers[end]):
            del self._peers[one]
            self._ready.unregister(one)
            one.close()

    def _cut(self) -> None:
        with contextlib.suppress(KeyError):
            self._ready.unregister(self._listener)
        self._listener.close()
        for end in list(self._peers):
            if end in self._peers:
                self._drop(end)

    def _mend(self) -> None:
        self._listener = socket.create_server(self.address)
        self._ready.register(self._listener, selectors.EVENT_READ)


def main() -> None:
    """Serve until stdin ends."""
    relay = Relay(int(sys.argv[1]))
    sys.stdout.write(f"{relay.address[1]}\n")
    sys.stdout.flush()
    relay.run()


if __name__ == "__main__":
    main()
