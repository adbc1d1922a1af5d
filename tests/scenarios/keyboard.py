"""A keyboard: a shell in which some programs are a test's own, so that lines can be typed as the guide prints them."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT


class Keyboard:
    """Types lines into bash. Programs that the test puts into `folder` come before those of the host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def has(self, name: str, script: str) -> None:
        """Put a program there: a script of sh."""
        (self.folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / name).chmod(0o755)

    def has_gateway(self, config: Path) -> None:
        """Put the command `gateway` there, for the gateway with this file."""
        self.has("gateway", f'exec {shlex.quote(sys.executable)} -m gateway.cli "$@" --config {shlex.quote(str(config))}')

    def types(self, lines: str) -> "subprocess.CompletedProcess[str]":
        """Type lines; what came of them."""
        environ = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        return subprocess.run(["bash", "-c", lines], capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environ)
