"""`gateway add`, of what there is not: the rest is in tests/system, where it may install."""

from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.console import exits


@pytest.mark.parametrize("package", ["./depot", "parts/depot", "depot-1-py3-none-any.whl", "/nowhere/depot"])
def test_a_package_that_is_not_there_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], package: str
) -> None:
    """pip would call it an invalid requirement."""
    monkeypatch.chdir(tmp_path)
    assert main(["add", package]) == exits.NO
    said = f"gateway: cannot add {package}: there is no such folder or file, seen from {tmp_path}; name one that there is\n"
    assert capsys.readouterr().err == said
