"""Kinds that several hosts share, and who follows the events of one: what cannot be together is said at the check."""

from pathlib import Path

import pytest

from gateway.actors import Event, EventSourced, ReadModel, Stage, State, on, verb
from gateway.actors.readmodel import ReadStage, ReadState
from gateway.config import ConfigProblems, read
from gateway.registry import installed


class Opened(Event):
    """An account was opened."""


class Account(EventSourced[State]):
    """Records that it was opened."""

    events = (Opened,)

    @verb
    def open(self, stage: Stage[State]) -> None:
        """Open it."""
        stage.record(Opened())

    def fold(self, state: State, event: Event) -> State:
        del event
        return state


class Totals(ReadModel[ReadState]):
    """Counts accounts."""

    follows = (Account,)

    @on(Opened)
    def opened(self, event: Opened, stage: ReadStage[ReadState]) -> None:
        """Count one."""


def _problems(folder: Path, kinds: str) -> list[str]:
    file = folder / "gateway.toml"
    file.write_text(f'[link]\nurl = "postgresql://db/gateway"\nkinds = {kinds}\n')
    with pytest.raises(ConfigProblems) as caught:
        read(file, registry=installed().plus((), (Account, Totals)))
    return [str(problem) for problem in caught.value.problems]


def test_a_read_model_is_not_shared(tmp_path: Path) -> None:
    """It follows the events of one store."""
    assert _problems(tmp_path, '["trip", "totals"]') == [
        "link.kinds[1]: 'totals' is a read model, which follows the events of one host; take it out"
    ]


def test_what_a_read_model_follows_is_not_shared(tmp_path: Path) -> None:
    """It would miss what the others serve."""
    assert _problems(tmp_path, '["account"]') == [
        "link.kinds[0]: cannot share 'account': 'totals' follows it, and would miss the events of what other hosts serve; "
        "take it out, or have it tell totals by messages"
    ]


def test_a_kind_that_records_events_and_that_nobody_follows_is_shared(tmp_path: Path) -> None:
    """Its own actors read their events wherever they are."""
    file = tmp_path / "gateway.toml"
    file.write_text('[link]\nurl = "postgresql://db/gateway"\nkinds = ["account"]\n')
    assert read(file, registry=installed().plus((), (Account,))).host_bound
