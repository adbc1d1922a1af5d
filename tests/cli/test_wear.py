"""Wear: how many years a card bears what is written to it, in words."""

import os
from pathlib import Path

import pytest

from gateway.cli.wear import borne_by_card


def _planted(root: Path, name: str, *, at: Path, sectors: int) -> Path:
    """A disk with one partition, which is the one that `at` is on, in a sysfs of the test's own."""
    partition = root / "sys/devices" / name / f"{name}p2"
    partition.mkdir(parents=True)
    (partition / "partition").write_text("2\n")
    (partition.parent / "size").write_text(f"{sectors}\n")
    (root / "sys/dev/block").mkdir(parents=True)
    number = at.stat().st_dev
    (root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}").symlink_to(partition)
    return root


@pytest.mark.parametrize(
    ("a_day", "years"),
    [(1e9, "about 22 years"), (16e9, "about 1.4 years"), (1e6, "more than 100 years"), (0.0, "more than 100 years")],
)
def test_the_card_of_the_store_lasts_some_years(tmp_path: Path, a_day: float, years: str) -> None:
    """By its own size."""
    root = _planted(tmp_path / "root", "mmcblk0", at=tmp_path, sectors=31_250_000)
    assert borne_by_card(tmp_path / "gateway.db", a_day, root) == f"a cheap card of 16.0 GB lasts {years}"


@pytest.mark.parametrize("name", ["sda", ""])
def test_where_the_store_is_on_no_card_a_usual_one_is_spoken_of(tmp_path: Path, name: str) -> None:
    """On a disk, or on what is none; a store that is not there, or may not be looked at, is where its folder is."""
    root = _planted(tmp_path / "root", name, at=tmp_path, sectors=31_250_000) if name else tmp_path / "none"
    assert borne_by_card(tmp_path / "no/such/gateway.db", 16e9, root) == "a cheap card of 32.0 GB would last about 2.7 years"
