"""No module needs itself: whoever reads one finds what it stands on below it, and never the module again."""

from graphlib import CycleError, TopologicalSorter

import pytest

grimp = pytest.importorskip("grimp", reason="another reader of imports is not installed")


def test_imports_make_no_circle() -> None:
    """Over the whole tree; imports inside of functions and those for types alone count as well."""
    graph = grimp.build_graph("gateway", "devices")
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circle: list[str] = []
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert not circle, "one imports the next, and the last is the first"
