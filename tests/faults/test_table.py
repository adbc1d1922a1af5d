"""The table of forty faults, at the head of this folder, names tests that there are."""

import ast
import re
from pathlib import Path

import tests.faults

PROJECT = Path(__file__).parents[2]
FAULT = re.compile(r"^ ?(\d+)\. \S.*[:?] \S", re.MULTILINE)
PROOF = re.compile(r"^    (tests/\S+\.py): (.+)$", re.MULTILINE)


def test_every_fault_has_a_test_that_exists() -> None:
    """Forty of them, in order; each names a file, and in it functions that pytest collects."""
    _, *parts = FAULT.split(tests.faults.__doc__ or "")
    assert [int(number) for number in parts[::2]] == list(range(1, 41))
    for number, part in zip(parts[::2], parts[1::2], strict=True):
        named = {(path, name) for path, names in PROOF.findall(part) for name in names.split(", ")}
        assert named, f"fault {number} has no test"
        assert [f"{path}: {name}" for path, name in sorted(named) if name not in _tests_of(path)] == [], f"fault {number}"


def _tests_of(path: str) -> set[str]:
    body = ast.parse((PROJECT / path).read_text()).body
    return {one.name for one in body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
