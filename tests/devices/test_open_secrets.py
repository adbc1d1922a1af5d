"""Secrets that others may read: which are noted, and what closes them."""

import tempfile
from pathlib import Path

import pytest

from devices import credentials
from devices.credentials import secret_notes
from gateway.entering import shut_above
from tests.nobody import only_root, said_to_nobody


def test_a_secret_that_nobody_reaches_or_that_is_no_file_is_not_noted() -> None:
    """A link leads into a folder that nobody else may enter; and nobody is told to close /dev/null, or a folder, to others."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "shut").mkdir()
        (folder / "shut" / "password").write_text("secret\n")
        (folder / "password").symlink_to(folder / "shut" / "password")
        (folder / "shut").chmod(0o755)
        assert list(secret_notes({"password_file": str(folder / "password")})) == ["password_file"]
        (folder / "shut").chmod(0o700)
        assert secret_notes({"password_file": str(folder / "password")}) == {}
    assert secret_notes({"password_file": "/dev/null", "token_file": "/tmp"}) == {}


@only_root
def test_a_folder_that_a_link_leads_into_keeps_out_as_one_above_does() -> None:
    """To give the link to a group would help nobody."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "shut").mkdir(mode=0o700)
        (folder / "shut" / "password").write_text("secret\n")
        (folder / "password").symlink_to(folder / "shut" / "password")
        assert said_to_nobody(lambda: shut_above(folder / "password")) == str(folder / "shut")


@only_root
def test_a_secret_of_root_alone_is_given_to_the_group_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken from all others alone, the service could not read it any more."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, path = Path(name), Path(name) / "password"
        folder.chmod(0o755)
        path.write_text("secret\n")
        path.chmod(0o644)
        for group, mend in (("", f"sudo chmod o= {path}"), ("gateway", f"sudo chgrp gateway {path}; sudo chmod o=,g+r {path}")):
            monkeypatch.setattr(credentials, "_group_of_service", lambda group=group: group)
            (note,) = secret_notes({"password_file": str(path)}).values()
            assert note == f"any user of this host may read {path}; take that away ({mend})"
