"""Time: timers are named, cancellable, durable, fired once; the wall clock may jump as it likes."""

import pytest

from gateway.actors import NOTHING, BadId, Message, Nothing, Stage, State
from gateway.actors.stage import Timer
from gateway.runtime.timetable import Timetable, decode_timers, encode_timers
from gateway.store import Changes, StateRow
from gateway.store.memory import MemoryStore
from gateway.testing import Rig
from gateway.testing.turns import row
from tests.runtime.actors import Book, Shelf
from tests.runtime.world import small_mailboxes

_YEAR_S = 365 * 86400.0


def _ring(rig: Rig, text: str) -> None:
    rig.tell("book/a", "write", {"text": text})


def test_a_timer_fires_once_when_it_is_due(rig: Rig) -> None:
    """Not before, and not again."""
    _ring(rig, "~10")
    rig.advance(9.9)
    assert rig.state("book/a").words == ("~10",)
    rig.advance(0.2)
    rig.advance(300)
    assert rig.state("book/a").words == ("~10", "rang 10")


@pytest.mark.parametrize("jump_s", [50 * _YEAR_S, -86400.0])
def test_a_jump_of_the_wall_clock_moves_no_timer(rig: Rig, jump_s: float) -> None:
    """Fifty years on or a day back: the timer fires when its seconds have passed."""
    _ring(rig, "~10")
    rig.clock.jump(jump_s)
    rig.advance(9)
    assert rig.state("book/a").words == ("~10",)
    rig.advance(1.1)
    assert rig.state("book/a").words == ("~10", "rang 10")


def test_a_timer_survives_a_crash_and_says_how_late_it_is(rig: Rig) -> None:
    """Due while the gateway was away, it fires at once in the next life, with its lateness."""
    _ring(rig, "~10")
    rig.crash()
    rig.clock.advance(70)
    rig.start()
    rig.settle()
    assert rig.state("book/a").words == ("~10", "rang 10")
    assert rig.state("book/a").late_s == 60.0
    rig.crash()
    rig.start()
    rig.advance(60)
    assert rig.state("book/a").words == ("~10", "rang 10")


def test_a_timer_far_ahead_is_found_in_time(rig: Rig) -> None:
    """Beyond the minute that the timetable holds in memory, set before and after a restart."""
    _ring(rig, "~400")
    rig.restart()
    _ring(rig, "~700")
    rig.advance(399)
    assert rig.state("book/a").words == ("~400", "~700")
    rig.advance(302)
    assert rig.state("book/a").words == ("~400", "~700", "rang 400", "rang 700")


def test_a_timer_can_be_cancelled_and_replaced(rig: Rig) -> None:
    """Cancelled it never rings; set again it rings at the later time, once."""
    _ring(rig, "~5")
    _ring(rig, "~6")
    _ring(rig, "-5")
    rig.advance(3)
    _ring(rig, "~6")
    rig.advance(4)
    assert "rang 6" not in rig.state("book/a").words
    rig.advance(5)
    assert rig.state("book/a").words == ("~5", "~6", "-5", "~6", "rang 6")


def test_timers_of_one_actor_fire_in_the_order_of_their_times(rig: Rig) -> None:
    """Also when all come late at once."""
    for text in ("~30", "~10", "~20"):
        _ring(rig, text)
    rig.advance(100, at_once=True)
    assert rig.state("book/a").words[3:] == ("rang 10", "rang 20", "rang 30")


def test_a_name_of_two_lines_is_refused(rig: Rig) -> None:
    """It could not be kept."""
    rig.tell("book/a", "write", {"text": "~1"})
    with pytest.raises(BadId, match=r"^cannot set timer 'a\\nb' of book/a: a name is one line of printable text$"):
        rig.look(lambda: _stage(rig).after(1, "ring", name="a\nb"))


def _stage(rig: Rig) -> Stage[State]:
    return Stage(rig.engine.turns, "book/a", Book.state_model(), Message("1", "book/a", "write", NOTHING), 0, 0)


