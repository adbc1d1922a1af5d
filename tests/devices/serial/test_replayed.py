"""A recorded wire: it is read as its port would have read it."""

from collections.abc import Iterable
from typing import Any

from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from gateway.actors.wire import Piece, Replayed


def _replayed(pieces: Iterable[Piece], **settings: Any) -> list[Replayed]:
    made = SerialSettings.model_validate({"port": "/dev/none", "codec": "json", "to": "twin/{device}", **settings})
    return list(SerialPort.replay(made, pieces, lambda to, verb: None))


def _said(found: list[Replayed]) -> list[tuple[float, str, Any]]:
    return [(one.at_s, message.id, message.payload) for one in found for message in one.said]


def _ids(found: list[Replayed]) -> list[str]:
    return [message.id for one in found for message in one.said]


def _line(id: int) -> bytes:
    return f'{{"device": "a", "n": 1, "id": {id}}}\n'.encode()


def test_our_own_bytes_are_taken_out_of_what_a_two_wire_adapter_reads_back() -> None:
    """What went out before is no line of the device, where the port is set to remove it; held bytes that were no echo come late."""
    wire = [
        Piece(0.0, "in", _line(1)),
        Piece(0.1, "out", b"ok 1\n"),
        Piece(0.2, "in", b"ok "),
        Piece(0.3, "in", b"1\n" + _line(2)),
    ]
    found = _replayed(wire, ack="ok {id}", rs485_echo=True)
    assert _ids(found) == ["1", "2"]
    assert [fault for one in found for fault in one.faults] == []


def test_a_line_of_ours_that_comes_back_is_passed_over() -> None:
    """Where nothing is removed, whole lines of ours are known all the same."""
    wire = [Piece(0.0, "in", _line(1)), Piece(0.1, "out", b"ok 1\n"), Piece(0.2, "in", b"ok 1\n" + _line(2))]
    found = _replayed(wire, ack="ok {id}")
    assert _ids(found) == ["1", "2"]
    assert [fault for one in found for fault in one.faults] == []


def test_an_epoch_is_told_when_its_silence_ends_it() -> None:
    """A fix that waits for more sentences comes at the silence after it, at the end of the record too."""
    sentence = b"$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n"
    found = _replayed([Piece(0.0, "in", sentence), Piece(100.0, "in", b"\r\n")], codec="nmea", to="trip/van")
    last = _replayed([Piece(0.0, "in", sentence)], codec="nmea", to="trip/van")
    assert [at_s for at_s, _, _ in _said(found)] == [at_s for at_s, _, _ in _said(last)]
    assert len(_said(found)) == 1
    assert 0.0 <= _said(found)[0][0] < 2.0


def test_the_first_line_of_text_is_dropped_as_after_an_opening() -> None:
    """Nothing shows whether it is whole; `skip_first` says that it is."""
    wire = [Piece(0.0, "in", b"42\n"), Piece(1.0, "in", b"43\n")]
    assert len(_said(_replayed(wire, codec="text", to="twin/a"))) == 1
    assert len(_said(_replayed(wire, codec="text", to="twin/a", skip_first=False))) == 2
