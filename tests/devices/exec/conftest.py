"""What the tests of programs share: small programs of this test's own, and a bench that runs one."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.exec.program import Program
from devices.exec.settings import ExecSettings
from gateway.testing import Bench

Write = Callable[..., Path]
Run = Callable[..., Bench]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a program: a script of the shell, unless its first line says otherwise."""

    def written(text: str, name: str = "stub") -> Path:
        path = tmp_path / name
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return written


@pytest.fixture
def run() -> Run:
    """Makes a bench, or another `host`, with one program, quick to start again; enter it to run it."""

    def made(*command: str | Path, host: type[Bench] = Bench, **more: Any) -> Bench:
        settings = {"to": "twin/it", "restart_min_s": 0.01, "restart_max_s": 0.05, **more, "command": [str(word) for word in command]}
        return host(Program("it", ExecSettings.model_validate(settings)), "exec/it")

    return made