def test_a_timer_keeps_when_it_was_set_where_that_matters() -> None:
    """While the wall clock cannot be trusted; one of an older program reads as ever."""
    timers = {"a": Timer(7, "ring", NOTHING, set_ms=5), "b": Timer(8, "ring", NOTHING)}
    verbs = {"ring": row("ring", Nothing)}
    stored = encode_timers(timers)
    assert stored == b"7@5\tring\t{}\ta\n8\tring\t{}\tb"
    assert decode_timers(stored, verbs) == timers


def test_however_many_are_due_in_one_millisecond_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the timetable loads at a time."""
    monkeypatch.setattr("gateway.runtime.timetable._LOADED_AT_MOST", 10)
    store = MemoryStore()
    store.commit(Changes(woken=[StateRow(f"book/{n}", 1, b"{}", None, 50 + n // 20) for n in range(50)]))
    table = Timetable(store)
    woken: set[str] = set()
    for _ in range(6):
        table.extend(0, ())
        woken.update(id for _, id in table.due(1000, 99))
    assert len(woken) == 50


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(("word", "rings"), [("-10", []), ("~10", ["rang 10"]), ("else", ["rang 10"])])
def test_a_timer_that_has_fired_and_waits_can_still_be_cancelled(rig: Rig, word: str, rings: list[str], *, crash: bool) -> None:
    """Its message waits behind one that is being tried again, and behind the word that cancels it, or sets it anew: that word holds."""
    _ring(rig, "~10")
    rig.advance(9.5)
    rig.send("book/a", "write", {"text": "fail"})
    rig.tell("book/a", "write", {"text": word})
    rig.clock.advance(1)
    rig.until(lambda: not rig.look(lambda: rig.engine.room.activation.cell("book/a").timers))
    if crash:
        rig.settle()
        rig.crash()
        rig.start()
    rig.advance(5)
    assert [said for said in rig.state("book/a").words if said.startswith("rang")] == (rings if word == "else" else [])
    rig.advance(20)
    assert [said for said in rig.state("book/a").words if said.startswith("rang")] == rings


def test_a_timer_that_waits_through_a_crash_still_knows_how_late_it_is(rig: Rig) -> None:
    """It had fired, its message was on disk, and the power went."""
    _ring(rig, "~10")
    rig.advance(9.5)
    rig.tell("book/a", "write", {"text": "fail"})
    rig.clock.advance(1)
    rig.until(lambda: not rig.look(lambda: rig.engine.room.activation.cell("book/a").timers))
    rig.settle()
    rig.crash()
    rig.clock.advance(60)
    rig.start()
    rig.advance(5)
    assert rig.state("book/a").late_s >= 60


@pytest.mark.parametrize("lives", [1, 2])
def test_a_fired_timer_whose_mail_is_only_on_disk_can_be_cancelled(lives: int) -> None:
    """It waits behind much other mail, some of which cancels it: it does not ring, in the life after a crash either. Others do."""
    store = MemoryStore()
    with small_mailboxes(), Rig([Book()], {"shelf/a": Shelf}, store=store, by_hand=["shelf/a"]) as rig:
        rig.tell("book/a", "write", {"text": "~1"})
        rig.tell("book/a", "write", {"text": "~2"})
        rig.tell("book/a", "write", {"text": "fail"})
        for n in range(10):
            rig.send("book/a", "write", {"text": str(n)})
        rig.send("book/a", "write", {"text": "-1"})
        for n in range(10, 20):
            rig.send("book/a", "write", {"text": str(n)})
        rig.settle()
        rig.clock.advance(2.05)
        rig.engine.post(lambda: None)
        rig.settle()
        for _ in range(lives - 1):
            rig.crash()
            rig.start()
        rig.advance(30)
        words = [word for word in rig.state("book/a").words if word.startswith("rang")]
        assert words == ["rang 2"]
        assert store.boxes() == []
        assert rig.look(lambda: (rig.engine.cells.get("book/a").box.total, rig.engine.cells.get("book/a").box.bytes)) == (0, 0)  # type: ignore[union-attr]
