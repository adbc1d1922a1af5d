"""The leash: a child process that ends with the demo, however the demo ends, kill -9 included.

The child asks the kernel for a signal at the death of its parent, and then becomes its program. The pitfalls, and what is done:
- The parent is the *thread* that started the child: a leash is made on the main thread only, which lives as long as the process.
- The parent may have died before the child asked: afterwards the child looks whose child it is, and ends where that is another's.
- A program that changes its user, or whose file has capabilities, loses the leash: neither a broker of one's own does, nor Python.
- A blocked signal would not end it: the child begins with none blocked, and with none ignored that Python ignores for itself.

Source: prctl(2), PR_SET_PDEATHSIG.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence

_CHILD = """
import ctypes, os, signal, sys
parent, number, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, ctypes.c_ulong(number)):
    sys.exit("cannot ask for the parent's death: " + os.strerror(ctypes.get_errno()))
if os.getppid() != parent:
    sys.exit("the demo has ended meanwhile")
signal.pthread_sigmask(signal.SIG_SETMASK, ())
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.execvp(program[0], program)
"""


def leashed(command: Sequence[str], number: signal.Signals) -> list[str]:
    """The command line that runs `command` as a child of this process, and sends it signal `number` when this process ends.

    The process id stays the same. Raises RuntimeError on any thread but the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("cannot make a leash: it would end the child with this thread; start the child on the main thread")
    return [sys.executable, "-I", "-S", "-c", _CHILD, str(os.getpid()), str(int(number)), *command]
