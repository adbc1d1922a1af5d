"""Tables of what must hold and of the tests that prove it, at the heads of folders: read, and held against the tests that there are."""

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
_ROW = re.compile(r"^ ?(\d+)\. \S", re.MULTILINE)
_PROOF = re.compile(r"^    (tests/\S+\.py): (.+)$", re.MULTILINE)


def rows_without_proof(table: str) -> list[str]:
    """What is wrong with a table: a number that is out of order, a row without a test, a test that pytest would not find."""
    _, *parts = _ROW.split(table)
    found = [f"row {number} stands as {place}" for place, number in enumerate(parts[::2], 1) if int(number) != place]
    for number, part in zip(parts[::2], parts[1::2], strict=True):
        named = {(path, name) for path, names in _PROOF.findall(part) for name in names.split(", ")}
        found += [] if named else [f"row {number} has no test"]
        found += [f"row {number}: {path}: {name}" for path, name in sorted(named) if name not in _tests_of(path)]
    return found


def rows_of(table: str) -> int:
    """How many rows a table has."""
    return len(_ROW.findall(table))


def _tests_of(path: str) -> set[str]:
    body = ast.parse((PROJECT / path).read_text()).body
    return {one.name for one in body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
