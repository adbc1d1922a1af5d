"""Texts from outside in the log and on a terminal: none of them forges a line, colours one or moves the cursor."""

import logging

import pytest

from gateway.console.output import complain, pretty, say, table
from gateway.harmless import harmless
from gateway.service.logs import Bounded, _Timed, set_up_logging

FORGED = "a\n13:00:00 critical gateway.daemon: it is on fire\x1b[2J\x9b31m\u202e"


def _logged(record: logging.LogRecord) -> list[str]:
    assert Bounded().filter(record)
    return _Timed().format(record).split("\n")


def test_a_log_text_forges_no_record() -> None:
    """Each line behind the first is set in."""
    first, *rest = _logged(logging.makeLogRecord({"name": "x", "levelname": "WARNING", "msg": "no such field: %s", "args": (FORGED,)}))
    assert first.endswith("warning x: no such field: a")
    assert rest == ["    13:00:00 critical gateway.daemon: it is on fire\\u001b[2J\\u009b31m\\u202e"]


def test_an_exception_s_text_forges_none_either() -> None:
    """What a user's code raises may say anything."""
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        caught = (ValueError, error, error.__traceback__)
    first, *rest = _logged(logging.makeLogRecord({"name": "x", "levelname": "ERROR", "msg": "it failed", "exc_info": caught}))
    assert first.endswith("error x: it failed")
    assert rest[0].startswith("Traceback")
    assert all(line.startswith("    ") for line in rest[1:])
    assert "\x1b" not in "".join(rest)


def test_what_is_kept_of_the_log_is_what_was_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The further lines of a record are set in once."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.getLogger().level)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    faults = set_up_logging({})
    logging.getLogger("x").warning("one\ntwo")
    assert faults.newest()[-1].text == "one\n    two"


def test_a_value_and_its_name_stay_on_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In `gateway show`, in its tables, and in what it complains of."""
    say(pretty({"t\nnot well:": "x\nnot well:\n  serial/dht is missing", "red\x1b[31m": 1, "in": {"a\nb": 1}}))
    say(table([[FORGED, "1"]]))
    complain(FORGED)
    shown = capsys.readouterr()
    assert shown.out.split("\n")[0].split(None, 3)[0] == "t\\nnot"
    assert shown.out.count("\n") == 4
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown.out + shown.err)


def test_what_json_says_stays_json() -> None:
    """A number in place of a character is an escape of JSON, too."""
    assert harmless('{"a":"\u202e"}') == '{"a":"\\u202e"}'
