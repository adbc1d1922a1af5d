"""A message that ends the process, and that a broker brings again and again: it is found out, its neighbours go on."""

from pathlib import Path

import pytest

from gateway.runtime.mail import read_header
from gateway.store.sqlite import SqliteStore
from tests.faults.field import QUIET, SAVES_AT_ITS_END, Field
from tests.faults.kinds import BLOWN, FATAL

LIVES = 30
"""A life ends, and systemd begins the next: so often at most."""
LATE = 600
"""So many messages are handled in each life before the broker is there: more than run one by one after a single unclean end."""
FUSES = """
[[mqtt.main.subscribe]]
topic = "fuse/+"
to = "fuse/{1}"
verb = "take"
"""


def _field(folder: Path) -> Field:
    return Field(folder, options=(*QUIET, *SAVES_AT_ITS_END), config=FUSES)


def _say(field: Field, numbers: list[int], *, with_ids: bool) -> None:
    """To two fuses: one of them blows at FATAL."""
    for number in numbers:
        field.senders[0].publish("fuse/good", number + (number == FATAL), id=f"good-{number}" if with_ids else "")
        field.senders[0].publish("fuse/bad", number, id=f"bad-{number}" if with_ids else "")


def _outlive(field: Field, count: int) -> int:
    """Begin a life after each one that ended, until both fuses have handled their mail; how many ended."""
    lives = [field.daemon.pid]

    def over() -> bool:
        code = field.daemon.code
        if code is not None:
            assert code == BLOWN, field.daemon.said()
            assert len(lives) < LIVES, "each life ends as the one before"
            field.daemon.start()
            lives.append(field.daemon.pid)
            return False
        return all(field.counted(f"fuse/{key}") >= wanted for key, wanted in (("good", count), ("bad", count - 1)))

    field.until(over, timeout_s=100)
    return len(lives) - 1


@pytest.mark.parametrize(("with_ids", "busy"), [(True, True), (False, False)], ids=["with-ids-busy", "without-ids"])
def test_a_message_that_ends_the_process_becomes_a_dead_letter(tmp_path: Path, *, with_ids: bool, busy: bool) -> None:
    """The first life that it ends does not know why; the ones after it run turn by turn, and count. Then it is put aside, with its reason.

    Busy: a meter and senders talk at full speed all the while.
    """
    with _field(tmp_path) as field:
        field.holding = not busy
        for sender in field.senders:
            sender.held = not busy
        if busy:
            field.until_more(lambda: field.meter.acknowledged, 500)
        numbers = [FATAL - 1, FATAL, FATAL + 1, FATAL + 2]
        _say(field, numbers, with_ids=with_ids)
        ended = _outlive(field, len(numbers))
        assert ended >= 5
        field.settle()
        field.until_heard()
        field.check_heard(field.expected())
        store = SqliteStore(field.daemon.store)
        (letter,) = store.dead(0, 10)
        store.close()
        assert (letter.box, letter.reason) == ("fuse/bad", "the process ended 4 times while fuse/bad handled it")
        header, payload = read_header(letter.message)
        assert header[1:3] == ["fuse/bad", "take"]
        assert payload.startswith(b'{"device":"fuse/bad","id":13,')
        assert (header[0] == f"bad-{FATAL}") is with_ids


def test_one_that_comes_late_in_each_life_is_found_out_too(tmp_path: Path) -> None:
    """Turns run one by one for twice as long after each end in a row, so in the end it comes while they do."""
    with _field(tmp_path) as field:
        for sender in field.senders:
            sender.held = True
        field.senders[0].publish("fuse/bad", FATAL)
        for _ in range(LIVES):
            field.until(lambda: field.daemon.code == BLOWN or _is_put_aside(field))
            if _is_put_aside(field):
                break
            field.broker.stop()
            field.daemon.start()
            enough = field.meter.acknowledged + LATE
            field.until(lambda enough=enough: field.meter.acknowledged >= enough or field.daemon.code == BLOWN)  # type: ignore[misc]
            field.broker.start()
        assert _is_put_aside(field)
        field.until_more(lambda: field.meter.acknowledged, LATE)


def _is_put_aside(field: Field) -> bool:
    return "the process ended 4 times while fuse/bad handled it" in field.daemon.said()
