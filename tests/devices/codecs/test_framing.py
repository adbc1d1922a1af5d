"""Framing: whole lines come out, whatever pieces go in."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.framing import BadFrame, LineFramer, decoded
from devices.codecs.framings.delimited import Delimited
from devices.codecs.framings.framing import Framing


def lines_of(framer: Framing, *chunks: bytes, step_s: float = 0.0) -> list[bytes]:
    return [line for number, chunk in enumerate(chunks) for line in framer.feed(chunk, number * step_s)]


def test_ends_are_stripped():
    """A line ends with LF, with or without a CR, and empty lines are none."""
    assert lines_of(LineFramer(), b"one\r\ntwo\n\r\n\nthree\r\n") == [b"one", b"two", b"three"]


def test_cr_and_lf_in_two_chunks():
    """A CR that comes in another chunk than its LF is still no part of the line."""
    assert lines_of(LineFramer(), b"one\r", b"\ntwo\r", b"\n") == [b"one", b"two"]


def every_cut(whole: bytes) -> Iterator[list[bytes]]:
    """The lines of a stream that is cut in two, at each place, and of one that comes byte by byte."""
    for cut in range(len(whole)):
        yield lines_of(LineFramer(), whole[:cut], whole[cut:])
    yield lines_of(LineFramer(), *(whole[at : at + 1] for at in range(len(whole))))


def test_only_the_cr_before_the_lf_is_no_part_of_a_line():
    """Wherever the chunk ends: two CRs are one that was said, and one of the end."""
    for lines in every_cut(b"one\r\r\ntwo\r\r\r\nthree\r\n"):
        assert lines == [b"one\r", b"two\r\r", b"three"]


def test_a_cr_behind_the_lf_is_no_part_of_the_next_line():
    """Some devices end their lines with LF and CR. The last CR is no line that is broken off."""
    for lines in every_cut(b"\rone\n\rtwo\n\r\n\rthree\r\n\r\r\n\rfour\rfive\n\r"):
        assert lines == [b"one", b"two", b"three", b"four\rfive"]
    framer = LineFramer(max_gap_s=1.0)
    assert framer.feed(b"one\n\r", 0.0) == [b"one"]
    assert framer.due_s is None
    framer.expire(5.0)
    assert framer.gaps == 0


@given(st.text("\r\nab", max_size=30), st.data())
def test_cuts_between_ends_do_not_matter(text: str, draw: st.DataObject):
    """However CRs and LFs follow each other, and are cut, the same lines come out."""
    stream = text.encode() + b"\n"
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert lines_of(LineFramer(), *chunks) == lines_of(LineFramer(), stream)


@pytest.mark.parametrize("error", [OverflowError("too large"), RecursionError(), KeyError("x"), ValueError("no"), SystemExit("no")])
def test_a_codec_that_raises_what_it_should_not_costs_one_frame(error: BaseException):
    """Whoever calls a codec hears of a bad frame, and of which fault it was."""

    def broken(frame: bytes) -> None:
        raise error

    with pytest.raises(BadFrame, match=f"cannot read a frame: its codec raised {type(error).__name__}") as raised:
        decoded(broken, b"x")
    assert raised.value.fault == "codec_fault"
    assert decoded(bytes.decode, b"x") == "x"


def test_half_line_and_rest():
    """Half a line, a short pause, and the rest are one correct line."""
    framer = LineFramer(max_gap_s=1.0)
    assert lines_of(framer, b'{"a":', b"1}\n", step_s=0.9) == [b'{"a":1}']
    assert framer.gaps == 0


def test_gap_drops_the_partial_line():
    """A partial line older than the gap is dropped and counted; what comes later begins a new line."""
    framer = LineFramer(max_gap_s=1.0)
    assert lines_of(framer, b"half", b"whole\n", step_s=1.1) == [b"whole"]
    assert framer.gaps == 1


@pytest.mark.parametrize(
    ("first", "pause_s", "then", "lines"),
    [
        (b"67", 1.5, b"8.9\n21.0\n", [b"21.0"]),
        (b"T=21.", 1.5, b"7 H=41\nT=22.0 H=40\n", [b"T=22.0 H=40"]),
        (b"2", 1.5, b",4\n", []),
        (b"w = -", 1.5, b"5\n6\n", [b"6"]),
        (b"67", 11.0, b"8.9\n", [b"8.9"]),
        (b"weight: ", 1.5, b"8.9\n", [b"8.9"]),
        (b"half 67", 1.5, b"whole\n", [b"whole"]),
    ],
)
@pytest.mark.parametrize("make", [LineFramer, lambda: Delimited(b"\n")], ids=["lines", "delimited"])
def test_the_rest_of_a_number_is_no_number(make: Callable[[], Framing], first: bytes, pause_s: float, then: bytes, lines: list[bytes]):
    """8.9 is the rest of 678.9, and a value that the line never had. What stopped elsewhere, or long ago, has no rest."""
    for looks in (False, True):
        framer = make()
        framer.feed(first, 0.0)
        if looks:
            framer.expire(pause_s - 0.1)
        assert framer.feed(then, pause_s) == lines
        assert framer.gaps == 1


@pytest.mark.parametrize("make", [LineFramer, lambda: Delimited(b"\n")], ids=["lines", "delimited"])
def test_a_prompt_that_ends_in_a_number_costs_one_value(make: Callable[[], Framing]):
    """A device that asks, waits, and then says its value does so again and again."""
    framer = make()
    assert lines_of(framer, *[b"channel 1", b"8.9\n"] * 3, step_s=1.5) == [b"8.9"] * 2


@pytest.mark.parametrize("make", [LineFramer, lambda: Delimited(b"\n")], ids=["lines", "delimited"])
def test_a_number_that_is_broken_off_twice_behind_the_same_digits_is_no_prompt(make: Callable[[], Framing]):
    """Temperatures in a room begin with 2, all of them."""
    framer = make()
    assert lines_of(framer, b"21.5\n", b"2", b"1.6\n", b"21.7\n", b"2", b"1.8\n", b"21.9\n", step_s=1.5) == [b"21.5", b"21.7", b"21.9"]


def test_dribble_within_the_gap():
    """One byte each 100 ms is one line, however long it takes."""
    framer = LineFramer(max_gap_s=0.5)
    assert lines_of(framer, *(bytes([byte]) for byte in b"a slow line\n"), step_s=0.1) == [b"a slow line"]


def test_expire_by_the_clock_alone():
    """A dribble that stops is dropped without any further byte; `due_s` says when."""
    framer = LineFramer(max_gap_s=0.5)
    framer.feed(b"dribb", 3.0)
    assert framer.due_s == 3.5
    framer.expire(3.5)
    assert framer.gaps == 0
    framer.expire(3.51)
    assert (framer.gaps, framer.due_s) == (1, None)


def test_overflow_discards_to_the_delimiter():
    """Endless bytes are dropped at the limit, counted once, and the next line after a delimiter is whole."""
    framer = LineFramer(max_bytes=10)
    assert lines_of(framer, *[b"x" * 7] * 100, b"end\ngood\n") == [b"good"]
    assert framer.overflows == 1
    assert framer.due_s is None


def test_overflow_within_a_chunk():
    """A line over the limit between two others costs only itself."""
    framer = LineFramer(max_bytes=5)
    assert lines_of(framer, b"one\n123456\ntwo\r\n12345\r\n") == [b"one", b"two", b"12345"]
    assert framer.overflows == 1


def test_limit_does_not_count_the_cr():
    """A line of just the limit is whole even where its CR and LF come later."""
    framer = LineFramer(max_bytes=5)
    assert lines_of(framer, b"12345\r", b"\n") == [b"12345"]
    assert framer.overflows == 0


def test_skip_and_clear():
    """After `skip` the rest of a line is dropped; after `clear` the next byte is the first of a line."""
    framer = LineFramer()
    framer.feed(b"first half", 0.0)
    framer.skip()
    assert framer.feed(b" second half\nnext\n", 0.0) == [b"next"]
    framer.feed(b"stale", 0.0)
    framer.clear()
    assert framer.feed(b"fresh\n", 0.0) == [b"fresh"]


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=20), st.data())
def test_pieces_do_not_matter(lines: list[bytes], draw: st.DataObject):
    """However a stream is cut into chunks, the same lines come out."""
    stream = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert lines_of(LineFramer(), *chunks) == [line for line in lines if line]


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_memory_is_bounded(chunks: list[bytes]):
    """Whatever comes, no line is over the limit, and no more than a limit is kept."""
    framer = LineFramer(max_bytes=16)
    for line in lines_of(framer, *chunks):
        assert 0 < len(line) <= 16
    assert len(framer._partial) <= 17
