"""Texts that go to the system: paths and names without a NUL."""

from pathlib import Path

import pytest

from gateway.config import ConfigProblems, read


def _problems(folder: Path, text: str) -> list[str]:
    path = folder / "gateway.toml"
    path.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        read(path)
    return [f"{found.position.line}: {found}" if found.position else str(found) for found in caught.value.problems]


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("store", "path"),
        ("store", "password_file"),
        ("gateway", "control_socket"),
        ("gateway", "actors"),
        ("mqtt.main", "client_id"),
        ("mqtt.main", "ca_file"),
        ("mqtt.main", "host"),
        ("serial.a", "port"),
        ("gpio.a", "chip"),
        ("web", "token_file"),
        ("actors.twin", "publish_to"),
    ],
)
def test_a_nul_is_refused_where_it_stands(section: str, key: str, tmp_path: Path) -> None:
    """Before anything is opened by that name."""
    found = _problems(tmp_path, f'[{section}]\n{key} = "/a\\u0000b"\n')
    text = 'a NUL (\\u0000) stands in this text, and no path or name can have one; write "/ab"'
    assert f"2: {section}.{key}: {text}" in found


def test_what_is_sent_as_it_stands_may_have_a_nul(tmp_path: Path) -> None:
    """A device may want one at the end of what it hears."""
    (tmp_path / "gateway.toml").write_text('[serial.a]\nport = "/dev/ttyUSB0"\ncodec = "json"\nto = "twin/a"\nack = "ok {id}\\u0000"\n')
    assert read(tmp_path / "gateway.toml").host_bound[0].settings.ack == "ok {id}\0"  # type: ignore[attr-defined]
