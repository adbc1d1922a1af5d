"""Section [store] with a database: what is said of one that cannot be meant, before anything is opened."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.config.test_outside import ROOT, check

URL = 'url = "postgresql://gateway@db.local/gateway"\n'
_NO_PASSWORD = "a password does not belong in this file; write it into one of its own, and say its name: 'password_file'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('url = "mysql://db.local/gateway"\n', "the URL of a store begins with postgresql://; a file is told by 'path'"),
        ('url = "/var/lib/gateway/gateway.db"\n', "the URL of a store begins with postgresql://; a file is told by 'path'"),
        ('url = "postgresql://gateway:sesame@db.local/gateway"\n', _NO_PASSWORD),
        ('url = "postgres://db.local/gateway?user=g&password=sesame"\n', _NO_PASSWORD),
        ('password_file = "/etc/hostname"\n', "'password_file' is set and 'url' is not; set both"),
        (f"{URL}max_mb = 5\n", "'max_mb' is for a file, and 'url' is set; leave one of them out"),
        (f"{URL}ballast_mb = 5\n", "'ballast_mb' is for a file, and 'url' is set; leave one of them out"),
        (f"{URL}backups_kept = 7\n", "a database is backed up by its own tools (pg_dump, pg_basebackup)"),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """At its line, with what to write; and no password is shown."""
    code, lines = check(tmp_path, f"[store]\n{text}")
    assert code == 78
    assert any(said in line and line.split(":")[0].isdigit() for line in lines), lines
    assert "sesame" not in "".join(lines)


def test_what_a_database_needs_here_is_looked_for(tmp_path: Path) -> None:
    """The file of its password. Whether the server is there is not asked: it may come later."""
    pytest.importorskip("psycopg", reason="psycopg is not installed; pip install '.[postgres]'")
    code, lines = check(tmp_path, f'[store]\n{URL}password_file = "{tmp_path}/none"\nballast_mb = 0\n')
    assert code == 1
    assert any("store.password_file: there is no file …/none; make it, or mend the path" in line for line in lines), lines
    (tmp_path / "there").write_text("sesame\n")
    assert check(tmp_path, f'[store]\n{URL}password_file = "{tmp_path}/there"\n')[0] == 0


def test_a_python_without_the_driver_says_what_to_install(tmp_path: Path) -> None:
    """At the key that asks for it: all that is installed here, but psycopg."""
    there = tmp_path / "installed"
    there.mkdir()
    for found in Path(sysconfig.get_path("purelib")).iterdir():
        if not found.name.startswith("psycopg"):
            (there / found.name).symlink_to(found)
    (tmp_path / "g.toml").write_text(f"[store]\n{URL}")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "gateway.cli", "check", "--config", "g.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{there}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    said = r"2:7 store\.url: psycopg is not installed; \S+/bin/pip install 'psycopg\[binary\]', or leave out 'url'$"
    assert re.search(said, " ".join(done.stderr.split())), done.stderr
