"""What is given in an alarm or a rule and does nothing, for what it belongs to is not given: `gateway check` tells it."""

from pathlib import Path

import pytest

from gateway.config import read

TELL = 'tell = {to = "twin/b", verb = "report", payload = {values = {x = 1}}}\n'


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ('above = 1\nescalate_user = "ann"\n', {"escalate_user": "nobody is told again where escalate_after_s is not given"}),
        ('above = 1\nescalate_group = "all"\nescalations = 5\n', dict.fromkeys(("escalate_group", "escalations"), "escalate_after_s")),
        ("is = 1\nhysteresis = 2\n", {"hysteresis": "for above and below"}),
        ("above = 1\nrate_over_s = 5\n", {"rate_over_s": "for rises_per_min and falls_per_min"}),
        ("silent = true\n", {"value": "silence is the device's"}),
        ("silent = true\nfor_s = 60\n", {}),
        ('above = 1\nhysteresis = 2\nescalate_after_s = 5\nescalate_user = "ann"\nescalations = 5\n', {}),
        ("rises_per_min = 1\nrate_over_s = 5\n", {}),
    ],
)
def test_what_does_nothing_is_told(tmp_path: Path, more: str, wrong: dict[str, str]) -> None:
    """It keeps nothing from starting, at its key."""
    path = tmp_path / "gateway.toml"
    for table, own in (("actors.alarm.rules.x", ""), ("actors.rule.x", TELL)):
        if own and "escal" in more:
            continue
        path.write_text(f'[{table}]\nof = "twin/a"\nvalue = "t_c"\n{own}{more}')
        found = {problem.key_path: problem.text for problem in read(path, outside=True).outside}
        assert list(found) == [f"{table}.{key}" for key in wrong]
        assert all(text.startswith("is without effect: ") and wrong[key.rpartition(".")[2]] in text for key, text in found.items())
