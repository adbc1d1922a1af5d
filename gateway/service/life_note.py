"""The note of a life: what it says of itself while it runs, so that the next one can tell how it ended.

It stands in a file beside the store, `gateway.db.life`, written at the start of a life and at its end: two small writes. It is about
this host, so it is no part of the store, which may move to another. Where it cannot be written the old one is removed: none is better than
one of another life.
"""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.runtime.machine import boot_id
from gateway.service.last_words import LastWords, write_whole
from gateway.service.life_ending import Left, LifeEnding, ending_of
from gateway.service.memory import oom_kills
from gateway.service.stacks import Stacks

log = logging.getLogger(__name__)

RESULT_FILE = "ended"
"""In the service's runtime folder: what systemd said of the last end, written by ExecStopPost of the unit."""
_LONGEST = 10_000


class LifeNote:
    """The notes of the last life and of this one. On the main thread."""

    def __init__(self, store: Path, last_words: LastWords, stacks: Stacks, environ: Mapping[str, str] = os.environ) -> None:
        """Read what the last life has left; what its service manager said of its end is taken away, so that it is told once."""
        self._path = store.with_name(f"{store.name}.life")
        self._last_words = last_words
        self._invocation = environ.get("INVOCATION_ID", "")
        self._boot_id, self._oom_kills = boot_id(), oom_kills()
        self._left = self._read(stacks, environ)

    def ending(self, *, is_first: bool, is_clean: bool) -> LifeEnding:
        """How the last life ended, by what it left; the store says whether there was one, and whether it made its last commit."""
        return ending_of(self._left, is_first=is_first, is_clean=is_clean)

    def begin(self) -> None:
        """Note that this life runs."""
        self._write("")

    def end(self, why: str) -> None:
        """Note that this life ends as it was told to, and why."""
        self._write(why)

    def _write(self, ended: str) -> None:
        note = {"boot": self._boot_id, "invocation": self._invocation, "oom_kills": self._oom_kills, "ended": ended}
        if not write_whole(self._path, json.dumps(note | {"heard": self._last_words.heard()})):
            with suppress(OSError):
                self._path.unlink()

    def _read(self, stacks: Stacks, environ: Mapping[str, str]) -> Left:
        note = _note_in(self._path)
        result = _taken(environ.get("RUNTIME_DIRECTORY", ""))
        if note is None:
            return Left(None, is_same_boot=True, oom_kills=0, result="", last_words="", crashed=False, stacks=())
        invocation, _, said = result.partition(" ")
        heard = self._last_words.heard()
        return Left(
            note,
            is_same_boot=note.get("boot") == self._boot_id,
            oom_kills=self._oom_kills - before if isinstance(before := note.get("oom_kills"), int) else 0,
            result=said if invocation and invocation == note.get("invocation") else "",
            last_words=heard if heard != note.get("heard") else "",
            crashed=stacks.crashed,
            stacks=stacks.earlier,
        )


def _note_in(path: Path) -> dict[str, Any] | None:
    """The note in a file; None where there is none, or it is broken."""
    with suppress(OSError, ValueError, RecursionError):
        with path.open(encoding="utf-8") as file:
            note = json.loads(file.read(_LONGEST))
        return note if isinstance(note, dict) else None
    return None


def _taken(folders: str) -> str:
    """Take the file with what the service manager said of the last end out of its folder; empty where there is none."""
    if not folders:
        return ""
    path = Path(folders.partition(":")[0]) / RESULT_FILE
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            said = file.read(_LONGEST).strip()
        path.unlink()
    except OSError:
        return ""
    return said
