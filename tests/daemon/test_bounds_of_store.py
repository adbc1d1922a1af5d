"""How much may be under way, by what the store may take."""

from pathlib import Path

import pytest

from gateway.config import read
from gateway.service.bounds import engine_settings

_MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("", 16 * _MIB),
        ("max_mb = 1", _MIB),
        ("max_mb = 16", 2 * _MIB),
        ("max_mb = 128", 16 * _MIB),
        ("max_mb = 0", 16 * _MIB),
        ("max_mb = 16\n[runtime]\ningress_mb = 1", _MIB),
    ],
)
def test_a_small_store_has_less_under_way(text: str, most: int, tmp_path: Path) -> None:
    """What has come in when the store's room ends is committed all the same: it must not be many times what the store may take."""
    (tmp_path / "gateway.toml").write_text(f"[store]\n{text}\n")
    assert engine_settings(read(tmp_path / "gateway.toml")).ingress_bytes == most
