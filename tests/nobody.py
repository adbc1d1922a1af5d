"""Being somebody else for a moment: a user in no group, who may enter and write little."""

import os
import pwd
from collections.abc import Callable

import pytest

from tests.daemons import ROOT

only_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


def said_to_nobody(act: Callable[[], object]) -> str:
    """What the user nobody gets by `act`, as text, or the error that it raises; in a process of its own.

    What `act` imports must be there already: the interpreter may be in a home that is closed to others.
    """
    if not (ROOT / "pyproject.toml").stat().st_mode & 0o004 or any(not folder.stat().st_mode & 0o001 for folder in ROOT.parents):
        pytest.skip(f"others may not read {ROOT}")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.write(writing, str(act()).encode())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was said
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        return said.read()
