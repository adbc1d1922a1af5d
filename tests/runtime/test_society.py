"""Random programs of deferring, failing, pausing, watching and walking: whatever happens when, nothing is lost or doubled."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.sqlite import SqliteStore
from tests.runtime.society import NODES, Society
from tests.runtime.world import small_mailboxes

PROGRAMS = int(os.environ.get("PROGRAMS", "60"))
"""How many random programs are run: a longer run sets PROGRAMS and LIMIT_S (seconds) in the environment."""
THE_SAME = "PROGRAMS" not in os.environ
"""Whether they are the same ones each time; a longer run has others each time, or those of --hypothesis-seed."""

_TARGETS = st.sampled_from([*NODES, *(node for node in NODES if "leaf" not in node)])
_VERBS = ["do", "do", "later", "later", "open", "shut", "set", "set", "keep", "keep", "drop", "watch", "end", "order", "order", "set_out"]
_ALONE = ["skip", "reset", "pause", "stop", "resume", "nonsense", "escalate"]
_ABOVE = [f"escalate>{word}" for word in [*_ALONE, "reset all", "pause all", "stop all", "resume all"]]
_HIGHER = [f"escalate>escalate>{word}" for word in [*_ALONE, "reset all", "pause all", "stop all"]]


def _jobs(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "verb": st.sampled_from(_VERBS),
            "to": st.sampled_from(NODES),
            "fails": st.sampled_from([0, 0, 0, 0, 1, 2, 3, 9]),
            "verdict": st.sampled_from([*_ALONE, *_ABOVE, *_HIGHER]),
            "value": st.integers(0, 5),
            "target": _TARGETS,
            "stops": st.lists(st.sampled_from(NODES), min_size=1, max_size=3),
            "then": st.just([]) if depth == 0 else st.lists(_jobs(depth - 1), max_size=2),
        }
    )


_BURST = st.tuples(st.just("burst"), st.lists(_jobs(1), min_size=1, max_size=8))
_STEPS = st.one_of(
    _BURST,
    _BURST,
    _BURST,
    st.tuples(st.just("settle")),
    st.tuples(st.just("advance"), st.sampled_from([0.3, 1.5, 10.0])),
    st.tuples(st.just("hands"), st.integers(0, 9)),
    st.tuples(st.just("hands"), st.integers(1, 3), st.sampled_from(["failed", "refused"]), st.sampled_from(["done", "failed"])),
    st.tuples(st.just("resume"), st.integers(0, len(NODES) - 1), st.booleans()),
    st.tuples(st.just("fault"), st.sampled_from(["before", "after", "fails", ""])),
    st.tuples(st.just("cut")),
    st.tuples(st.just("restart")),
)
_PROGRAMS = st.lists(_STEPS, min_size=1, max_size=15)


def _run(society: Society, program: list[tuple[Any, ...]]) -> None:
    with small_mailboxes(), society.rig:
        for name, *values in program:
            getattr(society, name)(*values)
        society.heal()
        society.check()


@settings(max_examples=PROGRAMS, derandomize=THE_SAME)
@given(_PROGRAMS)
def test_nothing_is_lost_or_doubled_in_memory(program: list[tuple[Any, ...]]) -> None:
    """Each job is done once or is a dead letter; walks arrive or are said to have failed; copies agree with their owners."""
    _run(Society(), program)


@settings(max_examples=PROGRAMS // 5, derandomize=THE_SAME)
@given(_PROGRAMS)
def test_nothing_is_lost_or_doubled_on_sqlite(program: list[tuple[Any, ...]]) -> None:
    """The same on the store of the daemon."""
    with TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "gateway.db", loss_window_s=60)
        try:
            _run(Society(store), program)
        finally:
            store.close()
