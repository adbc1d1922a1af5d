"""Files that the settings name, and that cannot be used: which one it is, and who must be able to read it."""

import grp
import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.credentials import BadSetting, secret, secret_faults
from devices.mqtt.faults import password_of, tls_context
from devices.mqtt.settings import MqttSettings, Names
from devices.webhook.credentials import TlsTrust, token_of
from devices.webhook.settings import WebhookSettings
from tests.nobody import only_root, said_to_nobody


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@only_root
@pytest.mark.parametrize("which", ["password_file", "key_file", "mqtt ca_file", "token_file", "webhook ca_file"])
def test_a_file_that_one_s_user_may_not_read(open_folder: Path, which: str) -> None:
    """Is named, with the user, and with what lets that one read it."""
    path, certificate = open_folder / "secret", open_folder / "certificate"
    path.write_text("secret")
    path.chmod(0o600)
    certificate.write_text("")
    names = Names("main", MqttSettings(), "host")
    mqtt, key = which.rpartition(" ")[0] != "webhook", which.rpartition(" ")[2]

    def use() -> None:
        if key == "password_file":
            password_of(MqttSettings(username="a", password_file=str(path)), names)
        elif key == "key_file":
            tls_context(MqttSettings(tls=True, cert_file=str(certificate), key_file=str(path)), names)
        elif key == "token_file":
            token_of(WebhookSettings(url="https://a/", token_file=str(path)), "webhook.a")
        elif mqtt:
            tls_context(MqttSettings(tls=True, ca_file=str(path)), names)
        else:
            TlsTrust(WebhookSettings(url="https://a/", ca_file=str(path)), "webhook.a").context()

    assert pwd.getpwuid(0)
    assert grp.getgrgid(0), "both modules are there before the user is another"
    section = "mqtt.main" if mqtt and key != "token_file" else "webhook.a"
    what = {"password_file": "the password", "key_file": "the key of a certificate", "token_file": "a token", "ca_file": "a CA"}[key]
    said = said_to_nobody(use)
    assert said.startswith(f"BadSetting: cannot use {path} as {what}: Permission denied; let the user nobody read it (sudo chgrp nogroup ")
    assert said.endswith(f"; sudo chmod g+r {path}), or mend {section}.{key}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x" * 8193, "it has more than 8192 bytes"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_file_that_is_no_secret_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    """A picture, or a disk, is not read into memory."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(BadSetting) as caught:
        secret(str(path), "mqtt.main.password_file", what="the password")
    assert str(caught.value) == f"cannot use {path} as the password: {why}; mend mqtt.main.password_file"


def test_a_secret_is_its_file_without_the_line_end(tmp_path: Path) -> None:
    """As an editor leaves it; read anew each time."""
    path = tmp_path / "secret"
    for content, read in (("a b\n", "a b"), ("ä\r\n", "ä"), ("", "")):
        path.write_bytes(content.encode())
        assert secret(str(path), "key", what="it") == read


def test_what_is_no_file_holds_no_secret(tmp_path: Path) -> None:
    """Nobody waits for what a pipe may say one day, and a folder says nothing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(BadSetting, match="as a password: it is no file; mend mqtt"):
            secret(str(path), "mqtt.main.password_file", what="a password")
        assert secret_faults({"password_file": str(path)}, what="a password") == {
            "password_file": f"{path} does not hold a password: it is no file"
        }
