"""The process at the other end of a socket: why it says nothing."""

import socket
import struct

_CREDENTIALS = struct.Struct("3i")
"""Process, user and group. Source: SO_PEERCRED in unix(7)."""
_STOPPED, _TRACED, _WAITS_FOR_DISK = "T", "t", "D"
"""Source: proc_pid_stat(5)."""


def why_silent(peer: socket.socket) -> str:
    """What keeps the process that listens from answering, and what to do, as far as the kernel tells this user; else empty."""
    try:
        pid, _, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError, struct.error):
        return ""
    if state == _STOPPED:
        return f"its process {pid} is stopped; let it go on with kill -CONT {pid}"
    if state == _TRACED:
        return f"its process {pid} is held by a debugger; let it go on there"
    return f"its process {pid} waits for a disk or a device; sudo dmesg says for which" if state == _WAITS_FOR_DISK else ""
